import assert from "node:assert/strict";
import { test } from "node:test";
import { largestSize, pageAfter, pageNamed } from "../../js/deck/paging.js";
import { StillModel, bytesOf } from "../../js/deck/stillmodel.js";

const COUNT = 5;

test("arrows, page keys and space lead to the next page and back, and no further than the last", () => {
  for (const key of ["ArrowRight", "ArrowDown", "PageDown", " ", "Enter"]) assert.equal(pageAfter(key, false, 1, COUNT), 2);
  for (const key of ["ArrowLeft", "ArrowUp", "PageUp"]) assert.equal(pageAfter(key, false, 1, COUNT), 0);
  assert.equal(pageAfter(" ", true, 1, COUNT), 0);
  assert.equal(pageAfter("ArrowLeft", false, 0, COUNT), 0);
  assert.equal(pageAfter("ArrowRight", false, 4, COUNT), 4);
  assert.deepEqual(["Home", "End"].map((key) => pageAfter(key, false, 2, COUNT)), [0, 4]);
});

test("any other key leads nowhere", () => {
  for (const key of ["a", "Escape", "Tab", "toString"]) assert.equal(pageAfter(key, false, 2, COUNT), null);
});

test("an address names a page of the deck, whatever is written in it", () => {
  assert.deepEqual(["", "#p1", "#p3", "#p99", "#p0", "#p-1", "#x", "#p2x"].map((hash) => pageNamed(hash, COUNT)), [0, 0, 2, 4, 0, 0, 0, 0]);
});

test("letters are as large as fits, and no smaller than the least size", () => {
  assert.equal(largestSize(() => true), 1.28);
  assert.equal(largestSize((size) => size <= 1), 1);
  assert.equal(largestSize(() => false), 0.7);
});

test("a still model answers hello with what it was told, and a part with its bytes, after the asking is done", async () => {
  const told = { words: { parts: [{}] }, opening: { window: [0, 100] }, parts: ["abc"] };
  const model = new StillModel(told, (name) => bytesOf(name === "abc" ? "AQID" : ""));
  const heard = [];
  model.on("msg:custom", (message, buffers) => heard.push([message, buffers.map((data) => data.getUint8(2))]));
  model.send({ t: "hello", page: "p" });
  model.send({ t: "part", page: "p", part: 0 });
  model.send({ t: "part", page: "p", part: 7 });
  model.send({ t: "mark", page: "p" });
  assert.deepEqual(heard, []);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(heard, [[{ t: "meta", to: "p", parts: [{}] }, []], [{ t: "part", to: "p", part: 0 }, [3]]]);
});

test("a still model tells of what changes, and of nothing that stays", () => {
  const model = new StillModel({ words: {}, opening: { window: [0, 100], preset: "bone" }, parts: [] }, bytesOf);
  let changes = 0;
  const count = () => { changes += 1; };
  model.on("change:window", count);
  model.set("window", [0, 100]);
  assert.equal(changes, 0);
  model.set("window", [0, 50]);
  model.set("preset", "");
  assert.deepEqual([changes, model.get("window"), model.get("preset")], [1, [0, 50], ""]);
  model.off("change:window", count);
  model.set("window", [0, 60]);
  assert.equal(changes, 1);
});
