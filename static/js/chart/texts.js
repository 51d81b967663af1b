// What a chart says in words and figures, beside what it draws.

import { decimal } from "../figures.js";
import { nameColour } from "./indicators.js";
import { isDaily } from "../zone-format.js";

const TABLE_ROWS = 300;

/** All of the bars in a sentence: how the price ended, how many there are, what a run made of it. */
export function conclude(bars, { subject, interval, clock, places }) {
  if (bars.rows === 0) {
    return `${subject}: no bars`;
  }
  const change = bars.close / bars.open - 1;
  const verb = change < 0 ? "fell" : "rose";
  let sentence =
    `${subject} ${verb} by ${decimal(Math.abs(change) * 100, 1)}% ` +
    `from ${decimal(bars.open, places)} on ${clock.write(bars.first, interval)} ` +
    `to ${decimal(bars.close, places)} on ${clock.write(bars.last, interval)}, ` +
    `${decimal(bars.rows, 0)} bars of ${interval}`;
  if (bars.missing) {
    sentence += `; ${decimal(bars.missing, 0)} are missing in regular sessions`;
  }
  if (bars.columns) {
    const { equity, fill_time: fills } = bars.columns;
    sentence +=
      `; the run made ${decimal(fills.length, 0)} fills and ended with ` +
      `${decimal(equity.at(-1))}`;
  }
  return `${sentence}. Arrow keys move, plus and minus zoom, F shows all.`;
}

/** A bar's figures as spans: ["", time], ["O", open] and so on. */
export function describeBar(panes, row, { isRun, indicators, empty, interval, clock, places }) {
  const parts = [["", clock.write(panes.at("time", row), interval)]];
  for (const [name, label] of [["open", "O"], ["high", "H"], ["low", "L"], ["close", "C"]]) {
    parts.push([label, decimal(panes.at(name, row), places)]);
  }
  if (!empty.includes("volume")) {
    parts.push(["V", decimal(panes.at("volume", row), 0)]);
  }
  if (isRun) {
    parts.push(["Position", decimal(panes.at("position", row), 0)]);
    parts.push(["Equity", decimal(panes.at("equity", row))]);
  } else if (!empty.includes("spread")) {
    parts.push(["Spread", decimal(panes.at("spread", row), 4)]);
  }
  indicators.forEach(({ name }, index) => {
    const text = decimal(panes.at(`indicator:${name}`, row), places);
    parts.push([name, text, `plot-${nameColour(name, index)}`]);
  });
  const gap = panes.gapBefore(row);
  if (gap) {
    parts.push(["missing before", `${decimal(gap.missing, 0)} (${describeGap(gap, interval, clock)})`]);
  }
  return parts.map(([label, text, line]) => {
    const part = document.createElement("span");
    if (line) {
      part.className = line;
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      part.append(swatch);
    }
    const value = document.createElement("b");
    value.textContent = text;
    part.append(label ? `${label} ` : "", value);
    return part;
  });
}

function describeGap(gap, interval, clock) {
  const from = clock.write(gap.from, interval);
  if (isDaily(interval)) {
    const last = clock.write(gap.to - 1, interval); // the end is exclusive
    return from === last ? from : `${from} to ${last}`;
  }
  const to = clock.write(gap.to, interval);
  return `${from} to ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

/** The rows from, to (inclusive) as a table. */
export function describeRows(panes, from, to, { isRun, indicators, empty, interval, clock, places }) {
  const names = ["open", "high", "low", "close", "volume", ...(isRun ? ["position", "equity"] : ["spread"])]
    .filter((name) => !empty.includes(name));
  names.push(...indicators.map(({ name }) => `indicator:${name}`));
  const rows = [];
  for (let row = from; row <= Math.min(to, from + TABLE_ROWS - 1); row += 1) {
    const figures = names.map((name) => {
      return decimal(panes.at(name, row), name === "volume" ? 0 : name === "spread" ? 4 : places);
    });
    if (!isRun) {
      figures.push(decimal(panes.gapBefore(row)?.missing ?? 0, 0));
    }
    rows.push([clock.write(panes.at("time", row), interval), ...figures]);
  }
  const header = [isDaily(interval) ? "Date" : "Time", ...names.map((name) => name.replace("indicator:", ""))];
  return { header: isRun ? header : [...header, "missing before"], rows };
}
