// <run-plot kind="equity" src="…">: one of the plots of a run over time (plots/kinds.js).

import uPlot from "uplot";

import { loadColumns } from "./columns.js";
import "./compare-plots.js";
import { buildDataTable, readColours } from "./figures.js";
import { splitLog, TIMES } from "./plots/axes.js";
import { KINDS } from "./plots/kinds.js";
import { TradeScatter } from "./plots/scatter.js";
import { Clock, isDaily } from "./zone-format.js";

const HALF_HOUR = 1800; // seconds
const AXIS = 40; // pixels below a plot
const MARK = "600 11px ";
const loads = new Map(); // the plots of a run share what they load

function load(url) {
  if (!loads.has(url)) {
    const coming = loadColumns(url);
    loads.set(url, coming);
    coming.catch(() => loads.delete(url));
  }
  return loads.get(url);
}

class RunPlot extends HTMLElement {
  #plot;
  #clock;
  #kind;
  #lines;
  #about;
  #times; // seconds UTC, or midnights of exchange dates as if they were UTC
  #drawn; // where they are drawn
  #days;
  #box;
  #legend;
  #table;
  #isLog = false;
  #resize = new ResizeObserver(() => this.#fitWidth());
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#draw();

  async connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#kind = KINDS[this.getAttribute("kind")];
    this.#clock = new Clock(this);
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas plots";
    this.#box.tabIndex = 0;
    this.#say("The plot is loading");
    this.#box.setAttribute("role", "img");
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#table = buildDataTable(() => this.#describeDays());
    this.append(this.#legend, this.#box, this.#table);
    this.#media.addEventListener("change", this.#repaint);
    try {
      const { columns, about } = await load(this.getAttribute("src"));
      this.#use(columns, about);
    } catch (problem) {
      this.#box.textContent = problem.message;
      this.#say(problem.message);
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

  get #isByDay() {
    return this.#kind.x === "day";
  }

  get #isDaily() {
    return this.#isByDay || isDaily(this.getAttribute("interval"));
  }

  get #currency() {
    return this.getAttribute("currency") ?? "";
  }

  #use(columns, about) {
    this.#about = about;
    this.#days = columns.day;
    this.#times = columns[this.#kind.x];
    this.#drawn = this.#isByDay || !this.#isDaily
      ? this.#times
      : this.#times.map((at) => this.#clock.midnight(at));
    this.#lines = this.#kind.build(columns);
    if (this.isConnected) {
      this.#say(this.#kind.conclude(this.#lines, about, this.#currency));
      if (this.#kind.canBeLog) {
        this.#offerLog();
      }
      this.#draw();
      this.#resize.observe(this);
    }
  }

  #say(sentence) {
    this.#box.setAttribute("aria-label", sentence);
  }

  /** Buttons for a linear and a logarithmic scale; what has no logarithm says why not. */
  #offerLog() {
    const bar = document.createElement("div");
    bar.className = "chart-bar";
    const segments = document.createElement("span");
    segments.className = "segments";
    segments.setAttribute("role", "group");
    segments.setAttribute("aria-label", "Scale");
    const note = document.createElement("span");
    note.className = "where";
    const buttons = ["Linear", "Log"].map((name, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.setAttribute("aria-pressed", String(index === 0));
      button.addEventListener("click", () => {
        this.#isLog = index === 1;
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        this.#draw();
      });
      return button;
    });
    const low = this.#lines.find(({ values }) => values.some((value) => value <= 0));
    if (low) {
      buttons[1].disabled = true;
      note.textContent = `${low.label} was at 0 or below, which has no logarithm.`;
    }
    segments.append(...buttons);
    bar.append(segments, note);
    this.#table.before(bar);
  }

  #draw() {
    if (!this.#lines) {
      return;
    }
    this.#plot?.destroy();
    const data = [this.#drawn, ...this.#lines.map(({ values }) => Array.from(values, (value) => (Number.isNaN(value) ? null : value)))];
    this.#plot = new uPlot(this.#options(readColours(this)), data, this.#box);
    this.#describe(this.#drawn.length - 1);
  }

  #options(colour) {
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const grid = { stroke: colour.grid, width: 1 };
    const axis = { stroke: colour.text, font, grid, ticks: grid };
    const { height, isFilledFromZero, x } = this.#kind;
    const [{ write }] = this.#lines;
    const zone = this.#isDaily ? "UTC" : this.#clock.zone;
    return {
      width: this.clientWidth,
      height,
      legend: { show: false },
      cursor: { sync: { key: `run-plot ${x}`, scales: ["x", null] }, drag: { x: true, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      padding: [8, 12, 0, 0],
      scales: {
        // A single point has half an hour on either side; else the points fill the plot.
        x: {
          range: (_plot, low, high) => {
            const [first] = this.#drawn;
            return this.#drawn.length > 1 ? [low, high] : [first - HALF_HOUR, first + HALF_HOUR];
          },
        },
        y: this.#isLog
          ? { distr: 100, fwd: Math.log, bwd: Math.exp, range: (_plot, low, high) => [low / 1.01, high * 1.01] }
          : { range: (_plot, low, high) => this.#rangeOf(low, high) },
      },
      axes: [
        { ...axis, size: AXIS, values: TIMES },
        {
          ...axis,
          size: 76,
          splits: this.#isLog ? splitLog : undefined,
          values: (_plot, splits) => splits.map((value) => write(value)),
        },
      ],
      series: [
        {},
        ...this.#lines.map(({ colour: name, fill, width = 1 }) => ({
          stroke: colour[name],
          fill: fill && colour[fill],
          width,
          points: { show: this.#drawn.length < 3 },
          fillTo: isFilledFromZero ? 0 : undefined,
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.#shade(plot, colour)],
        draw: [(plot) => this.#number(plot, colour)],
        setCursor: [(plot) => this.#describe(plot.cursor.idx ?? this.#drawn.length - 1)],
      },
    };
  }

  #rangeOf(low, high) {
    const { hasZero, isFilledFromZero } = this.#kind;
    const [from, to] = hasZero || isFilledFromZero ? [Math.min(low, 0), Math.max(high, 0)] : [low, high];
    const pad = (to - from || Math.abs(to) || 1) * 0.06;
    const below = this.#kind.marks ? pad * 4 : pad; // numbers stand there
    return [from < 0 || !hasZero ? from - below : from, isFilledFromZero && to === 0 ? 0 : to + pad];
  }

  /** The deepest drawdowns as bands from their start to their recovery. */
  #shade({ ctx, bbox, valToPos }, colour) {
    ctx.fillStyle = colour.shade;
    for (const { from, to } of this.#marks()) {
      const [left, right] = [valToPos(from, "x", true), valToPos(to, "x", true)];
      ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    }
  }

  #number({ ctx, bbox, valToPos }, colour) {
    ctx.save();
    ctx.font = MARK.replace("11", String(11 * devicePixelRatio)) + getComputedStyle(this).fontFamily;
    ctx.fillStyle = colour.text;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    this.#marks().forEach(({ trough }, index) => {
      const at = Math.min(Math.max(valToPos(trough, "x", true), bbox.left + 8), bbox.left + bbox.width - 8);
      ctx.fillText(String(index + 1), at, bbox.top + bbox.height - 2);
    });
    ctx.restore();
  }

  #marks() {
    const place = (seconds) => (this.#isDaily ? this.#clock.midnight(seconds) : seconds);
    return (this.#about[this.#kind.marks] ?? []).map(({ from, trough, to }) => ({
      from: place(from),
      trough: place(trough),
      to: to === null ? this.#drawn.at(-1) : place(to),
    }));
  }

  #onKey(event) {
    const last = this.#drawn.length - 1;
    const at = this.#plot?.cursor.idx ?? last;
    const step = event.shiftKey ? Math.max(1, Math.round(last / 20)) : 1;
    const goal = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
    if (goal === undefined || !this.#plot || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    const row = Math.max(0, Math.min(goal, last));
    const [{ values }] = this.#lines;
    const top = Number.isNaN(values[row]) ? 0 : this.#plot.valToPos(values[row], "y");
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#drawn[row], "x"), top });
  }

  #write(row) {
    const at = this.#times[row];
    return this.#isByDay ? dateOf(at) : this.#clock.write(at, this.getAttribute("interval"));
  }

  #describe(row) {
    const parts = this.#lines.map(({ label, values, tell, colour }) => {
      const part = document.createElement("span");
      part.className = `plot-${colour}`;
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      const figure = document.createElement("b");
      figure.textContent = tell(values[row]);
      part.append(swatch, `${label} `, figure, this.#currency && this.#kind.canBeLog ? ` ${this.#currency}` : "");
      return part;
    });
    const when = document.createElement("span");
    when.textContent = this.#write(row);
    this.#legend.replaceChildren(when, ...parts);
  }

  #describeDays() {
    const rows = Array.from(this.#days ?? [], (day, index) => {
      return [dateOf(day), ...this.#lines.map(({ values, byDay = values, tell }) => tell(byDay[index]))];
    });
    return { header: ["Date", ...(this.#lines ?? []).map(({ label }) => label)], rows };
  }

  #fitWidth() {
    if (this.#plot && this.#plot.width !== this.clientWidth) {
      this.#plot.setSize({ width: this.clientWidth, height: this.#kind.height });
    }
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    return this.#plot && {
      points: this.#drawn.length,
      last: this.#lines.map(({ values }) => values.at(-1)),
      marks: this.#marks().length,
      isLog: this.#isLog,
      legend: this.#legend.textContent,
      label: this.#box.getAttribute("aria-label"),
    };
  }
}

function dateOf(midnight) {
  return new Date(midnight * 1000).toISOString().slice(0, 10);
}

customElements.define("run-plot", RunPlot);
customElements.define("trade-scatter", TradeScatter);
