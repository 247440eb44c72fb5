// @ts-check
// Where planes cross a slice. A plane may end at a patch, a convex polygon within it.

import { dot, plus, stepMm, toIndex } from "./geometry.js";

/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {{point_mm: number[], normal: number[], kerf_mm: number, name: string, patch_mm?: number[][] | null}} Plane */
/** Two ends in (horizontal, vertical) index. @typedef {[[number, number], [number, number]]} Line */

/** The face of each cut and, on the far side of the saw, that of the bone which stays.
 * @param {Lattice} lattice @param {number} slice index along `view.through` @param {Plane[]} planes */
export function planeMarks(lattice, slice, planes) {
  return planes.map((plane) => ({
    name: plane.name,
    line: planeLine(lattice, slice, plane),
    kerf: plane.kerf_mm > 0 ? planeLine(lattice, slice, plane, plane.kerf_mm) : null,
  }));
}

/**
 * Where a plane cuts a slice, or null.
 * @param {{affine: number[], shape: number[], view: import("./geometry.js").SliceView}} lattice @param {number} slice
 * @param {Plane} plane @param {number} [offsetMm] moves the plane along its normal
 * @returns {Line | null}
 */
export function planeLine({ affine, shape, view }, slice, plane, offsetMm = 0) {
  const high = [shape[view.horizontal] - 0.5, shape[view.vertical] - 0.5];
  if (plane.patch_mm) {
    const crossed = patchLine(affine, view, slice, plane.patch_mm.map((corner) => plus(corner, plane.normal, offsetMm)));
    return crossed && clipLine(crossed[0], [crossed[1][0] - crossed[0][0], crossed[1][1] - crossed[0][1]], high, [0, 1]);
  }
  const along = (/** @type {number} */ axis) => dot(plane.normal, stepMm(affine, axis));
  const [nh, nv] = [along(view.horizontal), along(view.vertical)];
  const origin = [affine[3], affine[7], affine[11]];
  const distance = dot(plane.normal, plane.point_mm) - dot(plane.normal, origin) + offsetMm;
  const rest = distance - along(view.through) * slice;
  const square = nh * nh + nv * nv;
  if (square < 1e-18) return null; // parallel to the slice
  return clipLine([(rest * nh) / square, (rest * nv) / square], [-nv, nh], high);
}

/** Where the rim of a convex polygon passes through a slice. @param {number[]} affine
 * @param {import("./geometry.js").SliceView} view @param {number} slice @param {number[][]} corners LPS mm
 * @returns {Line | null} */
function patchLine(affine, view, slice, corners) {
  const found = corners.map((corner) => toIndex(affine, corner));
  /** @type {[number, number][]} */
  const ends = [];
  found.forEach((from, n) => {
    const to = found[(n + 1) % found.length];
    const [before, after] = [from[view.through] - slice, to[view.through] - slice];
    if (before < 0 === after < 0) return;
    const share = before / (before - after);
    const between = (/** @type {number} */ axis) => from[axis] + share * (to[axis] - from[axis]);
    ends.push([between(view.horizontal), between(view.vertical)]);
  });
  return ends.length === 2 ? [ends[0], ends[1]] : null;
}

/**
 * The part of a line within the box from -0.5 to `high`; the line is endless, or runs between two shares of
 * `direction`.
 * @param {number[]} start @param {number[]} direction @param {number[]} high @param {number[]} [between]
 * @returns {Line | null}
 */
function clipLine(start, direction, high, between = [-Infinity, Infinity]) {
  let [from, to] = between;
  for (const axis of [0, 1]) {
    if (direction[axis] === 0) {
      if (start[axis] < -0.5 || start[axis] > high[axis]) return null;
    } else {
      const ends = [(-0.5 - start[axis]) / direction[axis], (high[axis] - start[axis]) / direction[axis]];
      from = Math.max(from, Math.min(...ends));
      to = Math.min(to, Math.max(...ends));
    }
  }
  const at = (/** @type {number} */ t) =>
    /** @type {[number, number]} */ ([start[0] + t * direction[0], start[1] + t * direction[1]]);
  return from < to ? [at(from), at(to)] : null;
}
