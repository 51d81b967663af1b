// The playback channel: a socket with controls and acknowledgements. It comes back by itself after
// a loss, and gives up on sockets where none ever opened.

const ACK_EVERY = 10; // frames
const ACK_AFTER = 1000; // milliseconds: slow films and pauses leave fewer frames than that
const SILENCE = 15_000; // milliseconds: the server says something every five seconds
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const TRIES = 3; // without a socket ever opening
const FINAL = { // codes with which the server says not to come again
  4401: "You are signed out. Load the page again to sign in.",
  4404: "This run is not there, or it is not yours to see.",
  4409: "This run cannot be played now. Load the page again.",
};

export class Channel {
  gen = 0;
  acked = 0; // the last sequence number that was acknowledged
  #address;
  #hooks;
  #socket;
  #tries = 0;
  #hasOpened = false;
  #isClosed = false;
  #retry = 0;
  #silence = 0;
  #ackTimer = 0;
  #last = 0;
  #unacked = 0;

  /** hooks: where() gives the bar to begin at; say(state, sentence), take(message), giveUp(). */
  constructor(address, hooks) {
    this.#address = address;
    this.#hooks = hooks;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    this.#isClosed = false;
    clearTimeout(this.#retry);
    const address = new URL(this.#address, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("i", this.#hooks.where());
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.gen = 0;
    this.#last = this.#unacked = this.acked = 0;
    this.#listenForSilence();
    socket.addEventListener("message", ({ data }) => this.#onMessage(socket, JSON.parse(data)));
    socket.addEventListener("close", (event) => this.#onClose(socket, event));
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    clearTimeout(this.#ackTimer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  send(message) {
    if (this.isOpen) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  /** Tells the server, now and then, that frames were shown. */
  noteShown(seq) {
    this.#last = seq;
    this.#unacked += 1;
    if (this.#unacked >= ACK_EVERY) {
      this.#ack();
    } else {
      this.#ackTimer ||= setTimeout(() => this.#ack(), ACK_AFTER);
    }
  }

  #ack() {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = 0;
    if (this.#unacked) {
      this.#unacked = 0;
      this.acked = this.#last;
      this.send({ t: "ack", seq: this.#last });
    }
  }

  #onMessage(socket, message) {
    if (socket !== this.#socket) {
      return;
    }
    this.#listenForSilence();
    if (message.t === "hello") {
      this.#hasOpened = true;
      this.#tries = 0;
    } else if (message.t === "hb") {
      this.send({ t: "hb" });
      return;
    } else if (message.t === "frame") {
      if (message.gen < this.gen) {
        this.noteShown(message.seq); // of before the last seek: it counts and is not shown
        return;
      }
      this.gen = message.gen;
    }
    this.#hooks.take(message);
  }

  #listenForSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.close(), SILENCE);
  }

  #onClose(socket, { code }) {
    if (socket !== this.#socket || this.#isClosed) {
      return;
    }
    clearTimeout(this.#silence);
    clearTimeout(this.#ackTimer);
    this.#ackTimer = 0;
    this.#socket = undefined;
    this.#tries += 1;
    if (FINAL[code]) {
      this.#isClosed = true;
      this.#hooks.say("closed", FINAL[code]);
    } else if (!this.#hasOpened && this.#tries >= TRIES) {
      this.#isClosed = true;
      this.#hooks.giveUp();
    } else {
      const wait = Math.min(FIRST_WAIT * 2 ** (this.#tries - 1), LONGEST_WAIT);
      this.#hooks.say("reconnecting", "Connection lost. Trying again…");
      this.#retry = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
    }
  }
}
