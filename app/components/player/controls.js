// Buttons and fields: what they do.
import { GAINS } from "./view.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];

export class Controls {
  constructor(player) {
    this.player = player;
    this.element = player.element;
    this.part = (selector) => this.element.querySelector(selector);
    this.fillChoices();
    this.element.addEventListener("click", (event) => this.onClick(event));
    const scrub = this.part(".scrub");
    scrub.addEventListener("input", () => player.goTo(Number(scrub.value)));
    this.number = this.part(".number");
    this.number.addEventListener("change", () => player.goTo(Number(this.number.value)));
    this.number.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") this.element.focus();
    });
    this.part(".speed").addEventListener("change", (event) => player.pair.setSpeed(Number(event.target.value)));
    this.part(".gain select").addEventListener("change", (event) => player.view.setGain(Number(event.target.value)));
  }

  fillChoices() {
    const fill = (select, values, label, chosen) => {
      for (const value of values) select.add(new Option(label(value), value, value === chosen, value === chosen));
    };
    fill(this.part(".speed"), SPEEDS, (v) => `${v}×`, this.player.pair.speed);
    fill(this.part(".gain select"), GAINS, (v) => `${v}×`, this.player.view.gain);
  }

  onClick(event) {
    const { player } = this;
    const button = event.target.closest("button");
    if (!button) {
      if (event.target.closest(".stage")) this.element.focus({ preventScroll: true });
      return;
    }
    const { mode } = button.dataset;
    if (mode === "flip") player.view.flip();
    else if (mode === "heat") player.showHeat();
    else if (mode) player.view.set({ mode });
    const actions = {
      play: () => this.togglePlay(),
      back: () => player.step(event.shiftKey ? -10 : -1),
      on: () => player.step(event.shiftKey ? 10 : 1),
      "b-back": () => player.pair.stepAlone(event.shiftKey ? "a" : "b", -1),
      "b-on": () => player.pair.stepAlone(event.shiftKey ? "a" : "b", 1),
      align: () => player.pair.align(),
      loop: () => this.toggleLoop(),
      in: () => this.setLoopEnd("i"),
      out: () => this.setLoopEnd("o"),
      clear: () => this.clearLoop(),
      magnify: () => player.magnifier.toggle(),
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
    this.player.readouts.show();
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
    const at = GAINS.indexOf(this.player.view.gain) + by;
    if (GAINS[at]) this.player.view.setGain(GAINS[at]);
  }

  askFrame() {
    this.number.focus();
    this.number.select();
  }

  toggleLegend() {
    const legend = this.part(".legend");
    legend.hidden = !legend.hidden;
    this.part("[data-do=legend]").setAttribute("aria-expanded", !legend.hidden);
    this.player.readouts.showDrift();
  }

  closeLegend() {
    if (this.part(".legend").hidden) return false;
    this.toggleLegend();
    return true;
  }
}
