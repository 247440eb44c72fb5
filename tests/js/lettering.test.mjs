import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRoom } from "../../js/lettering.js";

const box = (left, top) => ({ left, right: left + 40, top, bottom: top + 15 });

test("words stay where they are while nothing is in their way", () => {
  const taken = [];
  assert.deepEqual([makeRoom(box(0, 0), taken), makeRoom(box(50, 5), taken), makeRoom(box(0, 15), taken)], [0, 0, 0]);
});

test("words that would stand on others stand below all of them", () => {
  const taken = [];
  assert.deepEqual([box(0, 0), box(10, 4), box(20, 2), box(30, 60)].map((one) => makeRoom(one, taken)), [0, 11, 28, 0]);
  for (const [n, one] of taken.entries()) {
    for (const other of taken.slice(0, n)) {
      const apart = one.top >= other.bottom || other.top >= one.bottom || one.left >= other.right || other.left >= one.right;
      assert.ok(apart);
    }
  }
});
