// <source-editor>: an editor of Python over the form's textarea, which stays what is sent.
//
// It lives in a shadow root, where its styles are constructed and not inline: the policy of
// content security lets no other in. What a check finds is marked at its place.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string), tags.docString], color: "var(--gain)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], fontWeight: "600" },
  { tag: tags.meta, color: "var(--warn)" },
  { tag: tags.invalid, color: "var(--loss)" },
]);

const look = EditorView.theme({
  "&": {
    height: "min(560px, 70vh)",
    background: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--control-border)",
    borderRadius: "var(--radius)",
    fontSize: "12px",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "18px", borderRadius: "var(--radius)" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": {
    background: "var(--raised)",
    color: "var(--muted)",
    borderRight: "1px solid var(--border)",
  },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--raised) 50%, transparent)" },
  ".cm-activeLineGutter": { background: "var(--raised)", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selected)",
  },
  ".cm-selectionMatch, .cm-searchMatch": { background: "var(--selected)" },
  ".cm-searchMatch-selected": { outline: "1px solid var(--accent)" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--selected)", outline: "1px solid var(--control-border)" },
  ".cm-panels": { background: "var(--raised)", color: "var(--text)", borderColor: "var(--border)" },
  ".cm-panel.cm-search": { padding: "8px", fontFamily: "var(--font)" },
  ".cm-panel button, .cm-panel input": {
    background: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--control-border)",
    borderRadius: "var(--radius)",
    font: "inherit",
    backgroundImage: "none",
  },
  ".cm-panel.cm-search label": { fontSize: "12px" },
  ".cm-tooltip": { background: "var(--raised)", color: "var(--text)", border: "1px solid var(--control-border)" },
  ".cm-diagnostic": { fontFamily: "var(--font)", fontSize: "12px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--loss)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-foldPlaceholder": { background: "var(--raised)", color: "var(--muted)", border: "1px solid var(--border)" },
});

// Where a browser types over what is selected, it writes the look of it into the text: inline
// styles, which the policy refuses. So the editor does that itself.
function replaceSelected(event, view) {
  const { main } = view.state.selection;
  if (event.inputType !== "insertText" || event.data === null || main.empty || view.composing) {
    return false;
  }
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true; // and so the browser does nothing
}

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

class SourceEditor extends HTMLElement {
  #area = null;
  #view = null;
  #kept = "";
  #found = null;
  #left = new AbortController();

  connectedCallback() {
    if (this.#view) {
      return; // moved, not made
    }
    this.#area = this.querySelector("textarea");
    this.#kept = this.#area.value;
    const root = this.attachShadow({ mode: "open" });
    this.#view = new EditorView({ parent: root, root, state: this.#begin(this.#kept) });
    this.#area.required = false; // a field that cannot be shown cannot complain; the server does
    const { signal } = this.#left;
    const { form } = this.#area;
    this.querySelector("label").addEventListener("click", () => this.#view.focus(), { signal });
    form.addEventListener("submit", () => {
      this.#kept = this.#area.value; // it leaves with the form
    }, { signal });
    form.addEventListener("click", (event) => this.#go(event), { signal });
    addEventListener("beforeunload", (event) => {
      if (this.#area.value !== this.#kept) {
        event.preventDefault();
      }
    }, { signal });
    addEventListener("pageshow", () => this.#restore(), { signal });
    this.#found = new MutationObserver(() => this.#mark());
    this.#found.observe(form, { childList: true, subtree: true });
    for (const hint of form.querySelectorAll("[data-needs-script]")) {
      hint.hidden = false;
    }
    this.#mark();
    if (this.hasAttribute("focus") && form.querySelector("[autofocus]") === null) {
      this.#view.focus();
    }
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#left.abort();
        this.#found?.disconnect();
        this.#view?.destroy();
      }
    });
  }

  /** What a test or a person's tools may ask: the text, and what is marked in it. */
  snapshot() {
    return { text: this.#view.state.doc.toString(), marks: this.#read().length };
  }

  #begin(text) {
    return EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        foldGutter(),
        lintGutter(),
        highlightSpecialChars(),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        bracketMatching(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        search({ top: true }),
        python(),
        syntaxHighlighting(colours),
        look,
        keymap.of([
          { key: "Mod-s", preventDefault: true, run: () => this.#press("save") },
          { key: "Mod-Enter", run: () => this.#press("check") },
          ...defaultKeymap,
          ...historyKeymap,
          ...searchKeymap,
          ...foldKeymap,
          ...lintKeymap,
          indentWithTab,
        ]),
        EditorView.contentAttributes.of({
          "aria-label": "Source",
          "aria-multiline": "true",
          spellcheck: "false",
          autocapitalize: "off",
          tabindex: "0", // what it scrolls in is reached so
        }),
        EditorView.domEventHandlers({ beforeinput: (event, view) => replaceSelected(event, view) }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) {
            this.#area.value = update.state.doc.toString();
          }
        }),
      ],
    });
  }

  #press(action) {
    this.#area.form.querySelector(`button[name=action][value=${action}]`)?.click();
    return true;
  }

  // The browser gives a field its text back when somebody returns to the page.
  #restore() {
    const text = this.#area.value;
    if (text !== this.#view.state.doc.toString()) {
      this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
    }
  }

  #go(event) {
    const item = event.target.closest("[data-go]")?.closest("[data-line]");
    if (!item) {
      return;
    }
    event.preventDefault();
    const at = this.#place(item.dataset.line, item.dataset.column);
    this.#view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.#view.focus();
  }

  #read() {
    return [...this.#area.form.querySelectorAll("#checked [data-line]")];
  }

  #mark() {
    const marks = this.#read().map((item) => {
      const { line, column, endLine, endColumn, severity, code } = item.dataset;
      const from = this.#place(line, column);
      const message = `${code}: ${item.querySelector(".said").textContent}`;
      return { from, to: Math.max(this.#place(endLine, endColumn), from), severity, message };
    });
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  // Lines and columns count from 1; the text may have changed since they were counted.
  #place(line, column) {
    const { doc } = this.#view.state;
    const found = doc.line(Math.min(Math.max(Number(line), 1), doc.lines));
    return Math.min(found.from + Math.max(Number(column) - 1, 0), found.to);
  }
}

customElements.define("source-editor", SourceEditor);

if (MAC) {
  for (const hint of document.querySelectorAll("[data-needs-script]")) {
    hint.textContent = hint.textContent.replaceAll("Ctrl+", "⌘");
  }
}
