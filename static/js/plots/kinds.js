// What each plot of a run shows: its lines, how they are written, and what it says in a sentence.

import { decimal, percent } from "../figures.js";

const money = (value) => decimal(value, 0);
const ratio = (value) => decimal(value, 2);

/** Percent with as many decimals, 1 to 3, as values of this size need. */
function percentOf(values) {
  const widest = values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  const places = widest >= 0.01 || widest === 0 ? 1 : widest >= 0.001 ? 2 : 3;
  return (value, more = 0) => `${decimal(value * 100, places + more)}%`;
}

function rangeOf(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = value < least ? value : least; // NaN, which is absent, is neither
    most = value > most ? value : most;
  }
  return [least, most];
}

function lastOf(values) {
  return values.findLast((value) => !Number.isNaN(value));
}

function describeRange(what, values, write) {
  const [least, most] = rangeOf(values);
  return `${what} was between ${write(least)} and ${write(most)}, and ${write(lastOf(values))} at the end.`;
}

/**
 * height in pixels; x: the column of times, `day` for exchange dates; build(columns): lines with
 * their values; conclude(lines, about, currency); isFilledFromZero; canBeLog.
 */
export const KINDS = {
  equity: {
    height: 220,
    x: "time",
    canBeLog: true,
    build: (columns) => [
      { label: "Equity", values: columns.equity, byDay: columns.day_equity, colour: "line", width: 1.75, write: money, tell: decimal },
      { label: "Buy and hold", values: columns.benchmark, byDay: columns.day_benchmark, colour: "line-2", write: money, tell: decimal },
    ],
    conclude: ([{ values: equity }, { values: held }], _about, currency) => {
      const [first, last] = [equity[0], equity.at(-1)];
      const other = Number.isNaN(held[0])
        ? "The instrument began at 0 or below, so it cannot be compared with"
        : `buying and holding the instrument made ${percent(held.at(-1) / held[0] - 1)}`;
      return `Equity went from ${decimal(first)} to ${decimal(last)} ${currency} (${percent(last / first - 1)}); ${other}.`;
    },
  },
  underwater: {
    height: 130,
    x: "time",
    isFilledFromZero: true,
    marks: "drawdowns",
    build: (columns) => {
      const depth = columns.drawdown.map((value) => -value);
      const write = percentOf(depth);
      const byDay = columns.day_drawdown.map((value) => -value);
      return [{ label: "Drawdown", values: depth, byDay, colour: "down", fill: "fill-down", write, tell: (value) => write(value, 1) }];
    },
    conclude: ([{ values, tell }], { drawdowns }) => {
      const [deepest] = rangeOf(values);
      if (!drawdowns.length) {
        return "Equity was never under water.";
      }
      const lasting = drawdowns.some(({ to }) => to === null) ? "; one of the deepest has not recovered" : "";
      return `The deepest drawdown was ${tell(-deepest)}${lasting}.`;
    },
  },
  sharpe: {
    height: 140,
    x: "day",
    hasZero: true,
    build: ({ sharpe }) => [{ label: "Rolling Sharpe", values: sharpe, colour: "line", write: ratio, tell: ratio }],
    conclude: ([{ values }], { window }) => describeRange(`The Sharpe ratio of ${window} daily returns`, values, ratio),
  },
  volatility: {
    height: 140,
    x: "day",
    hasZero: true,
    build: ({ volatility }) => {
      const write = percentOf(volatility);
      return [{ label: "Rolling volatility, a year", values: volatility, colour: "line-2", write, tell: (value) => write(value, 1) }];
    },
    conclude: ([{ values, tell }], { window }) => describeRange(`The volatility of ${window} daily returns`, values, tell),
  },
  exposure: {
    height: 140,
    x: "day",
    hasZero: true,
    isFilledFromZero: true,
    build: ({ long, short }) => {
      const write = percentOf([...long, ...short]);
      const tell = (value) => write(value, 1);
      return [
        { label: "Long", values: long, colour: "up", fill: "fill", write, tell },
        { label: "Short", values: short.map((value) => (value ? -value : value)), colour: "down", fill: "fill-down", write, tell },
      ];
    },
    conclude: ([long, short]) => {
      const mean = ({ values }) => {
        const known = values.filter((value) => !Number.isNaN(value));
        return known.reduce((sum, value) => sum + value, 0) / Math.max(known.length, 1);
      };
      return `On average ${long.tell(mean(long))} of equity was long and ${long.tell(-mean(short))} short.`;
    },
  },
};
