// @ts-check
// The buttons and sliders above the views.

import { TOOL_KEYS } from "./gestures.js";
import { fillScale } from "./legend.js";
import { addButton, addSlider, make, press } from "./panel.js";
import { windowWords } from "./words.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./store.js").Meta} Meta */
/** @typedef {import("./gestures.js").Tool} Tool */

/** @type {Partial<Record<Tool, string>>} */
const TOOLS = {
  crosshair: "Left drag moves the crosshair",
  window: "Left drag: right is wider, down is a higher level",
  pan: "Left drag moves the image",
  planes: "Drag a plane's square to shift it, its rings to tilt it",
  length: "Two points",
  angle: "Three points, the corner second",
  ellipse: "Mean and spread of the values in an ellipse: two corners",
  rectangle: "Mean and spread of the values in a rectangle: two corners",
  note: "A text pinned to a place",
};
const NAVIGATING = ["crosshair", "window", "pan", "planes"];
/** Planes of the patient's own axes, for scans that are tilted. @type {[string, number[]][]} */
const PATIENT_PLANES = [["true axial", [0, 0, 1]], ["true coronal", [0, 1, 0]], ["true sagittal", [1, 0, 0]]];

export class Bar {
  /** @type {HTMLInputElement | null} */
  #fill = null;
  /** @type {HTMLInputElement | null} */
  #fusion = null;
  #scale = make("span", "sr-scale");
  #oblique = make("select", "", { "aria-label": "Oblique view" });

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    const { tools, marking, bar, keys } = screen.panel;
    for (const [tool, title] of /** @type {[Tool, string][]} */ (Object.entries(TOOLS))) {
      const key = Object.entries(TOOL_KEYS).find(([, named]) => named === tool)?.[0].toUpperCase();
      const group = NAVIGATING.includes(tool) ? tools : marking;
      addButton(group, tool, { "data-tool": tool, title: `${title} (key ${key})` }, () => screen.hands.take(tool));
    }
    addButton(bar, "Reset", { "data-action": "reset", title: "Window, zoom and layout as at first (key R)" }, () => screen.hands.reset());
    bar.append(keys);
    this.#oblique.addEventListener("change", () => screen.hands.face(JSON.parse(this.#oblique.value)));
    this.press("crosshair");
  }

  /** @param {Tool} tool that the left drag now is */
  press(tool) {
    const { tools, marking, drawtools, root } = this.screen.panel;
    press(drawtools, "data-tool", tool);
    press(tools, "data-tool", tool);
    press(marking, "data-tool", tool);
    root.dataset.tool = tool;
  }

  /** What these images can be shown with. @param {Meta} meta */
  offer({ images, segments, plan }) {
    const { panel, hands, model } = this.screen;
    if (!plan) panel.tools.querySelector('[data-tool="planes"]')?.remove();
    images[0].presets.forEach((preset, n) => {
      const title = `${windowWords(preset.window, images[0].slope)} (key ${n + 1})`;
      addButton(panel.presets, preset.name, { "data-preset": preset.name, title }, () => hands.choose(preset.name));
    });
    addButton(panel.options, "Keep image", { "data-action": "keep", title: "A still of this view, for a deck (key K)" }, () => hands.stills.keep());
    panel.options.append(make("label", "", {}, "Oblique", this.#oblique));
    const title = "Pressed: this page and all others show the same. Not pressed: this page looks round on its own";
    const follow = addButton(panel.options, "Follow", { "data-action": "follow", title, "aria-pressed": "true" }, () => {
      model.follow(!model.following);
      follow.setAttribute("aria-pressed", String(model.following));
    });
    if (segments.length) this.#fill = addSlider(panel.options, "Fill", model.get("fill_opacity"), (value) => hands.write({ fill_opacity: value }));
    const fused = images.find(({ role }) => role === "fusion");
    if (!fused) return;
    this.#fusion = addSlider(panel.options, `Fusion: ${fused.label}`, model.get("fusion_opacity"), (value) => hands.write({ fusion_opacity: value }));
    panel.options.append(this.#scale);
  }

  /** @param {Meta} meta */
  offerPlanes({ planes }) {
    const choices = [["off", ""], ...planes.map(({ name }) => [`along ${name}`, name]), ...PATIENT_PLANES, ["as set in Python", null]];
    this.#oblique.replaceChildren(...choices.map(([text, value]) => make("option", "", { value: JSON.stringify(value) }, `${text}`)));
    this.follow();
  }

  /** Show what the model says. */
  follow() {
    const { model, panel, holding, facing } = this.screen;
    press(panel.presets, "data-preset", model.get("preset"));
    if (this.#fill) this.#fill.valueAsNumber = model.get("fill_opacity");
    if (this.#fusion) this.#fusion.valueAsNumber = model.get("fusion_opacity");
    for (const button of panel.legend.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(!model.get("hidden").includes(button.dataset.segment)));
    }
    const known = [...this.#oblique.options].map(({ value }) => value);
    const chosen = JSON.stringify(facing.call(this.screen) ? model.get("oblique") : "");
    this.#oblique.value = known.includes(chosen) ? chosen : "null";
    const own = this.#oblique.options[this.#oblique.options.length - 1];
    if (own) own.hidden = own.disabled = this.#oblique.value !== "null";
    const fused = holding?.images.find(({ role }) => role === "fusion");
    if (fused) fillScale(this.#scale, fused, model.get("fusion_window"));
  }
}
