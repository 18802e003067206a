// How the two pictures are put together: the mode, the wipe's place, the gain, the flipped side. CSS does the drawing.

const REVEALING = ["difference", "heat"]; // modes that tell without an eye whether two pictures are the same
export const GAINS = [1, 2, 4, 8, 16, 32];

export class View {
  constructor(element, before) {
    this.element = element;
    this.stage = element.querySelector(".stage");
    this.handle = element.querySelector(".handle");
    this.state = before ?? { mode: "wipe", wipe: 0.5, gains: { difference: 4, heat: 16 }, side: "a", pair: "b-source" };
    this.blind = false;
    this.changed = () => {};
    this.handle.addEventListener("keydown", (event) => this.onHandleKey(event));
    this.apply();
  }

  configure({ width, height, a, b, blind }) {
    this.ratio = width / height;
    this.size = [width, height];
    this.labels = [a.label, b.label];
    this.names = blind ? this.labels : ["A", "B"]; // a blind test has letters of its own
    this.blind = blind;
    this.element.toggleAttribute("data-blind", blind);
    this.set({});
  }

  set(change) {
    Object.assign(this.state, change);
    if (this.blind && REVEALING.includes(this.state.mode)) this.state.mode = "wipe";
    this.apply();
  }

  /** Of the difference, and of the error map, whose colours want more. */
  get gain() {
    return this.state.gains[this.gainOf];
  }

  get gainOf() {
    return this.state.mode === "heat" ? "heat" : "difference";
  }

  setGain(gain) {
    this.set({ gains: { ...this.state.gains, [this.gainOf]: gain } });
  }

  flip() {
    const { mode, side } = this.state;
    this.set({ mode: "flip", side: mode === "flip" && side === "a" ? "b" : mode === "flip" ? "a" : "b" });
  }

  setWipe(place) {
    this.set({ wipe: Math.max(0, Math.min(1, place)) });
  }

  onHandleKey(event) {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.setWipe(this.state.wipe + by * (event.shiftKey ? 5 : 1));
  }

  apply() {
    const { mode, wipe, side } = this.state;
    const { gain } = this;
    Object.assign(this.element.dataset, { mode, side });
    const set = (name, value) => this.element.style.setProperty(name, value);
    set("--wipe", `${(wipe * 100).toFixed(3)}%`);
    set("--gain", gain);
    if (this.ratio) set("--ratio", (mode === "side" ? 2 * this.ratio : this.ratio).toFixed(5));
    this.handle.setAttribute("aria-valuenow", Math.round(wipe * 100));
    for (const button of this.element.querySelectorAll("button[data-mode]")) {
      button.setAttribute("aria-pressed", button.dataset.mode === mode);
    }
    const gains = this.element.querySelector(".gain select");
    if (gains.value !== String(gain)) gains.value = String(gain);
    this.changed();
  }
}
