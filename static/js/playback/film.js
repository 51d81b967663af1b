// What a run did, bar by bar, in typed arrays. The film holds all of it; what is shown ends at the
// horizon: the cursor, or the last bar when the viewer asked for everything.

import { loadColumns } from "../columns.js";
import { isDaily } from "../zone-format.js";

/** How many of some rising numbers are not above a value. */
export function countUpTo(numbers, value) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= value) {
      low = middle + 1;
    } else {
      high = middle; // also where a number is absent: those come last
    }
  }
  return low;
}

function runningMost(numbers) {
  const most = new Float64Array(numbers.length);
  let deepest = 0;
  numbers.forEach((number, index) => {
    deepest = Math.max(deepest, number);
    most[index] = deepest;
  });
  return most;
}

function runningSum(numbers) {
  const sums = new Float64Array(numbers.length + 1); // of the first 0, 1, 2…
  numbers.forEach((number, index) => {
    sums[index + 1] = sums[index] + number;
  });
  return sums;
}

/** The film's bars at a display interval. */
class Grid {
  #starts; // the run's bar with which each shown bar begins; none where they are the same

  constructor(interval, columns, base) {
    this.interval = interval;
    this.columns = columns;
    this.base = base;
    if (columns !== base) {
      this.#starts = columns.time.map((time) => countUpTo(base.time, time - 0.001));
    }
  }

  get rows() {
    return this.columns.time.length;
  }

  /** The shown bar that holds one of the run's bars. */
  rowOf(bar) {
    return this.#starts ? countUpTo(this.#starts, bar) - 1 : bar;
  }

  /** Whether a shown bar ends after one of the run's bars. */
  #isCut(row, bar) {
    const end = row + 1 < this.rows ? this.#starts[row + 1] - 1 : this.base.time.length - 1;
    return end > bar;
  }

  /** A shown bar as it stood at the close of one of the run's bars. */
  candle(row, bar) {
    const time = this.columns.time[row];
    if (!this.#starts || !this.#isCut(row, bar)) {
      const { open, high, low, close, volume } = this.columns;
      return { time, open: open[row], high: high[row], low: low[row], close: close[row], volume: volume[row] };
    }
    const { open, high, low, close, volume } = this.base;
    const first = this.#starts[row];
    const candle = { time, open: open[first], high: high[first], low: low[first], close: close[bar], volume: 0 };
    for (let index = first; index <= bar; index += 1) {
      candle.high = Math.max(candle.high, high[index]);
      candle.low = Math.min(candle.low, low[index]);
      candle.volume += volume[index];
    }
    return candle;
  }

  /** A column that says how things stood: at the end of a shown bar, or at a bar within it. */
  value(name, row, bar) {
    return this.#starts && this.#isCut(row, bar) ? this.base[name][bar] : this.columns[name][row];
  }
}

export class Film {
  cursor = 0;
  showsAll = false;
  #grids = new Map();
  #source;
  #dayStarts; // the first bar of each exchange date

  /** source: the address of columns, with INTERVAL in it. */
  static async load({ source, decisions, interval, clock, startingCash, multiplier }) {
    const [bars, told] = await Promise.all([
      loadColumns(source.replace("INTERVAL", interval)),
      loadColumns(decisions),
    ]);
    const film = new Film();
    film.interval = interval;
    film.clock = clock;
    film.startingCash = startingCash;
    film.multiplier = multiplier;
    film.columns = bars.columns;
    film.indicators = bars.about.indicators;
    film.told = told.columns;
    film.texts = told.about.texts;
    film.#source = source;
    film.#grids.set(interval, Promise.resolve(new Grid(interval, bars.columns, bars.columns)));
    film.#prepare();
    return film;
  }

  #prepare() {
    const { columns, told } = this;
    this.hasVolume = !columns.volume.every(Number.isNaN);
    this.deepest = runningMost(columns.drawdown);
    this.fees = runningSum(told.fill_fee);
    this.closed = countUpTo(told.trade_exit_bar, this.bars);
    this.wins = runningSum(told.trade_net_pnl.subarray(0, this.closed).map((pnl) => Number(pnl > 0)));
  }

  get bars() {
    return this.columns.time.length;
  }

  /** The last bar of which anything is shown. */
  get horizon() {
    return this.showsAll ? this.bars - 1 : this.cursor;
  }

  /** Bars at a display interval, fetched once. */
  grid(interval) {
    if (!this.#grids.has(interval)) {
      const coming = loadColumns(this.#source.replace("INTERVAL", interval));
      this.#grids.set(interval, coming.then(({ columns }) => new Grid(interval, columns, this.columns)));
      coming.catch(() => this.#grids.delete(interval));
    }
    return this.#grids.get(interval);
  }

  clip(bar) {
    return Math.max(0, Math.min(Math.round(bar), this.bars - 1));
  }

  /** The bar that begins nearest to a time; of two the earlier. */
  barAt(seconds) {
    return this.#nearest(seconds, (bar) => this.columns.time[bar]);
  }

  /** The same for what a clock shows on the wall; of bars of dates it is the first from a date on. */
  barAtWall(seconds) {
    if (isDaily(this.interval)) {
      return this.firstBarOf(seconds);
    }
    return this.#nearest(seconds, (bar) => this.clock.wall(this.columns.time[bar], this.interval));
  }

  /** The first bar of an exchange date, or of the next one: its midnight, as if that were UTC. */
  firstBarOf(midnight) {
    return this.#firstFrom(midnight, (bar) => this.clock.midnight(this.columns.time[bar]));
  }

  /** Writes when one of the run's bars begins. */
  writeTime(bar) {
    return this.clock.write(this.columns.time[bar], this.interval);
  }

  #nearest(seconds, timeOf) {
    const bar = this.#firstFrom(seconds, timeOf);
    return bar > 0 && seconds - timeOf(bar - 1) <= timeOf(bar) - seconds ? bar - 1 : bar;
  }

  #firstFrom(seconds, timeOf) {
    let [low, high] = [0, this.bars - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeOf(middle) < seconds) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Where a step leads that the server cannot make: see the contract of the channel. */
  find(to) {
    const { fill_bar } = this.told;
    if (to === "next_trade") {
      return fill_bar[countUpTo(fill_bar, this.cursor)] ?? this.cursor;
    }
    if (to === "prev_trade") {
      return fill_bar[countUpTo(fill_bar, this.cursor - 1) - 1] ?? this.cursor;
    }
    this.#dayStarts ??= this.#findDays();
    return this.#dayStarts[countUpTo(this.#dayStarts, this.cursor)] ?? this.cursor;
  }

  #findDays() {
    const starts = [];
    let day;
    this.columns.time.forEach((time, bar) => {
      const own = this.clock.midnight(time);
      if (own !== day) {
        day = own;
        starts.push(bar);
      }
    });
    return starts;
  }

  /** The run's figures as they stood at the close of a bar. */
  figuresAt(bar) {
    const { columns, told } = this;
    const closed = Math.min(countUpTo(told.trade_exit_bar, bar), this.closed);
    return {
      equity: columns.equity[bar],
      profit: columns.equity[bar] - this.startingCash,
      drawdown: columns.drawdown[bar],
      deepest: this.deepest[bar],
      closed,
      hitRate: closed ? this.wins[closed] / closed : NaN,
      position: columns.position[bar],
      cash: told.cash[bar],
      fees: this.fees[countUpTo(told.fill_bar, bar)],
    };
  }

  /** How many trades were entered and closed by the close of a bar. */
  countTrades(bar) {
    const closed = countUpTo(this.told.trade_exit_bar, bar);
    return { entered: closed + this.#openTrades(closed, bar).length, closed };
  }

  /** What stood open. How it was closed later, in one part or in several, is not known yet. */
  #openTrades(closed, bar) {
    const { trade_entry_bar: entry, trade_entry_price: price, trade_qty: qty } = this.told;
    const open = [];
    for (let index = closed; entry[index] <= bar; index += 1) {
      if (open.length && entry[index] === entry[index - 1] && price[index] === price[index - 1]) {
        open.at(-1).qty += qty[index];
      } else {
        open.push({ index, qty: qty[index] });
      }
    }
    return open;
  }

  /** The trades from, before, as they stood at the close of a bar: an open one at that close. */
  tradesAt(from, before, bar) {
    const { told } = this;
    const closed = countUpTo(told.trade_exit_bar, bar);
    const open = this.#openTrades(closed, bar);
    return Array.from({ length: before - from }, (_, count) => {
      const isClosed = from + count < closed;
      const { index, qty } = isClosed ? { index: from + count } : open[from + count - closed];
      const side = told.trade_side[index];
      const gain = side * (this.columns.close[bar] - told.trade_entry_price[index]) * this.multiplier;
      return {
        id: told.trade_id[index],
        side: side > 0 ? "Long" : "Short",
        entryBar: told.trade_entry_bar[index],
        entryTime: this.writeTime(told.trade_entry_bar[index]),
        isClosed,
        pnl: isClosed ? told.trade_net_pnl[index] : gain * qty,
      };
    });
  }

  /** What was decided, sent and filled at a bar, by what was known at its close. */
  decisionAt(bar) {
    const { told, texts } = this;
    const range = (bars) => [countUpTo(bars, bar - 1), countUpTo(bars, bar)];
    const pick = ([from, to], describe) => Array.from({ length: to - from }, (_, n) => describe(from + n));
    const filled = told.fill_order.subarray(...range(told.fill_bar));
    const reasonOf = (value) => (Number.isNaN(value) ? "" : texts[value]);
    return {
      target: told.target[bar],
      before: bar > 0 ? told.target[bar - 1] : NaN,
      reason: reasonOf(told.reason[bar]),
      orders: pick(range(told.order_bar), (index) => {
        const status = texts[told.order_status[index]];
        const id = told.order_id[index];
        return {
          id,
          side: told.order_side[index] > 0 ? "Buy" : "Sell",
          qty: told.order_qty[index],
          price: told.order_price[index],
          type: texts[told.order_type[index]],
          reason: reasonOf(told.order_reason[index]),
          // An order is refused when it is sent; what else becomes of it comes later.
          status: status === "REJECTED" ? "rejected" : filled.includes(id) ? "filled" : "sent",
        };
      }),
      fills: pick(range(told.fill_bar), (index) => ({
        id: told.fill_id[index],
        side: told.fill_side[index] > 0 ? "Bought" : "Sold",
        qty: told.fill_qty[index],
        price: told.fill_price[index],
        reference: told.fill_reference[index],
        slippage: told.fill_slippage[index],
        fee: told.fill_fee[index],
      })),
    };
  }
}
