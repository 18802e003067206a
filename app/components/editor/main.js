// Entry of the editor component. Streamlit calls this on mount and on every change of data or theme.
import { CodeEditor } from "./code_editor.js";

const MAX_KEPT = 8;
const kept = new Map(); // key → CodeEditor; outlives the element, so that cursor, undo history and typing survive
const mounts = new WeakMap(); // Streamlit's root element → CodeEditor

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let editor = mounts.get(parentElement);
  if (!editor) {
    editor = kept.get(data.key);
    if (!editor || editor.attached) editor = new CodeEditor(data);
    kept.delete(data.key);
    kept.set(data.key, editor);
    mounts.set(parentElement, editor);
    forgetOldest();
    editor.send = { state: setStateValue, trigger: setTriggerValue };
    editor.attach(parentElement.querySelector(".editor"), data);
  } else {
    editor.send = { state: setStateValue, trigger: setTriggerValue };
    editor.update(data);
  }
  return () => {
    editor.detach();
    mounts.delete(parentElement);
  };
}

function forgetOldest() {
  for (const [key, editor] of kept) {
    if (kept.size <= MAX_KEPT) return;
    if (!editor.attached) kept.delete(key);
  }
}
