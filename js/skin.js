// @ts-check
// Where the tumour's surface crosses a slice, in the band of margin that each piece of it has.

import { toIndex } from "./geometry.js";

/** Vertices in LPS mm, three corners to a face, the band of each vertex; what the bands are called and look like;
 * `measured` once bands came that were measured after the page opened.
 * @typedef {{vertices: Float32Array, faces: Uint32Array, bands: Uint8Array,
 *   shown: import("./store.js").Band[], measured: boolean}} Skin */
/** @typedef {import("./views.js").Lattice} Lattice */
/** Ends of pieces, x and y in turn, in (horizontal, vertical) index, by band. @typedef {number[][]} SkinLines */

const BINS = 256;

/** A surface laid on a lattice: index of every vertex, and the faces by their depth, so that a slice looks at few. */
export class LaidSkin {
  /** @param {Skin} skin @param {Lattice} lattice */
  constructor(skin, lattice) {
    this.skin = skin;
    this.view = lattice.view;
    this.index = indexAll(skin.vertices, lattice.affine);
    const { through } = lattice.view;
    const depths = this.index.filter((_, n) => n % 3 === through);
    this.low = depths.reduce((low, depth) => Math.min(low, depth), Infinity);
    this.step = (depths.reduce((high, depth) => Math.max(high, depth), -Infinity) - this.low) / BINS || 1;
    /** @type {number[][]} */
    this.bins = Array.from({ length: BINS + 1 }, () => []);
    for (let face = 0; face < skin.faces.length; face += 3) {
      const corners = [0, 1, 2].map((n) => this.#binOf(depths[skin.faces[face + n]]));
      for (let bin = Math.min(...corners); bin <= Math.max(...corners); bin++) this.bins[bin].push(face);
    }
  }

  /** @param {number} depth */
  #binOf(depth) {
    return Math.min(BINS, Math.max(0, Math.floor((depth - this.low) / this.step)));
  }

  /** The surface's lines on a slice. A piece takes the least margin of its face. @param {number} slice @returns {SkinLines} */
  lines(slice) {
    const { index, view, skin } = this;
    const at = slice + 1e-7; // off the voxel centres, through which whole faces may lie
    const lines = skin.shown.map(() => /** @type {number[]} */ ([]));
    if (at < this.low || at > this.low + BINS * this.step) return lines;
    for (const face of this.bins[this.#binOf(at)]) {
      const corners = [skin.faces[face], skin.faces[face + 1], skin.faces[face + 2]];
      const ends = [];
      for (let n = 0; n < 3; n++) {
        const [from, to] = [3 * corners[n], 3 * corners[(n + 1) % 3]];
        const [before, after] = [index[from + view.through] - at, index[to + view.through] - at];
        if (before < 0 === after < 0) continue;
        const share = before / (before - after);
        for (const axis of [view.horizontal, view.vertical]) ends.push(index[from + axis] + share * (index[to + axis] - index[from + axis]));
      }
      if (ends.length === 4) lines[Math.min(...corners.map((corner) => skin.bands[corner]))].push(...ends);
    }
    return lines;
  }
}

/** @param {Float32Array} vertices @param {number[]} affine */
function indexAll(vertices, affine) {
  const found = new Float64Array(vertices.length);
  for (let n = 0; n < vertices.length; n += 3) found.set(toIndex(affine, [vertices[n], vertices[n + 1], vertices[n + 2]]), n);
  return found;
}
