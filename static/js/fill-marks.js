// Fills on a price series: each is a dot at its exact price. Those of a bar and a side share an
// arrow outside the bar that says what they did, where the view has room for it.

import { createSeriesMarkers } from "lightweight-charts";

import { FillDots } from "./fill-dots.js";

const LABEL_WIDTH = 22; // pixels that an arrow with a text needs, and one without
const ARROW_WIDTH = 9;

export class FillMarks {
  fills = [];
  arrows = [];
  #markers;
  #dots = new FillDots();

  constructor(series) {
    this.#markers = createSeriesMarkers(series, [], { zOrder: "top" });
    series.attachPrimitive(this.#dots);
  }

  /**
   * Marks the fills of a view: `columns` have time and the fill_ columns, `rows` are from and to,
   * both inclusive, of what is seen and held, `lastBar` is the last of the run's bars that is known.
   */
  show(columns, { rows, lastBar, chosenBars, width, colour }) {
    const chosen = [];
    for (let index = 0; index < columns.fill_row.length; index += 1) {
      const row = columns.fill_row[index];
      if (row >= rows.from && row <= rows.to && columns.fill_bar[index] <= lastBar) {
        chosen.push(index);
      }
    }
    const quantity = (index) => Number(columns.fill_qty[index].toPrecision(8));
    this.fills = chosen.map((index) => {
      const side = columns.fill_side[index] > 0 ? "B" : "S";
      const time = columns.time[columns.fill_row[index]];
      const isChosen = chosenBars.includes(columns.fill_bar[index]);
      const text = `${side} ${quantity(index)}`;
      return { time, price: columns.fill_price[index], side, text, isChosen };
    });
    const groups = Object.values(Object.groupBy(this.fills, ({ time, side }) => side + time));
    const isLabelled = groups.length * LABEL_WIDTH <= width;
    const isDense = groups.length * ARROW_WIDTH > width;
    const arrows = isDense ? [] : groups.map((fills) => {
      const [{ time, side, text }] = fills;
      const arrow = side === "B"
        ? { position: "belowBar", shape: "arrowUp", color: colour.up }
        : { position: "aboveBar", shape: "arrowDown", color: colour.down };
      const label = fills.length > 1 ? `${side} ×${fills.length}` : text;
      return { time, ...arrow, text: isLabelled ? label : undefined };
    });
    this.arrows = arrows.map(({ time, text }) => ({ time, text }));
    this.#dots.set(this.fills, colour);
    this.#markers.setMarkers(arrows.sort((one, other) => one.time - other.time));
  }
}
