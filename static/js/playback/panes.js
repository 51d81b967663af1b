// The film's panes: price with fills and indicators, volume, equity, drawdown, other indicators.
// The chart holds a window of bars up to the horizon: a library that holds a year draws no film.

import {
  AreaSeries,
  CandlestickSeries,
  createChartEx,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  PriceLineSource,
} from "lightweight-charts";

import { listPanes, nameColour, pointOf, styleOf } from "../chart/indicators.js";
import { FillMarks } from "../fill-marks.js";
import { decimal, decimalsOf, paintFrame, readColours } from "../figures.js";
import { SessionShade } from "../session-shade.js";
import { ZonedScale } from "../zone.js";
import { isDaily } from "../zone-format.js";
import { CursorLine } from "./cursor-line.js";

const LEAST = 1500; // bars the chart holds after a jump
const MOST = 3000; // bars it may hold before it is trimmed
const UPDATES = 20; // bars that are added one by one; more are a new window
const FIRST_VIEW = 140;
const MARGIN = 200; // bars left at an edge before the window slides
const RIGHT_OFFSET = 4;
const TABLE_ROWS = 300;
const SETTLE = 120; // milliseconds: the library moves its view at its next frame

export class Panes {
  #film;
  #grid;
  #box;
  #chart;
  #scale = new ZonedScale();
  #series = {};
  #marks;
  #shade = new SessionShade();
  #line = new CursorLine();
  #colour;
  #places;
  #start = 0; // the window's rows: from, and before
  #end = 0;
  #row = -1; // the last row up to the horizon, and the horizon itself, when last drawn
  #horizon = -1;
  #asked; // the view that was asked for, and when
  #askedAt = 0;
  #pressed = false;
  #isDrawing = false; // then the window is nobody else's
  #onView;
  #onPoint;

  /** hooks: onView() after the view moved, onPoint(row) where the pointer is, or undefined. */
  constructor(box, film, grid, { signal, onView, onPoint }) {
    this.#box = box;
    this.#film = film;
    this.#grid = grid;
    this.#onView = onView;
    this.#onPoint = onPoint;
    this.#places = decimalsOf(film.columns.close);
    this.#create();
    this.#tell();
    this.paint();
    box.addEventListener("pointerdown", () => {
      this.#pressed = true;
      const release = () => {
        this.#pressed = false;
        this.#settle();
      };
      addEventListener("pointerup", release, { once: true, signal });
      addEventListener("pointercancel", release, { once: true, signal });
    }, { signal });
  }

  #create() {
    this.#scale.clock = this.#film.clock;
    this.#chart = createChartEx(this.#box, this.#scale, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: getComputedStyle(this.#box).fontFamily },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: RIGHT_OFFSET, minBarSpacing: 0.1 },
      localization: { locale: "en-GB", dateFormat: "yyyy-MM-dd" },
      kineticScroll: { mouse: false, touch: false },
    });
    const price = {
      type: "price",
      precision: this.#places,
      minMove: Number((10 ** -this.#places).toFixed(this.#places)),
    };
    const quiet = { lastValueVisible: false, priceLineVisible: false };
    const shares = [58];
    const add = (name, kind, pane, options) => {
      this.#series[name] = this.#chart.addSeries(kind, options, pane);
    };
    const below = (name, kind, share, options) => {
      add(name, kind, shares.length, options);
      shares.push(share);
    };
    add("price", CandlestickSeries, 0, { priceFormat: price, priceLineSource: PriceLineSource.LastVisible });
    if (this.#film.hasVolume) {
      below("volume", HistogramSeries, 12, { ...quiet, priceFormat: { type: "volume" } });
    }
    below("equity", AreaSeries, 18, { lineWidth: 1, priceLineSource: PriceLineSource.LastVisible });
    below("drawdown", AreaSeries, 12, {
      ...quiet,
      lineWidth: 1,
      invertFilledArea: true,
      priceFormat: { type: "custom", formatter: (value) => `${decimal(value * 100, 2)}%`, minMove: 0.0001 },
    });
    const own = ["price", ...listPanes(this.#film.indicators)];
    for (const { name, kind, pane } of this.#film.indicators) {
      const place = pane === "price" ? 0 : shares.length - 1 + own.indexOf(pane);
      add(`indicator:${name}`, LineSeries, place, { ...quiet, ...styleOf(kind), priceFormat: price });
    }
    this.#series.drawdown.priceScale().applyOptions({ scaleMargins: { top: 0.16, bottom: 0.12 } });
    this.#series.price.attachPrimitive(this.#shade);
    this.#series.price.attachPrimitive(this.#line);
    this.#marks = new FillMarks(this.#series.price);
    shares.push(...own.slice(1).map(() => 14));
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(shares[index]));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.#settle());
    this.#chart.subscribeCrosshairMove(({ logical }) => {
      this.#onPoint(logical === undefined ? undefined : this.#clip(Math.round(logical) + this.#start));
    });
  }

  #clip(row) {
    return Math.max(this.#start, Math.min(row, this.#end - 1));
  }

  remove() {
    this.#chart.remove();
  }

  /** Wears the theme. */
  paint() {
    const colour = readColours(this.#box);
    this.#colour = colour;
    paintFrame(this.#chart, colour);
    const { price, equity, drawdown } = this.#series;
    const [upColor, downColor] = [colour.up, colour.down];
    price.applyOptions({
      upColor, downColor, wickUpColor: upColor, wickDownColor: downColor, borderVisible: false,
    });
    equity.applyOptions({ lineColor: colour.line, topColor: colour.fill, bottomColor: "transparent" });
    drawdown.applyOptions({
      lineColor: colour.down, topColor: colour["fill-down"], bottomColor: colour["fill-down"],
    });
    this.#film.indicators.forEach(({ name }, index) => {
      this.#series[`indicator:${name}`].applyOptions({ color: colour[nameColour(name, index)] });
    });
    if (this.#end) {
      this.#fill(this.#start, this.#end);
      this.#mark();
    }
  }

  /** Shows bars of another interval. */
  use(grid) {
    if (grid !== this.#grid) {
      this.#grid = grid;
      this.#tell();
      this.draw(true);
    }
  }

  /** Tells bars as those of the grid's interval. */
  #tell() {
    this.#scale.interval = this.#grid.interval;
    this.#chart.timeScale().applyOptions({ timeVisible: !isDaily(this.#grid.interval) });
  }

  /** Shows what is known up to the horizon. After a jump the view follows in any case. */
  draw(isJump) {
    const film = this.#film;
    const row = this.#grid.rowOf(film.horizon);
    const [lastRow, isBack] = [this.#row, film.horizon < this.#horizon];
    const wasInSight = this.#isInSight(lastRow);
    [this.#row, this.#horizon] = [row, film.horizon];
    this.#isDrawing = true;
    const isNext = !isBack && row - lastRow <= UPDATES && this.#end === lastRow + 1;
    if (film.showsAll) {
      if (isJump || !this.#isInSight(this.#grid.rowOf(film.cursor))) {
        this.#jump(row);
      }
    } else if (!isJump && isNext && row - this.#start < MOST) {
      this.#extend(lastRow, row);
    } else if (isJump || isBack || wasInSight) {
      this.#jump(row);
    }
    this.#isDrawing = false;
    this.#line.set(film.showsAll ? this.#timeOf(film.cursor) : undefined, this.#colour["line-2"]);
    this.#mark();
  }

  #timeOf(bar) {
    return this.#grid.columns.time[this.#grid.rowOf(bar)];
  }

  #isInSight(row) {
    const view = this.#view();
    return !view || (view.from <= row && view.to >= row - 0.5);
  }

  #view() {
    if (performance.now() - this.#askedAt < SETTLE) {
      return this.#asked;
    }
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    return range && { from: range.from + this.#start, to: range.to + this.#start };
  }

  #ask(view) {
    this.#asked = view;
    this.#askedAt = performance.now();
    this.#chart.timeScale().setVisibleLogicalRange({
      from: view.from - this.#start,
      to: view.to - this.#start,
    });
  }

  #jump(row) {
    const view = this.#view();
    // A view that was wide for many bars would squeeze a few of them to its edge.
    const most = Math.min(LEAST, Math.max(FIRST_VIEW, row + 1));
    const width = view ? Math.min(view.to - view.from, most) : FIRST_VIEW;
    const centre = this.#film.showsAll ? this.#grid.rowOf(this.#film.cursor) : row;
    const last = Math.min(centre + LEAST / 2, row); // what comes after the cursor, where it is shown
    this.#fill(Math.max(0, last + 1 - LEAST), last + 1);
    const to = this.#film.showsAll ? centre + width / 2 : row + RIGHT_OFFSET;
    this.#ask({ from: to - width, to });
  }

  #points(row) {
    const [grid, bar] = [this.#grid, this.#film.horizon];
    const { time, open, high, low, close, volume } = grid.candle(row, bar);
    const point = (value) => (Number.isNaN(value) ? { time } : { time, value }); // absent stays absent
    const points = {
      price: { time, open, high, low, close },
      volume: { ...point(volume), color: close < open ? this.#colour.down : this.#colour.up },
      equity: point(grid.value("equity", row, bar)),
      drawdown: point(-grid.value("drawdown", row, bar)),
    };
    for (const { name } of this.#film.indicators) {
      const value = (at) => grid.value(`indicator:${name}`, at, bar);
      points[`indicator:${name}`] = pointOf(time, value(row), row < this.#row ? value(row + 1) : undefined);
    }
    return points;
  }

  #extend(first, last) {
    for (let row = Math.max(0, first); row <= last; row += 1) {
      const points = this.#points(row);
      for (const [name, series] of Object.entries(this.#series)) {
        series.update(points[name]);
      }
    }
    this.#end = last + 1;
    this.#setShade();
  }

  #fill(start, end) {
    [this.#start, this.#end] = [start, end];
    const data = Object.fromEntries(Object.keys(this.#series).map((name) => [name, []]));
    for (let row = start; row < end; row += 1) {
      const points = this.#points(row);
      for (const name of Object.keys(data)) {
        data[name].push(points[name]);
      }
    }
    for (const [name, series] of Object.entries(this.#series)) {
      series.setData(data[name]);
    }
    this.#setShade();
  }

  #setShade() {
    const { session } = this.#grid.columns;
    this.#shade.set(session.subarray(this.#start, this.#end), this.#colour.shade);
  }

  #mark() {
    const view = this.#view();
    if (!view) {
      return;
    }
    this.#marks.show(this.#grid.columns, {
      rows: { from: Math.max(view.from - 1, this.#start), to: Math.min(view.to + 1, this.#end - 1) },
      lastBar: this.#film.horizon,
      chosenBars: [this.#film.cursor],
      width: this.#box.clientWidth,
      colour: this.#colour,
    });
  }

  /** Slides the window where the viewer looks near one of its edges. */
  #settle() {
    const view = this.#view();
    if (!view || this.#row < 0 || this.#isDrawing) {
      return;
    }
    const isNearStart = view.from - this.#start < MARGIN && this.#start > 0;
    const isNearEnd = this.#end - view.to < MARGIN && this.#end <= this.#row;
    // While the pointer drags, the library measures from where the drag began: wait for its end.
    if ((isNearStart || isNearEnd) && !this.#pressed) {
      const middle = Math.round((view.from + view.to - MOST) / 2);
      const start = Math.max(0, Math.min(middle, this.#row + 1 - MOST));
      const end = Math.min(start + MOST, this.#row + 1);
      if (start !== this.#start || end !== this.#end) {
        this.#fill(start, end);
        this.#ask(view);
      }
    }
    this.#mark();
    this.#onView();
  }

  /** Shows all bars up to the horizon, as far as the window reaches. */
  fit() {
    this.#fill(Math.max(0, this.#row + 1 - MOST), this.#row + 1);
    this.#ask({ from: this.#start - 1, to: this.#row + 1 + RIGHT_OFFSET });
    this.#mark();
  }

  zoom(factor) {
    const view = this.#view();
    const width = Math.max(10, Math.min((view.to - view.from) * factor, MOST));
    this.#ask({ from: view.to - width, to: view.to });
  }

  /** Names and figures of a shown bar, by default the last: for the legend. */
  describe(row = this.#row) {
    const points = this.#points(row);
    const parts = [["", this.#film.clock.write(points.price.time, this.#grid.interval)]];
    for (const [name, label] of [["open", "O"], ["high", "H"], ["low", "L"], ["close", "C"]]) {
      parts.push([label, decimal(points.price[name], this.#places)]);
    }
    if (this.#film.hasVolume) {
      parts.push(["V", decimal(points.volume.value, 0)]);
    }
    parts.push(["Equity", decimal(points.equity.value)]);
    parts.push(["Drawdown", `${decimal(points.drawdown.value * 100, 2)}%`]);
    this.#film.indicators.forEach(({ name }, index) => {
      const { value } = points[`indicator:${name}`];
      parts.push([name, decimal(value, this.#places), `plot-${nameColour(name, index)}`]);
    });
    return parts;
  }

  /** The bars in sight as a table. */
  describeRows() {
    const view = this.#view() ?? { from: 0, to: 0 };
    const to = this.#clip(Math.floor(view.to));
    const from = Math.max(this.#clip(Math.ceil(view.from)), to - TABLE_ROWS + 1);
    const rows = [];
    for (let row = from; row <= to; row += 1) {
      rows.push(this.describe(row).map(([, text]) => text));
    }
    const names = { "": isDaily(this.#grid.interval) ? "Date" : "Time", O: "Open", H: "High", L: "Low", C: "Close", V: "Volume" };
    return { header: this.describe(this.#row).map(([name]) => names[name] ?? name), rows };
  }

  get places() {
    return this.#places;
  }

  /** What the library holds and shows. */
  snapshot() {
    const held = Object.values(this.#series).map((series) => series.data());
    const inWords = (time) => new Date(time * 1000).toISOString();
    const view = this.#view();
    return {
      interval: this.#grid.interval,
      window: { start: this.#start, end: this.#end },
      view,
      isFollowing: this.#isInSight(this.#row),
      series: Object.keys(this.#series),
      candles: this.#series.price.data().length,
      lastCandle: this.#series.price.data().at(-1),
      lastEquity: this.#series.equity.data().at(-1)?.value,
      latest: inWords(Math.max(...held.flatMap((data) => (data.length ? [data.at(-1).time] : [])))),
      markers: this.#marks.fills.map(({ time, price, text }) => ({ time: inWords(time), price, text })),
      arrows: this.#marks.arrows.map(({ time, text }) => ({ time: inWords(time), text })),
      background: this.#chart.options().layout.background.color,
    };
  }
}
