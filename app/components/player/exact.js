// The lossless pictures of a frame, laid over the previews while nothing moves. Both or none: one exact picture
// beside one preview would be an unfair comparison.
import { Pictures } from "./pictures.js";

const WAIT_MS = 60; // a frame that is only stepped through is not fetched
const KEPT = 24;

export class ExactFrames {
  constructor(a, b, changed) {
    this.canvases = [a, b];
    this.changed = changed;
    this.templates = null;
    this.frames = 0;
    this.last = -1;
    this.direction = 1;
    this.pictures = new Pictures(KEPT);
    this.at = ""; // the frames that are shown or on their way
    this.shown = false;
  }

  configure(templates, frames) {
    this.hide();
    this.templates = templates;
    this.frames = frames;
  }

  /** `frames`: of a and of b. */
  urlsOf(frames) {
    return this.templates.map((template, i) => template.replaceAll("{frame}", frames[i]));
  }

  /** Show the frames if their pictures are here already; otherwise show none. */
  showIfHere(frames) {
    if (String(frames) === this.at) return;
    const urls = this.templates && this.urlsOf(frames);
    if (!urls?.every((url) => this.pictures.has(url))) {
      this.hide();
      return;
    }
    this.stop?.abort();
    this.at = String(frames);
    this.draw(urls.map((url) => this.pictures.get(url)));
  }

  /** Show the frames, fetching their pictures and then those of the frames that the next step is likely to want. */
  show(frames) {
    if (!this.templates) return;
    if (String(frames) !== this.at) this.hide();
    if (frames[0] !== this.last) this.direction = frames[0] > this.last ? 1 : -1;
    this.at = String(frames);
    this.last = frames[0];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchBoth(frames), WAIT_MS);
  }

  async fetchBoth(frames) {
    const stop = (this.stop = new AbortController());
    const pictures = await this.pictures.all(this.urlsOf(frames), stop.signal);
    if (stop.signal.aborted || !pictures) return;
    if (!this.shown) this.draw(pictures);
    const next = frames.map((n) => n + this.direction);
    if (next.every((n) => n >= 0 && n < this.frames)) this.pictures.all(this.urlsOf(next), stop.signal);
  }

  draw(pictures) {
    this.canvases.forEach((canvas, i) => {
      canvas.width = pictures[i].width;
      canvas.height = pictures[i].height;
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(pictures[i], 0, 0);
      canvas.hidden = false;
    });
    this.shown = true;
    this.changed();
  }

  hide() {
    clearTimeout(this.timer);
    this.stop?.abort();
    this.at = "";
    if (!this.shown) return;
    this.shown = false;
    for (const canvas of this.canvases) canvas.hidden = true;
    this.changed();
  }

  /** The RGB values of both pictures at a pixel, or null where only previews are shown. */
  pixel(x, y) {
    if (!this.shown) return null;
    return this.canvases.map((canvas) => [...canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)]);
  }
}
