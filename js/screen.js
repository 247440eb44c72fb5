// @ts-check
// What one view of the widget shows: it draws what the model and the images say.

import { Bar } from "./bar.js";
import { colourTable } from "./colours.js";
import { DrawBar } from "./drawbar.js";
import { Following } from "./following.js";
import { Hands } from "./hands.js";
import { fillLegend } from "./legend.js";
import { fillMarks } from "./marklist.js";
import { draftPoints } from "./marks.js";
import { Pane } from "./pane.js";
import { addPanes, buildPanel } from "./panel.js";
import { greyTable } from "./pixels.js";
import { PlanPanel } from "./planpanel.js";
import { crosshairWords, pointerWords } from "./readout.js";
import { WINDOW_OF, shareVolume } from "./store.js";

/** @typedef {import("./store.js").Model} Model */
/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./store.js").Meta} Meta */
/** @typedef {import("./pane.js").Facing} Facing */
/** @typedef {import("./pane.js").Tinted} Tinted */

const SETTINGS = [
  "window", "preset", "enlarged", "beside_window", "fusion_window", "fusion_opacity", "fill_opacity",
  "hidden", "oblique",
];
const LOADING_REDRAW_MS = 250; // to draw after every part would keep the next one waiting

export class Screen {
  /** @type {Holding | null} */
  holding = null;
  /** @type {Pane[]} */
  panes = [];
  /** Where the pointer is. @type {{pane: Pane, x: number, y: number} | null} */
  pointer = null;
  #frame = 0;
  #drawn = -Infinity;
  /** @type {Tinted[]} */
  #tints = [];
  #legendKey = "";
  #marksKey = "";
  /** @type {PlanPanel | null} */
  #plan = null;
  /** @type {DrawBar | null} */
  #drawing = null;
  #ends = new AbortController();
  #resized = new ResizeObserver(() => this.redraw());
  #followCrosshair = () => this.redraw();
  #followTraits = () => this.#traitsChanged();

  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = new Following(model, ["crosshair_mm", ...SETTINGS]);
    this.panel = buildPanel(el);
    this.hands = new Hands(this);
    this.bar = new Bar(this);
    this.model.on("change:crosshair_mm", this.#followCrosshair);
    for (const name of SETTINGS) this.model.on(`change:${name}`, this.#followTraits);
    const { holding, leave } = shareVolume(model, (now) => this.#volumeChanged(now));
    this.leave = leave;
    this.#volumeChanged(holding);
  }

  close() {
    this.#ends.abort();
    this.#resized.disconnect();
    cancelAnimationFrame(this.#frame);
    this.model.off("change:crosshair_mm", this.#followCrosshair);
    for (const name of SETTINGS) this.model.off(`change:${name}`, this.#followTraits);
    this.leave();
  }

  redraw() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** The plane that the oblique view looks along, or null.
   * @param {string | number[]} [chosen] a plane's name or a normal @returns {Facing | null} */
  facing(chosen = this.model.get("oblique")) {
    if (!chosen) return null;
    if (Array.isArray(chosen)) return { name: "", normal: chosen, point_mm: null };
    const plane = this.holding?.meta?.planes.find(({ name }) => name === chosen);
    return plane ? { name: plane.name, normal: plane.normal, point_mm: plane.point_mm } : null;
  }

  #draw() {
    this.#frame = 0;
    this.#drawn = performance.now();
    const { holding, model, hands } = this;
    if (!holding?.meta) return;
    const mm = model.get("crosshair_mm");
    const { draft: placed } = hands.placing;
    const draft = placed && {
      pane: placed.pane, kind: placed.kind, points: draftPoints(placed),
      words: holding.draft?.n === placed.n ? holding.draft.words : "",
    };
    const look = {
      mm, tints: this.#tinted(holding), facing: this.facing(), fill: model.get("fill_opacity"),
      hidden: model.get("hidden"), marks: holding.meta.marks, draft,
      holding: hands.tool === "planes", strokes: hands.brush.strokes,
    };
    for (const pane of this.panes) pane.draw(holding, { ...look, disc: hands.brush.cursor(pane) });
    this.panel.readout.textContent = crosshairWords(holding, mm, model.get("window"));
    this.readPointer();
  }

  /** @param {string} words to the hand on this view, until something else is said */
  say(words) {
    this.panel.words.textContent = words;
  }

  /** Say what lies under the pointer. */
  readPointer() {
    const { pointer, holding } = this;
    const place = pointer?.pane.placeAt(this.model.get("crosshair_mm"), pointer.x, pointer.y, true);
    this.panel.pointer.textContent = pointer && place && holding ? pointerWords(holding, pointer.pane.image, place) : "";
  }

  /** Tables from stored values to pixels, made anew where a window has changed. @param {Holding} holding */
  #tinted({ images }) {
    images.forEach(({ role, pixels }, n) => {
      const window = this.model.get(WINDOW_OF[role]);
      const opacity = role === "fusion" ? this.model.get("fusion_opacity") : 1;
      const key = [...window, opacity].join(" ");
      if (this.#tints[n]?.key === key) return;
      this.#tints[n] = { key, table: role === "fusion" ? colourTable(pixels, window, opacity) : greyTable(pixels, window) };
    });
    return this.#tints;
  }

  #traitsChanged() {
    const { root } = this.panel;
    root.dataset.oblique = this.facing() ? "on" : "";
    root.dataset.enlarged = this.model.get("enlarged") === "oblique" && !this.facing() ? "" : this.model.get("enlarged");
    this.bar.follow();
    this.redraw();
  }

  /** @param {Holding} holding */
  #volumeChanged(holding) {
    this.holding = holding;
    const { meta, progress, complete, words } = holding;
    this.panel.words.textContent = words;
    this.panel.root.dataset.state = holding.ended ? "ended" : complete ? "ready" : meta ? "loading" : "waiting";
    this.panel.progress.style.setProperty("--arrived", String(progress));
    this.panel.progress.setAttribute("aria-valuenow", String(Math.round(100 * progress)));
    if (meta) this.#wordsChanged(meta);
    if (complete || this.#drawn + LOADING_REDRAW_MS < performance.now()) this.#traitsChanged();
  }

  /** @param {Meta} meta */
  #wordsChanged(meta) {
    if (!this.panes.length) this.#layOut(meta);
    const legend = JSON.stringify([meta.planes, meta.segments]);
    if (legend !== this.#legendKey) {
      fillLegend(this.panel.legend, meta, (name) => this.hands.toggle(name));
      this.bar.offerPlanes(meta);
    }
    this.#legendKey = legend;
    this.hands.stills.follow(meta.kept);
    const marks = JSON.stringify(meta.marks);
    if (marks !== this.#marksKey) fillMarks(this.panel.marks, meta.marks, this.hands);
    this.#marksKey = marks;
    this.#plan?.follow();
    this.#drawing?.follow();
  }

  /** A row of panes for the first image, and one for that beside it. @param {Meta} meta */
  #layOut(meta) {
    const beside = meta.images[1]?.role === "beside";
    this.panel.root.dataset.beside = beside ? "on" : "";
    for (const [number, { label }] of meta.images.slice(0, beside ? 2 : 1).entries()) {
      for (const { name, canvas, corner } of addPanes(this.panel.box, beside ? label : "")) {
        const pane = new Pane(name, number, canvas);
        this.panes.push(pane);
        this.hands.attach(pane, corner, this.#ends.signal);
        this.#resized.observe(canvas);
      }
    }
    this.bar.offer(meta);
    if (meta.outlined) this.#drawing = new DrawBar(this);
    if (meta.plan) this.#plan = new PlanPanel(this, this.panel.plan);
  }
}
