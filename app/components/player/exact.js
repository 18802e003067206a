// The lossless pictures of a frame, laid over the previews while nothing moves. Both or none: one exact picture
// beside one preview would be an unfair comparison.

const WAIT_MS = 60; // a frame that is only stepped through is not fetched
const KEPT = 24;
const RETRY_AFTER_MS = 10_000;

export class ExactFrames {
  constructor(a, b, changed) {
    this.canvases = [a, b];
    this.changed = changed;
    this.templates = null;
    this.frames = 0;
    this.last = -1;
    this.direction = 1;
    this.pictures = new Map(); // URL → ImageBitmap, least recently used first
    this.failed = new Map(); // URL → when
    this.frame = -1; // the frame that is shown or on its way
    this.shown = false;
  }

  configure(templates, frames) {
    this.hide();
    this.templates = templates;
    this.frames = frames;
  }

  urlsOf(frame) {
    return this.templates.map((template) => template.replaceAll("{frame}", frame));
  }

  /** Show the frame if its pictures are here already; otherwise show none. */
  showIfHere(frame) {
    if (frame === this.frame) return;
    const urls = this.templates && this.urlsOf(frame);
    if (!urls?.every((url) => this.pictures.has(url))) {
      this.hide();
      return;
    }
    this.stop?.abort();
    this.frame = frame;
    this.draw(urls.map((url) => this.pictures.get(url)));
  }

  /** Show the frame, fetching its pictures and then those of the frame that the next step is likely to want. */
  show(frame) {
    if (!this.templates) return;
    if (frame !== this.frame) this.hide();
    if (frame !== this.last) this.direction = frame > this.last ? 1 : -1;
    this.frame = this.last = frame;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchBoth(frame), WAIT_MS);
  }

  async fetchBoth(frame) {
    const stop = (this.stop = new AbortController());
    const pictures = await this.pictureOfEach(this.urlsOf(frame), stop.signal);
    if (stop.signal.aborted || !pictures) return;
    if (!this.shown) this.draw(pictures);
    const next = frame + this.direction;
    if (next >= 0 && next < this.frames) this.pictureOfEach(this.urlsOf(next), stop.signal);
  }

  async pictureOfEach(urls, signal) {
    const lately = (url) => performance.now() - (this.failed.get(url) ?? -Infinity) < RETRY_AFTER_MS;
    if (urls.some(lately)) return null;
    const pictures = await Promise.all(urls.map((url) => this.picture(url, signal)));
    return pictures.every(Boolean) ? pictures : null;
  }

  async picture(url, signal) {
    if (this.pictures.has(url)) return this.pictures.get(url);
    try {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const picture = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
      this.pictures.set(url, picture);
      while (this.pictures.size > KEPT) {
        const [oldest, bitmap] = this.pictures.entries().next().value;
        this.pictures.delete(oldest);
        bitmap.close();
      }
      return picture;
    } catch {
      if (!signal.aborted) this.failed.set(url, performance.now());
      return null;
    }
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
    this.frame = -1;
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
