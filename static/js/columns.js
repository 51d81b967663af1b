// Bulk columns: little-endian Float64 behind a JSON header, read as typed arrays without copying.

const MAGIC = "HWC1";
const PREFIX = 8;

export function parseColumns(buffer) {
  const view = new DataView(buffer);
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (magic !== MAGIC) {
    throw new Error("The server sent something else than columns.");
  }
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX, length)));
  const columns = {};
  for (const column of header.columns) {
    columns[column.name] = new Float64Array(buffer, PREFIX + length + column.offset, column.length);
  }
  return { columns, about: header.about };
}

async function ask(url, signal) {
  const headers = { Accept: "application/octet-stream, application/json;q=0.9" };
  try {
    return await fetch(url, { signal, headers });
  } catch (problem) {
    if (problem.name === "AbortError") {
      throw problem;
    }
    throw new Error("The server does not answer. Check that it runs, then try again.");
  }
}

export async function loadColumns(url, signal) {
  const response = await ask(url, signal);
  if (response.status === 401) {
    throw new Error("You are signed out. Load the page again to sign in.");
  }
  if (!response.ok) {
    throw new Error(`The server could not give the data (${response.status}). Load the page again.`);
  }
  return parseColumns(await response.arrayBuffer());
}
