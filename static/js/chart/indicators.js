// How a strategy's indicators are drawn: in which pane, in what colour, and with gaps where absent.

import { LineStyle } from "lightweight-charts";

const LINES = ["line", "line-2", "line-3"];
const LEVELS = { stop_loss: "down", take_profit: "up" };

/** The panes below the prices, in the order in which indicators name them. */
export function listPanes(indicators) {
  return [...new Set(indicators.map(({ pane }) => pane))].filter((pane) => pane !== "price");
}

/** A level, such as a stop, is dashed. */
export function styleOf(kind) {
  const line = { lineWidth: 1, crosshairMarkerVisible: false };
  return kind === "level"
    ? { ...line, lineStyle: LineStyle.Dashed }
    : line;
}

/** The name of an indicator's colour. */
export function nameColour(name, index) {
  return LEVELS[name] ?? LINES[index % LINES.length];
}

/** A point of a line. The library joins what is on both sides of a gap: such a piece is unseen. */
export function pointOf(time, value, next) {
  if (Number.isNaN(value)) {
    return { time };
  }
  return Number.isNaN(next) ? { time, value, color: "transparent" } : { time, value };
}
