// <line-plots>: a run's equity and how far it is under water, over all of its bars.

import uPlot from "uplot";

import { loadColumns } from "./columns.js";
import { buildDataTable, decimal, percent, readColours } from "./figures.js";
import { Clock, isDaily } from "./zone-format.js";

const HEIGHTS = [200, 118];
const HALF_HOUR = 1800; // seconds
const DAY = "{D} {MMM}";
const MINUTE = "{HH}:{mm}";
// uPlot's own form: [least step in seconds, format, and what is added where a year, month, day,
// hour, minute, second begins; 1: in front of the format].
const AXIS_TEXTS = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, DAY, "\n{YYYY}", null, null, null, null, null, 1],
  [60, MINUTE, `\n${DAY} {YYYY}`, null, `\n${DAY}`, null, null, null, 1],
  [1, `${MINUTE}:{ss}`, `\n${DAY} {YYYY}`, null, `\n${DAY}`, null, null, null, 1],
];

class LinePlots extends HTMLElement {
  #plots = [];
  #clock;
  #data;
  #box;
  #legend;
  #table;
  #places = 1; // decimals of a drawdown in percent
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
    this.#table = buildDataTable(() => this.#describeDays());
    this.append(this.#legend, this.#box, this.#table);
    this.#media.addEventListener("change", this.#repaint);
    try {
      const { columns } = await loadColumns(this.getAttribute("src"));
      const depth = columns.drawdown.map((value) => -value);
      const { time, equity } = columns;
      const drawn = isDaily(this.#interval) ? time.map((at) => this.#clock.midnight(at)) : time;
      this.#data = { time, drawn, equity, depth };
      const deepest = depth.reduce((least, value) => Math.min(least, value), 0);
      this.#places = deepest <= -0.01 || deepest === 0 ? 1 : deepest <= -0.001 ? 2 : 3;
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

  get #interval() {
    return this.getAttribute("interval");
  }

  /** Bars of dates are drawn at their midnights, as if those were UTC. */
  get #zone() {
    return isDaily(this.#interval) ? "UTC" : this.#clock.zone;
  }

  #conclude() {
    const { equity, depth } = this.#data;
    const deepest = depth.reduce((least, value) => Math.min(least, value), 0);
    return (
      `Equity went from ${decimal(equity[0])} to ${decimal(equity.at(-1))} ` +
      `${this.getAttribute("currency")} (${percent(equity.at(-1) / equity[0] - 1)}); ` +
      `its deepest drawdown was ${decimal(-deepest * 100, this.#places)}%.`
    );
  }

  #draw() {
    if (!this.#data) {
      return;
    }
    this.#plots.forEach((plot) => plot.destroy());
    const colour = readColours(this);
    const { drawn, equity, depth } = this.#data;
    const lines = [
      { values: equity, stroke: colour.line, fill: colour.fill, write: (value) => decimal(value, 0) },
      {
        values: depth,
        stroke: colour.down,
        fill: colour["fill-down"],
        write: (value) => `${decimal(value * 100, this.#places)}%`,
      },
    ];
    this.#plots = lines.map((line, index) => new uPlot(
      this.#options(line, HEIGHTS[index], colour, index), [drawn, line.values], this.#box,
    ));
    this.#describe(drawn.length - 1);
  }

  #options({ stroke, fill, write }, height, colour, index) {
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const grid = { stroke: colour.grid, width: 1 };
    const axis = { stroke: colour.text, font, grid, ticks: grid };
    return {
      width: this.clientWidth,
      height,
      legend: { show: false },
      cursor: { sync: { key: "line-plots" }, drag: { x: true, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.#zone),
      padding: [8, 12, 0, 0],
      scales: {
        // A single bar has half an hour on either side; else the bars fill the plot.
        x: {
          range: (_plot, low, high) => {
            const { drawn } = this.#data;
            return drawn.length > 1 ? [low, high] : [drawn[0] - HALF_HOUR, drawn[0] + HALF_HOUR];
          },
        },
        y: {
          range: (_plot, low, high) => {
            const pad = (high - low || Math.abs(high) || 1) * 0.06;
            return index ? [low - pad, 0] : [low - pad, high + pad];
          },
        },
      },
      axes: [
        { ...axis, size: index ? 40 : 8, values: index ? AXIS_TEXTS : () => [] },
        { ...axis, size: 76, values: (_plot, splits) => splits.map(write) },
      ],
      series: [
        {},
        { stroke, fill, width: 1, points: { show: this.#data.time.length < 3 }, fillTo: index ? 0 : undefined },
      ],
      hooks: {
        setCursor: [(plot) => this.#describe(plot.cursor.idx ?? this.#data.time.length - 1)],
      },
    };
  }

  #describe(row) {
    const { time, equity, depth } = this.#data;
    const texts = [
      this.#clock.write(time[row], this.#interval),
      `Equity ${decimal(equity[row])} ${this.getAttribute("currency")}`,
      `Drawdown ${decimal(depth[row] * 100, Math.max(2, this.#places))}%`,
    ];
    this.#legend.replaceChildren(...texts.map((text) => {
      const part = document.createElement("span");
      part.textContent = text;
      return part;
    }));
  }

  #describeDays() {
    const { time, equity, depth } = this.#data;
    const rows = [];
    for (let row = 0; row < time.length; row += 1) {
      const day = (at) => this.#clock.midnight(time[at]);
      if (row === time.length - 1 || day(row) !== day(row + 1)) {
        const date = this.#clock.write(time[row], "1d");
        rows.push([date, decimal(equity[row]), `${decimal(depth[row] * 100, Math.max(2, this.#places))}%`]);
      }
    }
    return { header: ["Date", "Equity at the last bar", "Drawdown"], rows };
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
      rows: this.#data.time.length,
      last: { equity: this.#data.equity.at(-1), drawdown: -this.#data.depth.at(-1) },
      plots: this.#plots.length,
      label: this.#box.getAttribute("aria-label"),
    };
  }
}

customElements.define("line-plots", LinePlots);
