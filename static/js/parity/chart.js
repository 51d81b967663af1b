// <parity-chart src="…" row="123" rows="5400">: both sides of a comparison around a bar. It holds a
// window of the bars that the server gives, and asks for another one as the view comes to its edge.

import { buildDataTable, decimal, readColours } from "../figures.js";
import { Clock } from "../zone-format.js";
import { ask } from "./answers.js";
import { SidePanes } from "./sides.js";

const AROUND = 500; // bars that are held on either side
const MARGIN = 80; // bars left at an edge before the window moves
const FIRST_VIEW = 60; // bars on either side of the one that is looked at
const LEAST_VIEW = 10;
const PLACES = 9;
const PRICES = ["open", "high", "low", "close"];

export class ParityChart extends HTMLElement {
  #panes;
  #clock;
  #held;
  #row;
  #side;
  #box;
  #legend;
  #table;
  #loading;
  #frame = 0;
  #pressed = false;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#panes?.paint();

  connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#clock = new Clock(this);
    this.#row = Number(this.getAttribute("row"));
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", "The chart is loading");
    this.#table = buildDataTable(() => this.#describeRows());
    this.prepend(this.#legend, this.#box);
    this.append(this.#table);
    this.addEventListener("click", (event) => this.#onClick(event));
    this.addEventListener("change", (event) => this.#onChange(event));
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("pointerdown", () => {
      this.#pressed = true;
      const release = () => {
        this.#pressed = false;
        this.#schedule();
      };
      addEventListener("pointerup", release, { once: true });
      addEventListener("pointercancel", release, { once: true });
    });
    this.#media.addEventListener("change", this.#repaint);
    this.#load(this.#row, this.#around(this.#row));
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected && this.#box) {
        this.#media.removeEventListener("change", this.#repaint);
        this.#loading?.abort();
        this.#panes?.remove();
        this.#panes = undefined;
        this.#box.remove();
        this.#legend.remove();
        this.#table.remove();
        this.#box = undefined;
      }
    });
  }

  get #rows() {
    return Number(this.getAttribute("rows"));
  }

  get #interval() {
    return this.getAttribute("interval");
  }

  get #titles() {
    return [...this.querySelectorAll("[data-title]:checked")].map((box) => box.dataset.title);
  }

  #around(row) {
    return { from: row - FIRST_VIEW, to: row + FIRST_VIEW };
  }

  /** Shows a bar and marks it. */
  goTo(row) {
    this.scrollIntoView({ block: "nearest" });
    this.#row = row;
    this.#load(row, this.#around(row));
  }

  /** Fetches the window around a row. */
  async #load(row, view) {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    const url = new URL(this.getAttribute("src"), location.href);
    for (const [name, value] of Object.entries({ row, before: AROUND, after: AROUND })) {
      url.searchParams.set(name, value);
    }
    this.#titles.forEach((title) => url.searchParams.append("series", title));
    this.setAttribute("aria-busy", "true");
    this.querySelector(".chart-problem")?.remove();
    try {
      const held = await ask(url, loading.signal);
      if (this.#box && loading === this.#loading) {
        this.#use(fillIn(held), view);
      }
    } catch (problem) {
      if (problem.name !== "AbortError" && this.#box) {
        this.#explain(problem.message, () => this.#load(row, view));
      }
    } finally {
      if (loading === this.#loading) {
        this.#loading = undefined;
        this.removeAttribute("aria-busy");
      }
    }
  }

  #use(held, view) {
    const isFirst = !this.#panes;
    this.#held = held;
    this.#side ??= ["pine", "python"].find((name) => held[name].close.some((value) => value !== null)) ?? "pine";
    if (isFirst) {
      const about = { clock: this.#clock, interval: this.#interval, font: getComputedStyle(this).fontFamily };
      this.#panes = new SidePanes(this.#box, about);
      this.#panes.onMove(() => this.#schedule());
      this.#panes.onPoint((row) => this.#describe(row));
    }
    this.#show();
    this.#panes.setView(view);
    this.#schedule();
  }

  #show() {
    this.#panes.fill(this.#held, { side: this.#side, row: this.#row });
    this.#box.setAttribute("aria-label", this.#conclude());
    for (const button of this.querySelectorAll("[data-side]")) {
      button.setAttribute("aria-pressed", String(button.dataset.side === this.#side));
      button.disabled = this.#held.without.includes(button.dataset.side);
    }
  }

  #conclude() {
    const { trades, series } = this.#held;
    const shown = series.map(({ title }) => title).join(", ");
    const count = (name) => `${trades[name].length} of ${name === "pine" ? "Pine" : "Python"}`;
    return (
      `Candles around ${this.#write(this.#at(this.#row))}, ` +
      `${shown ? `${shown} of both sides, ` : ""}` +
      `entries and exits: ${count("pine")}, ${count("python")}.`
    );
  }

  #at(row) {
    const { ts, first } = this.#held;
    return ts[Math.max(0, Math.min(row - first, ts.length - 1))];
  }

  #write(seconds) {
    return seconds === undefined ? "no bar" : this.#clock.write(seconds, this.#interval);
  }

  #explain(sentence, again) {
    const note = document.createElement("p");
    note.className = "chart-problem";
    note.setAttribute("role", "alert");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = "Retry";
    button.addEventListener("click", again);
    note.append(sentence, " ", button);
    this.#box.before(note);
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#panes) {
        this.#settle();
      }
    });
  }

  /** Follows a view that moved: texts, and the window when the view comes near its edge. */
  #settle() {
    const visible = this.#panes.view();
    if (!visible) {
      return;
    }
    this.#describe();
    this.#table.refresh();
    const { first, ts } = this.#held;
    const last = first + ts.length;
    const where = this.querySelector(".where");
    where.textContent = `Bar ${decimal(this.#row + 1, 0)} of ${decimal(this.#rows, 0)} is marked`;
    const isNearStart = visible.from - first < MARGIN && first > 0;
    const isNearEnd = last - visible.to < MARGIN && last < this.#rows;
    // While the pointer drags, the library measures from where the drag began: wait for its end.
    if ((isNearStart || isNearEnd) && !this.#pressed && !this.#loading) {
      const middle = Math.round((visible.from + visible.to) / 2);
      const row = Math.max(0, Math.min(middle, this.#rows - 1));
      if (Math.max(0, row - AROUND) !== first) {
        this.#load(row, visible);
      }
    }
  }

  #describe(pointed) {
    const { ts, first, series } = this.#held;
    const row = pointed ?? this.#row;
    const index = row - first;
    if (index < 0 || index >= ts.length) {
      return;
    }
    const parts = [this.#part(this.#write(ts[index]))];
    for (const [name, label] of [["pine", "Pine"], ["python", "Python"]]) {
      const [open, high, low, close] = PRICES.map((price) => this.#held[name][price][index]);
      parts.push(this.#part(close === null
        ? `${label}: no candle`
        : `${label} O ${tell(open)} H ${tell(high)} L ${tell(low)} C ${tell(close)}`));
    }
    series.forEach(({ title, pine, python, tiers }, at) => {
      const part = this.#part(` ${title}: Pine `, tell(pine[index]), ", Python ", tell(python[index]), tiers[index] ? ` (${tiers[index]})` : "");
      part.className = `plot-${["line", "line-2", "line-3"][at % 3]}`;
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      part.prepend(swatch);
      parts.push(part);
    });
    this.#legend.replaceChildren(...parts);
  }

  #part(...texts) {
    const part = document.createElement("span");
    part.append(...texts);
    return part;
  }

  #describeRows() {
    const visible = this.#panes?.view();
    const header = ["Time", "Pine's close", "Python's close"];
    if (!visible) {
      return { header, rows: [] };
    }
    const { ts, first, pine, python, series } = this.#held;
    const [from, to] = [Math.max(0, Math.ceil(visible.from - first)), Math.min(ts.length - 1, visible.to - first)];
    const rows = [];
    for (let index = from; index <= to; index += 1) {
      rows.push([
        this.#write(ts[index]),
        tell(pine.close[index]),
        tell(python.close[index]),
        ...series.flatMap((one) => [tell(one.pine[index]), tell(one.python[index])]),
      ]);
    }
    return { header: [...header, ...series.flatMap(({ title }) => [`${title}, Pine`, `${title}, Python`])], rows };
  }

  #zoom(factor) {
    const visible = this.#panes.view();
    const middle = (visible.from + visible.to) / 2;
    const half = Math.max(LEAST_VIEW, Math.min(((visible.to - visible.from) / 2) * factor, AROUND));
    this.#panes.setView({ from: middle - half, to: middle + half });
  }

  #pan(share) {
    const visible = this.#panes.view();
    const width = visible.to - visible.from;
    const from = Math.max(-width / 2, Math.min(visible.from + width * share, this.#rows - width / 2));
    this.#panes.setView({ from, to: from + width });
  }

  #onClick(event) {
    const button = event.target.closest("button");
    if (!button || !this.#panes) {
      return;
    }
    const { act, side } = button.dataset;
    if (side) {
      this.#side = side;
      this.#show();
    } else if (act === "back") {
      this.#load(this.#row, this.#around(this.#row));
    } else if (act) {
      this.#zoom(act === "in" ? 0.5 : 2);
    }
  }

  #onChange({ target }) {
    if (target.matches("[data-title]") && this.#held) {
      const visible = this.#panes?.view();
      const middle = visible ? Math.round((visible.from + visible.to) / 2) : this.#row;
      this.#load(Math.max(0, Math.min(middle, this.#rows - 1)), visible);
    }
  }

  #onKey(event) {
    const keys = {
      ArrowLeft: () => this.#pan(event.shiftKey ? -0.9 : -0.1),
      ArrowRight: () => this.#pan(event.shiftKey ? 0.9 : 0.1),
      "+": () => this.#zoom(0.5),
      "=": () => this.#zoom(0.5),
      "-": () => this.#zoom(2),
      Home: () => this.#load(0, this.#around(0)),
      End: () => this.#load(this.#rows - 1, this.#around(this.#rows - 1)),
    };
    const act = keys[event.key];
    if (act && this.#panes && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    return this.#panes && {
      ...this.#panes.snapshot(),
      row: this.#row,
      side: this.#side,
      first: this.#held.first,
      held: this.#held.ts.length,
      visible: this.#panes.view(),
      isLoading: this.#loading !== undefined,
      legend: this.#legend.textContent,
      label: this.#box.getAttribute("aria-label"),
      text: readColours(this).text,
    };
  }
}

/** A value with the decimals that it has; a dash where there is none. */
function tell(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const text = decimal(value, PLACES);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** A window in which a side without candles has none at every bar. */
function fillIn(held) {
  const nothing = Object.fromEntries(PRICES.map((name) => [name, held.ts.map(() => null)]));
  const without = ["pine", "python"].filter((name) => held[name] === null);
  return { ...held, pine: held.pine ?? nothing, python: held.python ?? nothing, without };
}
