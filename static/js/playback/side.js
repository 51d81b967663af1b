// Beside the film: figures so far, what was decided at the bar under the cursor, trades so far.

import { decimal, percent } from "../figures.js";

const PAGE = 50; // trades that are listed at once

function signed(value, text = decimal(value)) {
  return `${value > 0 && /[1-9]/.test(text) ? "+" : ""}${text}`;
}

function toneOf(value) {
  return value > 0 ? "gain" : value < 0 ? "loss" : "";
}

function quantity(value) {
  return Number.isNaN(value) ? "–" : String(Number(value.toPrecision(8))).replace("-", "−");
}

/** Writes the figures as they stood at the horizon. */
export class Figures {
  #places = {};

  constructor(root) {
    for (const place of root.querySelectorAll("[data-figure]")) {
      this.#places[place.dataset.figure] = place;
    }
  }

  show(film) {
    const at = film.figuresAt(film.horizon);
    this.#write("equity", decimal(at.equity));
    this.#write("profit", signed(at.profit), toneOf(at.profit));
    this.#write("return", percent(at.profit / film.startingCash, 2), toneOf(at.profit));
    this.#write("drawdown", `${decimal(-at.drawdown * 100)}%`);
    this.#write("deepest", `${decimal(-at.deepest * 100)}%`, toneOf(-at.deepest));
    this.#write("position", quantity(at.position));
    this.#write("closed", decimal(at.closed, 0));
    this.#write("hit_rate", at.closed ? `${decimal(at.hitRate * 100, 1)}%` : "–");
    this.#write("fees", decimal(at.fees));
  }

  #write(name, text, tone = "") {
    this.#places[name].textContent = text;
    this.#places[name].className = `value ${tone}`;
  }

  get text() {
    return Object.fromEntries(
      Object.entries(this.#places).map(([name, place]) => [name, place.textContent]),
    );
  }
}

/** Tells what was known, decided, sent and filled at the bar under the cursor. */
export class Decision {
  #panel;
  #time;
  #list;
  #places;

  constructor(panel, { places }) {
    this.#panel = panel;
    this.#time = panel.querySelector("[data-decision=time]");
    this.#list = panel.querySelector("dl");
    this.#places = places;
  }

  show(film) {
    const bar = film.cursor;
    const price = (value) => decimal(value, this.#places);
    const told = film.decisionAt(bar);
    const at = film.figuresAt(bar);
    this.#time.textContent = film.writeTime(bar);
    const facts = [["Close", price(film.columns.close[bar])]];
    for (const { name } of film.indicators) {
      facts.push([name, price(film.columns[`indicator:${name}`][bar])]);
    }
    facts.push(["Signal", this.#describeSignal(told)]);
    facts.push(["Order", told.orders.map((order) => this.#describeOrder(order)).join("; ") || "none"]);
    facts.push(["Fill", told.fills.map(({ side, qty, price: at_, reference }) => (
      `${side} ${quantity(qty)} at ${price(at_)}, reference ${price(reference)}`
    )).join("; ") || "none"]);
    const sum = (name) => told.fills.reduce((total, fill) => total + fill[name], 0);
    const paid = (name) => (told.fills.length ? decimal(sum(name)) : "–");
    facts.push(["Slippage", paid("slippage")], ["Fee", paid("fee")]);
    facts.push(["Position", quantity(at.position)], ["Cash", decimal(at.cash)]);
    facts.push(["P&L so far", signed(at.profit), toneOf(at.profit)]);
    this.#list.replaceChildren(...facts.map(([name, text, tone]) => {
      const group = document.createElement("div");
      const [term, value] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, value.textContent] = [name, text];
      value.className = tone ?? "";
      group.append(term, value);
      return group;
    }));
  }

  #describeSignal({ target, before, reason }) {
    const why = reason ? `: ${reason}` : "";
    const was = Number.isNaN(before) ? 0 : before;
    if (Number.isNaN(target) || target === was) {
      return `nothing new, target ${quantity(was)}${why}`;
    }
    return `target ${quantity(was)} → ${quantity(target)}${why}`;
  }

  #describeOrder({ side, qty, type, price, reason, status }) {
    const at = type === "MARKET" ? "at market" : `${type.toLowerCase()} ${decimal(price, this.#places)}`;
    return `${side} ${quantity(qty)} ${at}, ${status}${reason ? ` (${reason})` : ""}`;
  }

  get text() {
    return this.#panel.textContent.replace(/\s+/g, " ").trim();
  }
}

/** Lists trades up to the horizon, the latest first, a page at a time. */
export class TradeList {
  #body;
  #pager;
  #page;
  #count;
  #newest = true; // follows the film
  #first = 0; // of the page, counted from the latest
  #shown = "";
  #open = []; // cells of trades that are open, the oldest first

  constructor(root) {
    this.#body = root.querySelector(".trade-list tbody");
    this.#pager = root.querySelector(".pager");
    this.#page = root.querySelector(".trade-page");
    this.#count = root.querySelector(".trade-count");
  }

  show(film) {
    const { entered, closed } = film.countTrades(film.horizon);
    this.#first = this.#newest ? 0 : Math.max(0, Math.min(this.#first, entered - 1));
    const last = entered - this.#first; // the page's trades are those before it
    const first = Math.max(0, last - PAGE);
    const state = `${first} ${last} ${entered} ${closed}`;
    if (state !== this.#shown) {
      this.#shown = state;
      this.#fill(film, first, last);
      this.#count.textContent = entered === 1 ? "1 trade" : `${decimal(entered, 0)} trades`;
      this.#pager.hidden = entered <= PAGE;
      this.#page.textContent = entered ? `${decimal(last, 0)} to ${decimal(first + 1, 0)}` : "";
    }
    const open = film.tradesAt(Math.max(first, closed), Math.max(last, closed), film.horizon);
    open.forEach((trade, index) => this.#writeProfit(this.#open[index], trade));
  }

  #fill(film, first, last) {
    this.#open = [];
    const rows = film.tradesAt(first, last, film.horizon).map((trade) => {
      const row = document.createElement("tr");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.dataset.bar = trade.entryBar;
      button.textContent = String(trade.id);
      button.setAttribute("aria-label", `Go to the entry of trade ${trade.id}`);
      const number = row.insertCell();
      number.append(button);
      row.insertCell().textContent = trade.side;
      row.insertCell().textContent = trade.entryTime;
      const profit = row.insertCell();
      number.className = profit.className = "num";
      this.#writeProfit(profit, trade);
      if (!trade.isClosed) {
        this.#open.push(profit);
      }
      return row;
    });
    this.#body.replaceChildren(...rows.reverse());
  }

  #writeProfit(cell, { pnl, isClosed }) {
    const amount = document.createElement("span");
    amount.className = toneOf(pnl);
    amount.textContent = `${pnl > 0 ? "▲ " : pnl < 0 ? "▼ " : ""}${signed(pnl)}`;
    cell.replaceChildren(isClosed ? "" : "open ", amount);
  }

  turn(pages) {
    this.#first = Math.max(0, this.#first + pages * PAGE);
    this.#newest = this.#first === 0;
  }

  get rows() {
    return [...this.#body.rows].map((row) => row.textContent);
  }
}
