// What every page has: htmx, copying, sorting of small tables, jobs as they go, sending files.
// Pages work without it.
import "htmx.org";
import "./log-tail.js";
import "./status.js";
import "./upload.js";

class CopyText extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const label = button.textContent;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), 1500);
    });
  }
}

/** The figure in a text, whatever sign or arrow stands before it; what has none is the least. */
function toNumber(text) {
  const [found] = text.replaceAll(",", "").replace("−", "-").match(/-?\d+(\.\d+)?/) ?? ["-Infinity"];
  return Number(found);
}

class SortableTable extends HTMLElement {
  connectedCallback() {
    for (const [index, header] of [...this.querySelectorAll("thead th")].entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => this.#sort(header, index));
      header.append(button);
    }
  }

  #sort(header, index) {
    const falls = header.getAttribute("aria-sort") === "ascending";
    for (const other of this.querySelectorAll("thead th")) {
      other.removeAttribute("aria-sort");
    }
    header.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const body = this.querySelector("tbody");
    const numeric = header.classList.contains("num");
    const value = (row) => {
      const text = row.cells[index].textContent.trim();
      return numeric ? toNumber(text) : text;
    };
    const rows = [...body.rows].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return (a < b ? -1 : a > b ? 1 : 0) * (falls ? -1 : 1);
    });
    body.append(...rows);
  }
}

// Chooses every row at once, and says how many are chosen. With the attribute `keys`, the keyboard
// moves from row to row (the focus is on a row's link, so Enter opens it), chooses and compares.
class ChooseRows extends HTMLElement {
  #left = new AbortController();

  connectedCallback() {
    this.#left = new AbortController();
    if (this.hasAttribute("keys")) {
      const { signal } = this.#left;
      document.addEventListener("keydown", (event) => this.#press(event), { signal });
    }
    this.addEventListener("change", (event) => {
      if (event.target.matches("[data-all]")) {
        for (const box of this.#boxes()) {
          box.checked = event.target.checked;
        }
      }
      this.#count();
    });
    this.#count();
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  #press(event) {
    const { key, target } = event;
    const isTyping = target.closest("input:not([type=checkbox]), select, textarea, dialog, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const row = target.closest("tbody tr");
    const isHere = row !== null && this.contains(row);
    const keys = {
      j: () => this.#move(row, 1),
      k: () => this.#move(row, -1),
      ArrowDown: isHere ? () => this.#move(row, 1) : undefined,
      ArrowUp: isHere ? () => this.#move(row, -1) : undefined,
      x: isHere ? () => row.querySelector("input[type=checkbox]").click() : undefined,
      c: () => this.#compare(),
      "?": () => this.#explain(),
    };
    if (keys[key]) {
      event.preventDefault();
      keys[key]();
    }
  }

  #move(row, step) {
    const rows = [...this.querySelectorAll("tbody tr")];
    const next = row === null ? 0 : rows.indexOf(row) + step;
    rows[Math.min(Math.max(next, 0), rows.length - 1)].querySelector("a").focus();
  }

  #compare() {
    const chosen = this.#boxes().filter((box) => box.checked).length;
    if (chosen < 2) {
      this.querySelector("[data-count]").textContent = `${chosen} chosen, choose 2 to 6 to compare:`;
      return;
    }
    this.querySelector("button[value=compare]").click();
  }

  #explain() {
    const help = this.querySelector("details.keys");
    help.open = !help.open;
    help.querySelector("summary").focus();
  }

  #boxes() {
    return [...this.querySelectorAll("tbody input[type=checkbox]")];
  }

  #count() {
    const boxes = this.#boxes();
    const chosen = boxes.filter((box) => box.checked).length;
    const all = this.querySelector("[data-all]");
    all.hidden = false;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
    this.querySelector("[data-count]").textContent = `${chosen} chosen:`;
  }
}

customElements.define("choose-rows", ChooseRows);
customElements.define("copy-text", CopyText);
customElements.define("sortable-table", SortableTable);
