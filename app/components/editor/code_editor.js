// One document: what is typed, when Python hears of it, and what may replace it.
import { createExtensions, showPosition } from "./extensions.js";
import { applyDiff, acceptedBaseline, resolveAll, showChangeCount } from "./diff.js";
import { showDiagnostics, showProblemCount } from "./problems.js";
import { applyTheme } from "./theme.js";

export class CodeEditor {
  constructor(data) {
    this.data = data;
    this.attached = false;
    this.view = null;
    this.revision = null;
    this.dirty = false; // the text or the accepted baseline differs from what Python last heard
    this.sentBaselines = new Set(); // that Python has heard of and may not have given back yet
    this.timer = 0;
    this.flush = this.flush.bind(this);
  }

  attach(frame, data) {
    this.attached = true;
    this.frame = frame;
    this.part = (selector) => frame.querySelector(selector);
    // Streamlit's one-letter hotkeys (R, C) listen on the document and do not see that a text field in here has focus.
    frame.addEventListener("keydown", (event) => event.stopPropagation());
    // On its way to a link or button: a rerun asked for only on blur could overtake the page switch of a quick click.
    frame.addEventListener("pointerleave", this.flush);
    frame.style.height = `${data.height}px`;
    this.part(".changes").onclick = (event) => {
      const action = event.target.closest("button")?.dataset.do;
      if (action && this.view) resolveAll(this.cm, this.view, action);
    };
    this.part(".problems").onclick = () => {
      this.cm.nextDiagnostic(this.view);
      this.view.focus();
    };
    this.part(".notice button").onclick = () => this.open();
    window.addEventListener("pagehide", this.flush);
    if (!this.view) {
      this.data = data;
      this.open();
      return;
    }
    this.part(".host").append(this.view.dom);
    this.view.setRoot(frame.getRootNode());
    const newer = data.revision === this.revision && this.text() !== data.text;
    this.update(data);
    this.view.dispatch({ effects: this.scroll });
    showChangeCount(this);
    showProblemCount(this);
    showPosition(this);
    if (newer) {
      this.dirty = true; // the last keys before the element went away never reached Python
      this.flush();
    }
  }

  detach() {
    this.flush();
    window.removeEventListener("pagehide", this.flush);
    this.attached = false;
    if (!this.view) return;
    this.scroll = this.view.scrollSnapshot();
    this.view.dom.remove();
  }

  async open() {
    const notice = this.part(".notice");
    notice.hidden = true;
    this.tries = (this.tries ?? 0) + 1;
    const url = new URL(this.data.bundle_url, document.baseURI);
    if (this.tries > 1) url.searchParams.set("try", this.tries); // a failed import is remembered by its URL
    try {
      this.cm = await import(url.href);
    } catch (error) {
      notice.hidden = false;
      notice.firstElementChild.textContent = `The editor's code did not load from ${url.pathname} (${error.message}).`;
      return;
    }
    if (!this.attached || this.view) return;
    this.slots = { theme: new this.cm.Compartment(), lock: new this.cm.Compartment(), diff: new this.cm.Compartment() };
    this.fromPython = this.cm.Annotation.define();
    this.revision = this.data.revision;
    this.view = new this.cm.EditorView({
      parent: this.part(".host"),
      root: this.frame.getRootNode(),
      state: this.cm.EditorState.create({ doc: this.data.text, extensions: createExtensions(this) }),
    });
    this.update(this.data);
    showPosition(this);
  }

  /** Bring the view to what Python says; safe to call with the same data any number of times. */
  update(data) {
    this.data = data;
    if (!this.view) return;
    const replaced = data.revision !== this.revision;
    if (replaced) this.replace(data.text, data.revision);
    this.frame.querySelector(".hint").textContent = data.read_only
      ? "read only"
      : `${/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"}+Enter to ${data.submit_label}`;
    applyTheme(this);
    if (this.locked !== data.read_only) {
      this.locked = data.read_only;
      this.view.dispatch({ effects: this.slots.lock.reconfigure(this.cm.EditorState.readOnly.of(data.read_only)) });
    }
    applyDiff(this);
    showDiagnostics(this, replaced);
  }

  /** Another revision: one change that undo takes back, as small as it can be so that cursor and folds stay. */
  replace(text, revision) {
    this.flush();
    this.sentBaselines.clear();
    this.revision = revision;
    const old = this.text();
    const shorter = Math.min(old.length, text.length);
    let head = 0;
    while (head < shorter && old[head] === text[head]) head++;
    let tail = 0;
    while (tail < shorter - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
    if (head === old.length && head === text.length) return;
    this.view.dispatch({
      changes: { from: head, to: old.length - tail, insert: text.slice(head, text.length - tail) },
      annotations: [this.fromPython.of(true), this.cm.isolateHistory.of("full")],
    });
  }

  text() {
    return this.view.state.doc.toString();
  }

  changed() {
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.flush, this.data.debounce_ms);
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.dirty || !this.view) return;
    this.dirty = false;
    const baseline = acceptedBaseline(this);
    if (this.acceptedDoc) this.sentBaselines.add(baseline);
    this.send.state("edit", { text: this.text(), revision: this.revision, baseline });
  }

  submit() {
    if (this.data.read_only) return false;
    this.flush();
    this.send.trigger("submit", { text: this.text(), revision: this.revision });
    return true;
  }
}
