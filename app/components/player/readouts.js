// What the player says: frame, time, figures, what kind of picture is seen, which frames the two sides are on, faults.

const SPINNER_AFTER_MS = 180;

export class Readouts {
  constructor(player) {
    this.player = player;
    this.part = (selector) => player.element.querySelector(selector);
    this.scrub = this.part(".scrub");
    this.number = this.part(".number");
  }

  /** Everything that changes with state rather than with every frame. */
  show() {
    const { pair, plot, element } = this.player;
    const play = this.part("[data-do=play]");
    play.setAttribute("aria-label", pair.playing ? "Pause" : "Play");
    element.toggleAttribute("data-playing", pair.playing);
    for (const button of element.querySelectorAll(".steps button")) button.disabled = !pair.ready();
    this.part("[data-do=loop]").setAttribute("aria-pressed", pair.loop);
    this.part(".speed").value = String(pair.speed);
    const [first, last] = pair.range;
    const range = this.part(".range");
    range.hidden = first === null && last === null;
    range.querySelector("span").textContent = `${first ?? 0} – ${last ?? pair.frames - 1}`;
    plot.setRange(pair.range);
    this.scrub.max = this.number.max = pair.frames - 1;
    this.part(".of").textContent = `/ ${pair.frames - 1}`;
    const share = (n) => `${((100 * n) / Math.max(1, pair.frames - 1)).toFixed(3)}%`;
    element.style.setProperty("--loop-from", share(first ?? 0));
    element.style.setProperty("--loop-to", range.hidden ? "0%" : share(last ?? pair.frames - 1));
    this.showWaiting();
    this.showFrame(pair.frame);
    if (this.player.data) this.showDrift();
  }

  showWaiting() {
    const { pair, data } = this.player;
    const spinner = this.part(".spinner");
    const loading = data ? ["a", "b"].filter((name) => pair[name].state === "loading").map((name) => data[name].wait) : [];
    this.part(".waiting").textContent = loading.filter(Boolean).join(" ");
    clearTimeout(this.spinnerTimer);
    if (!pair.busy()) spinner.hidden = true;
    else this.spinnerTimer = setTimeout(() => (spinner.hidden = false), SPINNER_AFTER_MS);
  }

  showFrame(n) {
    const { pair, data } = this.player;
    this.scrub.value = n;
    this.scrub.setAttribute("aria-valuetext", `frame ${n} of ${pair.frames - 1}`);
    this.scrub.style.setProperty("--done", `${((100 * n) / Math.max(1, pair.frames - 1)).toFixed(3)}%`);
    if (this.player.root.activeElement !== this.number) this.number.value = n;
    this.part(".time").textContent = `${((n * pair.a.den) / pair.a.num).toFixed(3)} s`;
    if (!data) return;
    this.showSides(n, pair.besideOf(n));
    this.showFigures({ a: n, b: pair.besideOf(n) });
  }

  /** The two names; and where the sides are on different frames, that, plainly. */
  showSides(a, b) {
    const { view, element } = this.player;
    const apart = a !== b;
    const [one, two] = view.labels;
    this.part(".tag-a").textContent = apart ? `${one} · frame ${a}` : one;
    this.part(".tag-b").textContent = apart ? `${two} · frame ${b}` : two;
    element.toggleAttribute("data-apart", apart);
    const [first, second] = view.names;
    this.part(".apart").hidden = !apart;
    this.part(".apart .said").textContent = `${first} ${a}, ${second} ${b} (${b > a ? "+" : "−"}${Math.abs(b - a)})`;
    this.part("[data-do=b-back] b").textContent = `‹${second}`;
    this.part("[data-do=b-on] b").textContent = `${second}›`;
  }

  showFigures(frames) {
    const rows = this.player.series.map((series, i) => {
      const n = frames[series.side];
      const psnr = series.psnr[n] == null ? "no PSNR" : `${series.psnr[n].toFixed(2)} dB`;
      const bits = series.bits?.[n] == null ? "" : ` · ${series.bits[n].toLocaleString("en")} bits`;
      const row = document.createElement("span");
      row.className = `figure series-${i}`;
      row.textContent = `${series.label} ${series.psnr.length ? psnr : series.gone ? "no figures" : "…"}${bits}`;
      return row;
    });
    this.part(".figures").replaceChildren(...rows);
  }

  showBadge(kind, stray) {
    const { data, pair } = this.player;
    const badge = this.part(".badge");
    const [text, title] = {
      exact: ["exact frame", "Pixels as measured, without loss."],
      preview: ["preview (lossy H.264)", data?.preview_note],
      stray: [`preview shows frame ${stray}`, `A preview video has no picture of frame ${pair.frame}.`],
    }[kind];
    badge.dataset.kind = kind;
    if (badge.textContent !== text) badge.textContent = text;
    badge.title = title ?? "";
  }

  showZoom() {
    const { scale } = this.player.zoom.state;
    this.part("[data-do=fit]").textContent = `${Math.round(scale * 100)}%`;
    this.part("[data-do=zoom-out]").disabled = scale <= 1;
    this.part("[data-do=zoom-in]").disabled = scale >= 16;
  }

  /** The exact pictures' values under a mouse. */
  showPixel(event) {
    const { exact, view, zoom, magnifier } = this.player;
    const readout = this.part(".pixel");
    const off = view.blind || magnifier.on || event?.pointerType !== "mouse" || event.buttons;
    const at = off ? null : zoom.pixelAt(event);
    const values = at && exact.pixel(...at);
    readout.hidden = !values;
    if (values) readout.textContent = `${at.join(", ")}  ·  RGB ${values.map((rgb) => rgb.join(" ")).join("  |  ")}`;
  }

  showFaults() {
    const { pair, view } = this.player;
    const faults = ["a", "b"].filter((name) => pair[name].fault);
    this.part(".faults").hidden = !faults.length;
    const sentence = (name) => `“${view.labels[name === "a" ? 0 : 1]}” could not be loaded: ${pair[name].fault}.`;
    this.part(".faults p").textContent = faults.map(sentence).join(" ");
  }

  showDrift() {
    const { ticks, sum, max, split, jumps } = this.player.pair.follower.drift;
    const ms = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
    this.part(".drift").textContent = ticks
      ? `While playing, the two videos were ${ms(sum / ticks)} apart on average, ${ms(max)} at most, and on different ` +
        `frames at ${((100 * split) / ticks).toFixed(1)} % of ${ticks} looks (${jumps} jumps). Paused, both show exactly the frame named.`
      : "Paused, both videos show exactly the frame named; while playing, the second follows the first.";
  }
}
