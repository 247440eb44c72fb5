// @ts-check
// What the hand does, written back into the model: crosshair, windows, zoom, marks.

import { clampIndex, dot, plus, toIndex, toMm } from "./geometry.js";
import { Brush, isDrawing } from "./brush.js";
import { Cutting } from "./cutting.js";
import { ZOOM_STEP, listen } from "./gestures.js";
import { addButton } from "./panel.js";
import { Placing } from "./placing.js";
import { Stills } from "./stills.js";
import { WINDOW_OF } from "./store.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./pane.js").Pane} Pane */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./gestures.js").Tool} Tool */

const WIDTH_PX = 250; // a drag of so many pixels to the right makes the window e times as wide
const LEVEL_PX = 300; // one of so many down raises the level by the window's width
const FILLED = 0.35; // opacity of outlines that key F fills

export class Hands {
  /** @type {Tool} */
  tool = "crosshair";

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    this.placing = new Placing(screen, () => this.tool);
    this.cutting = new Cutting(screen);
    this.stills = new Stills(screen);
    this.brush = new Brush(screen, () => this.tool);
    const { model } = screen;
    const names = ["window", "preset", "beside_window", "fusion_window"];
    this.initial = { ...Object.fromEntries(names.map((name) => [name, model.get(name)])), enlarged: "" };
  }

  /** @param {Pane} pane @param {HTMLElement} corner where its buttons stand @param {AbortSignal} signal */
  attach(pane, corner, signal) {
    const zoom = (/** @type {number} */ factor, /** @type {number | undefined} */ x, /** @type {number | undefined} */ y) =>
      this.#reframe(() => pane.zoomBy(factor, ...this.#about(pane, x, y)));
    listen(pane.canvas, {
      tool: () => this.tool,
      take: (tool) => this.take(tool),
      point: (x, y) => this.#move((mm) => pane.placeAt(mm, x, y)),
      mark: (phase, x, y) => this.placing.pointer(pane, phase, x, y),
      cut: (phase, x, y) => this.cutting.pointer(pane, phase, x, y),
      draw: (phase, x, y, erase) => this.brush.pointer(pane, phase, x, y, erase),
      undo: () => this.brush.step("undo"),
      redo: () => this.brush.step("redo"),
      size: (factor) => this.brush.resize(factor),
      between: () => this.brush.interpolate(),
      hover: (x, y) => this.#point({ pane, x, y }),
      leave: () => this.#point(null),
      scroll: (slices) => this.#move((mm) => pane.deeper(mm, slices)),
      step: (right, down) => this.#move((mm) => pane.beside(mm, right, down)),
      window: (dx, dy) => this.#dragWindow(pane, dx, dy),
      pan: (dx, dy) => this.#reframe(() => pane.pan(dx, dy)),
      zoom,
      preset: (number) => this.choose(this.screen.holding?.images[pane.image].presets[number - 1]?.name ?? "", pane.image),
      markHere: () => (isDrawing(this.tool) ? this.brush : this.placing).atCrosshair(pane),
      keep: () => this.stills.keep(pane),
      drop: () => this.#drop(),
      fill: () => this.write({ fill_opacity: this.screen.model.get("fill_opacity") > 0 ? 0 : FILLED }),
      oblique: () => this.face(this.screen.facing() ? "" : this.screen.holding?.meta?.planes[0]?.name ?? [0, 0, 1]),
      enlarge: () => (this.brush.open ? this.brush.close() : this.#enlarge(pane)),
      reset: () => this.reset(),
    }, signal);
    const of = `${pane.canvas.getAttribute("aria-label")}`;
    addButton(corner, "+", { "aria-label": `Zoom in, ${of}`, title: "Zoom in (key +)" }, () => zoom(ZOOM_STEP, NaN, NaN));
    addButton(corner, "−", { "aria-label": `Zoom out, ${of}`, title: "Zoom out (key −)" }, () => zoom(1 / ZOOM_STEP, NaN, NaN));
    addButton(corner, "⤢", { "aria-label": `One view, and back, ${of}`, title: "One view, and back (Enter)" }, () => this.#enlarge(pane));
  }

  // --- model ---

  /** @param {Record<string, unknown>} values */
  write(values) {
    for (const [name, value] of Object.entries(values)) this.screen.model.set(name, value);
    // Told at once: ipywidgets keeps one message on the way and the newest behind it. A change held back here
    // would be undone by the echo of the one before.
    this.screen.model.save_changes();
  }

  /** Move the crosshair to a place that depends on where it is.
   * @param {(mm: number[]) => number[]} where @param {Record<string, unknown>} [others] told in the same breath */
  #move(where, others = {}) {
    const meta = this.screen.holding?.meta;
    if (!meta) return;
    const { affine, shape } = meta.images[0];
    const index = toIndex(affine, where(this.screen.model.get("crosshair_mm")));
    this.write({ crosshair_mm: toMm(affine, clampIndex(index, shape)), ...others });
  }

  /** @param {() => void} change of zoom or pan */
  #reframe(change) {
    change();
    this.screen.redraw();
  }

  /** @param {Pane} pane */
  #enlarge(pane) {
    this.write({ enlarged: this.screen.model.get("enlarged") === pane.name ? "" : pane.name });
  }

  /** The point to zoom about: that given, else the pointer, else the crosshair.
   * @param {Pane} pane @param {number} [x] @param {number} [y] @returns {[number, number]} */
  #about(pane, x, y) {
    if (x !== undefined && y !== undefined && !Number.isNaN(x)) return [x, y];
    const { pointer, model } = this.screen;
    if (x === undefined && pointer?.pane === pane) return [pointer.x, pointer.y];
    return pane.whereOnCanvas(model.get("crosshair_mm"));
  }

  /** Take a preset by its name; the image beside takes its own of that name. @param {string} name
   * @param {number} [only] one image */
  choose(name, only) {
    /** @type {Record<string, unknown>} */
    const values = {};
    for (const [n, { role, presets }] of (this.screen.holding?.images ?? []).entries()) {
      const preset = presets.find((known) => known.name === name);
      if (preset && role !== "fusion" && (only ?? n) === n) values[WINDOW_OF[role]] = preset.window;
    }
    if (values.window) values.preset = name;
    if (name) this.write(values);
  }

  /** @param {Pane} pane @param {number} dx @param {number} dy */
  #dragWindow(pane, dx, dy) {
    const image = this.screen.holding?.images[pane.image];
    if (!image) return;
    const trait = WINDOW_OF[image.role];
    const [low, high] = this.screen.model.get(trait);
    const level = (low + high) / 2 + ((high - low) * dy) / LEVEL_PX;
    const half = Math.max((high - low) * Math.exp(dx / WIDTH_PX), image.slope) / 2;
    this.write({ [trait]: [level - half, level + half], ...(pane.image ? {} : { preset: "" }) });
  }

  /** @param {string} name of a segment */
  toggle(name) {
    const hidden = this.screen.model.get("hidden");
    this.write({ hidden: hidden.includes(name) ? hidden.filter((/** @type {string} */ other) => other !== name) : [...hidden, name] });
  }

  /** Look along a plane, and go to it; along any normal, through the crosshair. @param {string | number[]} oblique */
  face(oblique) {
    const facing = this.screen.facing(oblique);
    const { point_mm: point, normal } = facing ?? { point_mm: null, normal: [0, 0, 0] };
    this.#move((mm) => (point ? plus(mm, normal, dot(normal, plus(point, mm, -1))) : mm), { oblique });
  }

  /** @param {{pane: Pane, x: number, y: number} | null} pointer */
  #point(pointer) {
    this.screen.pointer = pointer;
    this.screen.readPointer();
    if (isDrawing(this.tool)) this.screen.redraw(); // the disc goes with it
  }

  reset() {
    for (const pane of this.screen.panes) pane.reset();
    this.#drop();
    this.write(this.initial);
    this.screen.redraw();
  }

  /** @param {Tool} tool */
  take(tool) {
    if (!this.screen.panel.root.querySelector(`[data-tool="${tool}"]`)) return; // not of this widget
    this.tool = tool;
    this.#drop();
    this.screen.bar.press(tool);
    this.screen.redraw();
  }

  /** Let go of what is half placed or drawn. */
  #drop() {
    this.placing.drop();
    this.brush.drop();
  }

  // --- marks ---

  /** @param {Mark} mark */
  go(mark) {
    this.#move(() => mark.place);
  }

  /** @param {Mark} mark */
  remove(mark) {
    this.screen.model.send({ t: "unmark", n: mark.n });
  }
}
