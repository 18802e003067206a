// Scrolls to itself once for each new nonce, and no further than needed.
const seen = new Set();

export default function ({ data, parentElement }) {
  const { nonce } = data;
  if (!nonce || seen.has(nonce)) return;
  seen.add(nonce);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const host = parentElement.host ?? parentElement;
  requestAnimationFrame(() => host.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "end" }));
}
