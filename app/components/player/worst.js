// Which frames are worth jumping to.

const MOST = 10;

/** Frames of lowest PSNR in a series, worst first, at least 1/50 of the clip apart so that each is another place. */
export function worstFrames(psnr) {
  return apartFrom(psnr, (n) => psnr[n]);
}

/** Frames where the PSNR of the two series is furthest apart, the widest gap first. */
export function widestGaps([one, two]) {
  const gap = one.map((value, n) => (value == null || two[n] == null ? null : -Math.abs(value - two[n])));
  return apartFrom(gap, (n) => gap[n]);
}

function apartFrom(values, key) {
  const apart = Math.max(2, Math.round(values.length / 50));
  const found = [];
  const order = values.map((_, n) => n).filter((n) => values[n] != null);
  order.sort((m, n) => key(m) - key(n));
  for (const n of order) {
    if (found.length === MOST) break;
    if (found.every((m) => Math.abs(m - n) >= apart)) found.push(n);
  }
  return found;
}

/** The buttons that go to them, one after another: one a series, and one for the widest gap between two. */
export class WorstButtons {
  constructor(element, goTo) {
    this.element = element;
    this.goTo = goTo;
    this.lists = [];
  }

  configure(series) {
    const known = series.filter((s) => s.psnr.some((v) => v != null));
    const title = (s) => `Go to the frame of lowest PSNR of ${s.label}; again: the next`;
    const text = (s) => (known.length > 1 ? `Worst of ${s.side.toUpperCase()}` : "Worst frame");
    this.lists = known.map((s) => ({ text: text(s), title: title(s), frames: worstFrames(s.psnr), side: s.side, at: -1 }));
    if (known.length > 1) {
      const frames = widestGaps(known.map((s) => s.psnr));
      this.lists.push({ text: "Widest gap", title: "Go to the frame where the two differ most in PSNR; again: the next (N)", frames, side: "a", at: -1 });
    }
    this.element.replaceChildren(
      ...this.lists.map((list) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", textContent: list.text, title: list.title });
        button.addEventListener("click", () => this.next(list));
        return button;
      }),
    );
  }

  next(list) {
    if (!list?.frames.length) return;
    list.at = (list.at + 1) % list.frames.length;
    this.goTo(list.frames[list.at], list.side);
  }

  /** The worst of the last series (what the key does), or of the gap between the two. */
  worst() {
    this.next(this.lists.findLast((list) => list.text !== "Widest gap"));
  }

  gap() {
    this.next(this.lists.find((list) => list.text === "Widest gap"));
  }
}
