// Which frames are worth jumping to.

const MOST = 10;

/** Frames of lowest PSNR in the last series, worst first, at least 1/50 of the clip apart so that each is another place. */
export function worstFrames(series) {
  const psnr = series.at(-1)?.psnr ?? [];
  const apart = Math.max(2, Math.round(psnr.length / 50));
  const found = [];
  const order = psnr.map((_, n) => n).filter((n) => psnr[n] != null);
  order.sort((m, n) => psnr[m] - psnr[n]);
  for (const n of order) {
    if (found.length === MOST) break;
    if (found.every((m) => Math.abs(m - n) >= apart)) found.push(n);
  }
  return found;
}
