import assert from "node:assert/strict";
import { test } from "node:test";
import { sliceView } from "../../js/geometry.js";
import { VIEWS } from "../../js/views.js";
import { fillPreview, greyTable, paintSlice, place, valueAt } from "../../js/pixels.js";
import { GRIDS, blankPixels } from "./grids.mjs";

const META = { shape: [5, 6, 7], slope: 1, intercept: 0, blank: null };

test("bytes that start anywhere in a message land at their offset", () => {
  const target = new Float32Array(8);
  const sent = new Float32Array([-1000, 0.5, 3000]);
  const message = new Uint8Array(3 + sent.byteLength);
  message.set(new Uint8Array(sent.buffer), 3);
  place(target, 4, message.subarray(3));
  assert.deepEqual([...target], [0, 0, 0, 0, -1000, 0.5, 3000, 0]);
});

test("the preview gives each voxel the value of the one before it that was sent", () => {
  for (const step of [2, 4]) {
    const pixels = blankPixels(META);
    const few = META.shape.map((n) => Math.ceil(n / step));
    const sent = Int16Array.from({ length: few[0] * few[1] * few[2] }, (_, n) => n + 1);
    fillPreview(pixels, sent, step);
    for (let s = 0; s < 5; s++) for (let r = 0; r < 6; r++) for (let c = 0; c < 7; c++) {
      const [i, j, k] = [s, r, c].map((n) => Math.floor(n / step));
      assert.equal(valueAt(pixels, [s, r, c]), (i * few[1] + j) * few[2] + k + 1);
    }
  }
});

test("every view shows the voxels of its slice in place", () => {
  const table = Uint32Array.from({ length: 65536 }, (_, n) => n);
  const pixels = blankPixels(META);
  pixels.stored.forEach((_, n, stored) => { stored[n] = n; });
  for (const affine of Object.values(GRIDS)) for (const name of VIEWS) {
    const view = sliceView(affine, name);
    const [columns, rows] = [META.shape[view.horizontal], META.shape[view.vertical]];
    const out = new Uint32Array(columns * rows);
    paintSlice(pixels, view, 3, table, out);
    for (let v = 0; v < rows; v++) for (let h = 0; h < columns; h++) {
      const voxel = [3, 3, 3];
      [voxel[view.horizontal], voxel[view.vertical]] = [h, v];
      assert.equal(out[v * columns + h], valueAt(pixels, voxel));
    }
  }
});

test("grey runs from black at low to white at high and is opaque", () => {
  const table = greyTable(META, [-160, 240]);
  const grey = (value) => table[value & 0xffff];
  assert.equal(grey(-1000), 0xff000000);
  assert.equal(grey(-160), 0xff000000);
  assert.equal(grey(40), 0xff808080); // the middle: 127.5, rounded up
  assert.equal(grey(240), 0xffffffff);
  assert.equal(grey(3000), 0xffffffff);
});

test("grey follows the value, not the stored number, and a blank voxel is black", () => {
  const table = greyTable({ slope: 0.01, intercept: 300, blank: -32768 }, [-28, 628]);
  assert.equal(table[-32768 & 0xffff], 0xff000000);
  assert.equal(table[0] & 0xff, 128); // 300, half-way from -28 to 628
});

test("a blank voxel has no value", () => {
  const pixels = blankPixels({ ...META, slope: 0.5, intercept: 10, blank: -32768 });
  pixels.stored[0] = -32768;
  pixels.stored[1] = 4;
  assert.equal(valueAt(pixels, [0, 0, 0]), null);
  assert.equal(valueAt(pixels, [0, 0, 1]), 12);
});
