// The parts together: data from Python in, the frame out, and the actions that buttons and keys share.
import { VideoPair } from "./sync.js";
import { ExactFrames } from "./exact.js";
import { Samples } from "./samples.js";
import { HeatMap } from "./heat.js";
import { Magnifier } from "./magnifier.js";
import { View } from "./view.js";
import { Zoom } from "./zoom.js";
import { Plot } from "./plot.js";
import { Keys } from "./keys.js";
import { Controls } from "./controls.js";
import { Readouts } from "./readouts.js";
import { SeriesLoader } from "./series.js";
import { WorstButtons } from "./worst.js";

const REPORT_AFTER_MS = 250;

export class Player {
  constructor(root, before) {
    this.root = root;
    this.element = root.querySelector(".player");
    const part = (selector) => this.element.querySelector(selector);
    this.series = [];
    this.view = new View(this.element, before?.view);
    this.zoom = new Zoom(this.element, this.view, before?.zoom);
    this.exact = new ExactFrames(part(".a canvas"), part(".b canvas"), () => this.showStill());
    this.samples = new Samples(() => this.showStill());
    this.heat = new HeatMap(this.element, part(".heat canvas"), this.view, this.samples);
    this.magnifier = new Magnifier(this.element, this.view, this.zoom, this.exact, this.samples);
    this.plot = new Plot(part(".plot"), (frame) => this.goTo(frame));
    this.loader = new SeriesLoader((series) => this.setSeries(series));
    this.worst = new WorstButtons(part(".worst"), (frame, side) => this.goTo(frame - (side === "b" ? this.pair.offset : 0)));
    this.pair = new VideoPair(part(".a video"), part(".b video"), {
      frame: (n) => this.showFrame(n),
      shown: () => this.showStill(),
      settled: (n) => this.standStill(n),
      change: () => this.readouts.show(),
      failed: () => this.readouts.showFaults(),
    });
    Object.assign(this.pair, before?.pair);
    this.readouts = new Readouts(this);
    this.controls = new Controls(this);
    this.keys = new Keys(this);
    this.nonce = before?.nonce;
    this.reported = before ? undefined : 0; // Python starts from frame 0
    this.report = () => {};
    this.listen();
  }

  listen() {
    const { stage } = this.view;
    this.view.changed = () => this.showStill();
    this.zoom.changed = () => this.readouts.showZoom();
    this.zoom.tapped = () => this.magnifier.on || this.controls.togglePlay(); // with it, a tap names a pixel
    this.magnifier.changed = () => this.showStill();
    stage.addEventListener("pointermove", (event) => this.readouts.showPixel(event));
    stage.addEventListener("pointerleave", () => this.readouts.showPixel(null));
    this.readouts.showZoom();
    this.readouts.show();
  }

  /** Safe to call with the same data any number of times: only what differs is touched. */
  update(data) {
    const before = this.data;
    this.data = data;
    const same = (name) => before && JSON.stringify(before[name]) === JSON.stringify(data[name]);
    this.view.configure(data);
    this.pair.configure({ num: data.fps[0], den: data.fps[1], frames: data.frames });
    if (!same("series") || !same("frames")) this.setSeries(this.loader.load(data.series));
    if (!same("exact") || !same("frames")) this.exact.configure(data.exact, data.frames);
    if (!same("planes")) {
      this.samples.configure(data.planes);
      this.heat.configure();
    }
    if (before?.a.url !== data.a.url) this.pair.load("a", data.a.url);
    if (before?.b.url !== data.b.url) this.pair.load("b", data.b.url);
    if (data.seek && data.seek.nonce !== this.nonce) {
      this.nonce = data.seek.nonce;
      this.goTo(data.seek.frame);
    } else if (!before) {
      this.pair.seek(this.pair.frame);
    } else if (!same("exact") && !this.pair.playing) {
      this.exact.show(this.frames());
    }
    this.readouts.show();
    this.readouts.showFaults();
    this.showStill();
    this.plot.draw();
  }

  setSeries(series) {
    this.series = series;
    this.plot.setSeries(series, this.data.frames);
    this.worst.configure(series);
    this.readouts.showFrame(this.pair.frame);
  }

  /** The frames of a and of b. */
  frames(n = this.pair.frame) {
    return [n, this.pair.besideOf(n)];
  }

  goTo(frame) {
    this.pair.pause();
    this.pair.seek(frame);
  }

  step(by) {
    const from = this.pair.playing ? this.pair.shownFrame() : this.pair.frame;
    this.goTo(from + by);
  }

  stepAlone(event) {
    this.pair.stepAlone(event.shiftKey ? "a" : "b", event.key.toLowerCase() === "q" ? -1 : 1);
  }

  showHeat() {
    if (this.view.state.mode === "heat") this.heat.next();
    else this.view.set({ mode: "heat" });
  }

  toggleFullScreen() {
    if (this.root.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }

  showFrame(n) {
    const frames = this.frames(n);
    const { still, beside } = this.element.dataset;
    if (still !== String(n) || beside !== String(frames[1])) delete this.element.dataset.still;
    if (this.pair.playing) this.exact.hide();
    else this.exact.showIfHere(frames);
    this.plot.setFrame(...frames);
    this.readouts.showFrame(n);
    this.showStill();
  }

  standStill(n) {
    const frames = this.frames(n);
    Object.assign(this.element.dataset, { still: n, beside: frames[1] }); // both videos have their frame on screen
    this.exact.show(frames);
    this.showStill();
    clearTimeout(this.reportTimer);
    if (n === this.reported) return;
    this.reportTimer = setTimeout(() => {
      if (this.pair.playing) return;
      this.reported = n;
      this.report(n);
    }, REPORT_AFTER_MS);
  }

  /** What hangs on the pictures that are shown: the badge, the error map, the magnifier. */
  showStill() {
    if (!this.readouts || !this.data) return;
    const stray = this.exact.shown ? null : this.pair.stray();
    this.readouts.showBadge(this.exact.shown ? "exact" : stray === null ? "preview" : "stray", stray);
    const still = !this.pair.playing && this.element.dataset.still === String(this.pair.frame);
    if (still && (this.magnifier.on || this.view.state.mode === "heat")) this.samples.want(this.frames());
    const here = this.samples.at === String(this.frames());
    this.heat.show(still && here);
    this.magnifier.show(still && here);
  }

  settings() {
    const { frame, offset, speed, loop, range } = this.pair;
    return {
      nonce: this.nonce,
      view: this.view.state,
      zoom: this.zoom.state,
      pair: { frame, offset, speed, loop, range },
    };
  }

  destroy() {
    clearTimeout(this.reportTimer);
    this.exact.hide();
    this.samples.forget();
    this.plot.destroy();
    this.pair.destroy();
  }
}
