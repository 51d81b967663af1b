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

/** "2024-01-02 09:40" */
export function formatMinute(seconds, zone) {
  return new Date(wallSeconds(seconds, zone) * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** Seconds since 1970 at which a date, "2024-01-02", begins in a zone. */
export function startOfDate(date, zone) {
  const midnight = Date.parse(`${date}T00:00:00Z`) / 1000;
  const guess = midnight - (wallSeconds(midnight, zone) - midnight);
  return midnight - (wallSeconds(guess, zone) - guess); // the offset of that night, not of noon UTC
}
