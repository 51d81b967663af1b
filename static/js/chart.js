// <price-chart>: candles, volume and what belongs below them. The chart holds a window of the
// bars and is filled again as the view moves; a run's bars are all in memory (src names them), and
// of a dataset those pages are fetched that are viewed (pages names them).

import { PagedBars, search, WholeBars } from "./chart/bars.js";
import { Ladder } from "./chart/ladder.js";
import { Panes } from "./chart/panes.js";
import { conclude, describeBar, describeRows } from "./chart/texts.js";
import { buildDataTable, decimal, decimalsOf, readColours } from "./figures.js";
import { Clock } from "./zone-format.js";
import "./period-strip.js";

const WINDOW = 3000; // bars the chart holds
const WIDEST = 9000; // and at the longest interval, so that all of them fit
const MARGIN = 250; // bars left at an edge before the window moves
const FIRST_VIEW = 180;
const AT_END = { isAtEnd: true, width: FIRST_VIEW };
const LEAST_VIEW = 30; // bars, so that a few of them are no walls
const WITH_MARGIN = 1.1; // times what is to be seen
const REST = 400; // milliseconds without a move before the address follows

/** The rows, from and to (exclusive), of a window of `span` rows around a view of `rows` in all. */
function frameOf({ from, to }, rows, span) {
  const start = Math.max(0, Math.min(Math.round((from + to - span) / 2), rows - span));
  return [start, Math.min(start + span, rows)];
}

class PriceChart extends HTMLElement {
  #panes;
  #clock;
  #chosenBars = []; // where the chosen trade was filled
  #bars;
  #ladder;
  #places = 2;
  #box;
  #legend;
  #table;
  #loading;
  #turn = 0; // counts what was asked for: an answer that comes late is nobody's
  #aim; // the view that waits for its bars
  #frame = 0;
  #rest = 0;
  #kept; // what the address says of the place
  #under = 0; // how much is being fetched
  #asked; // the view that was asked for and that the library has not drawn yet
  #framesToWait = 0;
  #opened; // the view that was opened last, and the place it stands for
  #pressed = false;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #repaint = () => this.#panes?.paint();

  connectedCallback() {
    if (this.#box) {
      return;
    }
    this.#clock = new Clock(this);
    this.#legend = document.createElement("p");
    this.#legend.className = "legend";
    this.#box = document.createElement("div");
    this.#box.className = "canvas";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "img");
    this.#box.setAttribute("aria-label", "The chart is loading");
    this.#table = buildDataTable(() => this.#describeRows());
    this.prepend(this.#legend, this.#box);
    this.append(this.#table);
    this.#ladder = new Ladder(
      [...this.querySelectorAll("[data-interval]")]
        .map((button) => button.dataset.interval)
        .filter((name) => name !== "auto"),
    );
    this.addEventListener("click", (event) => this.#onClick(event));
    this.querySelector("[data-goto]")?.addEventListener("change", (event) => this.#onDate(event));
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("pointerdown", () => {
      this.#pressed = true;
      addEventListener("pointerup", () => this.#release(), { once: true });
      addEventListener("pointercancel", () => this.#release(), { once: true });
    });
    this.#media.addEventListener("change", this.#repaint);
    this.#load(this.#firstPlace()).then(() => {
      if (this.#panes && this.hasAttribute("focus-from")) {
        this.centre(Number(this.getAttribute("focus-from")), Number(this.getAttribute("focus-to")));
      }
    });
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#media.removeEventListener("change", this.#repaint);
        this.#loading?.abort();
        this.#turn += 1;
        clearTimeout(this.#rest);
        this.#panes?.remove();
        this.#panes = undefined;
        this.#box.remove();
        this.#legend.remove();
        this.#table.remove();
        this.#box = undefined;
      }
    });
  }

  get #interval() {
    return this.getAttribute("interval");
  }

  #write(seconds) {
    return this.#clock.write(seconds, this.#interval);
  }

  get #isRun() {
    return !this.hasAttribute("pages");
  }

  get #isAuto() {
    return this.hasAttribute("auto");
  }

  get #rows() {
    return this.#bars.rows;
  }

  get #span() {
    return this.#spanOf(this.#interval);
  }

  /** How many bars the chart holds. */
  #spanOf(interval) {
    return !this.#isRun && interval === this.#ladder.last ? WIDEST : WINDOW;
  }

  get #about() {
    return {
      isRun: this.#isRun,
      indicators: this.#bars.indicators,
      empty: this.#bars.empty,
      clock: this.#clock,
      places: this.#places,
      subject: this.getAttribute("subject"),
      interval: this.#interval,
    };
  }

  #firstPlace() {
    const at = Number(this.getAttribute("at"));
    return at ? { isAtEnd: false, time: at, width: FIRST_VIEW } : undefined;
  }

  /** Loads the bars of an interval and a session, and shows a place of them. */
  async #load(place, { interval = this.#interval, session = this.getAttribute("session") } = {}) {
    this.#loading?.abort();
    const { signal } = (this.#loading = new AbortController());
    const url = this.getAttribute(this.#isRun ? "src" : "pages")
      .replace("INTERVAL", interval)
      .replace("SESSION", session);
    const source = this.#isRun ? WholeBars : PagedBars;
    await this.#try(async () => {
      const bars = await source.open(url, signal);
      const closes = this.#panes ? [] : await bars.lastCloses();
      const span = this.#spanOf(interval);
      const view = bars.rows > 0 ? await this.#plan(bars, span, place) : undefined;
      if (view) {
        await bars.need(...frameOf(view, bars.rows, span)); // the former bars stay until then
      }
      if (signal.aborted) {
        return;
      }
      this.#bars = bars;
      this.#aim = undefined;
      this.setAttribute("interval", interval);
      if (session) {
        this.setAttribute("session", session);
      }
      if (this.#panes) {
        this.#panes.end = 0; // the chart holds bars of the former data
      } else {
        this.#create(closes);
      }
      this.#describeChoice();
      this.#open(place, view);
    }, () => this.#load(place, { interval, session }));
  }

  /** Does what needs the server: shows that it is under way, or why it failed. */
  async #try(work, again) {
    this.#under += 1;
    this.setAttribute("aria-busy", "true");
    this.querySelector(".chart-problem")?.remove();
    try {
      await work();
    } catch (problem) {
      if (problem.name !== "AbortError" && this.#box) {
        this.#aim = undefined;
        this.#explain(problem.message, again);
      }
    } finally {
      this.#under -= 1;
      if (this.#under === 0) {
        this.removeAttribute("aria-busy");
      }
    }
  }

  #explain(sentence, again) {
    const note = this.querySelector(".chart-problem") ?? document.createElement("p");
    note.className = "chart-problem";
    note.setAttribute("role", "alert");
    note.textContent = sentence;
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.textContent = "Retry";
      button.addEventListener("click", again);
      note.append(" ", button);
    }
    this.#box.before(note);
  }

  #create(closes) {
    this.#places = decimalsOf(closes);
    this.#panes = new Panes(this.#box, {
      ...this.#about,
      font: getComputedStyle(this).fontFamily,
    });
    this.#panes.onMove(() => this.#schedule());
    this.#panes.onPoint((row) => this.#describeBar(row));
  }

  /** Marks the buttons of what is shown. */
  #describeChoice() {
    for (const button of this.querySelectorAll("[data-interval], [data-session]")) {
      const { interval, session } = button.dataset;
      const isMine = interval
        ? interval === (this.#isAuto ? "auto" : this.#interval)
        : session === this.getAttribute("session");
      button.setAttribute("aria-pressed", String(isMine));
      button.toggleAttribute("data-shown", this.#isAuto && interval === this.#interval);
    }
  }

  /** The view of some bars that shows their end, or the place of another interval or session. */
  async #plan(bars, span, place = AT_END) {
    if (place.times) {
      return this.#between(bars, place.times, place.share);
    }
    const width = Math.max(LEAST_VIEW, Math.min(place.width, bars.rows + 1, span - 1));
    const wanted = place.isAtEnd ? bars.rows : (await bars.rowAt(place.time)) + width / 2;
    const to = Math.min(Math.max(wanted, width - 1), bars.rows); // no empty half at either end
    return { from: to - width, to };
  }

  /** The view of the bars between two times; as wide as now where both are the same. */
  async #between(bars, [from, to], share) {
    const first = await bars.rowAt(from);
    if (from === to) {
      const visible = this.#visible();
      const width = visible.to - visible.from;
      return { from: first - width * 0.1, to: first + width * 0.9 };
    }
    const last = to === Infinity ? bars.rows : await bars.rowAt(to);
    const half = Math.max(LEAST_VIEW, (last - first) * share) / 2;
    const middle = (first + last) / 2;
    return { from: middle - half, to: middle + half };
  }

  #open(place, view) {
    this.#box.setAttribute("aria-label", conclude(this.#bars, this.#about));
    if (!view) {
      this.#opened = undefined;
      this.#panes.fill(0, 0, this.#bars.window(0, 0));
      this.#explain("There are no bars in this session.");
      return;
    }
    this.#panes.setInterval(this.#interval);
    this.#view(view.from, view.to);
    this.#opened = place?.times ? undefined : { place: place ?? AT_END, view };
    this.#kept ??= JSON.stringify(this.#describePlace(place ?? AT_END));
  }

  /** What the view shows: the end, or a time in its middle; as it was when it has not moved. */
  #findPlace() {
    const visible = this.#panes && this.#visible();
    if (!visible || this.#rows === 0 || !this.#panes.end) {
      return this.#opened?.place;
    }
    const was = this.#opened?.view;
    if (was && Math.abs(was.from - visible.from) + Math.abs(was.to - visible.to) < 1) {
      return this.#opened.place;
    }
    return {
      isAtEnd: visible.to >= this.#rows - 1,
      time: this.#timeAt((visible.from + visible.to) / 2),
      width: visible.to - visible.from,
    };
  }

  /** The time of a row, or of the nearest one that the chart holds. */
  #timeAt(row) {
    const { start, end } = this.#panes;
    return this.#panes.at("time", Math.max(start, Math.min(Math.round(row), end - 1)));
  }

  /** Shows the rows from, to (fractions allowed), moving the window when it must. */
  async #view(from, to) {
    const width = Math.min(to - from, this.#span - 1);
    const middle = (from + to) / 2;
    const view = { from: middle - width / 2, to: middle + width / 2 };
    const { start, end } = this.#panes;
    this.#aim = view;
    if (view.from < start || view.to > end || end === 0) {
      const isHeld = await this.#hold(view, () => this.#view(from, to));
      if (!isHeld) {
        return;
      }
    }
    this.#aim = undefined;
    this.#ask(view);
    this.#schedule();
  }

  /** Fills the chart with the window around a view; false when its bars came to nothing. */
  async #hold(view, again) {
    this.#turn += 1;
    const [turn, bars] = [this.#turn, this.#bars];
    const frame = frameOf(view, this.#rows, this.#span);
    if (!bars.has(...frame)) {
      await this.#try(() => bars.need(...frame), again);
    }
    if (turn !== this.#turn || bars !== this.#bars || !this.#panes || !bars.has(...frame)) {
      return false;
    }
    this.#panes.fill(...frame, bars.window(...frame));
    bars.prefetch(frame[0] - WINDOW / 2, frame[1] + WINDOW / 2);
    return true;
  }

  /** The library moves its view at its next frame; until then the old one must not count. */
  #ask(view) {
    this.#asked = view;
    this.#framesToWait = 2;
    this.#panes.setView(view);
  }

  #visible() {
    return this.#aim ?? this.#asked ?? this.#panes.view();
  }

  /** The last bar that a view shows, whose figures the texts give. */
  #lastRow(visible) {
    const { start, end } = this.#panes;
    return Math.max(start, Math.min(Math.floor(visible.to), end - 1));
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#panes) {
        this.#settle();
      }
    });
  }

  #release() {
    this.#pressed = false;
    this.#schedule();
  }

  /** Follows a view that moved: window, interval, markers, texts. */
  #settle() {
    if (this.#asked && this.#framesToWait > 0) {
      this.#framesToWait -= 1;
      this.#schedule();
      return;
    }
    this.#asked = undefined;
    const visible = this.#panes.view();
    if (!visible || this.#rows === 0 || this.#panes.end === 0) {
      return;
    }
    // While the pointer drags, the library measures from where the drag began: wait for its end.
    if (!this.#pressed && !this.#aim && !this.#adapt(visible)) {
      this.#follow(visible);
    }
    this.#mark(visible);
    this.#describeBar();
    this.#table.refresh();
    const last = this.#lastRow(visible);
    const shown = this.#isAuto ? ` · ${this.#interval} bars` : "";
    this.querySelector(".where").textContent =
      `Bar ${decimal(last + 1, 0)} of ${decimal(this.#rows, 0)} · ` +
      this.#write(this.#panes.at("time", last)) + shown;
    if (!this.#isRun) {
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => this.#under || this.#keepPlace(), REST);
    }
  }

  /** Goes to another interval when the view has too many or too few bars, if it may choose. */
  #adapt(visible) {
    if (!this.#isAuto || this.#under > 0) {
      return false;
    }
    const [from, to] = [Math.max(0, visible.from), Math.min(this.#rows, visible.to)];
    const chosen = this.#ladder.suit(visible.to - visible.from, this.#interval, this.#bars.sizes);
    if (chosen === this.#interval || to <= from) {
      return false;
    }
    const isAtEnd = visible.to >= this.#rows - 1;
    const share = (visible.to - visible.from) / (to - from);
    const times = [this.#timeAt(from), isAtEnd ? Infinity : this.#timeAt(to)];
    this.#load({ times, share }, { interval: chosen });
    return true;
  }

  /** Moves the window with a view that comes near its edge. */
  #follow(visible) {
    const { start, end } = this.#panes;
    const isNearStart = visible.from - start < MARGIN && start > 0;
    const isNearEnd = end - visible.to < MARGIN && end < this.#rows;
    if (!isNearStart && !isNearEnd) {
      return;
    }
    if (frameOf(visible, this.#rows, this.#span)[0] === start) {
      return;
    }
    this.#hold(visible, () => this.#follow(visible)).then((isHeld) => {
      if (isHeld && !this.#aim) {
        this.#ask(visible);
        this.#schedule();
      }
    });
  }

  #mark(visible) {
    const { marks, start, end } = this.#panes;
    marks?.show(this.#bars.columns, {
      rows: {
        from: Math.max(visible.from - 1, start),
        to: Math.min(visible.to + 1, end - 1),
      },
      lastBar: Infinity,
      chosenBars: this.#chosenBars,
      width: this.#box.clientWidth,
      colour: readColours(this),
    });
  }

  /** Writes the figures of a row, or of the last one in view. */
  #describeBar(pointed) {
    const visible = this.#panes.view();
    const { start, end } = this.#panes;
    if (visible && this.#rows > 0 && end > 0) {
      const row = pointed === undefined
        ? this.#lastRow(visible)
        : Math.max(start, Math.min(pointed, end - 1));
      this.#legend.replaceChildren(...describeBar(this.#panes, row, this.#about));
    }
  }

  #describeRows() {
    const visible = this.#panes?.view();
    if (!visible || this.#rows === 0) {
      return { header: ["Time"], rows: [] };
    }
    const from = Math.max(this.#panes.start, Math.ceil(visible.from));
    return describeRows(this.#panes, from, this.#lastRow(visible), this.#about);
  }

  /** Shows the run's bars from, to in the middle, and marks what was filled there. */
  centre(from, to = from) {
    this.#chosenBars = [from, to];
    const rowOf = (bar) => search(this.#bars.columns.bar, bar);
    const [first, last] = [rowOf(from), rowOf(to)];
    const pad = Math.max(40, (last - first) * 0.6);
    this.#view(first - pad, last + pad);
  }

  /** Shows the times from, to (s since 1970), or as many bars as now from a time on. */
  async goTo(from, to) {
    const { first, last, rows, sizes } = this.#bars;
    if (to && this.#isAuto) {
      const count = (rows * (to - from)) / Math.max(1, last - first);
      const interval = this.#ladder.fit(count, this.#interval, { most: 800, sizes });
      if (interval !== this.#interval) {
        await this.#load({ times: [from, to], share: WITH_MARGIN }, { interval });
        return;
      }
    }
    await this.#try(async () => {
      const view = await this.#between(this.#bars, [from, to ?? from], WITH_MARGIN);
      await this.#view(view.from, view.to);
    }, () => this.goTo(from, to));
  }

  #zoom(factor) {
    const visible = this.#visible();
    if (visible) {
      const middle = (visible.from + visible.to) / 2;
      const half = Math.max(5, ((visible.to - visible.from) / 2) * factor);
      this.#view(middle - half, middle + half);
    }
  }

  #pan(share) {
    const visible = this.#visible();
    if (visible) {
      const width = visible.to - visible.from;
      const from = Math.max(-width / 2, Math.min(visible.from + width * share, this.#rows - width / 2));
      this.#view(from, from + width);
    }
  }

  /** Shows everything: at the shortest interval at which it fits into the chart. */
  async #fit() {
    const most = this.#isAuto ? WINDOW / 2 : WINDOW * 0.9;
    const least = this.#isAuto ? this.#ladder.first : this.#interval;
    const { sizes } = this.#bars;
    const chosen = this.#ladder.fit(this.#rows, this.#interval, { most, least, sizes });
    if ((this.#rows > WINDOW || this.#isAuto) && chosen !== this.#interval) {
      await this.#load(this.#findPlace(), { interval: chosen });
    }
    this.#view(-1, this.#rows + 1);
  }

  #onClick(event) {
    const button = event.target.closest("button");
    if (!button || !this.#panes) {
      return;
    }
    const { interval, session, act } = button.dataset;
    if (act === "fit") {
      this.#fit();
    } else if (act === "gaps") {
      const areShown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(areShown));
      this.#panes.showGaps(areShown);
    } else if (act) {
      this.#zoom(act === "in" ? 0.5 : 2);
    } else if (interval || session) {
      this.#choose(interval, session);
    }
  }

  #choose(interval, session) {
    const place = this.#findPlace();
    if (interval) {
      this.toggleAttribute("auto", interval === "auto");
      this.#load(place, { interval: interval === "auto" ? this.#interval : interval });
      this.#keepPlace({ interval });
    } else {
      this.#load(place, { session });
      this.#keepPlace({ session });
    }
  }

  /** Writes interval, session and place into the address, once they are not those of the page. */
  #keepPlace(chosen = {}) {
    if (this.#isRun || !this.isConnected) {
      return;
    }
    const kept = { ...this.#describePlace(this.#findPlace()), ...chosen };
    if (this.#kept !== JSON.stringify(kept)) {
      const address = new URL(location);
      for (const [name, value] of Object.entries(kept)) {
        if (value === null) {
          address.searchParams.delete(name);
        } else {
          address.searchParams.set(name, value);
        }
      }
      history.replaceState(null, "", address);
    }
    this.#kept = JSON.stringify(kept);
  }

  /** A place as the address says it. */
  #describePlace(place) {
    return {
      interval: this.#isAuto ? "auto" : this.#interval,
      session: this.getAttribute("session"),
      at: place && !place.isAtEnd ? Math.round(place.time) : null,
    };
  }

  #onDate({ target }) {
    if (target.value && target.checkValidity()) {
      this.goTo(this.#clock.start(target.value));
    }
  }

  #onKey(event) {
    const keys = {
      ArrowLeft: () => this.#pan(event.shiftKey ? -0.9 : -0.1),
      ArrowRight: () => this.#pan(event.shiftKey ? 0.9 : 0.1),
      Home: () => this.#view(-1, FIRST_VIEW),
      End: () => this.#view(this.#rows - FIRST_VIEW, this.#rows + 1),
      "+": () => this.#zoom(0.5),
      "=": () => this.#zoom(0.5),
      "-": () => this.#zoom(2),
      f: () => this.#fit(),
      F: () => this.#fit(),
      g: () => this.querySelector("[data-goto]")?.focus(),
      G: () => this.querySelector("[data-goto]")?.focus(),
    };
    const act = keys[event.key];
    if (act && this.#panes && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  }

  /** The first and the last bar that the library draws, by what it was given. */
  #drawnTimes(visible) {
    const { start } = this.#panes;
    const bars = this.#panes.series.price.data();
    const at = (row) => bars[Math.max(0, Math.min(row - start, bars.length - 1))];
    const rows = visible ? [Math.max(0, Math.ceil(visible.from)), this.#lastRow(visible)] : [];
    return rows.map((row) => at(row) && this.#write(at(row).time));
  }

  /** What is on the screen, in words and numbers. */
  snapshot() {
    if (!this.#panes || !this.#bars) {
      return null;
    }
    const visible = this.#asked ?? this.#panes.view();
    const drawn = this.#panes.snapshot();
    return {
      ...drawn,
      rows: this.#rows,
      window: { start: this.#panes.start, end: this.#panes.end },
      visible,
      interval: this.#interval,
      isAuto: this.#isAuto,
      isLoading: this.#under > 0,
      session: this.getAttribute("session"),
      zone: this.#clock.zone,
      fills: this.#panes.marks?.fills ?? [],
      arrows: this.#panes.marks?.arrows ?? [],
      where: this.querySelector(".where").textContent,
      legend: this.#legend.textContent,
      drawn: this.#drawnTimes(visible),
      dayStarts: drawn.dayStarts.map((time) => this.#write(time)),
      label: this.#box.getAttribute("aria-label"),
    };
  }
}

customElements.define("price-chart", PriceChart);

/** Gives what a click on a link asks of this page's chart, if it is not for another page. */
function chartFor(event, link) {
  const chart = document.querySelector("price-chart");
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  return link && chart?.snapshot() && !isElsewhere ? chart : undefined;
}

/** Shows bars of a trade, or of what a link names, and says so; its row is marked. */
function show(chart, { from, to, what, link, address }) {
  for (const row of document.querySelectorAll("[data-trades] [aria-current]")) {
    row.removeAttribute("aria-current");
  }
  link?.closest("tr").setAttribute("aria-current", "true");
  document.querySelector("[data-chosen]").textContent = `${what} · `;
  chart.centre(from, to);
  chart.closest("section").scrollIntoView({ block: "nearest" });
  if (address) {
    history.replaceState(history.state, "", address);
  }
}

function showLink(chart, link) {
  const { from, to, what } = link.dataset;
  show(chart, {
    from: Number(from),
    to: Number(to),
    what: what ?? `trade ${link.textContent}`,
    link,
    address: link.href.split("#")[0],
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-trades] a[data-from]");
  const chart = chartFor(event, link);
  if (chart) {
    event.preventDefault();
    showLink(chart, link);
  }
});

// Up and down go from trade to trade, and the chart with them.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const link = step && event.target.closest?.("[data-trades] a[data-from]");
  const next = link && chartFor(event, link) && link.closest("tr")[step]?.querySelector("a[data-from]");
  if (next) {
    event.preventDefault();
    next.focus({ preventScroll: true });
    showLink(chartFor(event, next), next);
    next.scrollIntoView({ block: "nearest" });
  }
});

// A plot of trades asks for one.
document.addEventListener("show-trade", ({ detail: { trade, from, to } }) => {
  const chart = document.querySelector("price-chart");
  const address = new URL(location);
  address.searchParams.set("trade", trade);
  address.hash = "";
  if (chart?.snapshot()) {
    const link = [...document.querySelectorAll("[data-trades] a[data-trade]")]
      .find((one) => Number(one.dataset.trade) === trade);
    show(chart, { from, to, what: `trade ${trade}`, link, address });
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-periods] a[data-from]");
  const chart = chartFor(event, link);
  if (chart) {
    event.preventDefault();
    chart.goTo(Number(link.dataset.from), Number(link.dataset.to));
    chart.closest("section").scrollIntoView({ block: "nearest" });
  }
});
