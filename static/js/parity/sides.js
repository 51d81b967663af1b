// The panes of <parity-chart>: candles of one side, series of both over each other (Pine's line is
// solid, Python's dashed), and trades of both (Pine's arrows, Python's squares).

import {
  CandlestickSeries,
  createChartEx,
  createSeriesMarkers,
  CrosshairMode,
  LineSeries,
  LineStyle,
} from "lightweight-charts";

import { pointOf } from "../chart/indicators.js";
import { decimalsOf, paintFrame, readColours } from "../figures.js";
import { SessionShade } from "../session-shade.js";
import { ZonedScale } from "../zone.js";
import { isDaily } from "../zone-format.js";

const LINES = ["line", "line-2", "line-3"];
const SHARES = [60, 22]; // of the price pane, and of each one below it
const WIDENED = 0.5; // times the prices' range on either side: a line within is among the prices
const DIGITS = 6; // of an axis: more are no help there
const ALL_REGULAR = 1;

export class SidePanes {
  #box;
  #chart;
  #scale = new ZonedScale();
  #focus = new SessionShade();
  #candles;
  #markers;
  #lines = []; // {title, pine, python}
  #titles = "";
  #held;
  #side;
  #row;

  constructor(box, { clock, interval, font }) {
    this.#box = box;
    this.#scale.clock = clock;
    this.#scale.interval = interval;
    this.#chart = createChartEx(box, this.#scale, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: font },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: {
        timeVisible: !isDaily(interval),
        secondsVisible: false,
        rightOffset: 4,
        minBarSpacing: 0.1,
      },
      localization: { locale: "en-GB", dateFormat: "yyyy-MM-dd" },
      kineticScroll: { mouse: false, touch: false },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#candles.attachPrimitive(this.#focus);
    this.#markers = createSeriesMarkers(this.#candles, [], { zOrder: "top" });
    this.paint();
  }

  paint() {
    const colour = readColours(this.#box);
    paintFrame(this.#chart, colour);
    this.#candles.applyOptions({
      upColor: colour.up,
      downColor: colour.down,
      wickUpColor: colour.up,
      wickDownColor: colour.down,
      borderVisible: false,
    });
    this.#lines.forEach((line, index) => {
      const color = colour[LINES[index % LINES.length]];
      line.pine.applyOptions({ color });
      line.python.applyOptions({ color });
    });
    if (this.#held) {
      this.#draw(colour);
    }
  }

  onMove(moved) {
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(moved);
  }

  onPoint(pointed) {
    this.#chart.subscribeCrosshairMove(({ logical }) => {
      pointed(logical === undefined ? undefined : Math.round(logical) + this.#held.first);
    });
  }

  /** Shows a window: candles of a side, `pine` or `python`, and the row that is looked at. */
  fill(held, { side, row }) {
    this.#held = held;
    this.#side = side;
    this.#row = row;
    const titles = JSON.stringify(held.series.map(({ title }) => title));
    if (titles !== this.#titles) {
      this.#titles = titles;
      this.#addLines();
    }
    this.paint();
  }

  #addLines() {
    for (const { pine, python } of this.#lines) {
      this.#chart.removeSeries(pine);
      this.#chart.removeSeries(python);
    }
    const quiet = { lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };
    let below = 0;
    this.#lines = this.#held.series.map(({ title, pine, python }) => {
      const known = [...pine, ...python].filter((value) => value !== null);
      const pane = this.#isAmongPrices(known) ? 0 : (below += 1);
      const most = known.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
      const places = Math.max(0, Math.min(decimalsOf(known), DIGITS - Math.ceil(Math.log10(most + 1))));
      const priceFormat = {
        type: "price",
        precision: places,
        minMove: Number((10 ** -places).toFixed(places)),
      };
      const add = (lineStyle) =>
        this.#chart.addSeries(LineSeries, { ...quiet, priceFormat, lineWidth: 2, lineStyle }, pane);
      return { title, pane, pine: add(LineStyle.Solid), python: add(LineStyle.Dashed) };
    });
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(SHARES[index ? 1 : 0]));
  }

  #isAmongPrices(values) {
    const { low, high } = this.#held[this.#side];
    const lows = low.filter((value) => value !== null);
    if (!lows.length || !values.length) {
      return false;
    }
    const [least, most] = [Math.min(...lows), Math.max(...high.filter((value) => value !== null))];
    const pad = (most - least || Math.abs(most)) * WIDENED;
    const middle = values.toSorted((one, other) => one - other)[values.length >> 1];
    return middle >= least - pad && middle <= most + pad;
  }

  #draw(colour) {
    const { ts, series, first } = this.#held;
    const side = this.#held[this.#side];
    const closes = side.close.filter((value) => value !== null);
    const places = closes.length ? decimalsOf(closes) : 2;
    this.#candles.applyOptions({
      priceFormat: { type: "price", precision: places, minMove: Number((10 ** -places).toFixed(places)) },
    });
    this.#candles.setData(ts.map((time, index) => {
      const [open, high, low, close] = [side.open, side.high, side.low, side.close].map((one) => one[index]);
      return [open, high, low, close].includes(null) ? { time } : { time, open, high, low, close };
    }));
    series.forEach((one, index) => {
      for (const name of ["pine", "python"]) {
        const values = one[name].map((value) => value ?? NaN);
        this.#lines[index][name].setData(ts.map((time, at) => pointOf(time, values[at], values[at + 1])));
      }
    });
    const focus = ts.map((_time, index) => (index + first === this.#row ? 0 : ALL_REGULAR));
    this.#focus.set(focus, colour.fill);
    this.#markers.setMarkers(this.#markTrades(colour));
  }

  #markTrades(colour) {
    const { trades, ts, first } = this.#held;
    const marks = ["pine", "python"].flatMap((name) => trades[name].map((one) => {
      const isBuy = (one.side.toLowerCase() === "long") === (one.end === "entry");
      const arrow = isBuy ? "arrowUp" : "arrowDown";
      return {
        time: ts[one.row - first],
        position: isBuy ? "belowBar" : "aboveBar",
        shape: name === "pine" ? arrow : "square",
        color: isBuy ? colour.up : colour.down,
        text: `${name === "pine" ? "Pine" : "Py"} ${one.end === "exit" ? "×" : ""}${one.trade_id}`,
      };
    }));
    return marks
      .filter(({ time }) => time !== undefined)
      .sort((one, other) => one.time - other.time);
  }

  /** The rows in view: from, to. */
  view() {
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    return range && { from: range.from + this.#held.first, to: range.to + this.#held.first };
  }

  setView({ from, to }) {
    const { first } = this.#held;
    this.#chart.timeScale().setVisibleLogicalRange({ from: from - first, to: to - first });
  }

  remove() {
    this.#chart.remove();
  }

  snapshot() {
    return {
      candles: this.#candles.data().filter(({ open }) => open !== undefined).length,
      lines: this.#lines.map(({ title, pane, pine, python }) => ({
        title,
        pane,
        pine: pine.data().length,
        python: python.data().length,
        styles: [pine.options().lineStyle, python.options().lineStyle],
      })),
      marks: this.#markers.markers().map(({ shape, text }) => ({ shape, text })),
      background: this.#chart.options().layout.background.color,
    };
  }
}
