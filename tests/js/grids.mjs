// Grids for the tests: (slice, row, column) to LPS mm, as a scanner would lay them.

/** Columns are the steps of slice, row and column; the last is the origin. */
export function affineOf(slice, row, column, origin = [0, 0, 0]) {
  const rows = [0, 1, 2].map((axis) => [slice[axis], row[axis], column[axis], origin[axis]]);
  return [...rows.flat(), 0, 0, 0, 1];
}

const rotate = (p, axis, degrees) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [i, j] = [(axis + 1) % 3, (axis + 2) % 3];
  const turned = [...p];
  turned[i] = c * p[i] - s * p[j];
  turned[j] = s * p[i] + c * p[j];
  return turned;
};
const turn = (p) => rotate(rotate(rotate(p, 0, 14.4), 1, -9), 2, 21);

export const AXIAL = affineOf([0, 0, 2.5], [0, 0.7, 0], [0.7, 0, 0], [-90, -120, -300]);
export const CORONAL = affineOf([0, 3, 0], [0, 0, -0.9], [0.9, 0, 0], [-100, -40, 200]);
export const SAGITTAL = affineOf([4, 0, 0], [0, 0, -0.6], [0, 0.6, 0], [-60, -80, 150]);
export const HEAD_LAST = affineOf([0, 0, -2], [0, -0.8, 0], [-0.8, 0, 0], [80, 90, 100]);
export const OBLIQUE = affineOf(turn([0, 0, 2.2]), turn([0, 0.8, 0]), turn([0.5, 0, 0]), [-33, 12, -410]);
export const SHEARED = affineOf([0, -0.9, 2.4], [0, 0.7, 0], [0.7, 0, 0], [-90, -120, -300]); // gantry tilt
export const OBLIQUE_SHEARED = affineOf(turn([0.3, -0.9, 2.4]), turn([0, 0.7, 0]), turn([0.6, 0, 0]), [5, 6, 7]);
export const GRIDS = { AXIAL, CORONAL, SAGITTAL, HEAD_LAST, OBLIQUE, SHEARED, OBLIQUE_SHEARED };
export const SHAPE = [24, 60, 50];

/** Voxels of nought. @param {{shape: number[]}} meta */
export const blankPixels = (meta) => ({ ...meta, stored: new Int16Array(meta.shape.reduce((size, n) => size * n)) });
