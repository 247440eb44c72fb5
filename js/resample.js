// @ts-check
// Pixels of a plane that is none of the scan's own: each is computed from the voxels around it.

import { toIndex, toMm } from "./geometry.js";
import { strides } from "./pixels.js";

/** @typedef {import("./pixels.js").Pixels} Pixels */
/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {import("./contours.js").Masks} Masks */
/** @typedef {import("./contours.js").MaskSlice} MaskSlice */

/** A pixel's place in another grid's index, and the steps of the plane's row and column there.
 * @param {number[]} affine of the other grid @param {Lattice} lattice @param {number} slice */
function walk(affine, lattice, slice) {
  const inOther = (/** @type {number[]} */ index) => toIndex(affine, toMm(lattice.affine, index));
  const { through, horizontal, vertical } = lattice.view;
  const at = (/** @type {number} */ h, /** @type {number} */ v) => {
    const index = [0, 0, 0];
    [index[through], index[horizontal], index[vertical]] = [slice, h, v];
    return inOther(index);
  };
  const start = at(0, 0);
  const less = (/** @type {number[]} */ p) => p.map((value, axis) => value - start[axis]);
  return { start, across: less(at(1, 0)), along: less(at(0, 1)) };
}

/** The run of columns of one row that lie within the box from `low` to `high`.
 * @param {number[]} first @param {number[]} across @param {number[]} low @param {number[]} high @param {number} columns */
function runWithin(first, across, low, high, columns) {
  let [from, to] = [0, columns - 1];
  for (let axis = 0; axis < 3; axis++) {
    const [start, step] = [first[axis], across[axis]];
    if (Math.abs(step) < 1e-12) {
      if (start < low[axis] || start > high[axis]) return [0, -1];
      continue;
    }
    const ends = [(low[axis] - start) / step, (high[axis] - start) / step];
    from = Math.max(from, Math.ceil(Math.min(...ends)));
    to = Math.min(to, Math.floor(Math.max(...ends)));
  }
  return [from, to];
}

/**
 * Write one slice of a lattice, each pixel interpolated between the eight voxels around it; beyond the outermost
 * centres the outermost voxel counts, and beyond its face nothing is drawn.
 * @param {Pixels} pixels @param {number[]} affine of the pixels @param {Lattice} lattice @param {number} slice
 * @param {Uint32Array} table @param {Uint32Array} out
 */
export function paintOblique({ stored, shape, blank }, affine, lattice, slice, table, out) {
  const [columns, rows] = [lattice.shape[lattice.view.horizontal], lattice.shape[lattice.view.vertical]];
  const { start, across, along } = walk(affine, lattice, slice);
  const [low, high] = [[-0.5, -0.5, -0.5], shape.map((n) => n - 0.5)];
  const nothing = blank ?? 32768; // no stored number
  out.fill(0);
  for (let row = 0; row < rows; row++) {
    const first = start.map((value, axis) => value + row * along[axis]);
    const [from, to] = runWithin(first, across, low, high, columns);
    fillRow(stored, shape, table, out, { at: row * columns + from, count: to - from + 1, nothing }, first.map((value, axis) =>
      value + from * across[axis]), across);
  }
}

/**
 * One row, written without a call or an array in the loop: this runs for every pixel of a view.
 * @param {Int16Array} stored @param {number[]} shape @param {Uint32Array} table @param {Uint32Array} out
 * @param {{at: number, count: number, nothing: number}} run @param {number[]} first index of its first pixel
 * @param {number[]} across
 */
function fillRow(stored, shape, table, out, { at, count, nothing }, first, across) {
  const stepS = shape[1] * shape[2];
  const stepR = shape[2];
  const lastS = shape[0] - 1;
  const lastR = shape[1] - 1;
  const lastC = shape[2] - 1;
  let [s, r, c] = first;
  const [as, ar, ac] = across;
  for (const end = at + count; at < end; at++, s += as, r += ar, c += ac) {
    const ps = s < 0 ? 0 : s > lastS ? lastS : s;
    const pr = r < 0 ? 0 : r > lastR ? lastR : r;
    const pc = c < 0 ? 0 : c > lastC ? lastC : c;
    const fs = ps | 0;
    const fr = pr | 0;
    const fc = pc | 0;
    const p = fs * stepS + fr * stepR + fc;
    const q = fs < lastS ? p + stepS : p;
    const dr = fr < lastR ? stepR : 0;
    const dc = fc < lastC ? 1 : 0;
    const a = stored[p];
    const b = stored[p + dc];
    const d = stored[p + dr];
    const e = stored[p + dr + dc];
    const f = stored[q];
    const g = stored[q + dc];
    const h = stored[q + dr];
    const i = stored[q + dr + dc];
    if (nothing < 32768 && (a === nothing || b === nothing || d === nothing || e === nothing || f === nothing
      || g === nothing || h === nothing || i === nothing)) {
      out[at] = table[nothing & 0xffff];
      continue;
    }
    const wc = pc - fc;
    const wr = pr - fr;
    const upper = a + wc * (b - a);
    const near = upper + wr * (d + wc * (e - d) - upper);
    const lower = f + wc * (g - f);
    const far = lower + wr * (h + wc * (i - h) - lower);
    out[at] = table[Math.floor(near + (ps - fs) * (far - near) + 0.5) & 0xffff];
  }
}

/**
 * The masks on a slice of any lattice, each pixel that of the voxel it lies in, with nothing around it.
 * @param {Masks} masks @param {number[]} affine of the grid the masks lie on @param {Lattice} lattice
 * @param {number} slice @returns {MaskSlice | null}
 */
export function maskOblique({ bits, origin, shape }, affine, lattice, slice) {
  if (!bits.length) return null;
  const { start, across, along } = walk(affine, lattice, slice);
  const [low, high] = [origin.map((n) => n - 0.5), origin.map((n, axis) => n + shape[axis] - 0.5 - 1e-9)];
  const box = boxOnLattice(affine, lattice, low, high);
  if (!box) return null;
  const { left, top, columns, rows } = box;
  const width = columns + 2;
  const out = new Uint8Array(width * (rows + 2));
  const step = strides(shape);
  for (let row = 0; row < rows; row++) {
    const first = start.map((value, axis) => value + (row + top) * along[axis] + left * across[axis]);
    const [from, to] = runWithin(first, across, low, high, columns);
    for (let column = from; column <= to; column++) {
      let voxel = 0;
      for (let axis = 0; axis < 3; axis++) {
        voxel += Math.floor(first[axis] + column * across[axis] - origin[axis] + 0.5) * step[axis];
      }
      out[(row + 1) * width + column + 1] = bits[voxel];
    }
  }
  return { bits: out, width, height: rows + 2, left: left - 1, top: top - 1 };
}

/** The columns and rows of a lattice that a box of another grid can reach, or null.
 * @param {number[]} affine of the other grid @param {Lattice} lattice @param {number[]} low @param {number[]} high */
function boxOnLattice(affine, lattice, low, high) {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
    toIndex(lattice.affine, toMm(affine, [0, 1, 2].map((axis) => ((n >> axis) & 1 ? high : low)[axis]))));
  const { horizontal, vertical } = lattice.view;
  const [columns, rows] = [horizontal, vertical].map((axis) => {
    const along = corners.map((corner) => corner[axis]);
    return [Math.max(0, Math.ceil(Math.min(...along))), Math.min(lattice.shape[axis] - 1, Math.floor(Math.max(...along)))];
  });
  if (columns[1] < columns[0] || rows[1] < rows[0]) return null;
  return { left: columns[0], columns: columns[1] - columns[0] + 1, top: rows[0], rows: rows[1] - rows[0] + 1 };
}
