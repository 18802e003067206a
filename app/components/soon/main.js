// Says once that the browser has drawn what there is, or that this place is about to come into view.
const AHEAD = "50%"; // of the screen's height
const LONGEST = 2000; // milliseconds: a page that is never at rest gets the rest too
const said = new WeakSet();

export default function ({ data, parentElement, setStateValue }) {
  const host = parentElement.host ?? parentElement;
  if (said.has(host)) return;
  const say = () => {
    stop();
    if (said.has(host)) return;
    said.add(host);
    setStateValue("drawn", true);
  };
  const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && say(), {
    rootMargin: `0px 0px ${AHEAD} 0px`,
  });
  watch.observe(host);
  let idle = whenIdle(() => (idle = whenIdle(say)));
  const stop = () => {
    watch.disconnect();
    cancel(idle);
  };
  return stop;
}

// Twice in a row: an element whose script is loaded already is drawn in between.
const whenIdle = (then) =>
  window.requestIdleCallback ? requestIdleCallback(then, { timeout: LONGEST }) : setTimeout(then, 200);
const cancel = (idle) => (window.cancelIdleCallback ?? clearTimeout)(idle);
