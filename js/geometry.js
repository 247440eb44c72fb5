// @ts-check
// Where a slice lies, in the patient and on the canvas. Index space is (slice, row, column), zero-based, at
// voxel centres; patient space is LPS in mm. An affine is 16 numbers, row by row, and may hold shear.

/** @typedef {"axial" | "coronal" | "sagittal"} ViewName */
/** @typedef {[number, number, number]} Triple */
/** @typedef {{left: string, right: string, top: string, bottom: string}} Letters */
/**
 * A plane of the scan's own grid and the way it is turned on the screen. One step along the horizontal index
 * axis moves (hh, 0) mm right and down on the screen, one along the vertical axis (vh, vv).
 * @typedef {{name: ViewName, through: number, horizontal: number, vertical: number, flipH: boolean,
 *   flipV: boolean, letters: Letters, forward: number, hh: number, vh: number, vv: number}} SliceView
 */
/** Index to canvas: x = a h + c v + e, y = d v + f; scale is in canvas pixels per mm.
 * @typedef {{a: number, c: number, d: number, e: number, f: number, scale: number}} Placement */
/** @typedef {{point_mm: number[], normal: number[], kerf_mm: number, name: string}} Plane */

/** @type {ViewName[]} */
export const VIEWS = ["axial", "coronal", "sagittal"];
const LETTERS = [["R", "L"], ["A", "P"], ["I", "S"]];
const SECOND_LETTER = Math.sin((20 * Math.PI) / 180);
const FILLED = 0.94; // of the pane, so that letters and scale bar keep clear of the anatomy

// Patient axes of each view. Right on the screen is always toward plus (left, left, posterior); `down` says
// whether down is plus (axial: posterior) or minus (feet); `deeper` which way the wheel and Page Down lead.
const PATIENT = {
  axial: { through: 2, horizontal: 0, vertical: 1, down: 1, deeper: -1 },
  coronal: { through: 1, horizontal: 0, vertical: 2, down: -1, deeper: 1 },
  sagittal: { through: 0, horizontal: 1, vertical: 2, down: -1, deeper: 1 },
};

/** @param {number[]} affine @param {number} axis @returns {Triple} */
export const stepMm = (affine, axis) => [affine[axis], affine[4 + axis], affine[8 + axis]];

/** @param {number[]} p @param {number[]} q */
export const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];

/** @param {number[]} p @returns {Triple} */
function unit(p) {
  const length = Math.sqrt(dot(p, p));
  return [p[0] / length, p[1] / length, p[2] / length];
}

/**
 * The index axis nearest to each of patient x, y, z: the largest direction cosine first, each axis used once.
 * @param {number[]} affine @returns {Triple}
 */
export function anatomicalAxes(affine) {
  const units = [0, 1, 2].map((axis) => unit(stepMm(affine, axis)));
  const pairs = [0, 1, 2].flatMap((patient) =>
    [0, 1, 2].map((axis) => ({ patient, axis, cosine: Math.abs(units[axis][patient]) })));
  pairs.sort((one, other) => other.cosine - one.cosine); // stable, as numpy's sort in volume.py
  /** @type {Triple} */
  const chosen = [-1, -1, -1];
  for (const { patient, axis } of pairs) {
    if (chosen[patient] < 0 && !chosen.includes(axis)) chosen[patient] = axis;
  }
  return chosen;
}

/** The largest angle in degrees between an index axis and the patient axis it stands for.
 * @param {number[]} affine */
export function tiltDeg(affine) {
  const cosines = anatomicalAxes(affine).map((axis, patient) => Math.abs(unit(stepMm(affine, axis))[patient]));
  return (Math.acos(Math.min(1, Math.min(...cosines))) * 180) / Math.PI;
}

/**
 * The letter of a direction in the patient, and a second one where it runs more than 20 degrees toward it.
 * @param {number[]} direction unit vector, LPS
 */
export function directionLetters(direction) {
  const ranked = [0, 1, 2].sort((one, other) => Math.abs(direction[other]) - Math.abs(direction[one]));
  const shown = ranked.slice(0, 2).filter((axis, rank) => rank === 0 || Math.abs(direction[axis]) > SECOND_LETTER);
  return shown.map((axis) => LETTERS[axis][direction[axis] > 0 ? 1 : 0]).join("");
}

/** @param {number[]} p @param {number} factor @returns {Triple} */
const times = (p, factor) => [p[0] * factor, p[1] * factor, p[2] * factor];

/** @param {number[]} right @param {number[]} down @returns {Letters} */
function lettersAround(right, down) {
  return {
    left: directionLetters(times(right, -1)),
    right: directionLetters(right),
    top: directionLetters(times(down, -1)),
    bottom: directionLetters(down),
  };
}

/**
 * How one of the three views shows a grid. The horizontal axis lies along the screen; where the grid is
 * sheared, the vertical one leans, as it does in the patient.
 * @param {number[]} affine @param {ViewName} name @returns {SliceView}
 */
export function sliceView(affine, name) {
  const axes = anatomicalAxes(affine);
  const patient = PATIENT[name];
  const [through, horizontal, vertical] = [axes[patient.through], axes[patient.horizontal], axes[patient.vertical]];
  const [across, along] = [stepMm(affine, horizontal), stepMm(affine, vertical)];
  const flipH = across[patient.horizontal] < 0;
  const flipV = Math.sign(along[patient.vertical]) !== patient.down;
  const right = times(unit(across), flipH ? -1 : 1);
  const vh = dot(along, right);
  const upright = [along[0] - vh * right[0], along[1] - vh * right[1], along[2] - vh * right[2]];
  const down = times(unit(upright), flipV ? -1 : 1);
  return {
    name, through, horizontal, vertical, flipH, flipV,
    letters: lettersAround(right, down),
    forward: Math.sign(stepMm(affine, through)[patient.through]) * patient.deeper,
    hh: dot(across, right), vh, vv: dot(along, down),
  };
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

/** @param {number[]} affine @param {number[]} index @returns {Triple} */
export function toMm(affine, [i, j, k]) {
  const row = (/** @type {number} */ r) => affine[r] * i + affine[r + 1] * j + affine[r + 2] * k + affine[r + 3];
  return [row(0), row(4), row(8)];
}

/** The fractional index of a position, by Cramer's rule. @param {number[]} affine @param {number[]} mm @returns {Triple} */
export function toIndex(affine, mm) {
  const [p, q, r] = [0, 1, 2].map((axis) => stepMm(affine, axis));
  const from = [mm[0] - affine[3], mm[1] - affine[7], mm[2] - affine[11]];
  const volume = dot(p, cross(q, r));
  return [dot(from, cross(q, r)) / volume, dot(from, cross(r, p)) / volume, dot(from, cross(p, q)) / volume];
}

/** @param {number[]} p @param {number[]} q @returns {Triple} */
function cross(p, q) {
  return [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
}

/** Keep an index within the voxels, whose faces lie half a voxel beyond their centres.
 * @param {number[]} index @param {number[]} shape @returns {Triple} */
export function clampIndex(index, shape) {
  const kept = index.map((at, axis) => Math.min(shape[axis] - 0.5, Math.max(-0.5, at)));
  return [kept[0], kept[1], kept[2]];
}

/** @param {number[]} index @param {number[]} shape @returns {Triple} */
export function nearestVoxel(index, shape) {
  const at = index.map((value, axis) => Math.min(shape[axis] - 1, Math.max(0, Math.floor(value + 0.5))));
  return [at[0], at[1], at[2]];
}

/**
 * Where a plane cuts a slice: the two ends of the line, in (horizontal, vertical) index, or null.
 * @param {number[]} affine @param {number[]} shape @param {SliceView} view
 * @param {number} slice index along `view.through` @param {Plane} plane
 * @param {number} [offsetMm] moves the plane along its normal
 * @returns {[[number, number], [number, number]] | null}
 */
export function planeLine(affine, shape, view, slice, plane, offsetMm = 0) {
  const along = (/** @type {number} */ axis) => dot(plane.normal, stepMm(affine, axis));
  const [nh, nv] = [along(view.horizontal), along(view.vertical)];
  const origin = [affine[3], affine[7], affine[11]];
  const distance = dot(plane.normal, plane.point_mm) - dot(plane.normal, origin) + offsetMm;
  const rest = distance - along(view.through) * slice;
  const square = nh * nh + nv * nv;
  if (square < 1e-18) return null; // parallel to the slice
  const start = [(rest * nh) / square, (rest * nv) / square];
  const high = [shape[view.horizontal] - 0.5, shape[view.vertical] - 0.5];
  return clipLine(start, [-nv, nh], high);
}

/**
 * The part of an endless line within the box from -0.5 to `high`.
 * @param {number[]} start @param {number[]} direction @param {number[]} high
 * @returns {[[number, number], [number, number]] | null}
 */
function clipLine(start, direction, high) {
  let [from, to] = [-Infinity, Infinity];
  for (const axis of [0, 1]) {
    const ends = [(-0.5 - start[axis]) / direction[axis], (high[axis] - start[axis]) / direction[axis]];
    if (direction[axis] === 0) {
      if (start[axis] < -0.5 || start[axis] > high[axis]) return null;
    } else {
      from = Math.max(from, Math.min(...ends));
      to = Math.min(to, Math.max(...ends));
    }
  }
  const at = (/** @type {number} */ t) =>
    /** @type {[number, number]} */ ([start[0] + t * direction[0], start[1] + t * direction[1]]);
  return from < to ? [at(from), at(to)] : null;
}
