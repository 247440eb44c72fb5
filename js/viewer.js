// @ts-check
// The widget's entry: three views of one volume, linked by the crosshair. Python holds the truth; a page writes
// the traits crosshair_mm, window, preset and enlarged, and follows what Python or another page set.

import { Screen } from "./screen.js";

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const screen = new Screen(model, el);
  return () => screen.close();
}

export default { render };
