// <parity-errors src="…">: how far Python's series is from Pine's, over all bars. A click, or Enter,
// shows that bar in the chart of the page.

import uPlot from "uplot";

import { buildDataTable, readColours } from "../figures.js";
import { splitLog, TIMES } from "../plots/axes.js";
import { Clock } from "../zone-format.js";
import { ask } from "./answers.js";

const HEIGHT = 170;
const TABLE_ROWS = 200;

export class ParityErrors extends HTMLElement {
  #plot;
  #clock;
  #data;
  #box;
  #legend;
  #table;
  #kind = "absolute";
  #isLog = false;
  #loading;
  #resize = new ResizeObserver(() => this.#fitWidth());
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#draw();

  connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#clock = new Clock(this);
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas plots";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", "The plot is loading");
    this.#table = buildDataTable(() => this.#describeRows());
    this.prepend(this.#legend, this.#box);
    this.append(this.#table);
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("click", () => this.#jump());
    this.addEventListener("click", (event) => this.#onClick(event));
    this.addEventListener("change", () => this.#load());
    this.#media.addEventListener("change", this.#repaint);
    this.#resize.observe(this);
    this.#load();
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected && this.#box) {
        this.#resize.disconnect();
        this.#media.removeEventListener("change", this.#repaint);
        this.#loading?.abort();
        this.#plot?.destroy();
        this.#plot = undefined;
        this.#box.remove();
        this.#legend.remove();
        this.#table.remove();
        this.#box = undefined;
      }
    });
  }

  get #title() {
    return this.querySelector("select").value;
  }

  async #load() {
    this.#loading?.abort();
    const { signal } = (this.#loading = new AbortController());
    const url = new URL(this.getAttribute("src"), location.href);
    url.searchParams.set("series", this.#title);
    try {
      const data = await ask(url, signal);
      if (this.#box && !signal.aborted) {
        this.#data = data;
        this.#draw();
      }
    } catch (problem) {
      if (problem.name !== "AbortError" && this.#box) {
        this.#plot?.destroy();
        this.#plot = undefined;
        this.#box.textContent = problem.message;
        this.#box.setAttribute("aria-label", problem.message);
      }
    }
  }

  /** The errors as drawn: a logarithm has no zero, so equal bars are left out of it. */
  get #values() {
    const values = this.#data[this.#kind];
    return this.#isLog ? values.map((value) => (value > 0 ? value : null)) : values;
  }

  #draw() {
    if (!this.#data || !this.#box) {
      return;
    }
    this.#plot?.destroy();
    this.#box.replaceChildren();
    this.#plot = new uPlot(this.#options(readColours(this)), [this.#data.ts, this.#values], this.#box);
    this.#box.setAttribute("aria-label", this.#conclude());
    this.#describe(this.#worst());
    this.#table.refresh();
    for (const button of this.querySelectorAll("[data-kind], [data-scale]")) {
      const { kind, scale } = button.dataset;
      const isOn = kind ? kind === this.#kind : (scale === "log") === this.#isLog;
      button.setAttribute("aria-pressed", String(isOn));
    }
  }

  /** Where the largest error is; undefined where nothing differs. */
  #worst() {
    let worst;
    this.#data[this.#kind].forEach((value, index) => {
      if (value > 0 && (worst === undefined || value > this.#data[this.#kind][worst])) {
        worst = index;
      }
    });
    return worst;
  }

  #conclude() {
    const worst = this.#worst();
    if (worst === undefined) {
      return `${this.#title} has no error at any bar that both sides have.`;
    }
    const { ts } = this.#data;
    return `The largest ${this.#kind} error of ${this.#title} is ${write(this.#data[this.#kind][worst])}, at ${this.#write(ts[worst])}.`;
  }

  #options(colour) {
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const grid = { stroke: colour.grid, width: 1 };
    const axis = { stroke: colour.text, font, grid, ticks: grid };
    return {
      width: this.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.#clock.zone),
      padding: [8, 12, 0, 0],
      scales: {
        y: this.#isLog
          ? { distr: 100, fwd: Math.log, bwd: Math.exp, range: (_plot, low, high) => (low > 0 ? [low / 2, high * 2] : [1e-12, 1]) }
          : { range: (_plot, _low, high) => [0, high > 0 ? high * 1.06 : 1] },
      },
      axes: [
        { ...axis, size: 40, values: TIMES },
        {
          ...axis,
          size: 76,
          splits: this.#isLog ? splitDecades : undefined,
          values: (_plot, splits) => splits.map(write),
        },
      ],
      series: [
        {},
        {
          stroke: colour.down,
          fill: this.#isLog ? undefined : colour["fill-down"],
          width: 1,
          points: { show: this.#isLog || this.#data.ts.length < 3, size: 4, fill: colour.down },
          spanGaps: false,
        },
      ],
      hooks: { setCursor: [(plot) => this.#describe(plot.cursor.idx ?? this.#worst())] },
    };
  }

  #write(seconds) {
    return this.#clock.write(seconds, this.getAttribute("interval"));
  }

  #describe(index) {
    const { ts, absolute, relative } = this.#data;
    const said = index === undefined
      ? "no error at any bar that both sides have"
      : `${this.#write(ts[index])} · absolute ${write(absolute[index])} · relative ${write(relative[index])}`;
    this.#legend.textContent = `${this.#title}: ${said}`;
  }

  #describeRows() {
    const { ts, absolute, relative } = this.#data ?? { ts: [], absolute: [], relative: [] };
    const rows = ts
      .map((time, index) => [time, absolute[index], relative[index]])
      .filter(([, value]) => value > 0)
      .toSorted((one, other) => other[1] - one[1])
      .slice(0, TABLE_ROWS)
      .map(([time, one, other]) => [this.#write(time), write(one), write(other)]);
    return { header: ["Time", "Absolute", "Relative"], rows };
  }

  #jump() {
    const index = this.#plot?.cursor.idx ?? this.#worst();
    if (index !== undefined && index !== null && this.#data) {
      document.querySelector("parity-chart")?.goTo(this.#data.rows[index]);
    }
  }

  #onClick(event) {
    const { kind, scale } = event.target.closest("button")?.dataset ?? {};
    if (kind || scale) {
      this.#kind = kind ?? this.#kind;
      this.#isLog = scale ? scale === "log" : this.#isLog;
      this.#draw();
    }
  }

  #onKey(event) {
    const last = (this.#data?.ts.length ?? 0) - 1;
    const at = this.#plot?.cursor.idx ?? this.#worst() ?? last;
    const step = event.shiftKey ? Math.max(1, Math.round(last / 20)) : 1;
    const goal = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
    if (!this.#plot || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      this.#jump();
    } else if (goal !== undefined) {
      event.preventDefault();
      const index = Math.max(0, Math.min(goal, last));
      const top = this.#plot.valToPos(this.#values[index] ?? 0, "y");
      this.#plot.setCursor({ left: this.#plot.valToPos(this.#data.ts[index], "x"), top });
    }
  }

  #fitWidth() {
    if (this.#plot && this.#plot.width !== this.clientWidth) {
      this.#plot.setSize({ width: this.clientWidth, height: HEIGHT });
    }
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    return this.#plot && {
      points: this.#data.ts.length,
      kind: this.#kind,
      isLog: this.#isLog,
      title: this.#title,
      most: Math.max(...this.#data[this.#kind].filter((value) => value !== null)),
      legend: this.#legend.textContent,
      label: this.#box.getAttribute("aria-label"),
    };
  }
}

/** At most some eight powers of ten of an axis. */
function splitDecades(plot, axis, low, high, step) {
  const decades = Math.log10(high / low);
  if (decades < 3) {
    return splitLog(plot, axis, low, high, step);
  }
  const every = Math.ceil(decades / 8);
  const splits = [];
  for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power += every) {
    splits.push(10 ** power);
  }
  return splits;
}

/** A distance with four digits; a dash where one side has no value. */
function write(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const isPlain = value === 0 || (value >= 1e-4 && value < 1e7);
  return isPlain ? String(Number(value.toPrecision(4))) : value.toExponential(2).replace("-", "−");
}
