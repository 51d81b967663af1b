// <source-code>: Python that is read, in colours. Without this it stands in one.
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/python";

class SourceCode extends HTMLElement {
  connectedCallback() {
    const lines = [...this.querySelectorAll(".line")];
    const text = lines.map((line) => line.textContent).join("");
    const drawn = lines.map(() => []);
    let at = 0;
    const put = (part) => {
      drawn[at]?.push(part);
    };
    highlightCode(
      text,
      parser.parse(text),
      classHighlighter,
      (code, classes) => {
        const part = document.createElement("span");
        part.className = classes;
        part.textContent = code;
        put(classes ? part : code);
      },
      () => {
        put("\n");
        at += 1;
      },
    );
    lines.forEach((line, index) => line.replaceChildren(...drawn[index]));
  }
}

customElements.define("source-code", SourceCode);
