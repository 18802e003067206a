// The magnifier: the surroundings of a pixel on both sides, enlarged, with the values of the pixel in the middle.

const SIDE = 11; // pixels across
const SCALE = 12; // screen pixels a pixel

export class Magnifier {
  constructor(element, view, zoom, exact, samples) {
    this.panel = element.querySelector(".magnifier");
    this.canvases = [...this.panel.querySelectorAll("canvas")];
    this.values = [...this.panel.querySelectorAll(".values")];
    this.button = element.querySelector("[data-do=magnify]");
    Object.assign(this, { view, zoom, exact, samples, on: false, at: null, changed: () => {} });
    for (const canvas of this.canvases) canvas.width = canvas.height = SIDE * SCALE;
    view.stage.addEventListener("pointermove", (event) => this.onMove(event));
    view.stage.addEventListener("pointerdown", (event) => this.onMove(event));
  }

  toggle() {
    this.on = !this.on && !this.view.blind;
    if (!this.at) this.at = this.view.size.map((n) => Math.floor(n / 2));
    this.button.setAttribute("aria-pressed", this.on);
    this.changed();
  }

  onMove(event) {
    if (!this.on || event.target.closest("button, .legend")) return;
    const [width, height] = this.view.size;
    const [x, y] = this.zoom.pixelAt(event);
    this.at = [Math.max(0, Math.min(width - 1, x)), Math.max(0, Math.min(height - 1, y))];
    const box = this.view.stage.getBoundingClientRect();
    this.panel.classList.toggle("above", event.clientY > box.top + box.height / 2); // never under the pointer
    this.changed();
  }

  /** `still`: the samples that are here belong to the frames that are shown. */
  show(still) {
    this.panel.hidden = !this.on;
    if (!this.on) return;
    const [x, y] = this.at;
    const yuv = this.exact.shown && still && this.samples.pixel(x, y);
    const values = yuv || this.exact.pixel(x, y);
    const said = this.panel.querySelector(".said");
    const what = yuv ? "Y, U, V samples as decoded" : "R, G, B of the exact picture";
    said.textContent = values ? `Pixel ${x}, ${y}: ${what}` : `Pixel ${x}, ${y}: only lossy previews here. Pause for values.`;
    this.canvases.forEach((canvas, i) => {
      const names = yuv ? "YUV" : "RGB";
      this.values[i].textContent = values ? values[i].map((v, k) => `${names[k]} ${v}`).join("  ") : "–";
      this.paint(canvas, this.exact.shown ? this.exact.canvases[i] : null, x, y);
    });
  }

  paint(canvas, picture, x, y) {
    const g = canvas.getContext("2d");
    g.fillStyle = "#000";
    g.fillRect(0, 0, canvas.width, canvas.height);
    if (!picture) return;
    g.imageSmoothingEnabled = false;
    const half = (SIDE - 1) / 2;
    g.drawImage(picture, x - half, y - half, SIDE, SIDE, 0, 0, SIDE * SCALE, SIDE * SCALE);
    for (const [colour, out] of [["#fff", 1], ["#000", 2]]) {
      g.strokeStyle = colour;
      g.strokeRect(half * SCALE - out + 0.5, half * SCALE - out + 0.5, SCALE + 2 * out - 1, SCALE + 2 * out - 1);
    }
  }
}
