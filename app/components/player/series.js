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
      this.fetch(one, stop.signal).then(() => stop.signal.aborted || this.ready(series));
    }
    return series;
  }

  async fetch(one, signal) {
    try {
      const answer = await fetch(one.url, { signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const { psnr_y: psnr, bits } = await answer.json();
      Object.assign(one, { psnr, bits: bits ?? null });
    } catch {
      one.gone = true; // no curve, and no figure that was not measured
    }
  }
}
