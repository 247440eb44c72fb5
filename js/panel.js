// @ts-check
// The frame around the canvases: controls above, read-outs, measurements and legend below.

import { PANES } from "./views.js";

/** @typedef {ReturnType<typeof buildPanel>} Panel */

export const PURPOSE = "For education, peer learning and audit of de-identified cases. Not a medical device.";
const KEYS = [
  ["wheel, Page Up, Page Down", "slices"],
  ["drag", "what the chosen tool does"],
  ["arrow keys", "crosshair by one voxel"],
  ["right drag", "window: wider to the right, higher downward"],
  ["1 to 4", "preset windows"],
  ["double click, Enter", "one view, and back"],
  ["Ctrl and wheel, + and −", "zoom about the pointer, else the crosshair"],
  ["Shift and drag, Shift and arrows", "move the image"],
  ["C W P", "crosshair, window, pan"],
  ["M", "move planes by their handles (in a planner)"],
  ["L A E B N", "length, angle, ellipse, box, note"],
  ["click or Space", "put a point there, or at the crosshair"],
  ["Escape", "drop what is being placed"],
  ["D V X S G", "brush, value brush, eraser, polygon, grow (in an outliner)"],
  ["Alt and drag", "take away with the brush or the polygon"],
  ["[ and ]", "a smaller, a larger brush"],
  ["I", "fill the slices between those outlined"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["F", "fill the outlines"],
  ["O", "oblique view"],
  ["K", "keep a still of this view"],
  ["R", "reset"],
];

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} className @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {HTMLElement} parent */
export function buildPanel(parent) {
  const presets = make("span", "sr-group", { role: "group", "aria-label": "Window presets" });
  const tools = make("span", "sr-group", { role: "group", "aria-label": "Left drag" });
  const marking = make("span", "sr-group", { role: "group", "aria-label": "Measure" });
  const bar = make("div", "sr-bar", { role: "toolbar", "aria-label": "Viewer" }, presets, tools, marking);
  const options = make("div", "sr-bar sr-options", { role: "toolbar", "aria-label": "What is shown" });
  const drawtools = make("span", "sr-group", { role: "group", "aria-label": "Draw" });
  const drawing = make("div", "sr-bar sr-options sr-drawing", { role: "toolbar", "aria-label": "Outlining" });
  const progress = make("div", "sr-progress", { role: "progressbar", "aria-label": "Loading", "aria-valuemin": "0", "aria-valuemax": "100" }, make("i", ""));
  const words = make("p", "sr-words", { role: "status" });
  const box = make("div", "sr-panes");
  const writing = make("div", "sr-writing");
  const readout = make("span", "sr-readout", { title: "Position, value and window at the crosshair" });
  const pointer = make("span", "sr-pointer", { title: "Position and value under the pointer" });
  const plan = make("div", "sr-plan-place");
  const kept = make("ul", "sr-kept", { "aria-label": "Key images", "aria-live": "polite" });
  const marks = make("ol", "sr-marks", { "aria-label": "Measurements and notes" });
  const legend = make("ul", "sr-legend", { "aria-label": "Outlines and planes" });
  // Lumino, JupyterLab's frame, takes no keys from within this attribute.
  const root = make("div", "sr-viewer", { "data-lm-suppress-shortcuts": "true" }, bar, options, drawing, progress, words, box,
    writing, make("div", "sr-foot", {}, make("span", "", {}, readout, pointer), legend), marks, kept, plan, make("p", "sr-purpose", {}, PURPOSE));
  parent.append(root);
  return { root, box, presets, tools, marking, bar, options, drawing, drawtools, keys: listKeys(), progress, words, writing, readout, pointer, marks, kept, plan, legend };
}

/** A row of panes for one image. @param {HTMLElement} box @param {string} label of the image, where there are two */
export function addPanes(box, label) {
  return PANES.map((name) => {
    const canvas = make("canvas", "", { tabindex: "0", role: "application", "aria-label": `${name} view` });
    const corner = make("div", "sr-corner");
    const pane = make("div", "sr-pane", { "data-view": name }, canvas, corner);
    if (label) pane.dataset.label = label;
    box.append(pane);
    return { name, canvas, corner };
  });
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

/** @param {HTMLElement} parent @param {string} text @param {number} value 0 to 1 @param {(value: number) => void} slid */
export function addSlider(parent, text, value, slid) {
  const input = make("input", "", { type: "range", min: "0", max: "1", step: "0.05", "aria-label": text });
  input.valueAsNumber = value;
  input.addEventListener("input", () => slid(input.valueAsNumber));
  parent.append(make("label", "", {}, text, input));
  return input;
}

/** @param {HTMLElement} group @param {string} attribute @param {string} value */
export function press(group, attribute, value) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.getAttribute(attribute) === value));
  }
}
