// Sending files: what was chosen, how far it is, how fast, and a way out.
import { toast } from "./status.js";

const UNITS = ["B", "kB", "MB", "GB", "TB"];
const SECONDS_OF_RATE = 5;

function size(bytes) {
  let step = 0;
  let value = bytes;
  while (value >= 1000 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${value.toFixed(step ? 1 : 0)} ${UNITS[step]}`;
}

function time(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.ceil(seconds % 60)} s`;
}

class FileSender extends HTMLElement {
  #request = null;

  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.chosen = this.querySelector("[data-chosen]");
    this.form = this.querySelector("form");
    this.input.addEventListener("change", () => this.#show());
    this.form.addEventListener("submit", (event) => this.#send(event));
    this.querySelector("[data-act=cancel]").addEventListener("click", () => this.#request?.abort());
    const drop = this.querySelector("[data-drop]");
    for (const kind of ["dragenter", "dragover"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.dataset.over = "";
      });
    }
    for (const kind of ["dragleave", "drop"]) {
      drop.addEventListener(kind, () => delete drop.dataset.over);
    }
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) {
        this.input.files = event.dataTransfer.files;
        this.#show();
      }
    });
    addEventListener("beforeunload", this);
  }

  disconnectedCallback() {
    removeEventListener("beforeunload", this);
  }

  handleEvent(event) {
    if (this.#request) {
      event.preventDefault(); // leaving the page stops what is being sent
    }
  }

  #total() {
    return [...this.input.files].reduce((sum, file) => sum + file.size, 0);
  }

  #show() {
    const files = [...this.input.files];
    this.chosen.replaceChildren(
      ...files.slice(0, 20).map((file) => {
        const line = document.createElement("li");
        line.textContent = `${file.name}, ${size(file.size)}`;
        return line;
      }),
    );
    if (files.length > 1) {
      const line = document.createElement("li");
      line.textContent = `${files.length} files, ${size(this.#total())} together`;
      this.chosen.append(line);
    }
  }

  #send(event) {
    if (!this.input.files.length) {
      return; // the server says what is missing
    }
    event.preventDefault();
    const request = new XMLHttpRequest();
    const marks = [[performance.now(), 0]];
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      marks.push([performance.now(), loaded]);
      while (marks.length > 2 && marks.at(-1)[0] - marks[0][0] > SECONDS_OF_RATE * 1000) {
        marks.shift();
      }
      const seconds = (marks.at(-1)[0] - marks[0][0]) / 1000;
      const rate = seconds ? (loaded - marks[0][1]) / seconds : 0;
      this.#report(loaded, total, rate);
    });
    request.addEventListener("load", () => {
      this.#end();
      if (request.status >= 500 && !request.responseText.includes("<main")) {
        toast("Something failed on the server. Nothing was kept: send the files again.");
      } else if (new URL(request.responseURL).pathname !== location.pathname) {
        location.assign(request.responseURL);
      } else {
        this.#answer(request.responseText);
      }
    });
    request.addEventListener("error", () => {
      this.#end();
      toast("The connection broke while the files were sent. Nothing was kept: send them again.");
    });
    request.addEventListener("abort", () => this.#end());
    request.open("POST", this.form.action);
    this.#request = request;
    this.toggleAttribute("sending", true);
    this.#report(0, this.#total(), 0);
    request.send(new FormData(this.form));
  }

  // The same page with a sentence on it: its panel takes this one's place.
  #answer(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const panel = page.querySelector("file-sender .errors") ?? page.querySelector("main .message");
    const place = this.querySelector("[data-errors]");
    place.replaceChildren(...(panel ? [panel] : []));
    place.firstElementChild?.focus();
    if (!panel) {
      toast("The server did not take the files. Load the page again and send them once more.");
    }
  }

  #report(loaded, total, rate) {
    const bar = this.querySelector("progress");
    const done = total > 0 && loaded >= total;
    bar.max = total || 1;
    bar.value = loaded;
    const words = [`${size(loaded)} of ${size(total)}`];
    if (rate && !done) {
      words.push(`${size(rate)}/s`, `${time((total - loaded) / rate)} left`);
    }
    this.querySelector("[data-sent]").textContent = done
      ? `${size(total)} sent; waiting for the server`
      : words.join(" · ");
  }

  #end() {
    this.#request = null;
    this.toggleAttribute("sending", false);
  }
}

customElements.define("file-sender", FileSender);
