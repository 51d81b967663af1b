// Where a chart's bars come from: all of a run's at once, a dataset's page by page as it is viewed.
// Both answer alike: rows are counted from the first bar of all.

import { loadColumns } from "../columns.js";

const KEPT = 24; // pages; the farthest are dropped first

/** The first index whose time (or number) is not before another, or the last one. */
export function search(times, time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Math.max(0, Math.min(low, times.length - 1));
}

export class WholeBars {
  sizes = {};
  missing = 0;

  static async open(url, signal) {
    const { columns, about } = await loadColumns(url, signal);
    return new WholeBars(columns, about);
  }

  constructor(columns, about) {
    this.columns = columns; // with those of the fills
    this.indicators = about.indicators ?? [];
    this.empty = ["volume", "spread"].filter((name) => columns[name].every(Number.isNaN));
    this.rows = columns.time.length;
    this.open = columns.open[0];
    this.close = columns.close[this.rows - 1];
    this.first = columns.time[0];
    this.last = columns.time[this.rows - 1];
  }

  async lastCloses() {
    return this.columns.close;
  }

  has() {
    return true;
  }

  async need() {}

  prefetch() {}

  async rowAt(time) {
    return search(this.columns.time, time);
  }

  /** The columns and gaps of the rows from, to (exclusive). */
  window(from, to) {
    const names = Object.keys(this.columns).filter((name) => !name.startsWith("fill_"));
    const columns = names.map((name) => [name, this.columns[name].subarray(from, to)]);
    return { columns: Object.fromEntries(columns), gaps: [] };
  }
}

export class PagedBars {
  indicators = [];
  #url;
  #signal;
  #starts;
  #size;
  #pages = new Map();
  #coming = new Map();

  static async open(url, signal) {
    const { columns, about } = await loadColumns(url, signal);
    return new PagedBars(url, signal, columns.starts, about);
  }

  constructor(url, signal, starts, about) {
    this.#url = url;
    this.#signal = signal;
    this.#starts = starts;
    this.#size = about.page_rows;
    this.rows = about.rows;
    this.open = about.open;
    this.close = about.close;
    this.first = starts[0];
    this.last = about.last;
    this.missing = about.missing;
    this.sizes = about.sizes;
    this.empty = about.empty;
  }

  /** Some closes, to tell how many decimals prices have. */
  async lastCloses() {
    const last = this.#starts.length - 1;
    if (last < 0) {
      return [];
    }
    await this.#fetch(last);
    return this.#pages.get(last).close;
  }

  #numbers(from, to) {
    const first = Math.max(0, Math.floor(from / this.#size));
    const last = Math.min(this.#starts.length - 1, Math.floor((to - 1) / this.#size));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  }

  has(from, to) {
    return this.#numbers(from, to).every((number) => this.#pages.has(number));
  }

  /** Fetches what is not there of the rows from, to (exclusive). */
  async need(from, to) {
    const numbers = this.#numbers(from, to);
    await Promise.all(numbers.map((number) => this.#fetch(number)));
    this.#drop(numbers.at(0) ?? 0);
  }

  /** Fetches what will probably be viewed next; where that fails, it is fetched when it is. */
  prefetch(from, to) {
    this.need(from, to).catch(() => {});
  }

  async #fetch(number) {
    if (this.#pages.has(number)) {
      return;
    }
    if (!this.#coming.has(number)) {
      const coming = loadColumns(`${this.#url}/${number}`, this.#signal)
        .then(({ columns }) => this.#pages.set(number, columns))
        .finally(() => this.#coming.delete(number));
      this.#coming.set(number, coming);
    }
    await this.#coming.get(number);
  }

  #drop(near) {
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
    for (const number of far.slice(0, Math.max(0, far.length - KEPT))) {
      this.#pages.delete(number);
    }
  }

  async rowAt(time) {
    const next = this.#starts.findIndex((start) => start > time);
    const number = Math.max(0, (next < 0 ? this.#starts.length : next) - 1);
    await this.#fetch(number);
    const { time: times } = this.#pages.get(number);
    const isAfter = times[times.length - 1] < time; // then it is the next page's first, if any
    const row = number * this.#size + (isAfter ? times.length : search(times, time));
    return Math.min(row, this.rows - 1);
  }

  window(from, to) {
    const columns = {};
    const gaps = [];
    for (const number of this.#numbers(from, to)) {
      const page = this.#pages.get(number);
      const first = number * this.#size;
      for (const [name, values] of Object.entries(page)) {
        if (!name.startsWith("gap_")) {
          columns[name] ??= new Float64Array(to - from);
          const part = values.subarray(Math.max(0, from - first), to - first);
          columns[name].set(part, Math.max(0, first - from));
        }
      }
      page.gap_row.forEach((row, index) => {
        gaps.push({
          row: first + row,
          from: page.gap_from[index],
          to: page.gap_to[index],
          missing: page.gap_missing[index],
        });
      });
    }
    return { columns, gaps: gaps.filter(({ row }) => row >= from && row <= to) };
  }
}
