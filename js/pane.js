// @ts-check
// One pane: its canvas, the image and the plane it shows, how far it is zoomed and moved. Places go in and out as
// positions in the patient, LPS mm.

import { drawnStroke } from "./brushlook.js";
import { Contents } from "./contents.js";
import { drawView } from "./draw.js";
import { nearestVoxel, toIndex, toMm } from "./geometry.js";
import { fromCanvas, obliqueLattice, ownLattice, placement, toCanvas } from "./views.js";
import { headingOf, placeWords, tiltWords } from "./words.js";

/** @typedef {import("./geometry.js").PaneName} PaneName */
/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./store.js").Image} Image */
/** @typedef {{table: Uint32Array, key: string}} Tinted a table from stored values to pixels, and what it depends on */
/** A plane to look along. @typedef {{name: string, normal: number[], point_mm: number[] | null}} Facing */
/**
 * What all panes show alike.
 * @typedef {{mm: number[], tints: Tinted[], facing: Facing | null, fill: number, hidden: string[],
 *   marks: import("./marks.js").Mark[], holding: boolean, strokes: import("./brush.js").Stroke[],
 *   disc: import("./brushlook.js").Disc | null, draft: {pane: Pane, kind: import("./marks.js").MarkKind, points: number[][],
 *   words: string} | null}} Look
 */

const [ZOOM_LEAST, ZOOM_MOST] = [0.5, 20];

export class Pane {
  zoom = 1;
  panMm = [0, 0];
  /** @type {Lattice | null} */
  lattice = null;
  slice = 0;
  #laid = "";
  #contents;

  /** @param {PaneName} name @param {number} image which of the widget's images @param {HTMLCanvasElement} canvas */
  constructor(name, image, canvas) {
    this.name = name;
    this.image = image;
    this.canvas = canvas;
    this.#contents = new Contents(image);
  }

  /** @param {Lattice} lattice */
  #placement({ view, shape }) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return placement(view, shape, { width, height, zoom: this.zoom, panMm: this.panMm });
  }

  /** The slice shown: of the scan's own the nearest, of any other plane the one through the place itself.
   * @param {Lattice} lattice @param {number[]} index */
  #sliceAt({ own, shape, view }, index) {
    return own ? nearestVoxel(index, shape)[view.through] : index[view.through];
  }

  /** Change an index of this pane's grid. @param {number[]} mm @param {(lattice: Lattice, index: number[]) => void} change */
  #moved(mm, change) {
    if (!this.lattice) return mm;
    const index = [...toIndex(this.lattice.affine, mm)];
    change(this.lattice, index);
    return toMm(this.lattice.affine, index);
  }

  /** The place under a point of the canvas, at the depth of `mm`, or on the slice shown.
   * @param {number[]} mm @param {number} x @param {number} y @param {boolean} [onSlice] */
  placeAt(mm, x, y, onSlice = false) {
    return this.#moved(mm, (lattice, index) => {
      const { view } = lattice;
      if (onSlice) index[view.through] = this.#sliceAt(lattice, index);
      [index[view.horizontal], index[view.vertical]] = fromCanvas(this.#placement(lattice), x, y);
    });
  }

  /** Where a place lies on the canvas, in CSS pixels. @param {number[]} mm @returns {[number, number]} */
  whereOnCanvas(mm) {
    if (!this.lattice) return [0, 0];
    const { affine, view } = this.lattice;
    const index = toIndex(affine, mm);
    return toCanvas(this.#placement(this.lattice), index[view.horizontal], index[view.vertical]);
  }

  /** The place some slices deeper, at voxel centres. @param {number[]} mm @param {number} slices */
  deeper(mm, slices) {
    return this.#moved(mm, (lattice, index) => {
      const { through, forward } = lattice.view;
      const slice = this.#sliceAt(lattice, index) + slices * forward;
      index[through] = Math.min(lattice.shape[through] - 1, Math.max(0, slice));
    });
  }

  /** The place some voxels to the right and down. @param {number[]} mm @param {number} right @param {number} down */
  beside(mm, right, down) {
    return this.#moved(mm, ({ view }, index) => {
      index[view.horizontal] += view.flipH ? -right : right;
      index[view.vertical] += view.flipV ? -down : down;
    });
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    if (!this.lattice) return;
    const { scale } = this.#placement(this.lattice);
    this.panMm = [this.panMm[0] + dx / scale, this.panMm[1] + dy / scale];
  }

  /** Zoom, keeping the tissue under (x, y) where it is. @param {number} factor @param {number} x @param {number} y */
  zoomBy(factor, x, y) {
    if (!this.lattice) return;
    const before = this.#placement(this.lattice).scale;
    this.zoom = Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, this.zoom * factor));
    const after = this.#placement(this.lattice).scale;
    const from = [x - this.canvas.clientWidth / 2, y - this.canvas.clientHeight / 2];
    this.panMm = this.panMm.map((pan, axis) => pan + from[axis] / after - from[axis] / before);
  }

  reset() {
    this.zoom = 1;
    this.panMm = [0, 0];
  }

  /** @param {Image} image @param {Facing | null} facing */
  #lay(image, facing) {
    const key = this.name === "oblique" ? String(facing?.normal ?? "") : "own";
    if (key === this.#laid) return;
    this.#laid = key;
    if (this.name !== "oblique") this.lattice = ownLattice(image, this.name);
    else this.lattice = facing && obliqueLattice(image, facing.normal);
  }

  /** @param {Holding} holding @param {Look} look */
  draw(holding, look) {
    const image = holding.images[this.image];
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!image || !width || !height) return;
    this.#lay(image, look.facing);
    const { lattice } = this;
    if (!lattice) return;
    const index = toIndex(lattice.affine, look.mm);
    const slice = this.#sliceAt(lattice, index);
    this.slice = slice;
    const beyond = Math.abs(index[lattice.view.through] - slice) > 0.5 + 1e-6; // a slice of another image may end before
    const heading = headingOf(lattice, look.facing, holding.images[1]?.role === "beside" ? image.label : "");
    const position = beyond ? "outside this image" : placeWords(lattice, slice, look);
    this.canvas.setAttribute("aria-label", `${heading} view, ${position}`);
    drawView(/** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d")), {
      width, height, ratio: this.#fitCanvas(width, height), at: this.#placement(lattice),
      ...this.#contents.at({ holding, lattice, slice, laid: this.#laid }, look, look.draft?.pane === this, beyond),
      strokes: look.strokes.filter((one) => one.pane === this && one.slice === slice).map((one) => drawnStroke(one, lattice)), disc: look.disc,
      crosshair: [index[lattice.view.horizontal], index[lattice.view.vertical]], letters: lattice.view.letters,
      heading, position, tilt: tiltWords(lattice),
    });
  }

  /** @param {number} width @param {number} height */
  #fitCanvas(width, height) {
    // A deck magnifies the whole viewer by CSS; older browsers do not say so, and are a little blurred there.
    const ratio = (window.devicePixelRatio || 1) * (/** @type {any} */ (this.canvas).currentCSSZoom ?? 1);
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    return ratio;
  }
}
