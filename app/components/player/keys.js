// The keyboard: one table that the handler and the legend behind `?` both read.

const STEPS = ["ArrowLeft", "ArrowRight", ",", ".", "<", ">"];
const ACTIONS = [
  ["Play", [
    [["Space", "K"], "play or pause", (p) => p.controls.togglePlay(), [" ", "k"]],
    [["←", "→", ",", "."], "one frame back or on; with Shift, ten", (p, e) => p.step(stepOf(e)), STEPS],
    [["Home", "End"], "first or last frame", (p, e) => p.goTo(e.key === "Home" ? 0 : Infinity), ["Home", "End"]],
    [["G"], "go to a frame by its number", (p) => p.controls.askFrame(), ["g"]],
    [["Q", "E"], "one frame back or on in B (right) alone; with Shift, in A", (p, e) => p.stepAlone(e), ["q", "e"]],
    [["V"], "both on the same frame again", (p) => p.pair.align(), ["v"]],
    [["M"], "go to the worst frame; again: the next worst", (p) => p.worst.worst(), ["m"]],
    [["N"], "go where the two curves are furthest apart", (p) => p.worst.gap(), ["n"]],
    [["J", "L"], "slower or faster", (p, e) => p.controls.changeSpeed(e.key.toLowerCase() === "j" ? -1 : 1), ["j", "l"]],
    [["I", "O"], "loop from here or to here", (p, e) => p.controls.setLoopEnd(e.key.toLowerCase()), ["i", "o"]],
    [["U"], "clear the loop's ends", (p) => p.controls.clearLoop(), ["u"]],
    [["R"], "loop on or off", (p) => p.controls.toggleLoop(), ["r"]],
  ]],
  ["Look", [
    [["W"], "wipe", (p) => p.view.set({ mode: "wipe" }), ["w"]],
    [["S"], "side by side", (p) => p.view.set({ mode: "side" }), ["s"]],
    [["D"], "difference", (p) => p.view.set({ mode: "difference" }), ["d"]],
    [["H"], "error map of the exact frames; again: of the next pair", (p) => p.showHeat(), ["h"]],
    [["X"], "flip between the two", (p) => p.view.flip(), ["x"]],
    [["A", "B"], "only the one or the other", (p, e) => p.view.set({ mode: "flip", side: e.key.toLowerCase() }), ["a", "b"]],
    [["[", "]"], "move the wipe, or halve and double the gain", (p, e) => moveOrGain(p, e.key === "[" ? -1 : 1), ["[", "]"]],
    [["+", "−", "0"], "zoom in, out, fit (also Ctrl and wheel)", (p, e) => zoomBy(p, e.key), ["+", "=", "-", "_", "0"]],
    [["Alt", "arrows"], "move the picture when zoomed (also drag, two fingers)", null, []],
    [["P"], "magnifier: the pixels under the pointer and their values", (p) => p.magnifier.toggle(), ["p"]],
    [["F"], "full screen", (p) => p.toggleFullScreen(), ["f"]],
    [["?"], "show or hide these keys", (p) => p.controls.toggleLegend(), ["?"]],
  ]],
];

const BOUND = new Map(
  ACTIONS.flatMap(([, rows]) => rows.flatMap(([, , run, keys]) => keys.map((key) => [key.toLowerCase(), run]))),
);
const PAN = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Keys {
  constructor(player) {
    this.player = player;
    player.element.addEventListener("keydown", (event) => this.onKey(event));
    fillLegend(player.element.querySelector(".legend .keys"));
  }

  onKey(event) {
    const { player } = this;
    if (event.key === "Escape" && player.controls.closeLegend()) {
      event.stopPropagation();
      return;
    }
    const field = event.target.closest("input:not([type=range]), select");
    if (field) {
      event.stopPropagation(); // Streamlit's own one-letter keys must not act on what is typed here
      return;
    }
    if (event.target.closest("button") && (event.key === " " || event.key === "Enter")) return;
    if (event.ctrlKey || event.metaKey) return;
    const pan = event.altKey && PAN[event.key];
    const run = pan ? (p) => p.zoom.pan(pan[0] / 8, pan[1] / 8) : event.altKey ? null : BOUND.get(event.key.toLowerCase());
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run(player, event);
  }
}

function stepOf(event) {
  const back = ["ArrowLeft", ",", "<"].includes(event.key);
  const far = event.shiftKey || event.key === "<" || event.key === ">";
  return (back ? -1 : 1) * (far ? 10 : 1);
}

function moveOrGain(player, direction) {
  if (["difference", "heat"].includes(player.view.state.mode)) player.controls.changeGain(direction);
  else player.view.setWipe(player.view.state.wipe + direction * 0.05);
}

function zoomBy(player, key) {
  if (key === "0") player.zoom.reset();
  else player.zoom.zoomAt(key === "+" || key === "=" ? Math.SQRT2 : Math.SQRT1_2);
}

function fillLegend(element) {
  for (const [title, rows] of ACTIONS) {
    const list = document.createElement("dl");
    const heading = document.createElement("h4");
    heading.textContent = title;
    list.append(heading);
    for (const [names, what] of rows) {
      const row = document.createElement("div");
      const keys = document.createElement("dt");
      for (const name of names) {
        const key = document.createElement("kbd");
        key.textContent = name;
        keys.append(key);
      }
      const meaning = document.createElement("dd");
      meaning.textContent = what;
      row.append(keys, meaning);
      list.append(row);
    }
    element.append(list);
  }
}
