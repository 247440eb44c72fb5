// @ts-check
// Where a voxel lies in the patient. Index space is (slice, row, column), zero-based, at voxel centres; patient
// space is LPS in mm. An affine is 16 numbers, row by row, and may hold shear.

/** @typedef {[number, number, number]} Triple */
/** @typedef {{left: string, right: string, top: string, bottom: string}} Letters */
/** @typedef {"axial" | "coronal" | "sagittal"} ViewName */
/** @typedef {ViewName | "oblique"} PaneName */
/**
 * A plane of a grid and the way it is turned on the screen. One step along the horizontal index axis moves (hh, 0)
 * mm right and down on the screen, one along the vertical axis (vh, vv); right and down are unit vectors, LPS.
 * @typedef {{name: PaneName, through: number, horizontal: number, vertical: number, flipH: boolean,
 *   flipV: boolean, letters: Letters, forward: number, hh: number, vh: number, vv: number, right: Triple,
 *   down: Triple}} SliceView
 */

const LETTERS = [["R", "L"], ["A", "P"], ["I", "S"]];
const SECOND_LETTER = Math.sin((20 * Math.PI) / 180);

/** @param {number[]} affine @param {number} axis @returns {Triple} */
export const stepMm = (affine, axis) => [affine[axis], affine[4 + axis], affine[8 + axis]];

/** @param {number[]} p @param {number[]} q */
export const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];

/** @param {number[]} p @param {number[]} q @param {number} [factor] @returns {Triple} p plus factor times q */
export const plus = (p, q, factor = 1) => [p[0] + factor * q[0], p[1] + factor * q[1], p[2] + factor * q[2]];

/** @param {number[]} p @returns {Triple} */
export function unit(p) {
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

/** An affine from the steps of slice, row and column, and the first voxel's centre, mm.
 * @param {number[]} slice @param {number[]} row @param {number[]} column @param {number[]} origin */
export function affineOf(slice, row, column, origin) {
  return [...[0, 1, 2].flatMap((axis) => [slice[axis], row[axis], column[axis], origin[axis]]), 0, 0, 0, 1];
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
export const times = (p, factor) => [p[0] * factor, p[1] * factor, p[2] * factor];

/** @param {number[]} right @param {number[]} down @returns {Letters} */
export function lettersAround(right, down) {
  return {
    left: directionLetters(times(right, -1)),
    right: directionLetters(right),
    top: directionLetters(times(down, -1)),
    bottom: directionLetters(down),
  };
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
export function cross(p, q) {
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

// Patient axes of each view. Right on the screen is always toward plus (left, left, posterior); `down` says
// whether down is plus (axial: posterior) or minus (feet); `deeper` which way the wheel and Page Down lead.
export const PATIENT = {
  axial: { through: 2, horizontal: 0, vertical: 1, down: 1, deeper: -1 },
  coronal: { through: 1, horizontal: 0, vertical: 2, down: -1, deeper: 1 },
  sagittal: { through: 0, horizontal: 1, vertical: 2, down: -1, deeper: 1 },
};

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
  const down = times(unit(plus(along, right, -vh)), flipV ? -1 : 1);
  return {
    name, through, horizontal, vertical, flipH, flipV, right, down,
    letters: lettersAround(right, down),
    forward: Math.sign(stepMm(affine, through)[patient.through]) * patient.deeper,
    hh: dot(across, right), vh, vv: dot(along, down),
  };
}
