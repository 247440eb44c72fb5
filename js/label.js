// @ts-check
// The bits of the outlines on a page that is drawn on: the box of what changed arrives in runs, and is laid into a
// box that grows with the outlines. Truth lives in Python; what does not follow on is asked for as a whole.

/** @typedef {import("./contours.js").Masks} Masks */
/** @typedef {import("./store.js").Holding} Holding */
/** Message k of `of` of a box in C order; `before` is the revision it follows on, -1 for all there is.
 * @typedef {{revision: number, before: number, k: number, of: number, origin: number[], shape: number[]}} Box */
/** What Python says of the segments. @typedef {{ml: number[], undo: boolean, redo: boolean, save: boolean}} Outlined */

const MARGIN = 12; // voxels that the box grows beyond what it must, so that it seldom has to
const PATIENCE_MS = 3000;

/** Masks whose box holds another box too; the same where it does already.
 * @param {Masks} masks @param {number[]} origin @param {number[]} shape @param {number[]} limits of the image
 * @returns {Masks} */
export function covering(masks, origin, shape, limits) {
  const empty = !masks.bits.length;
  const ends = shape.map((size, axis) => origin[axis] + size);
  const has = !empty && origin.every((start, axis) => start >= masks.origin[axis] && ends[axis] <= masks.origin[axis] + masks.shape[axis]);
  if (has) return masks;
  const low = origin.map((start, axis) => Math.max(0, Math.min(start - MARGIN, empty ? Infinity : masks.origin[axis])));
  const high = ends.map((end, axis) => Math.min(limits[axis], Math.max(end + MARGIN, empty ? 0 : masks.origin[axis] + masks.shape[axis])));
  const size = high.map((end, axis) => end - low[axis]);
  const wider = { bits: new Uint8Array(size[0] * size[1] * size[2]), origin: low, shape: size };
  eachRow(wider, masks.origin, masks.shape, (to, row) => {
    const width = masks.shape[2];
    wider.bits.set(masks.bits.subarray(row * width, (row + 1) * width), to);
  });
  return wider;
}

/** Lay a box of bits into masks that cover it. @param {Masks} masks @param {number[]} origin @param {number[]} shape
 * @param {Uint32Array} lengths of the runs @param {Uint8Array} values of the runs */
export function layRuns(masks, origin, shape, lengths, values) {
  const width = shape[2];
  let [run, left] = [0, lengths[0] ?? 0];
  eachRow(masks, origin, shape, (to) => {
    for (let at = 0; at < width;) {
      while (!left && run + 1 < lengths.length) left = lengths[(run += 1)];
      if (!left) return; // fewer than the box has
      const step = Math.min(left, width - at);
      masks.bits.fill(values[run], to + at, to + at + step);
      at += step;
      left -= step;
    }
  });
}

/** Where each row of a box begins within the masks. @param {Masks} masks @param {number[]} origin @param {number[]} shape
 * @param {(to: number, row: number) => void} act */
function eachRow(masks, origin, shape, act) {
  const [slice, row, column] = origin.map((start, axis) => start - masks.origin[axis]);
  for (let s = 0, n = 0; s < shape[0]; s++) {
    for (let r = 0; r < shape[1]; r++, n++) act(((s + slice) * masks.shape[1] + r + row) * masks.shape[2] + column, n);
  }
}

export class Label {
  /** -1 until all there is has come. */
  revision = -1;
  #got = 0;
  #asked = -Infinity;

  /** @param {() => void} ask for the whole */
  constructor(ask) {
    this.ask = ask;
  }

  /** Ask for the whole, unless that was asked just now. */
  need() {
    if (performance.now() < this.#asked + PATIENCE_MS) return;
    this.#asked = performance.now();
    this.#got = 0;
    this.ask();
  }

  /** @param {Holding} holding @param {Box} message @param {DataView[]} buffers */
  keep(holding, { revision, before, k, of, origin, shape }, buffers) {
    const whole = before < 0;
    if ((!whole && (before !== this.revision || k !== this.#got)) || (whole && k && k !== this.#got)) {
      this.#asked = whole ? -Infinity : this.#asked;
      this.need();
      return;
    }
    if (whole && !k) holding.masks = { bits: new Uint8Array(0), origin: [0, 0, 0], shape: [0, 0, 0] };
    const [lengths, values] = buffers.map((view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)));
    const masks = covering(/** @type {Masks} */ (holding.masks), origin, shape, holding.images[0].shape);
    layRuns(masks, origin, shape, new Uint32Array(lengths.buffer), values);
    holding.masks = masks;
    holding.revision += 1;
    this.#got = k + 1;
    if (this.#got < of) return;
    this.#got = 0;
    this.revision = revision;
    if (whole) this.#asked = -Infinity;
  }
}
