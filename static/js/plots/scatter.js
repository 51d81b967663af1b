// <trade-scatter src="…" currency="USD">: how far each trade went against and for its position. A
// click, or Enter, shows a trade on the page's chart.

import uPlot from "uplot";

import { loadColumns } from "../columns.js";
import { buildDataTable, decimal, readColours } from "../figures.js";

const HEIGHT = 260;
const RADIUS = 3;
const REACH = 24; // pixels at which the pointer still means a point
const TABLE_ROWS = 2000;

export class TradeScatter extends HTMLElement {
  #plot;
  #columns;
  #row = -1; // of the trade that is told
  #box;
  #legend;
  #table;
  #resize = new ResizeObserver(() => this.#fitWidth());
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#draw();

  async connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas plots";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", "The plot is loading");
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("click", () => this.#row >= 0 && this.#show());
    this.#table = buildDataTable(() => this.#describeRows());
    this.append(this.#legend, this.#box, this.#table);
    this.#media.addEventListener("change", this.#repaint);
    try {
      this.#columns = (await loadColumns(this.getAttribute("src"))).columns;
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
        this.#plot?.destroy();
        this.#plot = undefined;
        this.replaceChildren();
        this.#box = undefined;
      }
    });
  }

  #conclude() {
    const { mae, mfe, net_pnl: net } = this.#columns;
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const won = net.filter((value) => value > 0).length;
    const currency = this.getAttribute("currency");
    return (
      `${decimal(net.length, 0)} trades, ${decimal(won, 0)} of them gained. On average a trade stood at ` +
      `${decimal(mean(mae))} ${currency} at its worst and ${decimal(mean(mfe))} at its best. ` +
      "Arrow keys go from trade to trade, Enter shows one on the chart."
    );
  }

  #draw() {
    if (!this.#columns) {
      return;
    }
    this.#plot?.destroy();
    const colour = readColours(this);
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const grid = { stroke: colour.grid, width: 1 };
    const axis = {
      stroke: colour.text,
      font,
      labelFont: font,
      grid,
      ticks: grid,
      values: (_plot, splits) => splits.map((value) => decimal(value, this.#places(splits))),
    };
    const { mae, mfe } = this.#columns;
    const least = mae.reduce((low, value) => Math.min(low, value), 0);
    const most = mfe.reduce((high, value) => Math.max(high, value), 0);
    const span = (low, high) => (high > low ? [low - (high - low) * 0.03, high + (high - low) * 0.03] : [-1, 1]);
    this.#plot = new uPlot({
      width: this.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, x: false, y: false },
      padding: [8, 12, 0, 0],
      scales: { x: { time: false, range: () => span(least, 0) }, y: { range: () => span(0, most) } },
      axes: [
        { ...axis, label: "MAE", size: 30, labelSize: 16 },
        { ...axis, label: "MFE", size: 60, labelSize: 16 },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => this.#drawPoints(plot, colour)],
        setCursor: [({ cursor }) => this.#point(cursor.left, cursor.top)],
      },
    }, [[least, 0], [0, most]], this.#box);
    this.#tell(this.#row);
  }

  #places(splits) {
    const step = Math.abs(splits[1] - splits[0]) || 1;
    return Math.max(0, Math.min(4, Math.ceil(-Math.log10(step))));
  }

  /** A gain is a full dot, a loss a ring; the trade that is told is larger. */
  #drawPoints({ ctx, valToPos }, colour) {
    const { mae, mfe, net_pnl: net } = this.#columns;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = ratio;
    for (let row = 0; row < net.length; row += 1) {
      const isGain = net[row] > 0;
      ctx.beginPath();
      ctx.arc(valToPos(mae[row], "x", true), valToPos(mfe[row], "y", true), RADIUS * ratio, 0, 2 * Math.PI);
      ctx.strokeStyle = isGain ? colour.up : colour.down;
      ctx.fillStyle = isGain ? colour.up : "transparent";
      ctx.fill();
      ctx.stroke();
    }
    if (this.#row >= 0) {
      ctx.beginPath();
      ctx.arc(valToPos(mae[this.#row], "x", true), valToPos(mfe[this.#row], "y", true), 2.2 * RADIUS * ratio, 0, 2 * Math.PI);
      ctx.strokeStyle = colour["line-2"];
      ctx.lineWidth = 2 * ratio;
      ctx.stroke();
    }
    ctx.restore();
  }

  #point(left, top) {
    if (!this.#plot || left < 0) {
      return;
    }
    const { mae, mfe } = this.#columns;
    let [nearest, distance] = [-1, REACH ** 2];
    for (let row = 0; row < mae.length; row += 1) {
      const away = (this.#plot.valToPos(mae[row], "x") - left) ** 2 + (this.#plot.valToPos(mfe[row], "y") - top) ** 2;
      if (away < distance) {
        [nearest, distance] = [row, away];
      }
    }
    if (nearest >= 0 && nearest !== this.#row) {
      this.#choose(nearest);
    }
  }

  #choose(row) {
    this.#row = row;
    this.#tell(row);
    this.#plot.redraw(false);
  }

  #tell(row) {
    const parts = row < 0
      ? [["", "● gained"], ["", "○ lost or flat"]]
      : [
        ["Trade", decimal(this.#columns.trade_id[row], 0)],
        ["MAE", decimal(this.#columns.mae[row])],
        ["MFE", decimal(this.#columns.mfe[row])],
        ["net", decimal(this.#columns.net_pnl[row])],
      ];
    this.#legend.replaceChildren(...parts.map(([name, text]) => {
      const part = document.createElement("span");
      const figure = document.createElement("b");
      figure.textContent = text;
      part.append(name ? `${name} ` : "", figure);
      return part;
    }));
  }

  #onKey(event) {
    const last = this.#columns ? this.#columns.net_pnl.length - 1 : -1;
    const goal = {
      ArrowRight: this.#row + 1,
      ArrowLeft: this.#row < 0 ? last : this.#row - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || last < 0) {
      return;
    }
    if (goal !== undefined) {
      event.preventDefault();
      this.#choose(Math.max(0, Math.min(goal, last)));
    } else if (event.key === "Enter" && this.#row >= 0) {
      this.#show();
    }
  }

  #show() {
    const { trade_id: id, entry_bar: from, last_bar: to } = this.#columns;
    this.dispatchEvent(new CustomEvent("show-trade", {
      bubbles: true,
      detail: { trade: id[this.#row], from: from[this.#row], to: to[this.#row] },
    }));
  }

  #describeRows() {
    const { trade_id: id, mae, mfe, net_pnl: net } = this.#columns ?? { trade_id: [] };
    const rows = Array.from(id.slice(0, TABLE_ROWS), (trade, row) => {
      return [decimal(trade, 0), decimal(mae[row]), decimal(mfe[row]), decimal(net[row])];
    });
    return { header: ["Trade", "MAE", "MFE", "Net P&L"], rows };
  }

  #fitWidth() {
    if (this.#plot && this.#plot.width !== this.clientWidth) {
      this.#plot.setSize({ width: this.clientWidth, height: HEIGHT });
    }
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    return this.#plot && {
      points: this.#columns.net_pnl.length,
      trade: this.#row < 0 ? null : this.#columns.trade_id[this.#row],
      legend: this.#legend.textContent,
      label: this.#box.getAttribute("aria-label"),
    };
  }
}
