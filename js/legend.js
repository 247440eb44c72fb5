// @ts-check
// What the lines and colours mean, and which segments are shown.

import { GRADIENT } from "./colours.js";
import { PLANE_COLOUR } from "./draw.js";
import { addButton, make } from "./panel.js";
import { windowWords } from "./words.js";

/** @typedef {import("./store.js").Meta} Meta */

/** @param {HTMLElement} legend @param {Meta} meta @param {(name: string) => void} toggle a segment */
export function fillLegend(legend, meta, toggle) {
  const entries = meta.segments.map(({ name, colour, dash }) => {
    const item = make("li", "");
    const button = addButton(item, name, { "data-segment": name, title: "Show or hide this outline" }, () => toggle(name));
    button.prepend(sample(colour, dash));
    return item;
  });
  if (meta.planes.length) {
    const kerf = meta.planes.some((plane) => plane.kerf_mm > 0) ? "; kerf dashed" : "";
    const noun = meta.planes.length === 1 ? "plane" : "planes";
    entries.push(make("li", "", {}, sample(PLANE_COLOUR, []), `cut ${noun}${kerf}`));
  }
  for (const { words, colour, width } of meta.skin?.bands ?? []) {
    entries.push(make("li", "", {}, sample(colour, [], width), words));
  }
  legend.replaceChildren(...entries);
}

/** The colours of the fused volume and what they run from and to.
 * @param {HTMLElement} scale @param {import("./store.js").ImageMeta} image @param {number[]} window */
export function fillScale(scale, { label, slope, units }, window) {
  scale.title = `${label}: ${windowWords(window, slope)}`;
  const strip = make("i", "sr-strip", { "aria-hidden": "true" });
  strip.style.background = GRADIENT;
  const [low, high] = window.map((value) => Number(value.toPrecision(3)));
  scale.replaceChildren(`${low}`, strip, `${high} ${units}`.trim());
}

/** @param {string} colour @param {number[]} dash @param {number} [width] px */
function sample(colour, dash, width = 2.5) {
  const box = make("span", "sr-line", { "aria-hidden": "true" });
  box.innerHTML = `<svg width="26" height="8"><line x1="0" x2="26" y1="4" y2="4" stroke-width="${width}"/></svg>`;
  const line = /** @type {SVGLineElement} */ (box.querySelector("line"));
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-dasharray", dash.join(" "));
  return box;
}
