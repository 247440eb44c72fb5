// @ts-check
// One of the three panes: its canvas, its slice, how far it is zoomed and moved.

import { maskSlice, outlines } from "./contours.js";
import { drawView } from "./draw.js";
import { fromCanvas, nearestVoxel, placement, planeLine, sliceView, tiltDeg } from "./geometry.js";
import { paintSlice } from "./pixels.js";

/** @typedef {import("./geometry.js").ViewName} ViewName */
/** @typedef {import("./geometry.js").SliceView} SliceView */
/** @typedef {import("./store.js").Meta} Meta */
/** @typedef {import("./store.js").Holding} Holding */

const TILT_SHOWN_DEG = 0.5;
const [ZOOM_LEAST, ZOOM_MOST] = [0.5, 20];

export class Pane {
  zoom = 1;
  panMm = [0, 0];
  /** @type {SliceView | null} */
  view = null;
  #image = document.createElement("canvas");
  #painted = "";
  /** @type {import("./draw.js").Outline[]} */
  #outlines = [];
  #outlined = "";

  /** @param {ViewName} name @param {HTMLCanvasElement} canvas */
  constructor(name, canvas) {
    this.name = name;
    this.canvas = canvas;
  }

  /** Placement of the slice on the canvas, in CSS pixels. @param {Meta} meta */
  #placement(meta) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return placement(this.#viewOf(meta), meta.shape, { width, height, zoom: this.zoom, panMm: this.panMm });
  }

  /** @param {Meta} meta @returns {SliceView} */
  #viewOf(meta) {
    this.view ??= sliceView(meta.affine, this.name);
    return this.view;
  }

  /** The index under a point of the canvas, at the depth of `index`. @param {Meta} meta @param {number[]} index
   * @param {number} x @param {number} y */
  indexAt(meta, index, x, y) {
    const view = this.#viewOf(meta);
    const [h, v] = fromCanvas(this.#placement(meta), x, y);
    const found = [...index];
    found[view.horizontal] = h;
    found[view.vertical] = v;
    return found;
  }

  /** The index some slices deeper, at voxel centres. @param {Meta} meta @param {number[]} index @param {number} slices */
  deeper(meta, index, slices) {
    const { through, forward } = this.#viewOf(meta);
    const found = [...index];
    const slice = nearestVoxel(index, meta.shape)[through] + slices * forward;
    found[through] = Math.min(meta.shape[through] - 1, Math.max(0, slice));
    return found;
  }

  /** The index some voxels to the right and down. @param {Meta} meta @param {number[]} index @param {number} right @param {number} down */
  beside(meta, index, right, down) {
    const view = this.#viewOf(meta);
    const found = [...index];
    found[view.horizontal] += view.flipH ? -right : right;
    found[view.vertical] += view.flipV ? -down : down;
    return found;
  }

  /** @param {Meta} meta @param {number} dx @param {number} dy */
  pan(meta, dx, dy) {
    const { scale } = this.#placement(meta);
    this.panMm = [this.panMm[0] + dx / scale, this.panMm[1] + dy / scale];
  }

  /** Zoom, keeping the tissue under (x, y) where it is. @param {Meta} meta @param {number} factor @param {number} x @param {number} y */
  zoomBy(meta, factor, x, y) {
    const before = this.#placement(meta).scale;
    this.zoom = Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, this.zoom * factor));
    const after = this.#placement(meta).scale;
    const from = [x - this.canvas.clientWidth / 2, y - this.canvas.clientHeight / 2];
    if (Number.isNaN(x)) return;
    this.panMm = this.panMm.map((pan, axis) => pan + from[axis] / after - from[axis] / before);
  }

  reset() {
    this.zoom = 1;
    this.panMm = [0, 0];
  }

  /** @param {Holding} holding @param {{index: number[], table: Uint32Array, tableKey: string}} state */
  draw(holding, { index, table, tableKey }) {
    const { meta } = holding;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!meta || !width || !height) return;
    const view = this.#viewOf(meta);
    const slice = nearestVoxel(index, meta.shape)[view.through];
    this.#paint(holding, view, slice, table, tableKey);
    this.#outline(holding, view, slice);
    const ratio = this.#fitCanvas(width, height);
    const count = meta.shape[view.through];
    this.canvas.setAttribute("aria-label", `${this.name} view, slice ${slice + 1} of ${count}`);
    drawView(/** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d")), {
      width, height, ratio, at: this.#placement(meta), image: this.#image, outlines: this.#outlines,
      planes: planeMarks(meta, view, slice), crosshair: [index[view.horizontal], index[view.vertical]],
      letters: view.letters, heading: this.name[0].toUpperCase() + this.name.slice(1),
      position: `${slice + 1} / ${count}`, tilt: tiltWords(tiltDeg(meta.affine)),
    });
  }

  /** @param {number} width @param {number} height */
  #fitCanvas(width, height) {
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    return ratio;
  }

  /** @param {Holding} holding @param {SliceView} view @param {number} slice @param {Uint32Array} table @param {string} tableKey */
  #paint({ pixels, revision }, view, slice, table, tableKey) {
    const key = `${slice} ${revision} ${tableKey}`;
    if (!pixels || key === this.#painted) return;
    this.#painted = key;
    const [width, height] = [pixels.shape[view.horizontal], pixels.shape[view.vertical]];
    if (this.#image.width !== width || this.#image.height !== height) Object.assign(this.#image, { width, height });
    const image = new ImageData(width, height);
    paintSlice(pixels, view, slice, table, new Uint32Array(image.data.buffer));
    this.#image.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** @param {Holding} holding @param {SliceView} view @param {number} slice */
  #outline({ meta, masks, revision }, view, slice) {
    const key = `${slice} ${revision}`;
    if (!meta || !masks || key === this.#outlined) return;
    this.#outlined = key;
    const loops = outlines(maskSlice(masks, view, slice), meta.segments.length);
    this.#outlines = meta.segments.map(({ colour, dash }, n) => ({ loops: loops[n], colour, dash }));
  }
}

/** @param {number} degrees */
function tiltWords(degrees) {
  if (degrees <= TILT_SHOWN_DEG) return "";
  return `tilt ${degrees < 10 ? degrees.toFixed(1) : Math.round(degrees)}°`;
}

/** The face of each cut and, on the far side of the saw, that of the bone which stays.
 * @param {Meta} meta @param {SliceView} view @param {number} slice */
function planeMarks({ affine, shape, planes }, view, slice) {
  return planes.map((plane) => ({
    name: plane.name,
    line: planeLine(affine, shape, view, slice, plane),
    kerf: plane.kerf_mm > 0 ? planeLine(affine, shape, view, slice, plane, plane.kerf_mm) : null,
  }));
}
