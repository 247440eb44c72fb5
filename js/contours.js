// @ts-check
// Outlines of the segments on a slice, by marching squares: each runs half-way between voxel centres inside
// and outside, and is closed. Voxels that touch at a corner alone are outlined apart.

/** Segment n is bit n of each voxel in the box that holds them all, in C order of (slice, row, column).
 * @typedef {{bits: Uint8Array, origin: number[], shape: number[]}} Masks */
/** A slice of the box with one voxel of nothing around it; (left, top) is the index of its first voxel.
 * @typedef {{bits: Uint8Array, width: number, height: number, left: number, top: number}} MaskSlice */
/** Closed lines in (horizontal, vertical) index, x and y in turn. @typedef {Float64Array[]} Loops */
/** @typedef {import("./geometry.js").SliceView} SliceView */

const [TOP, RIGHT, BOTTOM, LEFT] = [0, 1, 2, 3];
// The lines within a cell for each set of its corners that lie inside (1 top left, 2 top right, 4 bottom
// right, 8 bottom left), from edge to edge, turned so that lines of neighbouring cells meet head to tail.
const LINES = [
  [], [LEFT, TOP], [TOP, RIGHT], [LEFT, RIGHT], [RIGHT, BOTTOM], [LEFT, TOP, RIGHT, BOTTOM], [TOP, BOTTOM],
  [LEFT, BOTTOM], [BOTTOM, LEFT], [BOTTOM, TOP], [TOP, RIGHT, BOTTOM, LEFT], [BOTTOM, RIGHT], [RIGHT, LEFT],
  [RIGHT, TOP], [TOP, LEFT], [],
];

/** @param {Masks} masks @param {SliceView} view @param {number} slice @returns {MaskSlice | null} */
export function maskSlice({ bits, origin, shape }, view, slice) {
  const depth = slice - origin[view.through];
  if (depth < 0 || depth >= shape[view.through] || !bits.length) return null;
  const step = [shape[1] * shape[2], shape[2], 1];
  const [columns, rows] = [shape[view.horizontal], shape[view.vertical]];
  const width = columns + 2;
  const out = new Uint8Array(width * (rows + 2));
  for (let row = 0; row < rows; row++) {
    let from = depth * step[view.through] + row * step[view.vertical];
    let to = (row + 1) * width + 1;
    for (let column = 0; column < columns; column++, from += step[view.horizontal]) out[to++] = bits[from];
  }
  return { bits: out, width, height: rows + 2, left: origin[view.horizontal] - 1, top: origin[view.vertical] - 1 };
}

/**
 * The outlines of every segment on a slice.
 * @param {MaskSlice | null} slice @param {number} count of segments @returns {Loops[]}
 */
export function outlines(slice, count) {
  /** @type {Map<number, number>[]} */
  const lines = Array.from({ length: count }, () => new Map());
  if (slice) collectLines(slice, lines);
  return lines.map((next) => (slice ? joinLoops(next, slice) : []));
}

/** @param {MaskSlice} slice @param {Map<number, number>[]} lines */
function collectLines({ bits, width, height }, lines) {
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0, at = y * width; x + 1 < width; x++, at++) {
      const [first, second, third, fourth] = [at, at + 1, at + width + 1, at + width];
      if (bits[first] === bits[second] && bits[second] === bits[third] && bits[third] === bits[fourth]) continue;
      const corners = [bits[first], bits[second], bits[third], bits[fourth]];
      const any = corners[0] | corners[1] | corners[2] | corners[3];
      const crossed = any & ~(corners[0] & corners[1] & corners[2] & corners[3]);
      for (let n = 0; n < lines.length && crossed >> n; n++) {
        if ((crossed >> n) & 1) addCell(lines[n], corners.map((corner) => (corner >> n) & 1), x, y, width);
      }
    }
  }
}

/** @param {Map<number, number>} next @param {number[]} inside @param {number} x @param {number} y @param {number} width */
function addCell(next, inside, x, y, width) {
  const line = LINES[inside[0] | (inside[1] << 1) | (inside[2] << 2) | (inside[3] << 3)];
  // Midpoints are numbered on a lattice of half voxels, so that neighbours name them alike.
  const point = (/** @type {number} */ edge) =>
    (2 * y + (edge === TOP ? 0 : edge === BOTTOM ? 2 : 1)) * 2 * width + 2 * x + (edge === LEFT ? 0 : edge === RIGHT ? 2 : 1);
  for (let end = 0; end < line.length; end += 2) next.set(point(line[end]), point(line[end + 1]));
}

/** @param {Map<number, number>} next @param {MaskSlice} slice @returns {Loops} */
function joinLoops(next, { width, left, top }) {
  const loops = [];
  while (next.size) {
    const points = [];
    let at = /** @type {number} */ (next.keys().next().value);
    while (next.has(at)) {
      points.push(left + (at % (2 * width)) / 2, top + Math.floor(at / (2 * width)) / 2);
      const following = /** @type {number} */ (next.get(at));
      next.delete(at);
      at = following;
    }
    loops.push(Float64Array.from(points));
  }
  return loops;
}
