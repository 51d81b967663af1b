// <period-strip>: a strip of bars, one a row of the table below it. What is pointed at is said in
// words; a click or Enter follows the row's link.

const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };

class PeriodStrip extends HTMLElement {
  #strip;
  #rows;
  #row = -1;

  connectedCallback() {
    this.#strip = this.querySelector(".strip");
    this.#rows = this.querySelector("tbody")?.rows ?? [];
    this.#strip.addEventListener("pointermove", (event) => this.#point(event));
    this.#strip.addEventListener("pointerdown", (event) => this.#point(event));
    this.#strip.addEventListener("click", () => this.#follow());
    this.#strip.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #point(event) {
    const { left, width } = this.#strip.firstElementChild.getBoundingClientRect();
    this.#show(Math.floor(((event.clientX - left) / width) * this.#rows.length));
  }

  #show(row) {
    this.#row = Math.max(0, Math.min(row, this.#rows.length - 1));
    const [name, bars, expected, missing] = [...this.#rows[this.#row].cells].map((cell) => cell.textContent);
    const cursor = this.querySelector(".cursor");
    cursor.setAttribute("x", this.#row * 10);
    cursor.setAttribute("visibility", "visible");
    this.querySelector(".said").textContent =
      `${name}: ${bars} ${bars === "1" ? "bar" : "bars"}; of ${expected} expected ${missing === "0" ? "none" : missing} missing`;
  }

  #follow() {
    this.#rows[this.#row]?.querySelector("a").click();
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in KEYS) {
      event.preventDefault();
      this.#show(this.#row < 0 && KEYS[event.key] > 0 ? 0 : this.#row + KEYS[event.key]);
    } else if (event.key === "Enter") {
      this.#follow();
    }
  }
}

customElements.define("period-strip", PeriodStrip);
