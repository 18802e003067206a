// While playing, b is held to a by its playback rate; how far they were apart is counted, to be told under `?`.

const HARD_SEEK_S = 0.25; // drift beyond which b jumps; below it, b's playback rate is bent

export class Follower {
  constructor(a, b) {
    this.a = a;
    this.b = b;
    this.drift = { ticks: 0, sum: 0, max: 0, split: 0, jumps: 0 };
  }

  /** One look, at each frame of a. `offset`: frames that b is meant to be ahead. */
  follow(speed, offset, frames) {
    const [a, b] = [this.a.video, this.b.video];
    const frameS = this.a.den / this.a.num;
    const due = a.currentTime + offset * frameS; // where b should be
    if (due < 0 || due >= frames * frameS) {
      if (!b.paused) b.pause(); // before its first frame or after its last, b waits
      return;
    }
    if (b.paused && !b.ended && offset) {
      b.currentTime = due;
      b.play().catch(() => {}); // a pause or a seek came in between
      return;
    }
    if (b.paused || b.ended) return;
    this.bend(b, b.currentTime - due, speed, frameS, due, offset);
  }

  bend(b, drift, speed, frameS, due, offset) {
    const seen = this.drift;
    seen.ticks += 1;
    seen.sum += Math.abs(drift);
    seen.max = Math.max(seen.max, Math.abs(drift));
    setTimeout(() => (seen.split += this.a.shown + offset !== this.b.shown)); // b announces its frame of this instant after a
    if (Math.abs(drift) > HARD_SEEK_S) {
      seen.jumps += 1;
      b.currentTime = due;
      return;
    }
    const bent = Math.abs(drift) > frameS / 8 ? Math.max(-0.2, Math.min(0.2, drift * 4)) : 0;
    const rate = speed * (1 - bent);
    if (Math.abs(b.playbackRate - rate) > 1e-3) b.playbackRate = rate;
  }
}
