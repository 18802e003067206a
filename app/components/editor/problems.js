// Diagnostics from Python in the gutter, and their number under the text.

/** Set the diagnostics where they are new; in between CodeMirror itself moves them along with the typing. */
export function showDiagnostics(editor, replaced) {
  const { cm, view, data } = editor;
  const given = JSON.stringify(data.diagnostics);
  if (given === editor.givenDiagnostics && !replaced) return;
  editor.givenDiagnostics = given;
  const { doc } = view.state;
  const marks = data.diagnostics.map(({ line, message, severity }) => {
    const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    return { from: from + (text.length - text.trimStart().length), to, message, severity };
  });
  view.dispatch(cm.setDiagnostics(view.state, marks));
  showProblemCount(editor);
}

export function showProblemCount(editor) {
  const button = editor.part(".problems");
  const count = (severity) => editor.data.diagnostics.filter((d) => d.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const words = [];
  if (errors) words.push(`${errors} error${errors > 1 ? "s" : ""}`);
  if (warnings) words.push(`${warnings} warning${warnings > 1 ? "s" : ""}`);
  button.hidden = !words.length;
  button.textContent = words.join(", ");
  button.dataset.severity = errors ? "error" : "warning";
}
