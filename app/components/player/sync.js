// Two <video> elements as one clock. a leads; b follows it.

const HARD_SEEK_S = 0.25; // drift beyond which b jumps; below it, b's playback rate is bent
const FRAME_TIMEOUT_MS = 400; // a video that is not on screen may never announce its frame

export class VideoPair {
  constructor(a, b, on) {
    this.video = { a, b };
    this.on = on;
    this.state = { a: "empty", b: "empty" }; // empty, loading, ready, failed
    this.fault = { a: "", b: "" };
    this.shown = { a: -1, b: -1 }; // the frame each video last put on screen
    this.num = 25;
    this.den = 1;
    this.frames = 1;
    this.frame = 0; // where the pair stands, or where it was asked to go
    this.playing = false; // what the person wants; it may be waiting for data
    this.stalled = false;
    this.seeking = false;
    this.speed = 1;
    this.loop = false;
    this.range = [null, null]; // first and last frame of the loop
    this.drift = { ticks: 0, sum: 0, max: 0, split: 0, jumps: 0 };
    for (const name of ["a", "b"]) this.listen(name);
  }

  listen(name) {
    const video = this.video[name];
    video.muted = true;
    video.playsInline = true;
    video.preload = "auto";
    video.addEventListener("loadeddata", () => this.onLoaded(name));
    video.addEventListener("error", () => this.onError(name));
    video.addEventListener("waiting", () => this.onWaiting(name));
    video.addEventListener("canplay", () => this.resume());
    video.addEventListener("ended", () => this.onEnd());
    const watch = (_now, { mediaTime }) => {
      this.shown[name] = Math.round((mediaTime * this.num) / this.den);
      if (!this.playing) this.on.shown();
      else if (name === "a") this.tick();
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
  }

  configure({ num, den, frames }) {
    const moved = num !== this.num || den !== this.den;
    Object.assign(this, { num, den, frames });
    this.range = this.range.map((n) => (n !== null && n >= frames ? null : n));
    if (this.frame >= frames || (moved && this.ready())) this.seek(Math.min(this.frame, frames - 1));
  }

  load(name, url) {
    if (this.playing) this.halt(); // goes on when this one has loaded
    this.state[name] = "loading";
    this.fault[name] = "";
    this.shown[name] = -1;
    const video = this.video[name];
    video.src = url;
    video.defaultPlaybackRate = this.speed;
    video.load();
    this.on.failed();
    this.on.change();
  }

  retry() {
    for (const name of ["a", "b"]) if (this.state[name] === "failed") this.load(name, this.video[name].src);
  }

  ready() {
    return this.state.a === "ready" && this.state.b === "ready";
  }

  busy() {
    const loading = this.state.a === "loading" || this.state.b === "loading";
    return loading || this.stalled || this.seeking;
  }

  /** To the middle of the frame, which no rounding of time stamps can move to its neighbour. */
  timeOf(n) {
    return ((n + 0.5) * this.den) / this.num;
  }

  seek(n) {
    this.frame = Math.max(0, Math.min(this.frames - 1, Math.round(n) || 0));
    this.wanted = this.frame;
    this.on.frame(this.frame);
    if (!this.seeking && this.ready()) this.runSeeks();
  }

  /** One seek at a time; of those asked for meanwhile only the newest is done. */
  async runSeeks() {
    this.seeking = true;
    this.on.change();
    let n = this.frame;
    while (this.wanted !== null && this.ready()) {
      n = this.wanted;
      this.wanted = null;
      await Promise.all([this.seekOne("a", n), this.seekOne("b", n)]);
    }
    this.seeking = false;
    this.on.change();
    if (this.playing) this.start();
    else if (this.wanted === null) this.on.settled(n);
  }

  seekOne(name, n) {
    const video = this.video[name];
    const time = this.timeOf(n);
    if (this.shown[name] === n && !video.seeking && Math.abs(video.currentTime - time) < 1e-4) return Promise.resolve();
    return new Promise((resolve) => {
      const ends = ["seeked", "error", "emptied"];
      const done = () => {
        for (const end of ends) video.removeEventListener(end, done);
        this.untilShown(name, n).then(resolve);
      };
      for (const end of ends) video.addEventListener(end, done);
      video.currentTime = time;
    });
  }

  untilShown(name, n) {
    const since = performance.now();
    return new Promise((resolve) => {
      const look = () => {
        const late = performance.now() - since > FRAME_TIMEOUT_MS;
        if (this.shown[name] === n || late || this.wanted !== null) resolve();
        else requestAnimationFrame(look);
      };
      look();
    });
  }

  /** The frame that is on screen in place of the one asked for, where a video has none for it; else null. */
  stray() {
    if (this.playing || this.busy() || !this.ready()) return null;
    const { a, b } = this.shown;
    return a !== this.frame ? a : b !== this.frame ? b : null;
  }

  first() {
    return this.range[0] ?? 0;
  }

  last() {
    return this.range[1] ?? this.frames - 1;
  }

  shownFrame() {
    return this.shown.a >= 0 ? Math.min(this.shown.a, this.frames - 1) : this.frame;
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
    const { a, b } = this.video;
    a.playbackRate = b.playbackRate = this.speed;
    if (Math.abs(b.currentTime - a.currentTime) > 1e-4) b.currentTime = a.currentTime;
    try {
      await Promise.all([a.play(), b.play()]);
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
    this.video.a.playbackRate = this.video.b.playbackRate = speed;
    this.on.change();
  }

  /** Set an end of the loop (or clear both with null), and loop. */
  setRange(first, last) {
    this.range = first !== null && last !== null && first > last ? [last, first] : [first, last];
    this.loop = first !== null || last !== null;
    this.on.change();
  }

  tick() {
    if (!this.playing || this.seeking || this.video.a.paused) return;
    const n = this.shownFrame();
    this.frame = n;
    this.on.frame(n);
    if (this.loop && n >= this.last()) {
      this.rewind();
      return;
    }
    this.follow();
  }

  /** Back to the loop's start; playing goes on once both are there. */
  rewind() {
    this.halt();
    this.seek(this.first());
  }

  halt() {
    this.video.a.pause();
    this.video.b.pause();
  }

  follow() {
    const { a, b } = this.video;
    if (b.paused || b.ended) return;
    const frameS = this.den / this.num;
    const drift = b.currentTime - a.currentTime;
    const seen = this.drift;
    seen.ticks += 1;
    seen.sum += Math.abs(drift);
    seen.max = Math.max(seen.max, Math.abs(drift));
    setTimeout(() => (seen.split += this.shown.a !== this.shown.b)); // b announces its frame of this instant after a
    if (Math.abs(drift) > HARD_SEEK_S) {
      seen.jumps += 1;
      b.currentTime = a.currentTime;
    } else {
      const bend = Math.abs(drift) > frameS / 8 ? Math.max(-0.2, Math.min(0.2, drift * 4)) : 0;
      const rate = this.speed * (1 - bend);
      if (Math.abs(b.playbackRate - rate) > 1e-3) b.playbackRate = rate;
    }
  }

  onLoaded(name) {
    this.state[name] = "ready";
    this.video[name].playbackRate = this.speed;
    this.on.change();
    if (!this.ready()) return;
    if (this.playing) this.halt();
    this.seek(this.frame);
  }

  onWaiting(name) {
    if (!this.playing || this.seeking || this.video[name].ended) return;
    this.stalled = true;
    this.halt();
    this.on.change();
    this.resume();
  }

  resume() {
    if (!this.stalled || this.video.a.readyState < 3 || this.video.b.readyState < 3) return;
    this.stalled = false;
    if (this.playing) this.start();
    this.on.change();
  }

  onEnd() {
    if (!this.playing || this.seeking) return;
    if (this.loop) {
      this.rewind();
    } else {
      this.shown.a = this.frames - 1;
      this.pause();
    }
  }

  async onError(name) {
    const video = this.video[name];
    if (!video.getAttribute("src")) return;
    this.state[name] = "failed";
    this.playing = false;
    this.halt();
    const source = video.src;
    const reason = await whyItFailed(source, video.error?.code);
    if (this.state[name] !== "failed" || video.src !== source) return;
    this.fault[name] = reason;
    this.on.failed();
    this.on.change();
  }

  destroy() {
    this.playing = false;
    for (const video of Object.values(this.video)) {
      video.pause();
      video.removeAttribute("src");
      video.load(); // lets go of the decoder and the connection
    }
  }
}

/** A media element says only "not supported" when the server answered 404: ask the server itself. */
async function whyItFailed(url, code) {
  try {
    const answer = await fetch(url, { headers: { Range: "bytes=0-0" } });
    answer.body?.cancel();
    if (!answer.ok) return `the server answered ${answer.status} ${answer.statusText}`.trim();
  } catch {
    return "the server cannot be reached";
  }
  return code === 3 ? "the file is damaged" : "this browser cannot play the file";
}
