// What the server answers as JSON, or a sentence on why it does not.

export async function ask(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (problem) {
    if (problem.name === "AbortError") {
      throw problem;
    }
    throw new Error("The server does not answer. Check that it runs, then try again.");
  }
  if (response.status === 401) {
    throw new Error("You are signed out. Load the page again to sign in.");
  }
  if (!response.ok) {
    throw new Error(`The server could not give the data (${response.status}). Load the page again.`);
  }
  return response.json();
}
