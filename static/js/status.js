// Parts of a page that show jobs, and what tells them that a job changed.
//
//     <live-part watch="run:0123456789ab ingest:…" hx-get="…" hx-trigger="changed" …>
//
// A part gets the event "changed" and htmx fetches it again. The status socket says when; where
// it is not open, every two seconds do. A part that comes back without "watch" is no longer told.

const POLL_MS = 2000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const SIGNED_OUT = 4401;
const OPEN = 1;

const parts = new Set();
let socket = null;
let waitMs = FIRST_WAIT_MS;
let retry = 0;
let timer = 0;
let announced = "";

function watched() {
  return [...new Set([...parts].flatMap((part) => part.names))];
}

function tell(part) {
  part.dispatchEvent(new CustomEvent("changed"));
}

function announce() {
  const names = watched();
  const said = names.join(" ");
  if (socket?.readyState === OPEN && said !== announced) {
    socket.send(JSON.stringify({ watch: names }));
    announced = said;
  }
}

function connect() {
  clearTimeout(retry);
  retry = 0;
  if (socket || !parts.size) {
    return;
  }
  const address = new URL("/status/ws", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(address);
  socket = opened;
  announced = "";
  opened.addEventListener("open", announce);
  opened.addEventListener("message", (event) => {
    waitMs = FIRST_WAIT_MS; // it works: the next break is a new one
    const { changed = [] } = JSON.parse(event.data);
    for (const part of parts) {
      if (part.names.some((name) => changed.includes(name))) {
        tell(part);
      }
    }
  });
  opened.addEventListener("close", (event) => {
    if (socket !== opened) {
      return; // closed by us
    }
    socket = null;
    if (event.code === SIGNED_OUT) {
      location.reload();
    } else if (parts.size) {
      retry = setTimeout(connect, waitMs * (0.5 + Math.random()));
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  });
}

function disconnect() {
  clearTimeout(retry);
  retry = 0;
  const closing = socket;
  socket = null;
  closing?.close();
}

function poll() {
  if (socket?.readyState !== OPEN && !document.hidden) {
    parts.forEach(tell);
  }
}

function follow() {
  clearInterval(timer);
  timer = parts.size ? setInterval(poll, POLL_MS) : 0;
  if (!parts.size) {
    disconnect();
  } else if (!socket && !retry) {
    connect();
  }
  announce();
}

class LivePart extends HTMLElement {
  static observedAttributes = ["watch"];

  get names() {
    return (this.getAttribute("watch") ?? "").split(" ").filter(Boolean);
  }

  connectedCallback() {
    this.#settle();
  }

  disconnectedCallback() {
    this.#settle();
  }

  attributeChangedCallback() {
    this.#settle();
  }

  #settle() {
    const known = parts.has(this);
    if (this.isConnected && this.names.length) {
      parts.add(this);
    } else {
      parts.delete(this);
    }
    if (known !== parts.has(this)) {
      queueMicrotask(follow); // a morph takes attributes away and gives them back
    } else if (known) {
      announce();
    }
  }
}

customElements.define("live-part", LivePart);

// A page in the browser's cache holds no socket, and asks anew when it comes back.
addEventListener("pagehide", disconnect);
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    parts.forEach(tell);
    connect();
  }
});

// A part whose page is gone, or whose viewer signed out, is not swapped: the whole page says why.
document.addEventListener("htmx:before:response", (event) => {
  const { raw, status } = event.detail.ctx.response;
  const signedOut = raw.redirected && new URL(raw.url).pathname === "/sign-in/";
  // An asker that is gone by now leaves the document as the target.
  if (event.target.closest?.("live-part") && (signedOut || status === 404)) {
    event.preventDefault();
    location.reload();
  }
});

export function toast(text) {
  const note = document.createElement("p");
  note.className = "message toast";
  note.dataset.tone = "bad";
  note.textContent = text;
  document.querySelector("#toasts")?.replaceChildren(note);
  setTimeout(() => note.remove(), 10_000);
}

document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response.status >= 500) {
    toast("Something failed on the server. What the page shows may be old: load it again.");
  }
});

document.addEventListener("htmx:error", (event) => {
  if (!(event.target instanceof LivePart)) {
    toast("The server did not answer. Check that it runs, and try again.");
  } else if (!document.querySelector("#toasts .toast")) {
    toast("The server does not answer. This page goes on by itself when it does.");
  }
});
