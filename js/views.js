// @ts-check
// What a view is laid on, and where that lies on the canvas: a plane of the scan's own grid, so that true acquired
// pixels are shown, or any other plane of the patient, whose pixels are computed.

import {
  PATIENT, affineOf, cross, dot, lettersAround, plus, sliceView, stepMm, tiltDeg, times, toMm, unit,
} from "./geometry.js";

/** @typedef {import("./geometry.js").ViewName} ViewName */
/** @typedef {import("./geometry.js").PaneName} PaneName */
/** @typedef {import("./geometry.js").SliceView} SliceView */
/**
 * The grid a view shows, the plane it cuts, and by how many degrees that leaves the patient's axes. `own` says that
 * the grid is the scan's; slices of another one may lie anywhere between its centres.
 * @typedef {{affine: number[], shape: number[], view: SliceView, own: boolean, tilt: number, nearest: ViewName}} Lattice
 */
/** Index to canvas: x = a h + c v + e, y = d v + f; scale is in canvas pixels per mm.
 * @typedef {{a: number, c: number, d: number, e: number, f: number, scale: number}} Placement */

/** @type {ViewName[]} */
export const VIEWS = ["axial", "coronal", "sagittal"];
/** @type {PaneName[]} */
export const PANES = [...VIEWS, "oblique"];
const FILLED = 0.94; // of the pane, so that letters and scale bar keep clear of the anatomy

/** The scan's own grid in one of the three views. @param {{affine: number[], shape: number[]}} image
 * @param {ViewName} name @returns {Lattice} */
export function ownLattice({ affine, shape }, name) {
  return { affine, shape, view: sliceView(affine, name), own: true, tilt: tiltDeg(affine), nearest: name };
}

/**
 * A grid of even steps along a plane, as wide as the image seen along its normal. It is turned on the screen as the
 * nearest of the three views is, as far as that can be.
 * @param {{affine: number[], shape: number[]}} image @param {number[]} normal LPS, any length
 * @returns {Lattice}
 */
export function obliqueLattice({ affine, shape }, normal) {
  const away = unit(normal);
  const through = [2, 1, 0].reduce((one, other) => (Math.abs(away[other]) > Math.abs(away[one]) + 1e-9 ? other : one));
  const nearest = VIEWS[2 - through];
  const { horizontal, vertical, down: downward, deeper } = PATIENT[nearest];
  const axis = [0, 1, 2].map((n) => Number(n === horizontal));
  const forward = times(away, Math.sign(away[through]) * deeper);
  const right = unit(plus(axis, forward, -forward[horizontal]));
  const across = cross(forward, right);
  const down = times(across, Math.sign(across[vertical]) * downward);
  const step = Math.min(...[0, 1, 2].map((n) => Math.sqrt(dot(stepMm(affine, n), stepMm(affine, n)))));
  const [deep, tall, wide] = [forward, down, right].map((direction) => extentAlong(affine, shape, direction));
  const origin = [deep.low, tall.low, wide.low].map((low) => low + step / 2);
  const corner = plus(plus(times(forward, origin[0]), down, origin[1]), right, origin[2]);
  return {
    affine: affineOf(times(forward, step), times(down, step), times(right, step), corner),
    shape: [deep, tall, wide].map(({ low, high }) => Math.max(1, Math.ceil((high - low) / step - 1e-9))),
    view: {
      name: "oblique", through: 0, horizontal: 2, vertical: 1, flipH: false, flipV: false, right, down,
      letters: lettersAround(right, down), forward: 1, hh: step, vh: 0, vv: step,
    },
    own: false, nearest,
    tilt: (Math.acos(Math.min(1, Math.abs(away[through]))) * 180) / Math.PI,
  };
}

/** How far an image's voxels reach along a direction, mm. @param {number[]} affine @param {number[]} shape
 * @param {number[]} direction */
function extentAlong(affine, shape, direction) {
  const middle = dot(toMm(affine, shape.map((n) => (n - 1) / 2)), direction);
  const half = [0, 1, 2].reduce((sum, axis) => sum + Math.abs(dot(stepMm(affine, axis), direction)) * (shape[axis] / 2), 0);
  return { low: middle - half, high: middle + half };
}

/**
 * Lay a slice in the middle of a canvas, in true proportions of mm.
 * @param {SliceView} view @param {number[]} shape
 * @param {{width: number, height: number, zoom?: number, panMm?: number[]}} canvas
 * @returns {Placement}
 */
export function placement(view, shape, { width, height, zoom = 1, panMm = [0, 0] }) {
  const [columns, rows] = [shape[view.horizontal], shape[view.vertical]];
  const wideMm = Math.abs(view.hh) * columns + Math.abs(view.vh) * rows;
  const scale = FILLED * zoom * Math.min(width / wideMm, height / (Math.abs(view.vv) * rows));
  const [h, v] = [(columns - 1) / 2, (rows - 1) / 2];
  const [a, c, d] = [view.hh * scale, view.vh * scale, view.vv * scale];
  return { a, c, d, e: width / 2 + panMm[0] * scale - a * h - c * v, f: height / 2 + panMm[1] * scale - d * v, scale };
}

/** @param {Placement} at @param {number} h @param {number} v @returns {[number, number]} */
export const toCanvas = (at, h, v) => [at.a * h + at.c * v + at.e, at.d * v + at.f];

/** @param {Placement} at @param {number} x @param {number} y @returns {[number, number]} */
export function fromCanvas(at, x, y) {
  const v = (y - at.f) / at.d;
  return [(x - at.e - at.c * v) / at.a, v];
}
