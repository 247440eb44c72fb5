import assert from "node:assert/strict";
import { test } from "node:test";
import { addUp, inflate } from "../../js/unpack.js";
import { packed } from "./packing.mjs";

test("voxels are the same after the way, the farthest apart too", async () => {
  const voxels = [0, 1, -1, 32767, -32768, 32767, -1024, 3071, 3071, 0];
  const stored = new Int16Array(12);
  const bytes = new Uint8Array(20);
  await inflate(packed(voxels), bytes);
  addUp(bytes, stored, 1);
  assert.deepEqual([...stored], [0, ...voxels, 0]);
});

test("what is no deflated part is refused", async () => {
  await assert.rejects(inflate(new DataView(Uint8Array.of(255, 255, 255).buffer), new Uint8Array(4)));
});
