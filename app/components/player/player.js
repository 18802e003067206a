// The parts together: data from Python in, the frame out, and the actions that buttons and keys share.
import { VideoPair } from "./sync.js";
import { ExactFrames } from "./exact.js";
import { View } from "./view.js";
import { Zoom } from "./zoom.js";
import { Plot } from "./plot.js";
import { Keys } from "./keys.js";
import { Controls } from "./controls.js";
import { worstFrames } from "./worst.js";

const REPORT_AFTER_MS = 250;

export class Player {
  constructor(root, before) {
    this.root = root;
    this.element = root.querySelector(".player");
    const part = (selector) => this.element.querySelector(selector);
    this.view = new View(this.element, before?.view);
    this.zoom = new Zoom(this.element, this.view, before?.zoom);
    this.exact = new ExactFrames(part(".a canvas"), part(".b canvas"), () => this.showBadge());
    this.plot = new Plot(part(".plot"), (frame) => this.goTo(frame));
    this.pair = new VideoPair(part(".a video"), part(".b video"), {
      frame: (n) => this.showFrame(n),
      shown: () => this.showBadge(),
      settled: (n) => this.standStill(n),
      change: () => this.controls.show(),
      failed: () => this.controls.showFaults(),
    });
    Object.assign(this.pair, before?.pair);
    this.controls = new Controls(this);
    this.keys = new Keys(this);
    this.nonce = before?.nonce;
    this.reported = before ? undefined : 0; // Python starts from frame 0
    this.worst = { frames: [], at: -1 };
    this.report = () => {};
  }

  /** Safe to call with the same data any number of times: only what differs is touched. */
  update(data) {
    const before = this.data;
    this.data = data;
    const same = (name) => before && JSON.stringify(before[name]) === JSON.stringify(data[name]);
    this.view.configure(data);
    this.pair.configure({ num: data.fps[0], den: data.fps[1], frames: data.frames });
    if (!same("series")) {
      this.plot.setSeries(data.series, data.frames);
      this.worst = { frames: worstFrames(data.series), at: -1 };
    }
    if (!same("exact") || !same("frames")) this.exact.configure(data.exact, data.frames);
    if (before?.a.url !== data.a.url) this.pair.load("a", data.a.url);
    if (before?.b.url !== data.b.url) this.pair.load("b", data.b.url);
    if (data.seek && data.seek.nonce !== this.nonce) {
      this.nonce = data.seek.nonce;
      this.goTo(data.seek.frame);
    } else if (!before) {
      this.pair.seek(this.pair.frame);
    } else if (!same("exact") && !this.pair.playing) {
      this.exact.show(this.pair.frame);
    }
    this.controls.show();
    this.controls.showFaults();
    this.showBadge();
    this.plot.draw();
  }

  goTo(frame) {
    this.pair.pause();
    this.pair.seek(frame);
  }

  step(by) {
    const from = this.pair.playing ? this.pair.shownFrame() : this.pair.frame;
    this.goTo(from + by);
  }

  goToWorst() {
    const { frames } = this.worst;
    if (!frames.length) return;
    this.worst.at = (this.worst.at + 1) % frames.length;
    this.goTo(frames[this.worst.at]);
  }

  toggleFullScreen() {
    if (this.root.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }

  showFrame(n) {
    if (this.element.dataset.still !== String(n)) delete this.element.dataset.still;
    if (this.pair.playing) this.exact.hide();
    else this.exact.showIfHere(n);
    this.plot.setFrame(n);
    this.controls.showFrame(n);
  }

  standStill(n) {
    this.element.dataset.still = n; // both videos have this frame on screen
    this.exact.show(n);
    this.showBadge();
    clearTimeout(this.reportTimer);
    if (n === this.reported) return;
    this.reportTimer = setTimeout(() => {
      if (this.pair.playing) return;
      this.reported = n;
      this.report(n);
    }, REPORT_AFTER_MS);
  }

  showBadge() {
    const stray = this.exact.shown ? null : this.pair?.stray();
    this.controls?.showBadge(this.exact.shown ? "exact" : stray === null ? "preview" : "stray", stray);
  }

  settings() {
    return {
      nonce: this.nonce,
      view: this.view.state,
      zoom: this.zoom.state,
      pair: { frame: this.pair.frame, speed: this.pair.speed, loop: this.pair.loop, range: this.pair.range },
    };
  }

  destroy() {
    clearTimeout(this.reportTimer);
    this.exact.hide();
    this.plot.destroy();
    this.pair.destroy();
  }
}
