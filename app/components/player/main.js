// Entry of the player component. Streamlit calls this on mount and on every change of data or theme.
import { Player } from "./player.js";

const MAX_KEPT = 16;
const kept = new Map(); // key → what the person had set; outlives the element, so that it survives a page switch
const players = new WeakMap(); // Streamlit's root element → Player

export default function ({ data, parentElement, setStateValue }) {
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement, kept.get(data.key));
    players.set(parentElement, player);
  }
  player.report = (frame) => setStateValue("frame", frame);
  player.update(data);
  return () => {
    kept.delete(data.key);
    kept.set(data.key, player.settings());
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
    player.destroy();
    players.delete(parentElement);
  };
}
