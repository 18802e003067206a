// What CodeMirror is set up with. Parts that change later sit in the editor's slots.
import { showChangeCount } from "./diff.js";
import { showProblemCount } from "./problems.js";

export function createExtensions(editor) {
  const { cm, slots } = editor;
  const submit = () => editor.submit();
  const save = () => {
    editor.flush();
    return true;
  };
  return [
    cm.keymap.of([
      { key: "Mod-Enter", run: submit, preventDefault: true },
      { key: "Mod-s", run: save, preventDefault: true },
      { key: "F7", run: cm.goToNextChunk, shift: cm.goToPreviousChunk },
    ]),
    cm.basicSetup,
    cm.keymap.of([cm.indentWithTab]),
    cm.python(),
    cm.indentUnit.of("    "),
    cm.EditorState.tabSize.of(4),
    cm.lintGutter(),
    cm.EditorView.contentAttributes.of({ "aria-label": `${editor.data.label}. Escape, then Tab leaves the editor.` }),
    slots.theme.of([]),
    slots.lock.of([]),
    slots.diff.of([]),
    cm.EditorView.updateListener.of((update) => onUpdate(editor, update)),
    cm.EditorView.domEventHandlers({ blur: () => editor.flush() }),
  ];
}

function onUpdate(editor, update) {
  const typed = update.docChanged && !update.transactions.every((t) => t.annotation(editor.fromPython));
  if (typed || showChangeCount(editor)) editor.changed();
  if (update.docChanged || update.selectionSet) showPosition(editor);
  showProblemCount(editor);
}

export function showPosition(editor) {
  const at = editor.view.state.selection.main.head;
  const line = editor.view.state.doc.lineAt(at);
  editor.part(".position").textContent = `Line ${line.number}, column ${at - line.from + 1}`;
}
