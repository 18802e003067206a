// The samples themselves (Y, U, V as they were decoded) of both sides and of the source, for error maps and pixel values.
// They come as grey pictures whose bytes are the raw 4:2:0 frame: luma rows, then U, then V.
import { Pictures } from "./pictures.js";

const KEPT_SAMPLES = 9;

export class Samples {
  constructor(changed) {
    this.changed = changed;
    this.pictures = new Pictures(KEPT_SAMPLES, planesOf);
    this.templates = null; // of a, of b, of the source (null where a or b is the source)
    this.here = null; // {a, b, sourceOfA, sourceOfB}: planes of the frames that stand still
    this.at = "";
    this.failed = false;
  }

  configure(templates) {
    this.forget();
    this.templates = templates;
  }

  get available() {
    return this.templates !== null;
  }

  get hasSource() {
    return Boolean(this.templates?.[2]);
  }

  forget() {
    this.stop?.abort();
    this.at = "";
    this.here = null;
    this.failed = false;
  }

  /** Fetch what belongs to these frames (of a and b) unless it is here; `changed` is called when it has come or failed. */
  async want([a, b]) {
    if (!this.templates || this.at === `${a},${b}`) return;
    this.forget();
    this.at = `${a},${b}`;
    const stop = (this.stop = new AbortController());
    const [ofA, ofB, ofSource] = this.templates;
    const url = (template, n) => template.replaceAll("{frame}", n);
    const urls = [url(ofA, a), url(ofB, b), ...(ofSource ? [url(ofSource, a), url(ofSource, b)] : [])];
    const found = await this.pictures.all([...new Set(urls)], stop.signal);
    if (stop.signal.aborted) return;
    const [one, two, sourceOfA, sourceOfB] = urls.map((u) => (found ? this.pictures.get(u) : null));
    this.here = found ? { a: one, b: two, sourceOfA, sourceOfB } : null;
    this.failed = !found;
    this.changed();
  }

  /** [Y, U, V] of both sides at a pixel, or null where the samples are not here. */
  pixel(x, y) {
    return this.here && [this.here.a, this.here.b].map((planes) => sampleAt(planes, x, y));
  }
}

/** {data, width, height}: raw bytes of a grey picture, and the size of its luma plane. */
function planesOf(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.drawImage(bitmap, 0, 0);
  const rgba = g.getImageData(0, 0, bitmap.width, bitmap.height).data;
  const data = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < data.length; i += 1) data[i] = rgba[4 * i];
  return { data, width: bitmap.width, height: (bitmap.height * 2) / 3 };
}

function sampleAt({ data, width, height }, x, y) {
  const luma = width * height;
  const chroma = (y >> 1) * (width >> 1) + (x >> 1);
  return [data[y * width + x], data[luma + chroma], data[luma + (luma >> 2) + chroma]];
}
