// <run-player>: a finished run as a film. The server moves the cursor; the truth is in typed arrays,
// and what comes after the cursor is nowhere on the page until the viewer asks for it.

import { buildDataTable, decimal } from "./figures.js";
import { Film } from "./playback/film.js";
import { Panes } from "./playback/panes.js";
import { Projector } from "./playback/projector.js";
import { Decision, Figures, TradeList } from "./playback/side.js";
import { Transport } from "./playback/transport.js";
import { Clock } from "./zone-format.js";

const MINUTES = {
  "1m": 1, "2m": 2, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "20m": 20, "30m": 30, "1h": 60, "2h": 120,
  "3h": 180, "4h": 240, "6h": 360, "8h": 390, "12h": 390, "1d": 390, "1w": 1950, "1mo": 8190,
};
const FITTING = 2700; // shown bars, of which the chart may hold 3,000
const READABLE = 60; // shown bars a second, beyond which longer ones are shown

class RunPlayer extends HTMLElement {
  #film;
  #panes;
  #projector;
  #transport;
  #figures;
  #decision;
  #trades;
  #table;
  #box;
  #legend;
  #where;
  #pinned = ""; // the interval that the viewer chose
  #wanted; // the interval that is shown as soon as it is there
  #pointed; // the shown bar under the pointer
  #media = matchMedia("(prefers-color-scheme: dark)");
  #life; // ends every listener when the player goes

  async connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#life = new AbortController();
    this.#box = this.querySelector(".canvas");
    this.#legend = this.querySelector(".legend");
    this.#where = this.querySelector("header .where");
    try {
      this.#film = await Film.load({
        source: this.getAttribute("src"),
        decisions: this.getAttribute("decisions"),
        interval: this.getAttribute("interval"),
        clock: new Clock(this),
        startingCash: Number(this.getAttribute("starting-cash")),
        multiplier: Number(this.getAttribute("multiplier")),
      });
      if (this.isConnected) {
        await this.#begin();
      }
    } catch (problem) {
      this.#explain(problem.message);
    }
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected && this.#box) {
        this.#life.abort();
        this.#projector?.close();
        this.#panes?.remove();
        this.#table?.remove();
        this.#projector = this.#panes = this.#box = undefined;
      }
    });
  }

  #explain(sentence) {
    const note = document.createElement("p");
    note.className = "chart-problem";
    note.setAttribute("role", "alert");
    note.textContent = sentence;
    this.#box.before(note);
    this.#where.textContent = "";
    this.querySelector(".state").textContent = "";
  }

  async #begin() {
    const film = this.#film;
    const { signal } = this.#life;
    if (film.bars === 0) {
      throw new Error("This run has no bars: there is nothing to play.");
    }
    const notice = this.#findPlace();
    this.#panes = new Panes(this.#box, film, await film.grid(film.interval), {
      signal,
      onView: () => this.#table.refresh(),
      onPoint: (row) => {
        this.#pointed = row;
        this.#describeBar();
      },
    });
    this.#table = buildDataTable(() => this.#panes.describeRows());
    this.querySelector(".controls").after(this.#table);
    this.#figures = new Figures(this);
    this.#decision = new Decision(this.querySelector(".decision"), { places: this.#panes.places });
    this.#trades = new TradeList(this);
    this.#projector = new Projector(
      film,
      { socket: this.getAttribute("socket"), stream: this.getAttribute("stream") },
      { onMove: (isJump) => this.#draw(isJump), onChange: () => this.#onChange() },
    );
    this.#transport = new Transport(this, film, this.#projector, {
      signal,
      zoom: (factor) => this.#panes.zoom(factor),
      fit: () => this.#fit(),
    });
    this.#transport.note(notice);
    this.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.#media.addEventListener("change", () => this.#panes.paint(), { signal });
    addEventListener("pagehide", () => this.#projector.close(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#projector.open(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#draw(true), { signal });
    document.addEventListener("keydown", (event) => this.#transport.press(event), { signal });
    this.#draw(true);
    this.#onChange();
    this.#projector.open();
  }

  /** Puts the cursor where the address says; returns a sentence where it cannot be understood. */
  #findPlace() {
    const asked = new URLSearchParams(location.search);
    const [time, bar] = [asked.get("t"), asked.get("i")];
    if (time !== null) {
      const seconds = Date.parse(time) / 1000;
      if (Number.isNaN(seconds)) {
        return "The link's time cannot be read: this is the first bar.";
      }
      const isDate = /^\d{4}-\d\d-\d\d$/.test(time);
      this.#film.cursor = isDate ? this.#film.firstBarOf(seconds) : this.#film.barAt(seconds);
    } else if (bar !== null && !/^-?\d+$/.test(bar)) {
      return "The link's bar cannot be read: this is the first one.";
    } else if (bar !== null) {
      this.#film.cursor = this.#film.clip(Number(bar));
    }
    return "";
  }

  #draw(isJump) {
    if (document.hidden) {
      return; // the film goes on unseen
    }
    const film = this.#film;
    this.#panes.draw(isJump);
    this.#figures.show(film);
    this.#decision.show(film);
    this.#trades.show(film);
    this.#transport.follow();
    this.#describeBar();
    this.#table.refresh();
    const time = film.writeTime(film.cursor);
    this.#where.textContent = `Bar ${decimal(film.cursor + 1, 0)} of ${decimal(film.bars, 0)} · ${time}`;
    const { equity, position } = film.figuresAt(film.cursor);
    this.#box.setAttribute(
      "aria-label",
      `${this.getAttribute("subject")} at ${time}: close ` +
        `${decimal(film.columns.close[film.cursor], this.#panes.places)}, position ` +
        `${decimal(position, 0)}, equity ${decimal(equity)} ${this.getAttribute("currency")}. ` +
        `Press ? for keys.`,
    );
  }

  #onChange() {
    this.#transport.describe();
    this.#chooseInterval();
  }

  /** While the film runs, bars long enough to be read; else those that the run saw. */
  async #chooseInterval() {
    const film = this.#film;
    const names = this.#intervals;
    const isReadable = (name) => (
      (this.#projector.barsASecond * MINUTES[film.interval]) / MINUTES[name] <= READABLE
    );
    const readable = names.find(isReadable) ?? names.at(-1);
    const chosen = this.#pinned || (this.#projector.isPlaying ? readable : film.interval);
    for (const button of this.querySelectorAll("[data-interval]")) {
      button.setAttribute("aria-pressed", String(button.dataset.interval === this.#pinned));
    }
    this.#wanted = chosen;
    try {
      film.grid(readable).catch(() => {}); // so that it is there when the film starts
      const grid = await film.grid(chosen);
      if (chosen === this.#wanted) {
        this.#panes?.use(grid);
        this.#describeBar();
      }
    } catch (problem) {
      this.#transport.note(problem.message);
    }
  }

  /** Shows all bars up to the horizon, at the shortest interval at which the chart can hold them. */
  async #fit() {
    const film = this.#film;
    const names = this.#intervals;
    const count = (name) => ((film.horizon + 1) * MINUTES[film.interval]) / MINUTES[name];
    this.#pinned = names.find((name) => count(name) <= FITTING) ?? names.at(-1);
    await this.#chooseInterval();
    this.#panes?.fit();
  }

  get #intervals() {
    return [...this.querySelectorAll("[data-interval]")].map(({ dataset }) => dataset.interval).filter(Boolean);
  }

  #describeBar() {
    if (this.#panes) {
      const parts = this.#panes.describe(this.#pointed);
      this.#legend.replaceChildren(...parts.map(([label, text, line]) => {
        const part = document.createElement("span");
        if (line) {
          part.className = line;
          const swatch = document.createElement("span");
          swatch.className = "swatch";
          part.append(swatch);
        }
        const value = document.createElement("b");
        value.textContent = text;
        part.append(label ? `${label} ` : "", value);
        return part;
      }));
    }
  }

  #onClick(event) {
    const trade = event.target.closest(".trade-list tbody tr");
    if (trade) {
      this.#projector.seek(Number(trade.querySelector("button").dataset.bar));
      return;
    }
    const button = event.target.closest("button");
    if (!button) {
      return;
    }
    const { interval, act } = button.dataset;
    if (interval !== undefined) {
      this.#pinned = interval;
      this.#chooseInterval();
    } else if (act === "all") {
      this.#film.showsAll = !this.#film.showsAll;
      button.setAttribute("aria-pressed", String(this.#film.showsAll));
      this.#draw(true);
    } else if (act === "older" || act === "newer") {
      this.#trades.turn(act === "older" ? 1 : -1);
      this.#trades.show(this.#film);
    } else if (act) {
      this.#transport.act(act);
    }
  }

  /** What is on the screen, in words and numbers, and nothing else. */
  snapshot() {
    if (!this.#projector) {
      return null;
    }
    const [film, projector] = [this.#film, this.#projector];
    return {
      ...this.#panes.snapshot(),
      bars: film.bars,
      cursor: film.cursor,
      time: new Date(film.columns.time[film.cursor] * 1000).toISOString(),
      showsAll: film.showsAll,
      pinned: this.#pinned,
      figures: this.#figures.text,
      decision: this.#decision.text,
      trades: this.#trades.rows,
      legend: this.#legend.textContent,
      where: this.#where.textContent,
      label: this.#box.getAttribute("aria-label"),
      state: projector.state,
      isPlaying: projector.isPlaying,
      barsASecond: projector.barsASecond,
      gen: projector.gen,
      acked: projector.acked,
      frames: projector.frames,
      dropped: projector.dropped,
      ordersSeen: { total: projector.orders.total, unique: projector.orders.unique },
      fillsSeen: { total: projector.fills.total, unique: projector.fills.unique },
    };
  }
}

customElements.define("run-player", RunPlayer);
