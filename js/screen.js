// @ts-check
// What one view of the widget shows and does: it draws what the model and the volume say, and writes what the
// hand does back into the model.

import { PLANE_COLOUR } from "./draw.js";
import { clampIndex, nearestVoxel, toIndex, toMm } from "./geometry.js";
import { listen } from "./gestures.js";
import { Pane } from "./pane.js";
import { addButton, buildPanel, fillLegend, press } from "./panel.js";
import { greyTable, valueAt } from "./pixels.js";
import { shareVolume } from "./store.js";
import { positionWords, valueWords, windowWords } from "./words.js";

/** @typedef {import("./store.js").Model} Model */
/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./store.js").Meta} Meta */
/** @typedef {"crosshair" | "window"} Tool */

const TRAITS = ["crosshair_mm", "window", "preset", "enlarged"];
const LOADING_REDRAW_MS = 250; // to draw after every part would keep the next one waiting
const WIDTH_PX = 250; // a drag of so many pixels to the right makes the window e times as wide
const LEVEL_PX = 300; // one of so many down raises the level by the window's width

export class Screen {
  /** @type {Holding | null} */
  #holding = null;
  /** @type {Tool} */
  #tool = "crosshair";
  #frame = 0;
  #drawn = -Infinity;
  #table = new Uint32Array(65536);
  #tableKey = "";
  #legendKey = "";
  #ends = new AbortController();
  #resized = new ResizeObserver(() => this.#redraw());
  #followTraits = () => this.#traitsChanged();

  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.panel = buildPanel(el);
    this.panes = this.panel.panes.map(({ name, canvas }) => new Pane(name, canvas));
    this.initial = { window: model.get("window"), preset: model.get("preset"), enlarged: "" };
    this.#addTools();
    for (const pane of this.panes) {
      listen(pane.canvas, this.#handlersOf(pane), this.#ends.signal);
      this.#resized.observe(pane.canvas);
    }
    for (const name of TRAITS) model.on(`change:${name}`, this.#followTraits);
    const { holding, leave } = shareVolume(model, (now) => this.#volumeChanged(now));
    this.leave = leave;
    this.#volumeChanged(holding);
  }

  close() {
    this.#ends.abort();
    this.#resized.disconnect();
    cancelAnimationFrame(this.#frame);
    for (const name of TRAITS) this.model.off(`change:${name}`, this.#followTraits);
    this.leave();
  }

  // --- showing ---

  #redraw() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    this.#drawn = performance.now();
    const { meta, pixels } = this.#holding ?? {};
    if (!this.#holding || !meta || !pixels) return;
    const index = toIndex(meta.affine, this.model.get("crosshair_mm"));
    const key = this.model.get("window").join(" ");
    if (key !== this.#tableKey) this.#table = greyTable(pixels, this.model.get("window"));
    this.#tableKey = key;
    for (const pane of this.panes) pane.draw(this.#holding, { index, table: this.#table, tableKey: key });
    this.panel.readout.textContent = readOut(this.#holding, index, this.model.get("window"));
  }

  #traitsChanged() {
    this.panel.root.dataset.enlarged = this.model.get("enlarged");
    press(this.panel.presets, "data-preset", this.model.get("preset"));
    this.#redraw();
  }

  /** @param {Holding} holding */
  #volumeChanged(holding) {
    this.#holding = holding;
    const { meta, progress, complete, words } = holding;
    this.panel.words.textContent = words;
    this.panel.root.dataset.state = complete ? "ready" : meta ? "loading" : "waiting";
    this.panel.progress.style.setProperty("--arrived", String(progress));
    this.panel.progress.setAttribute("aria-valuenow", String(Math.round(100 * progress)));
    if (meta) this.#namesChanged(meta);
    if (complete || this.#drawn + LOADING_REDRAW_MS < performance.now()) this.#traitsChanged();
  }

  /** @param {Meta} meta */
  #namesChanged(meta) {
    if (!this.panel.presets.childElementCount) this.#addPresets(meta);
    const key = JSON.stringify(meta.planes);
    if (key !== this.#legendKey) fillLegend(this.panel.legend, meta, PLANE_COLOUR);
    this.#legendKey = key;
  }

  /** @param {Meta} meta */
  #addPresets({ presets, slope }) {
    presets.forEach((preset, n) => {
      const title = `${windowWords(preset.window, slope)} (key ${n + 1})`;
      addButton(this.panel.presets, preset.name, { "data-preset": preset.name, title }, () => this.#choose(preset));
    });
  }

  #addTools() {
    const { tools, bar, keys } = this.panel;
    /** @type {[Tool, string][]} */
    const offered = [["crosshair", "Left drag moves the crosshair"], ["window", "Left drag: right is wider, down is a higher level"]];
    for (const [tool, title] of offered) addButton(tools, tool, { "data-tool": tool, title }, () => this.#take(tool));
    addButton(bar, "Reset", { "data-action": "reset", title: "Window, zoom and layout as at first (key R)" }, () => this.#reset());
    bar.append(keys);
    this.#take(this.#tool);
  }

  // --- doing ---

  /** @param {Record<string, unknown>} values */
  #write(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    // Told at once: ipywidgets keeps one message on the way and the newest behind it. A change held back here
    // would be undone by the echo of the one before.
    this.model.save_changes();
  }

  /** Move the crosshair to an index that depends on where it is. @param {(meta: Meta, index: number[]) => number[]} where */
  #move(where) {
    const meta = this.#holding?.meta;
    if (!meta) return;
    const index = where(meta, toIndex(meta.affine, this.model.get("crosshair_mm")));
    this.#write({ crosshair_mm: toMm(meta.affine, clampIndex(index, meta.shape)) });
  }

  /** @param {(meta: Meta) => void} change */
  #reframe(change) {
    if (this.#holding?.meta) change(this.#holding.meta);
    this.#redraw();
  }

  /** @param {Meta["presets"][0] | undefined} preset */
  #choose(preset) {
    if (preset) this.#write({ window: preset.window, preset: preset.name });
  }

  /** @param {number} dx @param {number} dy */
  #dragWindow(dx, dy) {
    const [low, high] = this.model.get("window");
    const level = (low + high) / 2 + ((high - low) * dy) / LEVEL_PX;
    const least = this.#holding?.meta?.slope ?? 1;
    const half = Math.max((high - low) * Math.exp(dx / WIDTH_PX), least) / 2;
    this.#write({ window: [level - half, level + half], preset: "" });
  }

  /** @param {Tool} tool */
  #take(tool) {
    this.#tool = tool;
    press(this.panel.tools, "data-tool", tool);
    this.panel.root.dataset.tool = tool;
  }

  #reset() {
    for (const pane of this.panes) pane.reset();
    this.#write(this.initial);
    this.#redraw();
  }

  /** @param {Pane} pane @returns {import("./gestures.js").Handlers} */
  #handlersOf(pane) {
    return {
      tool: () => this.#tool,
      point: (x, y) => this.#move((meta, index) => pane.indexAt(meta, index, x, y)),
      scroll: (slices) => this.#move((meta, index) => pane.deeper(meta, index, slices)),
      step: (right, down) => this.#move((meta, index) => pane.beside(meta, index, right, down)),
      window: (dx, dy) => this.#dragWindow(dx, dy),
      pan: (dx, dy) => this.#reframe((meta) => pane.pan(meta, dx, dy)),
      zoom: (factor, x, y) => this.#reframe((meta) => pane.zoomBy(meta, factor, x, y)),
      preset: (number) => this.#choose(this.#holding?.meta?.presets[number - 1]),
      enlarge: () => this.#write({ enlarged: this.model.get("enlarged") === pane.name ? "" : pane.name }),
      reset: () => this.#reset(),
    };
  }
}

/** @param {Holding} holding @param {number[]} index @param {number[]} window */
function readOut({ meta, pixels, complete }, index, window) {
  if (!meta || !pixels) return "";
  const value = complete ? valueAt(pixels, nearestVoxel(index, meta.shape)) : undefined;
  const shown = value === undefined ? "…" : value === null ? "no value" : `${valueWords(value, meta.slope)} ${meta.units}`;
  return [positionWords(toMm(meta.affine, index)), shown.trim(), windowWords(window, meta.slope)].join("\u2003");
}
