// @ts-check
// The row of controls to outline with: tools, the segment in hand, the brush, the values, and the steps back.

import { RADII_MM } from "./brush.js";
import { TOOL_KEYS } from "./gestures.js";
import { askText, askWhether, keepKeys } from "./asktext.js";
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
  #awaited = "";
  /** @type {string[]} */
  #names = [];

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
      keepKeys(input); // digits are numbers here, not windows
      return input;
    };
    const low = field("Lowest value drawn", brush.range[0], (value) => { brush.range[0] = value; });
    const high = field("Highest value drawn", brush.range[1], (value) => { brush.range[1] = value; });
    const reach = field("How far growing reaches, mm", brush.within, (value) => { brush.within = value; });
    this.naming = make("span", "sr-group", { role: "group", "aria-label": "This segment" });
    addButton(this.naming, "rename", { "data-action": "rename", title: "Another name for this segment" }, () => this.#rename());
    this.delete = addButton(this.naming, "delete", { "data-action": "delete", title: "Let this segment go" }, () => this.#delete());
    this.steps = make("span", "sr-group", { role: "group", "aria-label": "Steps" });
    drawing.append(
      drawtools, make("label", "", {}, this.swatch, this.segment), this.naming,
      make("label", "", { title: "Keys [ and ]" }, "Radius", this.radius, this.size),
      this.steps, make("span", "sr-range", {}, "Values", low, "to", high, units), make("span", "sr-reach", {}, "Reach", reach, "mm"),
    );
    addButton(this.steps, "fill between slices", { "data-action": "interpolate", title: "Fill the slices between those outlined in the view drawn on last (key I)" }, () => brush.interpolate());
    this.undo = addButton(this.steps, "undo", { "data-action": "undo", title: "Take the last step back (Ctrl+Z)" }, () => brush.step("undo"));
    this.redo = addButton(this.steps, "redo", { "data-action": "redo", title: "Take it anew (Ctrl+Shift+Z, Ctrl+Y)" }, () => brush.step("redo"));
    this.save = addButton(this.steps, "save as SEG", { "data-action": "save", title: "All that is drawn, as a DICOM segmentation" },
      () => screen.model.send({ t: "save", page: screen.holding?.page }));
    this.follow();
  }

  /** Show what Python says, and what is in hand. */
  follow() {
    const { hands, holding, panel } = this.screen;
    const { segments, outlined } = /** @type {import("./store.js").Meta} */ (holding?.meta);
    const { brush } = hands;
    this.#takeInHand(segments.map(({ name }) => name));
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
    this.delete.disabled = segments.length < 2;
    this.save.hidden = !outlined?.save;
    panel.root.dataset.drawing = "on";
  }

  /** Stay with the segment in hand where others come and go. @param {string[]} names */
  #takeInHand(names) {
    const { brush } = this.screen.hands;
    const place = names.indexOf(this.#awaited);
    if (place >= 0) [brush.segment, this.#awaited] = [place, ""];
    else if (names.length < this.#names.length) brush.segment = Math.max(0, names.indexOf(this.#names[brush.segment]));
    this.#names = names;
  }

  #choose() {
    const { hands, holding } = this.screen;
    const count = holding?.meta?.segments.length ?? 0;
    if (this.segment.selectedIndex < count) hands.brush.segment = this.segment.selectedIndex;
    else {
      this.#name("Add", (name) => {
        this.screen.holding?.outbox?.add({ do: "add", name });
        this.#awaited = name;
      });
    }
    this.follow();
  }

  /** Ask what a segment is called. @param {string} verb @param {(name: string) => void} named @param {string} [text] */
  #name(verb, named, text = "") {
    const hint = "What it is, such as tumour, oedema, nerve; no names of a patient";
    askText(this.screen.panel.writing, { label: "Name of the segment", hint, longest: 40, verb, text }, named);
  }

  #rename() {
    const { hands: { brush }, holding } = this.screen;
    const { segment } = brush;
    this.#name("Rename", (name) => holding?.outbox?.add({ do: "rename", segment, name }), holding?.meta?.segments[segment].name);
  }

  #delete() {
    const { hands: { brush }, holding, panel } = this.screen;
    const { segment } = brush;
    const question = `Delete ${this.segment.options[segment].text}? This cannot be undone.`;
    askWhether(panel.writing, question, "Delete", () => holding?.outbox?.add({ do: "delete", segment }));
  }
}
