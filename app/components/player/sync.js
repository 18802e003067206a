// Two videos as one clock. a leads; b follows it, `offset` frames ahead (0 unless one side was stepped alone).
import { SideVideo } from "./side.js";
import { Follower } from "./follow.js";

export class VideoPair {
  constructor(a, b, on) {
    this.on = on;
    this.a = new SideVideo(a, this.hears("a"));
    this.b = new SideVideo(b, this.hears("b"));
    this.follower = new Follower(this.a, this.b);
    this.frames = 1;
    this.frame = 0; // where a stands, or where it was asked to go
    this.offset = 0;
    this.playing = false; // what the person wants; it may be waiting for data
    this.stalled = false;
    this.seeking = false;
    this.speed = 1;
    this.loop = false;
    this.range = [null, null]; // first and last frame of the loop
  }

  hears(name) {
    return {
      loaded: () => this.onLoaded(name),
      failed: () => this.onFailed(),
      waiting: () => this.onWaiting(name),
      canplay: () => this.resume(),
      ended: () => this.onEnd(name),
      frame: () => {
        if (!this.playing) this.on.shown();
        else if (name === "a") this.tick();
      },
    };
  }

  get num() {
    return this.a.num;
  }

  get den() {
    return this.a.den;
  }

  configure({ num, den, frames }) {
    const moved = num !== this.num || den !== this.den;
    for (const side of [this.a, this.b]) Object.assign(side, { num, den });
    this.frames = frames;
    this.range = this.range.map((n) => (n !== null && n >= frames ? null : n));
    if (Math.abs(this.offset) >= frames) this.offset = 0;
    if (this.frame >= frames || (moved && this.ready())) this.seek(Math.min(this.frame, frames - 1));
  }

  load(name, url) {
    if (this.playing) this.halt(); // goes on when this one has loaded
    this[name].load(url, this.speed);
    this.on.failed();
    this.on.change();
  }

  retry() {
    for (const name of ["a", "b"]) if (this[name].state === "failed") this.load(name, this[name].video.src);
  }

  ready() {
    return this.a.state === "ready" && this.b.state === "ready";
  }

  busy() {
    const loading = this.a.state === "loading" || this.b.state === "loading";
    return loading || this.stalled || this.seeking;
  }

  inside(n) {
    return Math.max(0, Math.min(this.frames - 1, Math.round(n) || 0));
  }

  /** The frame that b shows while a shows n. */
  besideOf(n) {
    return this.inside(n + this.offset);
  }

  seek(n) {
    this.frame = this.inside(n);
    this.wanted = this.frame;
    this.on.frame(this.frame);
    if (!this.seeking && this.ready()) this.runSeeks();
  }

  /** One seek at a time; of those asked for meanwhile only the newest is done. */
  async runSeeks() {
    this.seeking = true;
    this.on.change();
    let n = this.frame;
    const giveUp = () => this.wanted !== null;
    while (this.wanted !== null && this.ready()) {
      n = this.wanted;
      this.wanted = null;
      await Promise.all([this.a.seek(n, giveUp), this.b.seek(this.besideOf(n), giveUp)]);
    }
    this.seeking = false;
    this.on.change();
    if (this.playing) this.start();
    else if (this.wanted === null) this.on.settled(n);
  }

  /** Move one side alone; from then on the two show different frames, until the offset is set back to 0. */
  stepAlone(name, by) {
    this.pause();
    const beside = this.besideOf(this.frame);
    if (name === "b") {
      this.offset = this.inside(beside + by) - this.frame;
      this.seek(this.frame);
    } else {
      const frame = this.inside(this.frame + by);
      this.offset = beside - frame;
      this.seek(frame);
    }
    this.on.change();
  }

  align() {
    this.offset = 0;
    this.seek(this.playing ? this.shownFrame() : this.frame);
    this.on.change();
  }

  /** The frame that is on screen in place of the one asked for, where a video has none for it; else null. */
  stray() {
    if (this.playing || this.busy() || !this.ready()) return null;
    if (this.a.shown !== this.frame) return this.a.shown;
    return this.b.shown !== this.besideOf(this.frame) ? this.b.shown : null;
  }

  first() {
    return this.range[0] ?? 0;
  }

  last() {
    return this.range[1] ?? this.frames - 1;
  }

  shownFrame() {
    return this.a.shown >= 0 ? Math.min(this.a.shown, this.frames - 1) : this.frame;
  }

  play() {
    if (this.playing || !this.ready()) return;
    this.playing = true;
    const outside = this.loop && (this.frame < this.first() || this.frame >= this.last());
    if (outside || this.frame >= this.frames - 1) this.seek(this.loop ? this.first() : 0);
    else if (!this.seeking) this.start();
    this.on.change();
  }

  async start() {
    const [a, b] = [this.a.video, this.b.video];
    a.playbackRate = b.playbackRate = this.speed;
    if (!this.offset && Math.abs(b.currentTime - a.currentTime) > 1e-4) b.currentTime = a.currentTime;
    try {
      await Promise.all([a.play(), this.offset ? null : b.play()]); // with an offset the follower starts b
    } catch (error) {
      if (error.name === "NotAllowedError") this.pause(); // else: a pause or a seek came in between
    }
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.stalled = false;
    this.halt();
    this.seek(this.shownFrame());
    this.on.change();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.a.video.playbackRate = this.b.video.playbackRate = speed;
    this.on.change();
  }

  /** Set an end of the loop (or clear both with null), and loop. */
  setRange(first, last) {
    this.range = first !== null && last !== null && first > last ? [last, first] : [first, last];
    this.loop = first !== null || last !== null;
    this.on.change();
  }

  tick() {
    if (!this.playing || this.seeking || this.a.video.paused) return;
    const n = this.shownFrame();
    this.frame = n;
    this.on.frame(n);
    if (this.loop && n >= this.last()) this.rewind();
    else this.follower.follow(this.speed, this.offset, this.frames);
  }

  /** Back to the loop's start; playing goes on once both are there. */
  rewind() {
    this.halt();
    this.seek(this.first());
  }

  halt() {
    this.a.video.pause();
    this.b.video.pause();
  }

  onLoaded(name) {
    this[name].video.playbackRate = this.speed;
    this.on.change();
    if (!this.ready()) return;
    if (this.playing) this.halt();
    this.seek(this.frame);
  }

  onFailed() {
    this.playing = false;
    this.halt();
    this.on.failed();
    this.on.change();
  }

  onWaiting(name) {
    if (!this.playing || this.seeking || this[name].video.ended) return;
    this.stalled = true;
    this.halt();
    this.on.change();
    this.resume();
  }

  resume() {
    if (!this.stalled || this.a.video.readyState < 3 || this.b.video.readyState < 3) return;
    this.stalled = false;
    if (this.playing) this.start();
    this.on.change();
  }

  onEnd(name) {
    if (!this.playing || this.seeking || (name === "b" && this.offset)) return;
    if (this.loop) {
      this.rewind();
    } else {
      this.a.shown = this.frames - 1;
      this.pause();
    }
  }

  destroy() {
    this.playing = false;
    this.a.destroy();
    this.b.destroy();
  }
}
