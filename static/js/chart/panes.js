// The panes of a price chart: candles with shaded sessions and marks, volume, and what is below.
// The library holds a window of the bars; rows are counted from the first bar of all.

import {
  AreaSeries,
  CandlestickSeries,
  createChartEx,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  PriceLineSource,
} from "lightweight-charts";

import { paintFrame, readColours } from "../figures.js";
import { FillMarks } from "../fill-marks.js";
import { SessionShade } from "../session-shade.js";
import { ZonedScale } from "../zone.js";
import { isDaily } from "../zone-format.js";
import { GapMarks } from "./gap-marks.js";
import { listPanes, nameColour, pointOf, styleOf } from "./indicators.js";

const SHARES = { price: 60, volume: 14, equity: 18, spread: 18, own: 14 };

export class Panes {
  start = 0;
  end = 0;
  series = {};
  marks;
  #box;
  #chart;
  #scale = new ZonedScale();
  #shade = new SessionShade();
  #gapMarks = new GapMarks();
  #indicators;
  #held; // the window's columns and gaps
  #areGapsShown = true;

  /** about: clock, interval, font, places (decimals), isRun, indicators, empty (names of columns). */
  constructor(box, about) {
    this.#box = box;
    this.#indicators = about.indicators;
    this.#scale.clock = about.clock;
    this.#scale.interval = about.interval;
    this.#chart = createChartEx(box, this.#scale, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: about.font },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.1 },
      localization: { locale: "en-GB", dateFormat: "yyyy-MM-dd" },
      kineticScroll: { mouse: false, touch: false },
    });
    this.#addSeries(about);
    this.paint();
  }

  #addSeries({ places, isRun, indicators, empty }) {
    const priceFormat = {
      type: "price",
      precision: places,
      minMove: Number((10 ** -places).toFixed(places)),
    };
    const quiet = { lastValueVisible: false, priceLineVisible: false };
    const { series } = this;
    const shares = [SHARES.price];
    const below = (name, type, options) => {
      series[name] = this.#chart.addSeries(type, { ...quiet, ...options }, shares.length);
      shares.push(SHARES[name]);
    };
    series.price = this.#chart.addSeries(CandlestickSeries, {
      priceFormat,
      priceLineSource: PriceLineSource.LastVisible, // as its label
    });
    series.price.attachPrimitive(this.#shade);
    series.price.attachPrimitive(this.#gapMarks);
    if (!empty.includes("volume")) {
      below("volume", HistogramSeries, { priceFormat: { type: "volume" } });
    }
    if (isRun) {
      this.marks = new FillMarks(series.price);
      below("equity", AreaSeries, { lineWidth: 1 });
    } else if (!empty.includes("spread")) {
      const spread = { type: "price", precision: 4, minMove: 0.0001 };
      below("spread", LineSeries, { lineWidth: 1, priceFormat: spread });
    }
    const own = ["price", ...listPanes(indicators)];
    for (const { name, kind, pane } of indicators) {
      series[`indicator:${name}`] = this.#chart.addSeries(
        LineSeries,
        { ...quiet, ...styleOf(kind), priceFormat },
        pane === "price" ? 0 : shares.length - 1 + own.indexOf(pane),
      );
    }
    shares.push(...own.slice(1).map(() => SHARES.own));
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(shares[index]));
  }

  paint() {
    const colour = readColours(this.#box);
    paintFrame(this.#chart, colour);
    const { price, equity, spread } = this.series;
    price.applyOptions({
      upColor: colour.up,
      downColor: colour.down,
      wickUpColor: colour.up,
      wickDownColor: colour.down,
      borderVisible: false,
    });
    equity?.applyOptions({ lineColor: colour.line, topColor: colour.fill, bottomColor: "transparent" });
    spread?.applyOptions({ color: colour["line-2"] });
    this.#indicators.forEach(({ name }, index) => {
      this.series[`indicator:${name}`].applyOptions({ color: colour[nameColour(name, index)] });
    });
    if (this.end) {
      this.#draw();
    }
  }

  onMove(moved) {
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(moved);
  }

  onPoint(pointed) {
    this.#chart.subscribeCrosshairMove(({ logical }) => {
      pointed(logical === undefined ? undefined : Math.round(logical) + this.start);
    });
  }

  /** Fills the chart with the rows start, end (exclusive) of some bars. */
  fill(start, end, held) {
    this.start = start;
    this.end = end;
    this.#held = held;
    this.#draw();
  }

  #draw() {
    const { columns } = this.#held;
    const colour = readColours(this.#box);
    const candles = [];
    const volumes = [];
    for (let index = 0; index < this.end - this.start; index += 1) {
      const time = columns.time[index];
      const [open, close] = [columns.open[index], columns.close[index]];
      candles.push({ time, open, high: columns.high[index], low: columns.low[index], close });
      const value = columns.volume[index];
      // What is absent stays absent: a time without a value.
      volumes.push(Number.isNaN(value) ? { time } : { time, value, color: close < open ? colour.down : colour.up });
    }
    this.series.price.setData(candles);
    this.series.volume?.setData(volumes);
    for (const [name, series] of Object.entries(this.series)) {
      if (name !== "price" && name !== "volume") {
        series.setData(this.#line(columns.time, columns[name]));
      }
    }
    this.#shade.set(columns.session ?? [], colour.shade);
    const gaps = this.#areGapsShown ? this.#held.gaps : [];
    this.#gapMarks.set(gaps.map(({ row }) => row - this.start), colour.text);
  }

  #line(times = [], values = []) {
    return Array.from(times, (time, index) => pointOf(time, values[index], values[index + 1]));
  }

  showGaps(areShown) {
    this.#areGapsShown = areShown;
    this.paint();
  }

  /** A value of a row that the chart holds. */
  at(name, row) {
    return this.#held.columns[name][row - this.start];
  }

  /** The gap just before a row, if there is one. */
  gapBefore(row) {
    return this.#held.gaps.find((gap) => gap.row === row);
  }

  /** Tells bars as those of an interval; they are to be filled in again. */
  setInterval(interval) {
    this.#scale.interval = interval;
    this.#chart.timeScale().applyOptions({ timeVisible: !isDaily(interval) });
  }

  setView({ from, to }) {
    this.#chart.timeScale().setVisibleLogicalRange({ from: from - this.start, to: to - this.start });
  }

  view() {
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    return range && { from: range.from + this.start, to: range.to + this.start };
  }

  remove() {
    this.#chart.remove();
  }

  snapshot() {
    return {
      series: Object.keys(this.series),
      candles: this.series.price.data().length,
      last: this.series.price.data().at(-1),
      dayStarts: this.#scale.dayStarts,
      shaded: this.#shade.runs.length,
      gaps: this.#gapMarks.count,
      background: this.#chart.options().layout.background.color,
    };
  }
}
