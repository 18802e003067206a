// Zoom and pan, one state for both pictures, in fractions of the picture so that they stay in step at any size.
// One finger drags the wipe, or the picture when zoomed; two pinch; a finger that does not move is a tap.

export const MAX_ZOOM = 16;
const SLOP = 8; // screen pixels that a finger may move and still be a tap

export class Zoom {
  constructor(element, view, before) {
    this.element = element;
    this.stage = view.stage;
    this.view = view;
    this.state = before ?? { scale: 1, x: 0.5, y: 0.5 }; // x, y: the point of the picture in the middle of its pane
    this.pointers = new Map();
    this.touched = null; // where the finger came down that has not moved yet
    this.changed = () => {};
    this.tapped = () => {};
    this.stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.onDown(event));
    this.stage.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, (event) => this.onEnd(event));
    const keep = (event) => event.touches.length > 1 && event.cancelable && event.preventDefault();
    // Two fingers are the player's, also where their middle moves up or down, which would scroll the page.
    for (const touch of ["touchstart", "touchmove"]) this.stage.addEventListener(touch, keep, { passive: false });
    this.stage.addEventListener("dblclick", (event) => {
      if (this.state.scale > 1) this.reset();
      else this.zoomAt(4, this.placeOf(event));
    });
    this.apply();
  }

  reset() {
    this.set({ scale: 1, x: 0.5, y: 0.5 });
  }

  set({ scale, x, y }) {
    const s = Math.max(1, Math.min(MAX_ZOOM, scale));
    const inside = (v) => Math.max(0.5 / s, Math.min(1 - 0.5 / s, v));
    this.state = { scale: s, x: inside(x), y: inside(y) };
    this.apply();
  }

  /** Scale by a factor and keep the given place (fractions of the pane) where it is. */
  zoomAt(factor, [u, v] = [0.5, 0.5]) {
    const { scale, x, y } = this.state;
    const s = Math.max(1, Math.min(MAX_ZOOM, scale * factor));
    const keep = (centre, place) => centre + (place - 0.5) / scale - (place - 0.5) / s;
    this.set({ scale: s, x: keep(x, u), y: keep(y, v) });
  }

  /** Move the pictures by fractions of the pane. */
  pan(du, dv) {
    const { scale, x, y } = this.state;
    this.set({ scale, x: x - du / scale, y: y - dv / scale });
  }

  apply() {
    const { scale, x, y } = this.state;
    const set = (name, value) => this.element.style.setProperty(name, value);
    set("--zoom", scale);
    set("--shift-x", `${(50 - 100 * x * scale).toFixed(4)}%`);
    set("--shift-y", `${(50 - 100 * y * scale).toFixed(4)}%`);
    this.element.toggleAttribute("data-zoomed", scale > 1);
    this.changed?.();
  }

  /** The pane under the pointer; in every mode but side by side both fill the stage. */
  paneAt(event) {
    const panes = [...this.stage.querySelectorAll(".pane")].map((pane) => pane.getBoundingClientRect());
    return panes.find((box) => event.clientX >= box.left && event.clientX < box.right) ?? panes[0];
  }

  placeOf(event) {
    const box = this.paneAt(event);
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  /** The pixel of the clip under the pointer. */
  pixelAt(event) {
    const [u, v] = this.placeOf(event);
    const { scale, x, y } = this.state;
    const [width, height] = this.view.size;
    return [Math.floor((x + (u - 0.5) / scale) * width), Math.floor((y + (v - 0.5) / scale) * height)];
  }

  onWheel(event) {
    if (event.target.closest(".legend")) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault(); // a trackpad's pinch comes as this, too
      this.zoomAt(Math.exp(-event.deltaY / 300), this.placeOf(event));
    } else if (this.state.scale > 1) {
      const before = `${this.state.x},${this.state.y}`;
      const box = this.paneAt(event);
      const unit = event.deltaMode === 1 ? 16 : 1; // lines or pixels
      this.pan((-event.deltaX * unit) / box.width, (-event.deltaY * unit) / box.height);
      if (`${this.state.x},${this.state.y}` !== before) event.preventDefault(); // at its edge the page scrolls again
    }
  }

  onDown(event) {
    if (event.button || event.target.closest("button, select, .legend")) return;
    this.stage.setPointerCapture(event.pointerId);
    const here = { x: event.clientX, y: event.clientY };
    this.pointers.set(event.pointerId, here);
    const alone = this.pointers.size === 1;
    const onHandle = this.state.scale === 1 || Boolean(event.target.closest(".handle"));
    this.wiping = alone && onHandle && this.view.state.mode === "wipe"; // after a pinch the finger that is left pans
    this.touched = alone && event.pointerType === "touch" ? here : null;
    if (!this.touched) this.moveWipe(event);
  }

  onEnd(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.touched && event.type === "pointerup") this.tapped();
    this.touched = null;
  }

  onMove(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.touched) {
      const [across, down] = [Math.abs(now.x - this.touched.x), Math.abs(now.y - this.touched.y)];
      if (Math.hypot(across, down) < SLOP) return;
      if (down > across && this.state.scale === 1) this.wiping = false; // the page is about to scroll
      this.touched = null;
    }
    const box = this.paneAt(event);
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const apart = (at) => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
      const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
      this.zoomAt(apart(now) / apart(last), this.placeOf(middle));
      this.pan((now.x - last.x) / 2 / box.width, (now.y - last.y) / 2 / box.height);
    } else if (this.wiping) {
      this.moveWipe(event);
    } else {
      this.pan((now.x - last.x) / box.width, (now.y - last.y) / box.height);
    }
    this.pointers.set(event.pointerId, now);
  }

  moveWipe(event) {
    if (!this.wiping || this.pointers.size > 1) return;
    const box = this.stage.getBoundingClientRect();
    this.view.setWipe((event.clientX - box.left) / box.width);
  }
}
