// Lossless pictures by URL: fetched once, the least recently used forgotten first, what failed left alone for a while.

const RETRY_AFTER_MS = 10_000;

export class Pictures {
  /** `convert`: what is kept of an ImageBitmap, which is closed when it is not the bitmap itself. */
  constructor(most, convert = (bitmap) => bitmap) {
    this.most = most;
    this.convert = convert;
    this.kept = new Map(); // URL → picture, least recently used first
    this.failed = new Map(); // URL → when
  }

  has(url) {
    return this.kept.has(url);
  }

  get(url) {
    return this.kept.get(url);
  }

  /** All of them, or null where one cannot be had. */
  async all(urls, signal) {
    const lately = (url) => performance.now() - (this.failed.get(url) ?? -Infinity) < RETRY_AFTER_MS;
    if (urls.some(lately)) return null;
    const pictures = await Promise.all(urls.map((url) => this.one(url, signal)));
    return pictures.every(Boolean) ? pictures : null;
  }

  async one(url, signal) {
    if (this.kept.has(url)) return this.kept.get(url);
    try {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
      const picture = this.convert(bitmap);
      if (picture !== bitmap) bitmap.close();
      this.kept.set(url, picture);
      while (this.kept.size > this.most) {
        const [oldest, gone] = this.kept.entries().next().value;
        this.kept.delete(oldest);
        gone.close?.();
      }
      return picture;
    } catch {
      if (!signal.aborted) this.failed.set(url, performance.now());
      return null;
    }
  }
}
