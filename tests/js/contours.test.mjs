import assert from "node:assert/strict";
import { test } from "node:test";
import { maskSlice, outlines } from "../../js/contours.js";
import { sliceView } from "../../js/geometry.js";
import { AXIAL } from "./grids.mjs";

const AXIAL_VIEW = sliceView(AXIAL, "axial");

/** A one-slice box of masks from a drawing: a digit is the bits of a voxel. */
const drawn = (rows, origin = [4, 10, 20]) => ({
  bits: Uint8Array.from(rows.join("").replaceAll(".", "0"), Number), origin, shape: [1, rows.length, rows[0].length],
});
const traced = (masks, count = 1) => outlines(maskSlice(masks, AXIAL_VIEW, masks.origin[0]), count);

/** Signed area by the shoelace formula. */
const area = (loop) => {
  let twice = 0;
  for (let n = 0; n < loop.length; n += 2) {
    const m = (n + 2) % loop.length;
    twice += loop[n] * loop[m + 1] - loop[m] * loop[n + 1];
  }
  return twice / 2;
};

test("one voxel is a diamond around its centre", () => {
  const [[loop]] = traced(drawn(["1"]));
  const points = [...loop].map((x, n) => x - (n % 2 ? 10 : 20));
  assert.deepEqual(new Set([[points[0], points[1]], [points[2], points[3]], [points[4], points[5]], [points[6], points[7]]].map(String)),
    new Set(["-0.5,0", "0,-0.5", "0.5,0", "0,0.5"]));
});

test("a rectangle's outline loses an eighth of a voxel at each corner", () => {
  const [[loop, ...more]] = traced(drawn(["11111", "11111", "11111"]));
  assert.equal(more.length, 0);
  assert.equal(Math.abs(area(loop)), 15 - 4 / 8);
});

test("a hole has an outline that turns the other way", () => {
  const [loops] = traced(drawn(["1111", "1..1", "1..1", "1111"]));
  const areas = loops.map(area).sort((one, other) => Math.abs(one) - Math.abs(other));
  assert.equal(loops.length, 2);
  assert.deepEqual(areas.map(Math.abs), [4 - 4 / 8, 16 - 4 / 8]);
  assert.equal(Math.sign(areas[0]), -Math.sign(areas[1]));
});

test("voxels that touch at a corner are outlined apart", () => {
  assert.equal(traced(drawn(["1.", ".1"]))[0].length, 2);
  assert.equal(traced(drawn([".1", "1."]))[0].length, 2);
});

test("overlapping segments are outlined each for itself", () => {
  const [first, second, none] = traced(drawn(["132", "132"]), 3);
  assert.equal(Math.abs(area(first[0])), 4 - 4 / 8);
  assert.equal(Math.abs(area(second[0])), 4 - 4 / 8);
  assert.deepEqual(none, []);
});

test("a disc's outline encloses its area", () => {
  const size = 81;
  const rows = Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => (Math.hypot(x - 40, y - 40) <= 30 ? "1" : ".")).join(""));
  const [[loop]] = traced(drawn(rows));
  assert.ok(Math.abs(Math.abs(area(loop)) / (Math.PI * 30 ** 2) - 1) < 0.01);
});

test("a slice beyond the masks has no outline", () => {
  const masks = drawn(["1"]);
  assert.equal(maskSlice(masks, AXIAL_VIEW, 5), null);
  assert.deepEqual(outlines(null, 2), [[], []]);
  assert.equal(maskSlice({ bits: new Uint8Array(0), origin: [0, 0, 0], shape: [0, 0, 0] }, AXIAL_VIEW, 0), null);
});

test("the other views cut the same box", () => {
  const masks = { bits: Uint8Array.from([1, 1, 1, 1, 1, 1]), origin: [2, 3, 4], shape: [3, 1, 2] };
  const loops = outlines(maskSlice(masks, sliceView(AXIAL, "coronal"), 3), 1)[0];
  assert.equal(Math.abs(area(loops[0])), 6 - 4 / 8);
  assert.ok([...loops[0]].every((x, n) => (n % 2 ? x >= 1.5 && x <= 4.5 : x >= 3.5 && x <= 5.5)));
});
