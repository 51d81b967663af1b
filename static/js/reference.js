// Tries an operation of the API from its reference: sends the form, shows the answer.
const MOST_SHOWN = 20_000; // characters

class ApiCall extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.querySelector("[data-needs-script]").hidden = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  async #send() {
    const status = this.querySelector("[data-status]");
    const shown = this.querySelector("[data-answer]");
    status.textContent = "Asking…";
    try {
      const start = performance.now();
      const answer = await fetch(this.#address(), this.#request());
      const text = await answer.text();
      status.textContent = `${answer.status} ${answer.statusText}, ${Math.round(performance.now() - start)} ms`;
      shown.textContent = readable(text, answer.headers.get("Content-Type") ?? "");
      shown.hidden = !text;
    } catch (error) {
      status.textContent = `No answer: ${error.message}`;
    }
  }

  #address() {
    const query = new URLSearchParams();
    let path = this.getAttribute("path");
    for (const input of this.form.querySelectorAll("input[data-in]")) {
      if (input.dataset.in === "path") {
        path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      } else if (input.dataset.in === "query" && input.value) {
        query.set(input.name, input.value);
      }
    }
    return query.size ? `${path}?${query}` : path;
  }

  #request() {
    const method = this.getAttribute("method");
    const headers = {};
    if (method !== "GET") {
      headers["X-CSRFToken"] = /(?:^|; )hewston_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
      headers["Content-Type"] = "application/json";
    }
    for (const input of this.form.querySelectorAll("input[data-in=header]")) {
      if (input.value) {
        headers[input.name] = input.value;
      }
    }
    return { method, headers, body: this.form.querySelector("[data-in=body]")?.value };
  }
}

function readable(text, type) {
  const cut = text.length > MOST_SHOWN;
  const whole = type.startsWith("application/json") && !cut ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return cut ? `${whole.slice(0, MOST_SHOWN)}\n… ${text.length - MOST_SHOWN} more characters` : whole;
}

customElements.define("api-call", ApiCall);

// A link to one operation opens it.
const linked = document.getElementById(location.hash.slice(1));
if (linked?.matches("details")) {
  linked.open = true;
}
