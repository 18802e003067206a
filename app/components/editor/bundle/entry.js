// What the editor uses of CodeMirror 6. `npm ci && npm run build` writes ../codemirror.bundle.js and ../LICENSES.txt.
export { basicSetup } from "codemirror";
export { Annotation, Compartment, EditorState } from "@codemirror/state";
export { EditorView, keymap } from "@codemirror/view";
export { indentWithTab, isolateHistory } from "@codemirror/commands";
export { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
export { lintGutter, nextDiagnostic, setDiagnostics } from "@codemirror/lint";
export {
  acceptChunk,
  getChunks,
  getOriginalDoc,
  goToNextChunk,
  goToPreviousChunk,
  rejectChunk,
  unifiedMergeView,
} from "@codemirror/merge";
export { python } from "@codemirror/lang-python";
export { tags } from "@lezer/highlight";
