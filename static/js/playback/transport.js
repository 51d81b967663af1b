// The transport bar: buttons, the scrub slider, the speed, the dialogs, the keys.

import { decimal } from "../figures.js";

const SPEEDS = [1, 2, 5, 10, 30, 60, 150, 300, 900, 1800, 6000, 30_000, 60_000]; // bars a second
const COPIED = 1500; // milliseconds

export class Transport {
  #root;
  #film;
  #projector;
  #view;
  #slider;
  #speed;
  #state;
  #note = "";
  #sought; // where the slider stands until the next frame of the screen

  /** view: zoom(factor) and fit() of the chart. */
  constructor(root, film, projector, { signal, ...view }) {
    this.#root = root;
    this.#film = film;
    this.#projector = projector;
    this.#view = view;
    this.#slider = root.querySelector(".slider");
    this.#speed = root.querySelector("[data-speed]");
    this.#state = root.querySelector(".state");
    this.#slider.max = film.bars - 1;
    this.#slider.disabled = false;
    this.#slider.addEventListener("input", () => this.#scrub(), { signal });
    this.#speed.addEventListener("change", () => projector.setSpeed(Number(this.#speed.value)), { signal });
    const dialog = root.querySelector("dialog.goto");
    dialog.addEventListener("close", () => this.#goTo(dialog), { signal });
  }

  /** Keeps a sentence in the quiet line until something is done. */
  note(sentence) {
    this.#note = sentence;
    this.describe();
  }

  /** Says what plays, how fast, and how it is connected. */
  describe() {
    const { isPlaying, sentence, barsASecond } = this.#projector;
    this.#root.querySelector("[data-act=play]").textContent = isPlaying ? "Pause" : "Play";
    const text = this.#note || sentence;
    if (this.#state.textContent !== text) {
      this.#state.textContent = text;
    }
    const speeds = [...new Set([...SPEEDS, Math.round(barsASecond * 100) / 100])].sort((a, b) => a - b);
    if (speeds.length !== this.#speed.options.length) {
      this.#speed.replaceChildren(...speeds.map((value) => {
        const words = value === 1 ? "1 bar a second" : `${decimal(value, value % 1 ? 2 : 0)} bars a second`;
        return new Option(words, value);
      }));
    }
    this.#speed.value = String(Math.round(barsASecond * 100) / 100);
  }

  /** Follows the cursor. */
  follow() {
    const { cursor, bars } = this.#film;
    if (this.#sought === undefined) {
      this.#slider.value = cursor;
    }
    const time = this.#film.writeTime(cursor);
    this.#slider.setAttribute("aria-valuetext", `${time}, bar ${decimal(cursor + 1, 0)} of ${decimal(bars, 0)}`);
  }

  #scrub() {
    if (this.#sought === undefined) {
      requestAnimationFrame(() => {
        this.#projector.seek(this.#sought);
        this.#sought = undefined;
      });
    }
    this.#sought = Number(this.#slider.value);
  }

  act(name) {
    this.#note = "";
    const acts = {
      play: () => (this.#projector.isPlaying ? this.#projector.pause() : this.#projector.play()),
      back: () => this.#projector.step(-1),
      forward: () => this.#projector.step(1),
      prev_trade: () => this.#projector.step({ to: "prev_trade" }),
      next_trade: () => this.#projector.step({ to: "next_trade" }),
      next_session: () => this.#projector.step({ to: "next_session" }),
      first: () => this.#projector.seek(0),
      last: () => this.#projector.seek(this.#film.bars - 1),
      slower: () => this.#changeSpeed(-1),
      faster: () => this.#changeSpeed(1),
      fit: () => this.#view.fit(),
      in: () => this.#view.zoom(0.5),
      out: () => this.#view.zoom(2),
      goto: () => this.#askWhere(),
      help: () => this.#root.querySelector("dialog.keys").showModal(),
      share: () => this.#share(),
    };
    acts[name]?.();
  }

  #changeSpeed(steps) {
    const { selectedIndex, options } = this.#speed;
    const chosen = options[Math.max(0, Math.min(selectedIndex + steps, options.length - 1))];
    this.#projector.setSpeed(Number(chosen.value));
  }

  #askWhere() {
    const dialog = this.#root.querySelector("dialog.goto");
    const wall = (bar) => this.#film.writeTime(bar).replace(" ", "T");
    const field = dialog.querySelector("input");
    [field.min, field.max] = [wall(0), wall(this.#film.bars - 1)];
    field.value = wall(this.#film.cursor);
    dialog.returnValue = "";
    dialog.showModal();
  }

  #goTo(dialog) {
    const seconds = dialog.querySelector("input").valueAsNumber / 1000; // as if it were UTC
    if (dialog.returnValue === "go" && !Number.isNaN(seconds)) {
      this.#projector.seek(this.#film.barAtWall(seconds));
    }
  }

  /** Puts the place into the address, and that into the clipboard where there is one. */
  async #share() {
    const address = new URL(location);
    address.search = "";
    const time = new Date(this.#film.columns.time[this.#film.cursor] * 1000);
    address.searchParams.set("t", time.toISOString().replace(".000Z", "Z"));
    history.replaceState(null, "", address);
    const button = this.#root.querySelector("[data-act=share]");
    await navigator.clipboard?.writeText(address.href);
    button.textContent = navigator.clipboard ? "Copied" : "See the address";
    setTimeout(() => (button.textContent = "Link to bar"), COPIED);
  }

  /** Keys act wherever the focus is, but not where something is typed. */
  press(event) {
    const { key, target } = event;
    const isTyping = target.closest("input:not([type=range]), select, textarea, dialog, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const isSlider = target.matches("input");
    const isPressed = key === " " && target.closest("button, a, summary");
    const keys = {
      " ": isPressed ? undefined : "play",
      ArrowLeft: event.shiftKey ? "prev_trade" : isSlider ? undefined : "back",
      ArrowRight: event.shiftKey ? "next_trade" : isSlider ? undefined : "forward",
      "[": "slower",
      "]": "faster",
      Home: isSlider ? undefined : "first",
      End: isSlider ? undefined : "last",
      g: "goto",
      G: "goto",
      "+": "in",
      "=": "in",
      "-": "out",
      f: "fit",
      F: "fit",
      "?": "help",
    };
    if (keys[key]) {
      event.preventDefault();
      this.act(keys[key]);
    }
  }
}
