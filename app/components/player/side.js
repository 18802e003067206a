// One <video>: loading it, why it failed, which frame it has on screen, and seeking to a frame.

const FRAME_TIMEOUT_MS = 400; // a video that is not on screen may never announce its frame
const MIDDLE = 0.5; // moments within a frame, in frames from its start
const BESIDE = 0.4;

export class SideVideo {
  /** `on`: loaded, failed, waiting, canplay, ended, and frame(n) for each picture that is put on screen. */
  constructor(video, on) {
    this.video = video;
    this.on = on;
    this.state = "empty"; // empty, loading, ready, failed
    this.fault = "";
    this.shown = -1; // the frame last put on screen
    this.announced = false; // since it was last sent anywhere
    this.num = 25;
    this.den = 1;
    video.muted = true;
    video.playsInline = true;
    video.preload = "auto";
    video.addEventListener("loadeddata", () => this.onLoaded());
    video.addEventListener("error", () => this.onError());
    for (const name of ["waiting", "canplay", "ended"]) video.addEventListener(name, () => on[name]());
    const watch = (_now, { mediaTime }) => {
      this.shown = this.frameAt(mediaTime);
      this.announced = true;
      on.frame(this.shown);
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
  }

  load(url, speed) {
    this.state = "loading";
    this.fault = "";
    this.shown = -1;
    this.video.src = url;
    this.video.defaultPlaybackRate = speed;
    this.video.load();
  }

  onLoaded() {
    this.state = "ready";
    this.on.loaded();
  }

  async onError() {
    const { video } = this;
    if (!video.getAttribute("src")) return;
    this.state = "failed";
    this.on.failed();
    const source = video.src;
    const reason = await whyItFailed(source, video.error?.code);
    if (this.state !== "failed" || video.src !== source) return;
    this.fault = reason;
    this.on.failed();
  }

  /** A moment within the frame, by default its middle: no rounding of time stamps can move it to a neighbour. */
  timeOf(n, within = MIDDLE) {
    return ((n + within) * this.den) / this.num;
  }

  /** Of a media time: the frame's first moment in Chromium, what was asked for (its middle, after a seek) in Firefox. */
  frameAt(time) {
    return Math.floor((time * this.num) / this.den + 0.25);
  }

  /** Resolves once frame n is on screen, or `giveUp()` says that it is not wanted any more. */
  async seek(n, giveUp) {
    const { video } = this;
    if (this.shows(n) && !video.seeking && Math.abs(video.currentTime - this.timeOf(n)) < 1e-4) return;
    await this.jump(n, MIDDLE, giveUp);
    // A busy browser may put a picture on screen and not announce it; sent to the frame anew, it does.
    if (!this.shows(n) && !giveUp()) await this.jump(n, BESIDE, giveUp);
  }

  shows(n) {
    return this.announced && this.shown === n;
  }

  jump(n, within, giveUp) {
    const { video } = this;
    return new Promise((resolve) => {
      const ends = ["seeked", "error", "emptied"];
      const done = () => {
        for (const end of ends) video.removeEventListener(end, done);
        this.untilShown(n, giveUp).then(resolve);
      };
      for (const end of ends) video.addEventListener(end, done);
      this.announced = false; // the picture of this frame that it may have shown is not the last one it has shown
      video.currentTime = this.timeOf(n, within);
    });
  }

  untilShown(n, giveUp) {
    const since = performance.now();
    return new Promise((resolve) => {
      const look = () => {
        const late = performance.now() - since > FRAME_TIMEOUT_MS;
        if (this.shows(n) || late || giveUp()) resolve();
        else requestAnimationFrame(look);
      };
      look();
    });
  }

  destroy() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load(); // lets go of the decoder and the connection
  }
}

/** A media element says only "not supported" when the server refused: ask the server itself. */
async function whyItFailed(url, code) {
  try {
    const answer = await fetch(url, { headers: { Range: "bytes=0-0" } });
    if (!answer.ok) return (await sentenceOf(answer)) ?? `the server answered ${answer.status} ${answer.statusText}`.trim();
    answer.body?.cancel();
  } catch {
    return "the server cannot be reached";
  }
  return code === 3 ? "the file is damaged" : "this browser cannot play the file";
}

/** What the agent says of its refusal, where it said anything. */
async function sentenceOf(answer) {
  try {
    return (await answer.json()).error.message.replace(/\.$/, "");
  } catch {
    return null;
  }
}
