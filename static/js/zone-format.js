// Times on the wire are seconds UTC. Here they become wall time.

const STEP = 900; // seconds: no zone changes its offset within a quarter of an hour

const formats = new Map();
const offsets = new Map();

function formatIn(zone) {
  if (!formats.has(zone)) {
    const parts = { year: "numeric", month: "numeric", day: "numeric" };
    const time = { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };
    formats.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, ...parts, ...time }));
  }
  return formats.get(zone);
}

/** Seconds since 1970 of a clock on the wall, as if that clock showed UTC. */
export function wallSeconds(seconds, zone) {
  const key = `${zone} ${Math.floor(seconds / STEP)}`;
  if (!offsets.has(key)) {
    const start = Math.floor(seconds / STEP) * STEP;
    const part = {};
    for (const { type, value } of formatIn(zone).formatToParts(start * 1000)) {
      part[type] = Number(value);
    }
    const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
    offsets.set(key, wall / 1000 - start);
  }
  return seconds + offsets.get(key);
}

const HOUR = 3600;
const DAY = 86400;

/** Whether bars of an interval are of whole exchange dates. */
export function isDaily(interval) {
  return ["1d", "1w", "1mo"].includes(interval);
}

/**
 * How the times of bars are told. Those below a day have a clock on the viewer's wall, the others
 * their exchange date: that of the close, where a session begins in the evening before.
 */
export class Clock {
  #zone;
  #tz;
  #shift; // seconds from the beginning of an exchange date to its midnight

  /** element: zone, the viewer's; tz and evening (the hour at which a date begins), the exchange's. */
  constructor(element) {
    this.#tz = element.getAttribute("tz");
    this.#zone = element.getAttribute("zone");
    this.#shift = (24 - Number(element.getAttribute("evening"))) * HOUR;
  }

  get zone() {
    return this.#zone;
  }

  /** Seconds since 1970 of a time on the wall, or of its date's midnight, as if they were UTC. */
  wall(seconds, interval) {
    return isDaily(interval) ? this.midnight(seconds) : wallSeconds(seconds, this.#zone);
  }

  /** The midnight of a time's exchange date, as if it were UTC. */
  midnight(seconds) {
    return Math.floor((wallSeconds(seconds, this.#tz) + this.#shift) / DAY) * DAY;
  }

  /** "2024-01-02 09:40", or from a day on "2024-01-02". */
  write(seconds, interval) {
    const text = new Date(this.wall(seconds, interval) * 1000).toISOString();
    return text.slice(0, isDaily(interval) ? 10 : 16).replace("T", " ");
  }

  /** Seconds since 1970 at which an exchange date, "2024-01-02", begins. */
  start(date) {
    const begin = Date.parse(`${date}T00:00:00Z`) / 1000 - this.#shift;
    const guess = begin - (wallSeconds(begin, this.#tz) - begin);
    return begin - (wallSeconds(guess, this.#tz) - guess); // the offset of then, not of UTC's night
  }
}
