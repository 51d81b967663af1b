// How the axes of line plots are divided and told.

const DAY = "{D} {MMM}";
const MINUTE = "{HH}:{mm}";
// uPlot's own form: [least step in seconds, format, and what is added where a year, month, day,
// hour, minute, second begins; 1: in front of the format].
export const TIMES = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, DAY, "\n{YYYY}", null, null, null, null, null, 1],
  [60, MINUTE, `\n${DAY} {YYYY}`, null, `\n${DAY}`, null, null, null, 1],
  [1, `${MINUTE}:{ss}`, `\n${DAY} {YYYY}`, null, `\n${DAY}`, null, null, null, 1],
];
const WIDE = 4; // times the least value: from here on a logarithmic axis has steps of its own

/** Values at which a logarithmic axis is divided: 1, 2, 5 of each decade where it is wide. */
export function splitLog(_plot, _axis, low, high, step) {
  const splits = [];
  if (high / low < WIDE) {
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
      splits.push(value);
    }
    return splits;
  }
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    splits.push(...[1, 2, 5].map((part) => part * decade).filter((at) => at >= low && at <= high));
  }
  return splits;
}
