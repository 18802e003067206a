// The error map: how far the luma samples of two frames are apart, pixel by pixel, from exact samples alone.

const STOPS = [
  [0, 0, 0],
  [80, 18, 123],
  [183, 55, 121],
  [252, 137, 97],
  [252, 253, 191],
]; // black, violet, magenta, orange, cream: lighter is worse, also in print and for the colour-blind
const PEAK = 255;

const COLOURS = Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (STOPS.length - 1);
  const low = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[low].map((from, i) => Math.round(from + (STOPS[low + 1][i] - from) * (at - low)));
});

/** The pairs that can be mapped, by name: which frames, and how they are called. */
export const HEAT_PAIRS = {
  "a-source": { frames: ["a", "sourceOfA"], title: "A against source" },
  "b-source": { frames: ["b", "sourceOfB"], title: "B against source" },
  "a-b": { frames: ["a", "b"], title: "A against B" },
};

export class HeatMap {
  constructor(element, canvas, view, samples) {
    this.element = element;
    this.canvas = canvas;
    this.view = view;
    this.samples = samples;
    this.select = element.querySelector(".heat-pair select");
    this.select.addEventListener("change", () => view.set({ pair: this.select.value }));
    this.painted = "";
  }

  /** The pairs that there are: with the source as one of the two, only that one. */
  configure() {
    const names = this.samples.hasSource ? Object.keys(HEAT_PAIRS) : ["a-b"];
    this.select.replaceChildren(...names.map((name) => new Option(HEAT_PAIRS[name].title, name)));
    this.names = names;
    this.painted = "";
  }

  get pair() {
    const { pair } = this.view.state;
    return this.names?.includes(pair) ? pair : this.names?.at(-1);
  }

  /** To the next pair: what the key does when the map is shown already. */
  next() {
    const at = this.names.indexOf(this.pair);
    this.view.set({ mode: "heat", pair: this.names[(at + 1) % this.names.length] });
  }

  /** Draw for the frames that stand still; where there are no exact samples nothing is drawn, and that is said. */
  show(still) {
    const on = this.view.state.mode === "heat";
    const planes = on && still && HEAT_PAIRS[this.pair]?.frames.map((name) => this.samples.here?.[name]);
    const here = Boolean(planes && planes.every(Boolean));
    this.canvas.hidden = !here;
    const legend = this.element.querySelector(".heat-legend");
    legend.hidden = !on;
    if (!on) return;
    if (this.select.value !== this.pair) this.select.value = this.pair;
    const { gain } = this.view;
    legend.querySelector(".most").textContent = `≥ ${Math.round((10 * PEAK) / gain) / 10}`;
    if (!here) {
      this.painted = "";
      const gone = !this.samples.available || this.samples.failed;
      const why = gone ? "There are no exact samples here, so no error map." : "Pause for the error map: it is made of exact samples.";
      legend.querySelector(".said").textContent = `${why} What you see is the difference of the previews.`;
      return;
    }
    const what = [this.samples.at, this.pair, gain].join();
    if (what !== this.painted) {
      this.painted = what;
      legend.querySelector(".said").textContent = `${HEAT_PAIRS[this.pair].title}, luma: ${this.paint(...planes, gain)}`;
    }
  }

  /** Paints |one - two| times the gain; returns what was found, in words. */
  paint(one, two, gain) {
    const [width, height] = this.view.size;
    Object.assign(this.canvas, { width, height });
    const g = this.canvas.getContext("2d", { willReadFrequently: true });
    const image = g.createImageData(width, height);
    let [squares, most, mostX, mostY] = [0, 0, 0, 0];
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const error = Math.abs(one.data[y * one.width + x] - two.data[y * two.width + x]);
        squares += error * error;
        if (error > most) [most, mostX, mostY] = [error, x, y];
        const colour = COLOURS[Math.min(PEAK, error * gain)];
        const at = 4 * (y * width + x);
        image.data[at] = colour[0];
        image.data[at + 1] = colour[1];
        image.data[at + 2] = colour[2];
        image.data[at + 3] = 255;
      }
    }
    g.putImageData(image, 0, 0);
    if (!squares) return "identical.";
    const psnr = 10 * Math.log10((PEAK * PEAK * width * height) / squares);
    return `PSNR ${psnr.toFixed(2)} dB, largest error ${most} levels at ${mostX}, ${mostY}.`;
  }
}
