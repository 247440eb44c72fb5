// @ts-check
// The row of controls to outline with: tools, the segment in hand, the brush, the values, and the steps back.

import { RADII_MM } from "./brush.js";
import { TOOL_KEYS } from "./gestures.js";
import { addButton, make } from "./panel.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./brush.js").DrawTool} DrawTool */

/** @type {Record<DrawTool, [string, string]>} */
const TOOLS = {
  brush: ["brush", "Paint a disc on the slice; Alt erases"],
  values: ["value brush", "Paint only voxels whose value lies in the range; Alt erases them"],
  eraser: ["eraser", "Take away with the same disc"],
  polygon: ["polygon", "Click the corners, or draw round freehand; the first corner, Enter or letting go closes it; Alt takes away"],
  grow: ["grow", "From a click, to all that hangs together within the range and the reach"],
};

export class DrawBar {
  /** A segment asked for, to be taken in hand when it is there. */
  #wanted = "";

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    const { brush } = screen.hands;
    const { drawing, drawtools } = screen.panel;
    brush.range = [...screen.model.get("window")];
    for (const [tool, [name, title]] of /** @type {[DrawTool, [string, string]][]} */ (Object.entries(TOOLS))) {
      const key = Object.entries(TOOL_KEYS).find(([, named]) => named === tool)?.[0].toUpperCase();
      addButton(drawtools, name, { "data-tool": tool, title: `${title} (key ${key})` }, () => screen.hands.take(tool));
    }
    this.segment = make("select", "", { "aria-label": "Segment to draw" });
    this.segment.addEventListener("change", () => this.#choose());
    this.swatch = make("i", "sr-swatch", { "aria-hidden": "true" });
    this.radius = make("input", "", { type: "range", min: String(RADII_MM[0]), max: String(RADII_MM[1]), step: "0.5", "aria-label": "Radius of the brush, mm" });
    this.radius.addEventListener("input", () => { brush.radius = this.radius.valueAsNumber; this.follow(); });
    this.size = make("span", "sr-size");
    const units = screen.holding?.images[0].units ?? "";
    const field = (/** @type {string} */ label, /** @type {number} */ value, /** @type {(value: number) => void} */ take) => {
      const input = make("input", "sr-number", { type: "number", step: "any", "aria-label": label });
      input.valueAsNumber = Math.round(value);
      input.addEventListener("change", () => { if (!Number.isNaN(input.valueAsNumber)) take(input.valueAsNumber); });
      input.addEventListener("keydown", (event) => event.stopPropagation()); // digits are numbers here, not windows
      return input;
    };
    const low = field("Lowest value drawn", brush.range[0], (value) => { brush.range[0] = value; });
    const high = field("Highest value drawn", brush.range[1], (value) => { brush.range[1] = value; });
    const reach = field("How far growing reaches, mm", brush.within, (value) => { brush.within = value; });
    this.steps = make("span", "sr-group", { role: "group", "aria-label": "Steps" });
    drawing.append(
      drawtools, make("label", "", {}, this.swatch, this.segment),
      make("label", "", { title: "Keys [ and ]" }, "Radius", this.radius, this.size),
      this.steps, make("span", "sr-range", {}, "Values", low, "to", high, units), make("span", "sr-reach", {}, "Reach", reach, "mm"),
    );
    addButton(this.steps, "fill between slices", { "data-action": "interpolate", title: "Fill the slices between those outlined in the view drawn on last (key I)" }, () => brush.interpolate());
    this.undo = addButton(this.steps, "undo", { "data-action": "undo", title: "Take the last step back (Ctrl+Z)" }, () => brush.step("undo"));
    this.redo = addButton(this.steps, "redo", { "data-action": "redo", title: "Take it anew (Ctrl+Shift+Z, Ctrl+Y)" }, () => brush.step("redo"));
    this.follow();
  }

  /** Show what Python says, and what is in hand. */
  follow() {
    const { hands, holding, panel } = this.screen;
    const { segments, outlined } = /** @type {import("./store.js").Meta} */ (holding?.meta);
    const { brush } = hands;
    const added = segments.findIndex(({ name }) => name === this.#wanted);
    if (added >= 0) [brush.segment, this.#wanted] = [added, ""];
    const names = segments.map(({ name }, n) => `${name}  ${outlined?.ml[n].toFixed(2)} ml`);
    while (this.segment.options.length > segments.length + 1) this.segment.remove(0);
    while (this.segment.options.length < segments.length + 1) this.segment.add(make("option", ""), 0);
    [...names, "+ new segment"].forEach((name, n) => { this.segment.options[n].text = name; });
    this.segment.options[segments.length].disabled = segments.length >= 8;
    this.segment.selectedIndex = brush.segment;
    this.swatch.style.background = segments[brush.segment]?.colour ?? "none";
    this.radius.valueAsNumber = brush.radius;
    this.size.textContent = `${brush.radius.toFixed(1)} mm`;
    this.undo.disabled = !outlined?.undo;
    this.redo.disabled = !outlined?.redo;
    panel.root.dataset.drawing = "on";
  }

  #choose() {
    const { hands, holding, panel } = this.screen;
    const count = holding?.meta?.segments.length ?? 0;
    if (this.segment.selectedIndex < count) hands.brush.segment = this.segment.selectedIndex;
    else this.#name(panel.writing);
    this.follow();
  }

  /** Ask what a new segment is called. @param {HTMLElement} place */
  #name(place) {
    const input = make("input", "", { type: "text", maxlength: "40", "aria-label": "Name of the new segment", placeholder: "What it is, such as tumour, oedema, nerve; no names of a patient" });
    const form = make("form", "sr-note", {}, input, make("button", "", { type: "submit" }, "Add"));
    addButton(form, "Cancel", {}, () => form.remove());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.remove();
      if (!input.value.trim()) return;
      this.screen.holding?.outbox?.add({ do: "add", name: input.value.trim() });
      this.#wanted = input.value.trim();
    });
    form.addEventListener("keydown", (event) => {
      event.stopPropagation(); // letters are text here, not tools
      if (event.key === "Escape") form.remove();
    });
    place.replaceChildren(form);
    input.focus();
  }
}
