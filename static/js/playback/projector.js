// Drives the cursor: by the socket, by a stream of events where no socket opens, and by itself where
// nothing is connected. Frames are taken once for each frame that the screen draws.

import { Channel } from "./channel.js";

const BARS_A_FRAME = 30; // frames a second

const CONNECTED = "Connected.";

/** Counts what came, and each of it once. */
class Tally {
  total = 0;
  #ids = new Set();

  add(ids) {
    this.total += ids.length;
    ids.forEach((id) => this.#ids.add(id));
  }

  get unique() {
    return this.#ids.size;
  }
}

export class Projector {
  isPlaying = false;
  speed = 60; // bars a frame, at 30 frames a second
  state = "connecting";
  sentence = "Connecting…";
  frames = 0;
  dropped = 0;
  orders = new Tally();
  fills = new Tally();
  #film;
  #hooks;
  #channel;
  #streamAddress;
  #stream;
  #hasChosenSpeed = false;
  #queue = [];
  #drawing = 0;
  #gen = -1; // of the frames that were taken; a greater one is a jump

  /** hooks: onMove(isJump) after the cursor moved, onChange() when the state in words changed. */
  constructor(film, { socket, stream }, hooks) {
    this.#film = film;
    this.#hooks = hooks;
    this.#streamAddress = stream;
    this.#channel = new Channel(socket, {
      where: () => this.#film.cursor,
      say: (state, sentence) => this.#say(state, sentence),
      take: (message) => this.#take(message),
      giveUp: () => this.#say("streaming", "No socket opens here: playing over a plain connection."),
    });
  }

  get gen() {
    return this.#channel.gen;
  }

  get acked() {
    return this.#channel.acked;
  }

  open() {
    this.#channel.open();
  }

  close() {
    this.#channel.close();
    this.#closeStream();
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    this.#queue = [];
  }

  #say(state, sentence) {
    this.state = state;
    this.sentence = sentence;
    if (state === "streaming" && this.isPlaying) {
      this.#openStream();
    }
    this.#hooks.onChange();
  }

  #control(cmd, values) {
    this.#channel.send({ t: "ctrl", cmd, ...values });
  }

  play() {
    if (this.state === "closed") {
      return;
    }
    if (this.#film.cursor === this.#film.bars - 1) {
      this.seek(0); // at the end it begins again
    }
    this.isPlaying = true;
    this.#control("play");
    if (this.state === "streaming") {
      this.#openStream();
    }
    this.#hooks.onChange();
  }

  pause() {
    this.isPlaying = false;
    this.#control("pause");
    this.#closeStream();
    this.#hooks.onChange();
  }

  seek(bar) {
    const wanted = this.#film.clip(bar);
    if (this.#channel.isOpen) {
      this.#control("seek", { pos: wanted });
    } else {
      this.#land(wanted);
    }
  }

  /** Pauses and moves by bars, or to next_trade, prev_trade, next_session. */
  step(val) {
    if (this.isPlaying) {
      this.pause();
    }
    if (this.#channel.isOpen) {
      this.#control("step", { val });
    } else {
      this.#land(this.#film.clip(val.to ? this.#film.find(val.to) : this.#film.cursor + val));
    }
  }

  setSpeed(barsASecond) {
    this.speed = barsASecond / BARS_A_FRAME;
    this.#hasChosenSpeed = true;
    this.#control("speed", { val: this.speed });
    if (this.#stream) {
      this.#openStream();
    }
    this.#hooks.onChange();
  }

  get barsASecond() {
    return this.speed * BARS_A_FRAME;
  }

  /** Moves without a server. */
  #land(bar) {
    this.#film.cursor = bar;
    this.#hooks.onMove(true);
    if (this.#stream) {
      this.#openStream();
    }
  }

  #openStream() {
    this.#closeStream();
    const address = new URL(this.#streamAddress, location.href);
    address.searchParams.set("speed", this.speed);
    address.searchParams.set("from", this.#film.cursor);
    const stream = new EventSource(address);
    this.#stream = stream;
    this.#gen = -1;
    // Frames have no name there. After a loss the browser goes on behind the last of them by itself.
    for (const name of ["message", "end", "err"]) {
      stream.addEventListener(name, ({ data }) => stream === this.#stream && this.#take(JSON.parse(data)));
    }
    stream.addEventListener("error", () => {
      if (stream === this.#stream && stream.readyState === EventSource.CLOSED) {
        this.pause();
        this.#say("streaming", "The server could not play the film. Load the page again.");
      }
    });
  }

  #closeStream() {
    this.#stream?.close();
    this.#stream = undefined;
  }

  #take(message) {
    if (message.t === "hello") {
      this.#greet(message);
      return;
    }
    this.#queue.push(message);
    if (document.hidden) {
      this.#drain(); // nothing is drawn there, and the film goes on
    } else {
      this.#drawing ||= requestAnimationFrame(() => this.#drain());
    }
  }

  #greet(hello) {
    this.#gen = -1;
    if (!this.#hasChosenSpeed) {
      this.speed = hello.speed;
    } else if (this.speed !== hello.speed) {
      this.#control("speed", { val: this.speed });
    }
    if (this.isPlaying) {
      this.#control("play");
    }
    this.#say("connected", CONNECTED);
  }

  #drain() {
    this.#drawing = 0;
    const messages = this.#queue;
    this.#queue = [];
    let moved = false;
    let isJump = false;
    const before = this.sentence;
    for (const message of messages) {
      if (message.t === "frame") {
        if (message.gen < this.#gen) {
          continue;
        }
        isJump ||= message.gen > this.#gen;
        this.#count(message);
        moved = true;
      } else {
        this.#heed(message);
      }
    }
    if (moved) {
      this.#hooks.onMove(isJump);
    }
    if (this.sentence !== before) {
      this.#hooks.onChange();
    }
  }

  #count({ seq, gen, i, orders, fills, dropped }) {
    if (gen > this.#gen) {
      this.#gen = gen;
      this.orders = new Tally();
      this.fills = new Tally();
    }
    this.#film.cursor = i;
    this.frames += 1;
    this.sentence = this.state === "connected" ? CONNECTED : this.sentence;
    this.dropped += dropped;
    this.orders.add(orders.map(({ order_id }) => order_id));
    this.fills.add(fills.map(({ fill_id }) => fill_id));
    if (!this.#stream) {
      this.#channel.noteShown(seq);
    }
  }

  #heed(message) {
    if (message.t === "end") {
      this.isPlaying = false;
      this.#closeStream();
      this.sentence = "The film is over.";
    } else if (message.t === "err") {
      this.sentence = message.msg;
    }
  }
}
