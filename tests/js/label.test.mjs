import assert from "node:assert/strict";
import { test } from "node:test";
import { Label, covering, layRuns } from "../../js/label.js";
import { Outbox } from "../../js/outbox.js";

const NOTHING = { bits: new Uint8Array(0), origin: [0, 0, 0], shape: [0, 0, 0] };
const LIMITS = [60, 70, 80];
const at = (masks, index) => {
  const [s, r, c] = index.map((n, axis) => n - masks.origin[axis]);
  const within = [s, r, c].every((n, axis) => n >= 0 && n < masks.shape[axis]);
  return within ? masks.bits[(s * masks.shape[1] + r) * masks.shape[2] + c] : 0;
};
const view = (numbers) => new DataView(numbers.buffer);

/** A page's holding, and the messages that Python would send. */
function page() {
  const asked = [];
  const holding = { masks: NOTHING, revision: 0, images: [{ shape: LIMITS }], label: null };
  holding.label = new Label(() => asked.push("whole"));
  const say = (revision, before, origin, shape, runs, k = 0, of = 1) => holding.label.keep(
    holding, { revision, before, origin, shape, k, of },
    [view(Uint32Array.from(runs.map(([length]) => length))), view(Uint8Array.from(runs.map(([, value]) => value)))]);
  return { asked, holding, say };
}

test("masks grow to cover a box and keep what they held where it lay", () => {
  const first = covering(NOTHING, [20, 30, 40], [1, 2, 3], LIMITS);
  layRuns(first, [20, 30, 40], [1, 2, 3], Uint32Array.from([2, 3, 1]), Uint8Array.from([1, 0, 2]));
  const wider = covering(first, [5, 60, 0], [3, 3, 3], LIMITS);
  const held = [[20, 30, 40], [20, 30, 41], [20, 30, 42], [20, 31, 42], [20, 31, 41]].map((index) => at(wider, index));
  assert.deepEqual(held, [1, 1, 0, 2, 0]);
  assert.deepEqual(wider.origin, [0, 18, 0]);
  assert.ok(wider.origin.every((start, axis) => start + wider.shape[axis] <= LIMITS[axis]));
  assert.equal(wider.bits.reduce((sum, bit) => sum + bit, 0), 4);
});

test("masks that cover a box already are the same object", () => {
  const first = covering(NOTHING, [20, 30, 40], [4, 4, 4], LIMITS);
  assert.equal(covering(first, [21, 31, 41], [2, 2, 2], LIMITS), first);
});

test("runs go on from row to row of the box, and leave its surroundings", () => {
  const masks = { bits: new Uint8Array(4 * 4).fill(9), origin: [0, 0, 0], shape: [1, 4, 4] };
  layRuns(masks, [0, 1, 1], [1, 2, 2], Uint32Array.from([3, 1]), Uint8Array.from([5, 0]));
  assert.deepEqual([...masks.bits], [9, 9, 9, 9, 9, 5, 5, 9, 9, 5, 0, 9, 9, 9, 9, 9]);
});

test("changes follow on the whole, in parts too", () => {
  const { holding, say, asked } = page();
  say(4, -1, [0, 0, 0], [1, 1, 1], [[1, 0]]);
  say(5, 4, [1, 1, 1], [1, 1, 2], [[2, 1]], 0, 2);
  assert.equal(holding.label.revision, 4);
  say(5, 4, [2, 1, 1], [1, 1, 2], [[1, 0], [1, 3]], 1, 2);
  assert.equal(holding.label.revision, 5);
  assert.deepEqual([[1, 1, 1], [1, 1, 2], [2, 1, 1], [2, 1, 2]].map((index) => at(holding.masks, index)), [1, 1, 0, 3]);
  assert.deepEqual(asked, []);
});

test("a change that does not follow on is not laid, and the whole is asked for once", () => {
  const { holding, say, asked } = page();
  say(4, -1, [0, 0, 0], [1, 1, 1], [[1, 0]]);
  say(6, 5, [1, 1, 1], [1, 1, 1], [[1, 1]]);
  say(7, 6, [1, 1, 1], [1, 1, 1], [[1, 1]]);
  assert.deepEqual(asked, ["whole"]);
  assert.equal(at(holding.masks, [1, 1, 1]), 0);
  say(7, -1, [1, 1, 1], [1, 1, 1], [[1, 2]]);
  assert.equal(at(holding.masks, [1, 1, 1]), 2);
  say(8, 7, [1, 1, 1], [1, 1, 1], [[1, 3]]);
  assert.deepEqual([holding.label.revision, at(holding.masks, [1, 1, 1])], [8, 3]);
});

test("a part of a change that was lost is not overlooked", () => {
  const { say, asked } = page();
  say(4, -1, [0, 0, 0], [1, 1, 1], [[1, 0]]);
  say(5, 4, [1, 1, 1], [1, 1, 1], [[1, 1]], 1, 2);
  assert.deepEqual(asked, ["whole"]);
});

test("steps go one by one, in order, each until it is answered", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [];
  const outbox = new Outbox(({ n, step }) => sent.push([n, step.do]));
  assert.deepEqual([outbox.add({ do: "brush" }), outbox.add({ do: "undo" })], [1, 2]);
  assert.deepEqual(sent, [[1, "brush"]]);
  context.mock.timers.tick(4001);
  assert.deepEqual(sent, [[1, "brush"], [1, "brush"]]);
  outbox.answered(2); // not its turn
  outbox.answered(1);
  outbox.answered(1);
  assert.deepEqual(sent.slice(2), [[2, "undo"]]);
  outbox.answered(2);
  assert.equal(outbox.done, 2);
  context.mock.timers.tick(100000);
  assert.equal(sent.length, 3);
});
