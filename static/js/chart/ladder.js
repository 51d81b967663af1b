// Which interval suits a view: neither a wall of bars nor a handful of them.

const MINUTES = {
  "1m": 1, "2m": 2, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "20m": 20, "30m": 30, "1h": 60,
  "2h": 120, "3h": 180, "4h": 240, "6h": 360, "8h": 480, "12h": 720, "1d": 390, "1w": 1950,
  "1mo": 8190,
};
const MOST = 1500; // bars in view that make it go to a longer interval,
const LEAST = 200; // and to a shorter one,
const GOOD = 800; // which then shows at most so many

export class Ladder {
  #names;

  constructor(names) {
    this.#names = names; // the shortest first
  }

  get first() {
    return this.#names[0];
  }

  get last() {
    return this.#names.at(-1);
  }

  /** About how many bars of another interval `count` bars of one are. */
  #convert(count, from, to, sizes) {
    const [one, other] = sizes[from] && sizes[to]
      ? [sizes[from], sizes[to]]
      : [MINUTES[to], MINUTES[from]];
    return (count * other) / one;
  }

  /** The shortest interval, not shorter than `least`, at which bars are at most `most`. */
  fit(count, interval, { most, least = this.first, sizes = {} }) {
    const names = this.#names.slice(Math.max(0, this.#names.indexOf(least)));
    return names.find((name) => this.#convert(count, interval, name, sizes) <= most) ?? this.last;
  }

  /** The interval for a view of `count` bars: the same one unless there are too many or too few. */
  suit(count, interval, sizes) {
    if (count > MOST) {
      return this.fit(count, interval, { most: GOOD, least: interval, sizes });
    }
    return count < LEAST ? this.fit(count, interval, { most: GOOD, sizes }) : interval;
  }
}
