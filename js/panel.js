// @ts-check
// The frame around the three canvases: buttons above, read-out and legend below.

import { VIEWS } from "./geometry.js";

/** @typedef {import("./geometry.js").ViewName} ViewName */
/** @typedef {import("./store.js").Meta} Meta */
/** @typedef {ReturnType<typeof buildPanel>} Panel */

const PURPOSE = "For education, peer learning and audit of de-identified cases. Not a medical device.";
const KEYS = [
  ["wheel, Page Up, Page Down", "slices"],
  ["drag", "crosshair"],
  ["right drag", "window: wider to the right, higher downward"],
  ["1 to 4", "preset windows"],
  ["arrow keys", "one voxel"],
  ["double click, Enter", "one view, and back"],
  ["Ctrl and wheel, + and −", "zoom"],
  ["Shift and drag", "move the image"],
  ["R", "reset"],
];

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} className @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, className, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {HTMLElement} parent */
export function buildPanel(parent) {
  const panes = VIEWS.map((name) => {
    const canvas = make("canvas", "", { tabindex: "0", role: "application", "aria-label": `${name} view` });
    return { name, canvas, pane: make("div", "sr-pane", { "data-view": name }, canvas) };
  });
  const presets = make("span", "sr-group", { role: "group", "aria-label": "Window presets" });
  const tools = make("span", "sr-group", { role: "group", "aria-label": "Left drag" });
  const bar = make("div", "sr-bar", { role: "toolbar", "aria-label": "Viewer" }, presets, tools);
  const progress = make("div", "sr-progress", { role: "progressbar", "aria-label": "Loading", "aria-valuemin": "0", "aria-valuemax": "100" }, make("i", ""));
  const words = make("p", "sr-words", { role: "status" });
  const box = make("div", "sr-panes", {}, ...panes.map(({ pane }) => pane));
  const readout = make("span", "sr-readout", { title: "Position, value and window at the crosshair" });
  const legend = make("ul", "sr-legend", { "aria-label": "Outlines and planes" });
  // Lumino, JupyterLab's frame, takes no keys from within this attribute.
  const root = make("div", "sr-viewer", { "data-lm-suppress-shortcuts": "true" }, bar, progress, box, words,
    make("div", "sr-foot", {}, readout, legend), make("p", "sr-purpose", {}, PURPOSE));
  parent.append(root);
  return { root, panes, presets, tools, bar, keys: listKeys(), progress, words, readout, legend };
}

function listKeys() {
  const rows = KEYS.flatMap(([key, meaning]) => [make("b", "", {}, key), make("span", "", {}, meaning)]);
  return make("details", "sr-keys", {}, make("summary", "", {}, "Keys"), make("div", "", {}, ...rows));
}

/**
 * @param {HTMLElement} parent @param {string} text @param {Record<string, string>} attributes @param {() => void} press
 */
export function addButton(parent, text, attributes, press) {
  const button = make("button", "", { type: "button", ...attributes }, text);
  button.addEventListener("click", press);
  parent.append(button);
  return button;
}

/** @param {HTMLElement} group @param {string} attribute @param {string} value */
export function press(group, attribute, value) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.getAttribute(attribute) === value));
  }
}

/** @param {HTMLElement} legend @param {Meta} meta @param {string} planeColour */
export function fillLegend(legend, { segments, planes }, planeColour) {
  const entries = segments.map(({ name, colour, dash }) => entry(name, colour, dash));
  if (planes.length) {
    const kerf = planes.some((plane) => plane.kerf_mm > 0) ? "; kerf dashed" : "";
    entries.push(entry(`cut ${planes.length === 1 ? "plane" : "planes"}${kerf}`, planeColour, []));
  }
  legend.replaceChildren(...entries);
}

/** @param {string} name @param {string} colour @param {number[]} dash */
function entry(name, colour, dash) {
  const sample = make("span", "sr-line", { "aria-hidden": "true" });
  sample.innerHTML = '<svg width="26" height="8"><line x1="0" x2="26" y1="4" y2="4" stroke-width="2.5"/></svg>';
  const line = /** @type {SVGLineElement} */ (sample.querySelector("line"));
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-dasharray", dash.join(" "));
  return make("li", "", {}, sample, name);
}
