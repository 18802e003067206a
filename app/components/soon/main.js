// Says once that the browser has drawn what there is.
const WAITING = "[data-testid=stSkeleton]"; // an element whose script is not there yet
const QUIET = 2; // idle moments in a row
const LONGEST = 1000; // milliseconds to wait for one
const said = new WeakSet();

export default function ({ parentElement, setStateValue }) {
  const host = parentElement.host ?? parentElement;
  if (said.has(host)) return;
  let waiting = 0;
  let quiet = 0;
  const look = () => {
    quiet = document.querySelector(WAITING) ? 0 : quiet + 1;
    if (quiet < QUIET) {
      waiting = whenIdle(look);
    } else {
      said.add(host);
      setStateValue("drawn", true);
    }
  };
  waiting = whenIdle(look);
  return () => cancel(waiting);
}

const whenIdle = (then) =>
  window.requestIdleCallback ? requestIdleCallback(then, { timeout: LONGEST }) : setTimeout(then, 50);
const cancel = (waiting) => (window.cancelIdleCallback ?? clearTimeout)(waiting);
