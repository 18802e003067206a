// Colours come from Streamlit's CSS variables, so they follow its theme by themselves; CodeMirror only has to be told
// whether that theme is dark, for what its own parts (tooltips, search panel) choose by.

export function applyTheme(editor) {
  const dark = isDark(editor.frame);
  if (dark === editor.dark) return;
  editor.dark = dark;
  editor.frame.dataset.theme = dark ? "dark" : "light";
  const { cm } = editor;
  editor.view.dispatch({
    effects: editor.slots.theme.reconfigure([
      cm.EditorView.theme({}, { dark }),
      cm.syntaxHighlighting(highlighting(cm)),
    ]),
  });
}

function isDark(element) {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#fff";
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

function highlighting(cm) {
  const t = cm.tags;
  const color = (name) => `var(--st-${name}-text-color)`;
  return cm.HighlightStyle.define([
    { tag: [t.keyword, t.operatorKeyword, t.modifier], color: color("violet") },
    { tag: [t.string, t.special(t.string)], color: color("green") },
    { tag: [t.number, t.bool, t.null, t.atom], color: color("orange") },
    { tag: t.comment, color: "var(--comment)", fontStyle: "italic" },
    { tag: [t.function(t.definition(t.variableName)), t.definition(t.className), t.className], color: color("blue") },
    { tag: [t.function(t.variableName), t.function(t.propertyName)], color: color("blue") },
    { tag: [t.meta, t.self], color: color("red") },
    { tag: t.invalid, color: color("red"), textDecoration: "underline" },
  ]);
}
