// Figures frame by frame: given with the data, or fetched from where the agent keeps (or makes) them.

/** Calls `ready` with the series whenever one of those that must be fetched has come; none is waited for. */
export class SeriesLoader {
  constructor(ready) {
    this.ready = ready;
  }

  load(given) {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    const series = given.map((s) => ({ ...s, psnr: s.psnr ?? [] }));
    for (const one of series.filter((s) => s.url)) {
      this.fetch(one, stop.signal).then((came) => came && !stop.signal.aborted && this.ready(series));
    }
    return series;
  }

  async fetch(one, signal) {
    try {
      const answer = await fetch(one.url, { signal });
      if (!answer.ok) return false;
      const { psnr_y: psnr, bits } = await answer.json();
      one.psnr = psnr;
      one.bits = bits ?? null;
      return true;
    } catch {
      return false; // no curve: the player says nothing of figures that it does not have
    }
  }
}
