// <log-tail src="…" known="12">: a log that grows while its job works. It keeps to its end while
// that is in view, and asks no more when the job is over.

const ASK_MS = 1000;
const NEAR_END = 24; // pixels

class LogTail extends HTMLElement {
  #timer = 0;
  #known = 0;

  connectedCallback() {
    this.#known = Number(this.getAttribute("known"));
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#wait();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  get #lines() {
    return this.querySelector("pre");
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.hasAttribute("src") && this.isConnected) {
      this.#timer = setTimeout(() => this.#ask(), ASK_MS);
    }
  }

  async #ask() {
    if (document.hidden) {
      this.#wait();
      return;
    }
    try {
      const answer = await fetch(`${this.getAttribute("src")}&after=${this.#known}`);
      if (answer.ok) {
        this.#add(await answer.json());
      } else if (answer.status < 500) {
        this.removeAttribute("src"); // deleted, or signed out: the page says so when it is used
      }
    } catch {
      // The server does not answer: it is asked again.
    }
    this.#wait();
  }

  #add({ lines, known, is_over: isOver }) {
    const box = this.#lines;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    for (const { level, text } of lines) {
      const line = document.createElement("span");
      line.dataset.level = level;
      line.textContent = `${text}\n`;
      box.append(line);
    }
    this.querySelector(".note").hidden ||= lines.length > 0;
    const isSilent = known === this.#known;
    this.#known = known;
    if (isAtEnd) {
      box.scrollTop = box.scrollHeight;
    }
    if (isOver && isSilent) { // the last line is written after the end
      this.removeAttribute("src");
    }
  }
}

customElements.define("log-tail", LogTail);
