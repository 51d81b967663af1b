// <price-chart>: candles, volume and what belongs below them, from bulk columns. The truth stays
// in typed arrays; the chart holds a window of them and is filled again as the view moves.

import {
  AreaSeries,
  CandlestickSeries,
  createChartEx,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  PriceLineSource,
} from "lightweight-charts";

import { loadColumns } from "./columns.js";
import { buildDataTable, decimal, decimalsOf, readColours } from "./figures.js";
import { FillMarks } from "./fill-marks.js";
import { SessionShade } from "./session-shade.js";
import { ZonedScale } from "./zone.js";
import { formatMinute } from "./zone-format.js";

const WINDOW = 3000; // bars the chart holds
const MARGIN = 250; // bars left at an edge before the window moves
const FIRST_VIEW = 180;
const LEAST_VIEW = 30; // bars, so that a few of them are no walls
const TABLE_ROWS = 300;
const MINUTES = { "1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 390 };

class PriceChart extends HTMLElement {
  #chart;
  #scale;
  #series = {};
  #marks;
  #chosenBars = []; // where the chosen trade was filled
  #shade = new SessionShade();
  #data;
  #indicators = [];
  #start = 0;
  #end = 0;
  #places = 2;
  #box;
  #legend;
  #table;
  #loading;
  #frame = 0;
  #asked; // the view that was asked for and that the library has not drawn yet
  #framesToWait = 0;
  #opened; // the view that was opened last, and the place it stands for
  #pressed = false;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#paint();

  connectedCallback() {
    if (this.#box) {
      return;
    }
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
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("pointerdown", () => {
      this.#pressed = true;
      addEventListener("pointerup", () => this.#release(), { once: true });
      addEventListener("pointercancel", () => this.#release(), { once: true });
    });
    this.#media.addEventListener("change", this.#repaint);
    this.#load().then(() => {
      if (this.#data && this.hasAttribute("focus-from")) {
        this.centre(Number(this.getAttribute("focus-from")), Number(this.getAttribute("focus-to")));
      }
    });
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#media.removeEventListener("change", this.#repaint);
        this.#loading?.abort();
        this.#chart?.remove();
        this.#chart = undefined;
        this.#box.remove();
        this.#legend.remove();
        this.#table.remove();
        this.#box = undefined;
      }
    });
  }

  get #zone() {
    return this.getAttribute("tz") || "UTC";
  }

  get #rows() {
    return this.#data.time.length;
  }

  get #isRun() {
    return "equity" in this.#data;
  }

  async #load() {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const url = this.getAttribute("src")
      .replace("INTERVAL", this.getAttribute("interval"))
      .replace("SESSION", this.getAttribute("session") ?? "");
    try {
      const { columns, about } = await loadColumns(url, loading.signal);
      const place = this.#data && this.#findPlace();
      this.#data = columns;
      this.#end = 0; // the chart holds bars of the former data
      this.#indicators = about.indicators ?? [];
      if (!this.#chart) {
        this.#create();
      }
      this.querySelector(".chart-problem")?.remove();
      this.#open(place);
    } catch (problem) {
      if (problem.name !== "AbortError") {
        this.#explain(problem.message);
      }
    }
  }

  #explain(sentence) {
    const note = this.querySelector(".chart-problem") ?? document.createElement("p");
    note.className = "chart-problem";
    note.setAttribute("role", "alert");
    note.textContent = sentence;
    this.#box.before(note);
  }

  #create() {
    this.#scale = new ZonedScale();
    this.#scale.zone = this.#zone;
    this.#chart = createChartEx(this.#box, this.#scale, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: getComputedStyle(this).fontFamily },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.1 },
      localization: { locale: "en-GB", dateFormat: "yyyy-MM-dd" },
      kineticScroll: { mouse: false, touch: false },
    });
    this.#places = decimalsOf(this.#data.close);
    const priceFormat = {
      type: "price",
      precision: this.#places,
      minMove: Number((10 ** -this.#places).toFixed(this.#places)),
    };
    const quiet = { lastValueVisible: false, priceLineVisible: false };
    const series = this.#series;
    series.price = this.#chart.addSeries(CandlestickSeries, {
      priceFormat,
      priceLineSource: PriceLineSource.LastVisible, // as its label
    });
    series.price.attachPrimitive(this.#shade);
    series.volume = this.#chart.addSeries(
      HistogramSeries, { ...quiet, priceFormat: { type: "volume" } }, 1,
    );
    if (this.#isRun) {
      this.#marks = new FillMarks(series.price);
      series.equity = this.#chart.addSeries(AreaSeries, { ...quiet, lineWidth: 1 }, 2);
    } else {
      series.spread = this.#chart.addSeries(
        LineSeries,
        { ...quiet, lineWidth: 1, priceFormat: { type: "price", precision: 4, minMove: 0.0001 } },
        2,
      );
    }
    for (const { name, pane } of this.#indicators) {
      series[`indicator:${name}`] = this.#chart.addSeries(
        LineSeries,
        { ...quiet, priceFormat, lineWidth: 1, crosshairMarkerVisible: false },
        pane === "price" ? 0 : 3,
      );
    }
    const shares = [60, 14, 18, 14];
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(shares[index]));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.#schedule());
    this.#chart.subscribeCrosshairMove((move) => this.#describeBar(move));
    this.#paint();
  }

  #paint() {
    if (!this.#chart) {
      return;
    }
    const colour = readColours(this);
    this.#chart.applyOptions({
      layout: {
        background: { color: colour.background },
        textColor: colour.text,
        panes: { separatorColor: colour.border, separatorHoverColor: colour.shade },
      },
      grid: { vertLines: { color: colour.grid }, horzLines: { color: colour.grid } },
      timeScale: { borderColor: colour.border },
      rightPriceScale: { borderColor: colour.border },
    });
    const { price, equity, spread } = this.#series;
    price.applyOptions({
      upColor: colour.up,
      downColor: colour.down,
      wickUpColor: colour.up,
      wickDownColor: colour.down,
      borderVisible: false,
    });
    equity?.applyOptions({ lineColor: colour.line, topColor: colour.fill, bottomColor: "transparent" });
    spread?.applyOptions({ color: colour["line-2"] });
    const lines = [colour.line, colour["line-2"], colour["line-3"]];
    this.#indicators.forEach(({ name }, index) => {
      this.#series[`indicator:${name}`].applyOptions({ color: lines[index % lines.length] });
    });
    if (this.#end) {
      this.#fill(this.#start);
    }
  }

  /** Shows the data from its end, or the place that another interval or session showed. */
  #open(place = { isAtEnd: true, width: FIRST_VIEW }) {
    const label = this.#conclude();
    this.#box.setAttribute("aria-label", label);
    for (const button of this.querySelectorAll("[data-interval], [data-session]")) {
      const mine = ["interval", "session"].some(
        (name) => button.dataset[name] && button.dataset[name] === this.getAttribute(name),
      );
      button.setAttribute("aria-pressed", String(mine));
    }
    if (this.#rows === 0) {
      this.#opened = undefined;
      this.#fill(0);
      this.#explain("There are no bars in this session.");
      return;
    }
    this.#chart.timeScale().applyOptions({ timeVisible: this.getAttribute("interval") !== "1d" });
    const width = Math.max(LEAST_VIEW, Math.min(place.width, this.#rows + 1));
    const wanted = place.isAtEnd ? this.#rows : this.#rowAt(place.time) + width / 2;
    const to = Math.min(Math.max(wanted, width - 1), this.#rows); // no empty half at either end
    this.#view(to - width, to);
    this.#opened = { place, view: this.#asked };
  }

  /** What the view shows: the end, or a time in its middle; as it was when it has not moved. */
  #findPlace() {
    const visible = this.#visible();
    if (!visible || this.#rows === 0) {
      return this.#opened?.place;
    }
    const was = this.#opened?.view;
    if (was && Math.abs(was.from - visible.from) + Math.abs(was.to - visible.to) < 1) {
      return this.#opened.place;
    }
    const row = Math.round((visible.from + visible.to) / 2);
    return {
      isAtEnd: visible.to >= this.#rows - 1,
      time: this.#data.time[Math.max(0, Math.min(row, this.#rows - 1))],
      width: visible.to - visible.from,
    };
  }

  #conclude() {
    const { time, open, close } = this.#data;
    const subject = this.getAttribute("subject");
    if (this.#rows === 0) {
      return `${subject}: no bars`;
    }
    const last = this.#rows - 1;
    const change = close[last] / open[0] - 1;
    const verb = change < 0 ? "fell" : "rose";
    let sentence =
      `${subject} ${verb} by ${decimal(Math.abs(change) * 100, 1)}% ` +
      `from ${decimal(open[0], this.#places)} on ${formatMinute(time[0], this.#zone)} ` +
      `to ${decimal(close[last], this.#places)} on ${formatMinute(time[last], this.#zone)}, ` +
      `${decimal(this.#rows, 0)} bars of ${this.getAttribute("interval")}`;
    if (this.#isRun) {
      const { equity, fill_time: fills } = this.#data;
      sentence +=
        `; the run made ${decimal(fills.length, 0)} fills and ended with ` +
        `${decimal(equity[last])}`;
    }
    return `${sentence}. Arrow keys move, plus and minus zoom, F shows all.`;
  }

  /** Fills the chart with the window that starts at a row. */
  #fill(start) {
    const data = this.#data;
    this.#start = Math.max(0, Math.min(start, this.#rows - WINDOW));
    this.#end = Math.min(this.#start + WINDOW, this.#rows);
    const colour = readColours(this);
    const candles = [];
    const volumes = [];
    for (let row = this.#start; row < this.#end; row += 1) {
      const time = data.time[row];
      const [open, close] = [data.open[row], data.close[row]];
      candles.push({ time, open, high: data.high[row], low: data.low[row], close });
      volumes.push({ time, value: data.volume[row], color: close < open ? colour.down : colour.up });
    }
    this.#series.price.setData(candles);
    this.#series.volume.setData(volumes);
    this.#series.equity?.setData(this.#line(data.equity));
    this.#series.spread?.setData(this.#line(data.spread));
    for (const { name } of this.#indicators) {
      this.#series[`indicator:${name}`].setData(this.#line(data[`indicator:${name}`]));
    }
    this.#shade.set(data.session.subarray(this.#start, this.#end), colour.shade);
  }

  #line(values) {
    const points = [];
    for (let row = this.#start; row < this.#end; row += 1) {
      const time = this.#data.time[row];
      // What is absent stays absent: a time without a value.
      points.push(Number.isNaN(values[row]) ? { time } : { time, value: values[row] });
    }
    return points;
  }

  /** Shows the rows from, to (fractions allowed), moving the window when it must. */
  #view(from, to) {
    const width = Math.min(to - from, WINDOW - 1);
    const middle = (from + to) / 2;
    const first = middle - width / 2;
    const inside = first >= this.#start && first + width <= this.#end;
    if (!inside || this.#end === 0) {
      this.#fill(Math.round(middle - WINDOW / 2));
    }
    this.#ask({ from: first, to: first + width });
    this.#schedule();
  }

  /** The library moves its view at its next frame; until then the old one must not count. */
  #ask(view) {
    this.#asked = view;
    this.#framesToWait = 2;
    this.#chart.timeScale().setVisibleLogicalRange({
      from: view.from - this.#start,
      to: view.to - this.#start,
    });
  }

  #visible() {
    if (this.#asked) {
      return this.#asked;
    }
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    return range && { from: range.from + this.#start, to: range.to + this.#start };
  }

  /** The last bar that a view shows, whose figures the texts give. */
  #lastRow(visible) {
    return Math.max(0, Math.min(Math.floor(visible.to), this.#rows - 1));
  }

  #rowAt(time) {
    const times = this.#data.time;
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return Math.min(low, times.length - 1);
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#chart) {
        this.#settle();
      }
    });
  }

  #release() {
    this.#pressed = false;
    this.#schedule();
  }

  /** Follows a view that moved: window, markers, texts. */
  #settle() {
    if (this.#asked && this.#framesToWait > 0) {
      this.#framesToWait -= 1;
      this.#schedule();
      return;
    }
    this.#asked = undefined;
    const visible = this.#visible();
    if (!visible || this.#rows === 0) {
      return;
    }
    const nearStart = visible.from - this.#start < MARGIN && this.#start > 0;
    const nearEnd = this.#end - visible.to < MARGIN && this.#end < this.#rows;
    // While the pointer drags, the library measures from where the drag began: wait for its end.
    if ((nearStart || nearEnd) && !this.#pressed) {
      const start = Math.round((visible.from + visible.to - WINDOW) / 2);
      const reached = Math.max(0, Math.min(start, this.#rows - WINDOW));
      if (reached !== this.#start) {
        this.#fill(start);
        this.#ask(visible);
        this.#schedule();
      }
    }
    this.#mark(visible);
    this.#describeBar({});
    this.#table.refresh();
    const last = this.#lastRow(visible);
    this.querySelector(".where").textContent =
      `Bar ${decimal(last + 1, 0)} of ${decimal(this.#rows, 0)} · ` +
      formatMinute(this.#data.time[last], this.#zone);
  }

  #mark(visible) {
    if (!this.#marks) {
      return;
    }
    this.#marks.show(this.#data, {
      rows: {
        from: Math.max(visible.from - 1, this.#start),
        to: Math.min(visible.to + 1, this.#end - 1),
      },
      lastBar: Infinity,
      chosenBars: this.#chosenBars,
      width: this.#box.clientWidth,
      colour: readColours(this),
    });
  }

  #describeBar(move) {
    const visible = this.#visible();
    if (!visible || this.#rows === 0) {
      return;
    }
    const row = move.logical === undefined
      ? this.#lastRow(visible)
      : Math.max(0, Math.min(Math.round(move.logical) + this.#start, this.#rows - 1));
    const data = this.#data;
    const parts = [["", formatMinute(data.time[row], this.#zone)]];
    for (const [name, label] of [["open", "O"], ["high", "H"], ["low", "L"], ["close", "C"]]) {
      parts.push([label, decimal(data[name][row], this.#places)]);
    }
    parts.push(["V", decimal(data.volume[row], 0)]);
    if (this.#isRun) {
      parts.push(["Position", decimal(data.position[row], 0)], ["Equity", decimal(data.equity[row])]);
    } else {
      parts.push(["Spread", decimal(data.spread[row], 4)]);
    }
    this.#indicators.forEach(({ name }, index) => {
      const text = decimal(data[`indicator:${name}`][row], this.#places);
      parts.push([name, text, `line-${(index % 3) + 1}`]);
    });
    this.#legend.replaceChildren(...parts.map(([label, text, line]) => {
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
    }));
  }

  #describeRows() {
    const visible = this.#visible() ?? { from: 0, to: 0 };
    const from = Math.max(0, Math.ceil(visible.from));
    const to = Math.min(this.#lastRow(visible), from + TABLE_ROWS - 1);
    const names = ["open", "high", "low", "close", "volume"];
    names.push(...(this.#isRun ? ["position", "equity"] : ["spread"]));
    names.push(...this.#indicators.map(({ name }) => `indicator:${name}`));
    const rows = [];
    for (let row = from; row <= to; row += 1) {
      const figures = names.map((name) => {
        const value = this.#data[name][row];
        return decimal(value, name === "volume" ? 0 : name === "spread" ? 4 : this.#places);
      });
      rows.push([formatMinute(this.#data.time[row], this.#zone), ...figures]);
    }
    return { header: ["Time", ...names.map((name) => name.replace("indicator:", ""))], rows };
  }

  /** Shows the run's bars from, to in the middle, and marks what was filled there. */
  centre(from, to = from) {
    this.#chosenBars = [from, to];
    const rowOf = (bar) => {
      const index = this.#data.fill_bar.indexOf(bar);
      return index < 0 ? Math.min(bar, this.#rows - 1) : this.#data.fill_row[index];
    };
    const [first, last] = [rowOf(from), rowOf(to)];
    const pad = Math.max(40, (last - first) * 0.6);
    this.#view(first - pad, last + pad);
  }

  #zoom(factor) {
    const visible = this.#visible();
    if (visible) {
      const middle = (visible.from + visible.to) / 2;
      const half = Math.max(5, ((visible.to - visible.from) / 2) * factor);
      this.#view(middle - half, middle + half);
    }
  }

  #pan(share) {
    const visible = this.#visible();
    if (visible) {
      const width = visible.to - visible.from;
      const from = Math.max(-width / 2, Math.min(visible.from + width * share, this.#rows - width / 2));
      this.#view(from, from + width);
    }
  }

  /** Shows everything: at the finest interval at which it fits into the chart. */
  async #fit() {
    const buttons = [...this.querySelectorAll("[data-interval]")];
    const now = MINUTES[this.getAttribute("interval")];
    const fits = (name) => (this.#rows * now) / MINUTES[name] <= WINDOW * 0.9;
    const names = buttons.map((button) => button.dataset.interval);
    const chosen = names.find((name) => MINUTES[name] >= now && fits(name)) ?? names.at(-1);
    if (this.#rows > WINDOW && chosen && chosen !== this.getAttribute("interval")) {
      this.setAttribute("interval", chosen);
      await this.#load();
    }
    this.#view(-1, this.#rows + 1);
  }

  #onClick(event) {
    const button = event.target.closest("button");
    if (!button || !this.#data) {
      return;
    }
    const { interval, session, act } = button.dataset;
    if (act === "fit") {
      this.#fit();
    } else if (act) {
      this.#zoom(act === "in" ? 0.5 : 2);
    } else if (interval || session) {
      this.setAttribute(interval ? "interval" : "session", interval ?? session);
      this.#load();
      if (!this.#isRun) {
        const address = new URL(location);
        address.searchParams.set("interval", this.getAttribute("interval"));
        address.searchParams.set("session", this.getAttribute("session"));
        history.replaceState(null, "", address);
      }
    }
  }

  #onKey(event) {
    const keys = {
      ArrowLeft: () => this.#pan(event.shiftKey ? -0.9 : -0.1),
      ArrowRight: () => this.#pan(event.shiftKey ? 0.9 : 0.1),
      Home: () => this.#view(-1, FIRST_VIEW),
      End: () => this.#view(this.#rows - FIRST_VIEW, this.#rows + 1),
      "+": () => this.#zoom(0.5),
      "=": () => this.#zoom(0.5),
      "-": () => this.#zoom(2),
      f: () => this.#fit(),
      F: () => this.#fit(),
    };
    const act = keys[event.key];
    if (act && this.#chart && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  }

  /** The first and the last bar that the library draws, by what it was given. */
  #drawnTimes(visible) {
    const bars = this.#series.price.data();
    const at = (row) => bars[Math.max(0, Math.min(row - this.#start, bars.length - 1))];
    const rows = visible ? [Math.max(0, Math.ceil(visible.from)), this.#lastRow(visible)] : [];
    return rows.map((row) => at(row) && formatMinute(at(row).time, this.#zone));
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    if (!this.#chart) {
      return null;
    }
    const visible = this.#visible();
    return {
      rows: this.#rows,
      window: { start: this.#start, end: this.#end },
      visible,
      interval: this.getAttribute("interval"),
      session: this.getAttribute("session"),
      zone: this.#zone,
      series: Object.keys(this.#series),
      candles: this.#series.price.data().length,
      last: this.#series.price.data().at(-1),
      fills: this.#marks?.fills ?? [],
      arrows: this.#marks?.arrows ?? [],
      where: this.querySelector(".where").textContent,
      legend: this.#legend.textContent,
      drawn: this.#drawnTimes(visible),
      dayStarts: this.#scale.dayStarts.map((time) => formatMinute(time, this.#zone)),
      shaded: this.#shade.runs.length,
      label: this.#box.getAttribute("aria-label"),
      background: this.#chart.options().layout.background.color,
    };
  }
}

customElements.define("price-chart", PriceChart);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-trades] a[data-from]");
  const chart = document.querySelector("price-chart");
  if (!link || !chart?.snapshot() || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  for (const row of link.closest("tbody").rows) {
    row.removeAttribute("aria-current");
  }
  link.closest("tr").setAttribute("aria-current", "true");
  document.querySelector("[data-chosen]").textContent = `trade ${link.textContent} · `;
  chart.centre(Number(link.dataset.from), Number(link.dataset.to));
  chart.closest("section").scrollIntoView({ block: "nearest" });
});
