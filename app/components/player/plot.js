// PSNR and bits of every frame as a small chart that is also a way to get to a frame.

const PAD = { left: 34, right: 7, top: 8, bottom: 4 }; // left and right as the scrub bar's ends, see player.css

export class Plot {
  constructor(element, goTo) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.goTo = goTo;
    this.series = [];
    this.frames = 1;
    this.frame = 0;
    this.beside = 0; // the frame of b, where it is another
    this.hover = null;
    this.range = [null, null];
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    // A finger may be about to scroll the page: it seeks once it moves sideways, or where it is lifted.
    this.canvas.addEventListener("pointerdown", (event) => this.onPointer(event, event.pointerType !== "touch"));
    this.canvas.addEventListener("pointerup", (event) => this.onPointer(event, event.pointerType === "touch"));
    this.canvas.addEventListener("pointermove", (event) => this.onPointer(event, event.buttons === 1));
    this.canvas.addEventListener("pointerleave", () => this.setHover(null));
  }

  setSeries(series, frames) {
    this.series = series;
    this.frames = frames;
    this.element.hidden = !series.length;
    const psnr = series.flatMap((s) => s.psnr).filter((v) => v != null);
    const low = psnr.reduce((m, v) => Math.min(m, v), Infinity);
    const high = psnr.reduce((m, v) => Math.max(m, v), -Infinity);
    this.low = Math.floor(low - 0.2);
    this.high = Math.max(this.low + 1, Math.ceil(high + 0.2));
    this.mostBits = series.flatMap((s) => s.bits ?? []).reduce((m, v) => Math.max(m, v), 0);
    const spent = this.mostBits ? " and bits" : "";
    this.looks = null;
    if (!psnr.length) [this.low, this.high] = [0, 1]; // nothing has come yet
    this.canvas.setAttribute("aria-label", `PSNR${spent} of ${frames} frames. Click to go to a frame.`);
    this.draw();
  }

  setFrame(frame, beside) {
    this.frame = frame;
    this.beside = beside;
    this.draw();
  }

  setRange(range) {
    this.range = range;
    this.draw();
  }

  setHover(frame) {
    this.hover = frame;
    this.draw();
  }

  onPointer(event, pressed) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - PAD.left) / (box.width - PAD.left - PAD.right);
    const frame = Math.max(0, Math.min(this.frames - 1, Math.round(share * (this.frames - 1))));
    this.setHover(frame);
    if (!pressed) return;
    if (event.type !== "pointerup") this.canvas.setPointerCapture(event.pointerId);
    if (frame !== this.frame) this.goTo(frame);
  }

  /** Draw once before the next paint, however often it was asked for. */
  draw() {
    if (this.pending || this.element.hidden) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
    });
  }

  paint() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const style = getComputedStyle(this.element);
    const color = (name) => style.getPropertyValue(name).trim();
    const x = (n) => PAD.left + ((width - PAD.left - PAD.right) * n) / Math.max(1, this.frames - 1);
    const looks = [width, height, ratio, color("--st-text-color"), color("--st-primary-color"), ...this.range].join();
    if (looks !== this.looks) {
      this.looks = looks;
      this.still = this.paintStill(width, height, ratio, color, x);
    }
    this.canvas.width = this.still.width;
    this.canvas.height = this.still.height;
    const g = this.canvas.getContext("2d");
    g.drawImage(this.still, 0, 0);
    g.scale(ratio, ratio);
    if (this.hover !== null) this.paintCursor(g, x(this.hover), height, color("--st-text-color"), 0.35);
    if (this.beside !== this.frame) this.paintCursor(g, x(this.beside), height, color("--series-1"), 0.9);
    this.paintCursor(g, x(this.frame), height, color("--st-primary-color"), 1);
  }

  /** All that does not move with the frame, kept as a picture: a long clip has many points. */
  paintStill(width, height, ratio, color, x) {
    const still = document.createElement("canvas");
    still.width = Math.round(width * ratio);
    still.height = Math.round(height * ratio);
    const g = still.getContext("2d");
    g.scale(ratio, ratio);
    const text = color("--st-text-color");
    const bottom = height - PAD.bottom;
    const y = (db) => bottom - ((bottom - PAD.top) * (db - this.low)) / (this.high - this.low);

    const [first, last] = this.range;
    if (first !== null || last !== null) {
      g.globalAlpha = 0.14;
      g.fillStyle = color("--st-primary-color");
      const from = x(first ?? 0);
      g.fillRect(from, 0, Math.max(1, x(last ?? this.frames - 1) - from), height);
    }
    g.globalAlpha = 0.16;
    g.fillStyle = text;
    for (const db of [this.low, this.high]) g.fillRect(PAD.left, Math.round(y(db)), width - PAD.left - PAD.right, 1);
    g.globalAlpha = 0.7;
    g.font = `10px ${color("--st-font") || "sans-serif"}`;
    g.textAlign = "right";
    g.textBaseline = "middle";
    g.fillText(this.high, PAD.left - 5, y(this.high) + 2);
    g.fillText(this.low, PAD.left - 5, y(this.low) - 4);
    g.fillText("dB", PAD.left - 5, (y(this.high) + y(this.low)) / 2);

    this.series.forEach((series, i) => {
      const own = color(`--series-${i}`);
      if (series.bits) this.paintBits(g, series.bits, x, bottom, own, i);
      this.paintLine(g, series.psnr, x, y, own);
    });
    return still;
  }

  paintBits(g, bits, x, bottom, own, i) {
    if (!this.mostBits || this.frames < 2) return;
    const tall = (bottom - PAD.top) * 0.45;
    const share = this.series.length;
    const wide = Math.max(1, ((x(1) - x(0)) * 0.8) / share);
    g.globalAlpha = 0.32;
    g.fillStyle = own;
    bits.forEach((value, n) => {
      const h = (tall * value) / this.mostBits;
      g.fillRect(x(n) + (i - share / 2) * wide, bottom - h, wide, h);
    });
  }

  paintLine(g, psnr, x, y, own) {
    g.globalAlpha = 1;
    g.strokeStyle = own;
    g.lineWidth = 1.5;
    g.lineJoin = "round";
    g.beginPath();
    let pen = false;
    psnr.forEach((db, n) => {
      if (db == null) pen = false;
      else if (pen) g.lineTo(x(n), y(db));
      else g.moveTo(x(n), y(db));
      pen = db != null;
    });
    g.stroke();
  }

  paintCursor(g, at, height, own, alpha) {
    g.globalAlpha = alpha;
    g.fillStyle = own;
    g.fillRect(Math.round(at) - 0.75, 0, 1.5, height);
  }

  destroy() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.pending);
  }
}
