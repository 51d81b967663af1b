// <compare-plots>: equity and drawdown of several runs over each other, 1 at the common start.

import uPlot from "uplot";

import { loadColumns } from "./columns.js";
import { buildDataTable, decimal, percent, readColours } from "./figures.js";
import { TIMES } from "./plots/axes.js";
import { Clock } from "./zone-format.js";

const HEIGHTS = [220, 118];
const PERCENT = 100;
// Colours repeat after three; then a line is dashed, so that no two are drawn alike.
const STROKES = ["line", "line-2", "line-3"];
const DASHES = [[], [6, 4]];

class ComparePlots extends HTMLElement {
  #plots = [];
  #clock;
  #data;
  #box;
  #legend;
  #resize = new ResizeObserver(() => this.#fitWidth());
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#draw();

  async connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#clock = new Clock(this);
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas plots";
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", "The plot is loading");
    this.append(this.#legend, this.#box, buildDataTable(() => this.#describeDays()));
    this.#media.addEventListener("change", this.#repaint);
    try {
      const { columns, about } = await loadColumns(this.getAttribute("src"));
      const lines = about.runs.map((run) => ({
        ...run,
        growth: columns[`growth:${run.letter}`],
        depth: columns[`drawdown:${run.letter}`].map((value) => -value),
      }));
      this.#data = { time: columns.time, about, lines };
      if (this.isConnected) {
        this.#box.setAttribute("aria-label", this.#conclude());
        this.#draw();
        this.#resize.observe(this);
      }
    } catch (problem) {
      this.#box.textContent = problem.message;
      this.#box.setAttribute("aria-label", problem.message);
    }
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected && this.#box) {
        this.#resize.disconnect();
        this.#media.removeEventListener("change", this.#repaint);
        this.#plots.forEach((plot) => plot.destroy());
        this.#plots = [];
        this.replaceChildren();
        this.#box = undefined;
      }
    });
  }

  #conclude() {
    const { about, lines } = this.#data;
    const since = about.start === null
      ? "The runs share no time, and each begins with its own cash"
      : `Since ${this.#clock.write(about.start, "1m")}`;
    const said = lines.map((line) => (line.reason
      ? `${line.letter} has no line: ${line.reason}`
      : `${line.letter} made ${percent(line.end - 1)} with a deepest drawdown of ` +
        `${decimal(line.deepest * PERCENT, 1)}%`));
    return `${since}: ${said.join("; ")}.`;
  }

  #draw() {
    if (!this.#data) {
      return;
    }
    this.#plots.forEach((plot) => plot.destroy());
    const colour = readColours(this);
    const { time, lines } = this.#data;
    const panes = [
      { name: "growth", write: (value) => decimal(value, 3) },
      { name: "depth", write: (value) => `${decimal(value * PERCENT, 1)}%` },
    ];
    this.#plots = panes.map((pane, index) => new uPlot(
      this.#options(pane, colour, index),
      [time, ...lines.map((line) => gaps(line[pane.name]))],
      this.#box,
    ));
    this.#describe(time.length - 1);
  }

  #options({ name, write }, colour, index) {
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const grid = { stroke: colour.grid, width: 1 };
    const axis = { stroke: colour.text, font, grid, ticks: grid };
    const { time, lines } = this.#data;
    return {
      width: this.clientWidth,
      height: HEIGHTS[index],
      legend: { show: false },
      cursor: { sync: { key: "compare-plots" }, drag: { x: true, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.#clock.zone),
      padding: [8, 12, 0, 0],
      axes: [
        { ...axis, size: index ? 40 : 8, values: index ? TIMES : () => [] },
        { ...axis, size: 60, values: (_plot, splits) => splits.map(write) },
      ],
      series: [
        {},
        ...lines.map((line, row) => ({
          label: line.letter,
          stroke: colour[STROKES[row % STROKES.length]],
          dash: DASHES[Math.floor(row / STROKES.length)],
          width: name === "growth" ? 1.5 : 1,
          points: { show: time.length < 3 },
        })),
      ],
      hooks: { setCursor: [(plot) => this.#describe(plot.cursor.idx ?? time.length - 1)] },
    };
  }

  #describe(row) {
    const { time, lines, about } = this.#data;
    const said = document.createElement("span");
    said.textContent = this.#clock.write(time[row], "1m");
    const parts = lines.map((line) => {
      const part = document.createElement("span");
      part.className = `line-${line.letter}`;
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      const text = line.reason
        ? `${line.letter}: ${line.reason}`
        : `${line.letter} ${decimal(line.growth[row], 4)}, ${decimal(line.depth[row] * PERCENT)}%`;
      part.append(swatch, text);
      return part;
    });
    this.#legend.replaceChildren(said, ...parts);
    if (about.bars_a_point > 1) {
      const note = document.createElement("span");
      note.textContent = `a point: ${about.bars_a_point} bars`;
      this.#legend.append(note);
    }
  }

  /** The last point of each date, and the deepest drawdown of it. */
  #describeDays() {
    const { time, lines } = this.#data;
    const header = ["Date", ...lines.flatMap((line) => [`${line.letter}, 1 at the start`, `Drawdown of ${line.letter}`])];
    const rows = [];
    let deepest = lines.map(() => 0);
    for (let row = 0; row < time.length; row += 1) {
      deepest = deepest.map((least, index) => Math.min(least, lines[index].depth[row] || 0));
      if (row === time.length - 1 || this.#clock.midnight(time[row]) !== this.#clock.midnight(time[row + 1])) {
        rows.push([
          this.#clock.write(time[row], "1d"),
          ...lines.flatMap((line, index) => [
            decimal(line.growth[row], 4),
            Number.isNaN(line.growth[row]) ? "–" : `${decimal(deepest[index] * PERCENT)}%`,
          ]),
        ]);
        deepest = lines.map(() => 0);
      }
    }
    return { header, rows };
  }

  #fitWidth() {
    for (const [index, plot] of this.#plots.entries()) {
      if (plot.width !== this.clientWidth) {
        plot.setSize({ width: this.clientWidth, height: HEIGHTS[index] });
      }
    }
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    if (!this.#plots.length) {
      return null;
    }
    return {
      points: this.#data.time.length,
      lines: this.#data.lines.map((line) => ({ letter: line.letter, last: line.growth.at(-1) })),
      plots: this.#plots.length,
      label: this.#box.getAttribute("aria-label"),
    };
  }
}

/** A line is left out where it has no value. */
function gaps(values) {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

customElements.define("compare-plots", ComparePlots);
