// The page of a comparison: both sides as a chart around a bar, and how far apart they are.

import { ParityChart } from "./parity/chart.js";
import { ParityErrors } from "./parity/errors.js";

customElements.define("parity-chart", ParityChart);
customElements.define("parity-errors", ParityErrors);

/** <bars-around>: a scrolled table of bars, whose marked one is in the middle at first. */
class BarsAround extends HTMLElement {
  connectedCallback() {
    const [box, marked] = [this.querySelector(".scroll"), this.querySelector("[aria-current]")];
    if (box && marked) {
      box.scrollTop = marked.offsetTop - (box.clientHeight - marked.offsetHeight) / 2;
    }
  }
}

customElements.define("bars-around", BarsAround);
