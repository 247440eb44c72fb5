// @ts-check
// The voxels a page holds: put together from the parts that arrive, and turned into grey.

/**
 * `stored` is in C order of (slice, row, column); value = slope * stored + intercept; `blank` marks a voxel
 * that holds no number.
 * @typedef {{stored: Int16Array, shape: number[], slope: number, intercept: number, blank: number | null}} Pixels
 */
/** @typedef {import("./geometry.js").SliceView} SliceView */

/** @param {number[]} shape */
export const strides = (shape) => [shape[1] * shape[2], shape[2], 1];

/** Lay bytes that arrived into a typed array, at an offset in its elements.
 * @param {Float32Array | Uint32Array | Uint8Array} target @param {number} offset @param {Uint8Array} bytes */
export function place(target, offset, bytes) {
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes, offset * target.BYTES_PER_ELEMENT);
}

/**
 * Fill the whole volume from every `step`-th voxel, so that there is a picture before the rest is here.
 * @param {Pixels} pixels @param {Int16Array} preview @param {number} step
 */
export function fillPreview({ stored, shape }, preview, step) {
  const [slices, rows, columns] = shape;
  const [, fewRows, fewColumns] = shape.map((n) => Math.ceil(n / step));
  for (let s = 0; s < slices; s++) {
    const plane = s * rows * columns;
    if (s % step) {
      stored.copyWithin(plane, plane - rows * columns, plane);
      continue;
    }
    for (let r = 0; r < rows; r++) {
      const to = plane + r * columns;
      if (r % step) {
        stored.copyWithin(to, to - columns, to);
        continue;
      }
      const from = ((s / step) * fewRows + r / step) * fewColumns;
      for (let c = 0; c < columns; c++) stored[to + c] = preview[from + ((c / step) | 0)];
    }
  }
}

/**
 * The grey of each stored value, opaque: low and below is black, high and above is white.
 * @param {Pixels} pixels @param {number[]} window low and high, in values @returns {Uint32Array}
 */
export function greyTable({ slope, intercept, blank }, [low, high]) {
  const table = new Uint32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const stored = (bits << 16) >> 16;
    const level = ((slope * stored + intercept - low) * 255) / (high - low);
    const grey = stored === blank ? 0 : level <= 0 ? 0 : level >= 255 ? 255 : Math.floor(level + 0.5);
    table[bits] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  return table;
}

/**
 * Write one slice, unturned: (0, 0) of both index axes comes first, the horizontal one runs fastest.
 * @param {Pixels} pixels @param {SliceView} view @param {number} slice @param {Uint32Array} table
 * @param {Uint32Array} out of horizontal * vertical elements
 */
export function paintSlice({ stored, shape }, view, slice, table, out) {
  const step = strides(shape);
  const [columns, rows] = [shape[view.horizontal], shape[view.vertical]];
  const across = step[view.horizontal];
  let to = 0;
  for (let row = 0; row < rows; row++) {
    let from = slice * step[view.through] + row * step[view.vertical];
    for (let column = 0; column < columns; column++, from += across) out[to++] = table[stored[from] & 0xffff];
  }
}

/** The value of a voxel, or null where it holds no number. @param {Pixels} pixels @param {number[]} voxel */
export function valueAt({ stored, shape, slope, intercept, blank }, voxel) {
  const step = strides(shape);
  const raw = stored[voxel[0] * step[0] + voxel[1] * step[1] + voxel[2]];
  return raw === blank ? null : slope * raw + intercept;
}
