// Buttons, fields and readouts: what they do, and what they show.
import { GAINS } from "./view.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const SPINNER_AFTER_MS = 180;

export class Controls {
  constructor(player) {
    this.player = player;
    this.element = player.element;
    this.part = (selector) => this.element.querySelector(selector);
    this.fillChoices();
    this.element.addEventListener("click", (event) => this.onClick(event));
    this.scrub = this.part(".scrub");
    this.scrub.addEventListener("input", () => player.goTo(Number(this.scrub.value)));
    this.number = this.part(".number");
    this.number.addEventListener("change", () => player.goTo(Number(this.number.value)));
    this.number.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") this.element.focus();
    });
    this.part(".speed").addEventListener("change", (event) => player.pair.setSpeed(Number(event.target.value)));
    this.part(".gain select").addEventListener("change", (event) => player.view.set({ gain: Number(event.target.value) }));
    player.zoom.changed = () => this.showZoom();
    player.view.stage.addEventListener("pointermove", (event) => this.showPixel(event));
    player.view.stage.addEventListener("pointerleave", () => this.showPixel(null));
    this.showZoom();
    this.show();
  }

  fillChoices() {
    const fill = (select, values, label, chosen) => {
      for (const value of values) select.add(new Option(label(value), value, value === chosen, value === chosen));
    };
    fill(this.part(".speed"), SPEEDS, (v) => `${v}×`, this.player.pair.speed);
    fill(this.part(".gain select"), GAINS, (v) => `${v}×`, this.player.view.state.gain);
  }

  onClick(event) {
    const { player } = this;
    const button = event.target.closest("button");
    if (!button) {
      if (event.target.closest(".stage")) this.element.focus({ preventScroll: true });
      return;
    }
    if (button.dataset.mode) {
      if (button.dataset.mode === "flip") player.view.flip();
      else player.view.set({ mode: button.dataset.mode });
    }
    const actions = {
      play: () => this.togglePlay(),
      back: () => player.step(event.shiftKey ? -10 : -1),
      on: () => player.step(event.shiftKey ? 10 : 1),
      loop: () => this.toggleLoop(),
      in: () => this.setLoopEnd("i"),
      out: () => this.setLoopEnd("o"),
      clear: () => this.clearLoop(),
      worst: () => player.goToWorst(),
      "zoom-in": () => player.zoom.zoomAt(2),
      "zoom-out": () => player.zoom.zoomAt(0.5),
      fit: () => player.zoom.reset(),
      full: () => player.toggleFullScreen(),
      legend: () => this.toggleLegend(),
      retry: () => player.pair.retry(),
    };
    actions[button.dataset.do]?.();
  }

  togglePlay() {
    const { pair } = this.player;
    if (pair.playing) pair.pause();
    else pair.play();
  }

  toggleLoop() {
    this.player.pair.loop = !this.player.pair.loop;
    this.show();
  }

  setLoopEnd(end) {
    const { pair } = this.player;
    const here = pair.playing ? pair.shownFrame() : pair.frame;
    if (end === "i") pair.setRange(here, pair.range[1]);
    else pair.setRange(pair.range[0], here);
  }

  clearLoop() {
    this.player.pair.setRange(null, null);
  }

  changeSpeed(by) {
    const { pair } = this.player;
    const at = SPEEDS.indexOf(pair.speed) + by;
    if (SPEEDS[at]) pair.setSpeed(SPEEDS[at]);
  }

  changeGain(by) {
    const at = GAINS.indexOf(this.player.view.state.gain) + by;
    if (GAINS[at]) this.player.view.set({ gain: GAINS[at] });
  }

  askFrame() {
    this.number.focus();
    this.number.select();
  }

  /** Everything that changes with state rather than with every frame. */
  show() {
    const { pair, plot, data } = this.player;
    const play = this.part("[data-do=play]");
    play.setAttribute("aria-label", pair.playing ? "Pause" : "Play");
    this.element.toggleAttribute("data-playing", pair.playing);
    for (const name of ["play", "back", "on"]) this.part(`[data-do=${name}]`).disabled = !pair.ready();
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
    this.element.style.setProperty("--loop-from", share(first ?? 0));
    this.element.style.setProperty("--loop-to", range.hidden ? "0%" : share(last ?? pair.frames - 1));
    this.part("[data-do=worst]").hidden = !this.player.worst?.frames.length;
    clearTimeout(this.spinnerTimer);
    if (!pair.busy()) this.part(".spinner").hidden = true;
    else this.spinnerTimer = setTimeout(() => (this.part(".spinner").hidden = false), SPINNER_AFTER_MS);
    if (data) this.showDrift();
  }

  showFrame(n) {
    const { pair, data } = this.player;
    this.scrub.value = n;
    this.scrub.setAttribute("aria-valuetext", `frame ${n} of ${pair.frames - 1}`);
    this.scrub.style.setProperty("--done", `${((100 * n) / Math.max(1, pair.frames - 1)).toFixed(3)}%`);
    if (this.player.root.activeElement !== this.number) this.number.value = n;
    this.part(".time").textContent = `${((n * pair.den) / pair.num).toFixed(3)} s`;
    if (data) this.showFigures(n);
  }

  showFigures(n) {
    const rows = this.player.data.series.map((series, i) => {
      const psnr = series.psnr[n] == null ? "no PSNR" : `${series.psnr[n].toFixed(2)} dB`;
      const bits = series.bits?.[n] == null ? "" : ` · ${series.bits[n].toLocaleString("en")} bits`;
      const row = document.createElement("span");
      row.className = `figure series-${i}`;
      row.textContent = `${series.label} ${psnr}${bits}`;
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

  showPixel(event) {
    const readout = this.part(".pixel");
    const at = event?.pointerType === "mouse" && !event.buttons ? this.player.zoom.pixelAt(event) : null;
    const values = at && this.player.exact.pixel(...at);
    readout.hidden = !values;
    if (values) readout.textContent = `${at.join(", ")}  ·  ${values.map((rgb) => rgb.join(" ")).join("  |  ")}`;
  }

  showFaults() {
    const { pair, view } = this.player;
    const faults = ["a", "b"].filter((name) => pair.fault[name]);
    this.part(".faults").hidden = !faults.length;
    const sentence = (name) => `“${view.labels[name === "a" ? 0 : 1]}” could not be loaded: ${pair.fault[name]}.`;
    this.part(".faults p").textContent = faults.map(sentence).join(" ");
  }

  showDrift() {
    const { ticks, sum, max, split, jumps } = this.player.pair.drift;
    const ms = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
    this.part(".drift").textContent = ticks
      ? `While playing, the two videos were ${ms(sum / ticks)} apart on average, ${ms(max)} at most, and on different ` +
        `frames at ${((100 * split) / ticks).toFixed(1)} % of ${ticks} looks (${jumps} jumps). Paused, both show exactly the frame named.`
      : "Paused, both videos show exactly the frame named; while playing, the second follows the first.";
  }

  toggleLegend() {
    const legend = this.part(".legend");
    legend.hidden = !legend.hidden;
    this.part("[data-do=legend]").setAttribute("aria-expanded", !legend.hidden);
    this.showDrift();
  }

  closeLegend() {
    if (this.part(".legend").hidden) return false;
    this.toggleLegend();
    return true;
  }
}
