// Figures as the pages write them.

export function decimal(value, places = 2) {
  if (!Number.isFinite(value)) {
    return "–";
  }
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const text = value.toLocaleString("en-US", digits);
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

export function percent(fraction, places = 1) {
  const text = decimal(fraction * 100, places);
  return `${fraction > 0 && /[1-9]/.test(text) ? "+" : ""}${text}%`;
}

/** The least decimals that write every one of some values, 2 to 6. */
export function decimalsOf(values) {
  let places = 2;
  const step = Math.max(1, Math.floor(values.length / 500));
  for (let index = 0; index < values.length && places < 6; index += step) {
    while (places < 6 && Math.abs(values[index] - Number(values[index].toFixed(places))) > 1e-9) {
      places += 1;
    }
  }
  return places;
}

/** The colours of the theme, by the names of their registered properties. */
export function readColours(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    ["background", "text", "grid", "border", "up", "down", "line", "line-2", "line-3", "fill",
      "fill-down", "shade"].map((name) => [name, style.getPropertyValue(`--chart-${name}`).trim()]),
  );
}

/** Gives what surrounds a chart's series the colours of the theme. */
export function paintFrame(chart, colour) {
  chart.applyOptions({
    layout: {
      background: { color: colour.background },
      textColor: colour.text,
      panes: { separatorColor: colour.border, separatorHoverColor: colour.shade },
    },
    grid: { vertLines: { color: colour.grid }, horzLines: { color: colour.grid } },
    timeScale: { borderColor: colour.border },
    rightPriceScale: { borderColor: colour.border },
  });
}

/** A table for those who cannot see a canvas: filled only when it is opened. */
export function buildDataTable(describe) {
  const details = document.createElement("details");
  details.className = "data";
  const summary = document.createElement("summary");
  summary.textContent = "Show data";
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Data of the chart");
  details.append(summary, scroll);
  details.refresh = () => {
    if (!details.open) {
      return;
    }
    const { header, rows } = describe();
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    header.forEach((name, index) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = index ? "num" : "";
      cell.textContent = name;
      head.append(cell);
    });
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((text, index) => {
        const cell = line.insertCell();
        cell.className = index ? "num" : "";
        cell.textContent = text;
      });
    }
    scroll.replaceChildren(table);
  };
  details.addEventListener("toggle", details.refresh);
  return details;
}
