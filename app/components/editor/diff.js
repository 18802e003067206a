// The unified diff against a baseline. Rejecting a change edits the text; accepting one edits the baseline.

/** Show or hide the diff as the data says. Accepted changes hold until Python gives another baseline. */
export function applyDiff(editor) {
  const { cm, view, data } = editor;
  if (data.baseline !== editor.givenBaseline) {
    editor.givenBaseline = data.baseline;
    const kept = editor.acceptedDoc?.toString() === data.baseline; // Python kept what was accepted
    const late = !kept && editor.acceptedDoc && editor.sentBaselines.has(data.baseline); // or what was before that
    if (!late) {
      if (!kept) editor.shownDiff = null;
      editor.acceptedDoc = null;
      editor.sentBaselines.clear();
    }
  }
  const shown = data.show_diff && data.baseline != null ? `${data.read_only}` : "none";
  if (shown === editor.shownDiff) return;
  editor.shownDiff = shown;
  const original = editor.acceptedDoc ?? data.baseline;
  const merge = {
    original,
    mergeControls: !data.read_only,
    gutter: true,
    collapseUnchanged: { margin: 3, minSize: 8 },
  };
  view.dispatch({ effects: editor.slots.diff.reconfigure(shown === "none" ? [] : cm.unifiedMergeView(merge)) });
  editor.lastOriginal = shown === "none" ? null : cm.getOriginalDoc(view.state);
  showChangeCount(editor);
}

/** Update the bar over the text. True where a change was accepted into the baseline since the last call. */
export function showChangeCount(editor) {
  const { cm, view } = editor;
  const bar = editor.part(".changes");
  const found = cm.getChunks(view.state);
  bar.hidden = !found;
  if (!found) return false;
  const count = found.chunks.length;
  editor.part(".count").textContent = count ? `${count} change${count > 1 ? "s" : ""}` : "No changes";
  for (const button of bar.querySelectorAll("button")) button.disabled = !count;
  for (const action of ["accept", "reject"]) {
    bar.querySelector(`[data-do=${action}]`).hidden = editor.data.read_only;
  }
  const original = cm.getOriginalDoc(view.state);
  const accepted = editor.lastOriginal != null && original !== editor.lastOriginal;
  editor.lastOriginal = original;
  if (accepted) editor.acceptedDoc = original;
  return accepted;
}

export function acceptedBaseline(editor) {
  return editor.acceptedDoc ? editor.acceptedDoc.toString() : editor.data.baseline;
}

export function resolveAll(cm, view, action) {
  if (action === "next") cm.goToNextChunk(view);
  else if (action === "previous") cm.goToPreviousChunk(view);
  else {
    const resolve = action === "accept" ? cm.acceptChunk : cm.rejectChunk;
    let left = cm.getChunks(view.state).chunks.length;
    while (left-- > 0) {
      const first = cm.getChunks(view.state).chunks[0];
      if (!first || !resolve(view, first.fromB)) break;
    }
  }
  view.focus();
}
