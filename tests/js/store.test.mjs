import assert from "node:assert/strict";
import { test } from "node:test";
import { shareVolume } from "../../js/store.js";

const META = {
  t: "meta", parts: 4, bytes: 2 + 1 + 8 + 8, masks: { origin: [0, 0, 0], shape: [1, 1, 1] },
  images: [{
    role: "first", label: "CT", shape: [2, 2, 2], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], slope: 1,
    intercept: 0, blank: null, modality: "CT", units: "HU", preview_step: 2, presets: [],
  }],
  segments: [], planes: [], marks: [], skin: null,
};
const bytes = (values, Kind = Int16Array) => [new DataView(Kind.from(values).buffer)];
const PARTS = [
  [{ layer: "preview", image: 0, offset: 0 }, bytes([7])],
  [{ layer: "masks", image: 0, offset: 0 }, bytes([1], Uint8Array)],
  [{ layer: "pixels", image: 0, offset: 4 }, bytes([5, 6, 7, 8])],
  [{ layer: "pixels", image: 0, offset: 0 }, bytes([1, 2, 3, 4])],
];

/** A widget model that notes what is sent, and to which the test says what Python would. */
function fakeModel() {
  const listeners = new Set();
  return {
    sent: [],
    send(message) { this.sent.push(message); },
    on: (_event, listener) => listeners.add(listener),
    off: (_event, listener) => listeners.delete(listener),
    say: (message, buffers = []) => listeners.forEach((listener) => listener(message, buffers)),
    listeners,
  };
}

const part = (model, to, n) => model.say({ t: "part", to, part: n, ...PARTS[n][0] }, PARTS[n][1]);

test("a page asks for every part once and puts them together", () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  assert.deepEqual(model.sent, [{ t: "hello", page }]);
  model.say({ ...META, to: page });
  for (const n of [0, 1, 2, 3]) part(model, page, n);
  assert.deepEqual(model.sent.slice(1).map((message) => message.part), [1, 2, 3]); // the preview comes unasked
  assert.deepEqual([...holding.images[0].pixels.stored], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...holding.masks.bits], [1]);
  assert.ok(holding.complete && Math.abs(holding.progress - 1) < 1e-12);
  leave();
});

test("no more than four parts are on the way at a time", () => {
  const model = fakeModel();
  const { leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  model.say({ ...META, parts: 9, to: page });
  assert.deepEqual(model.sent.slice(1).map((message) => message.part), [1, 2, 3]);
  part(model, page, 0);
  assert.deepEqual(model.sent.slice(1).map((message) => message.part), [1, 2, 3, 4]);
  leave();
});

test("the preview is a picture before the rest is here", () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  part(model, model.sent[0].page, 0);
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(7));
  assert.equal(holding.complete, false);
  leave();
});

test("what is meant for another page is left alone", () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: "another page" });
  assert.equal(holding.meta, null);
  model.say({ ...META, to: model.sent[0].page });
  part(model, "another page", 0);
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(0));
  leave();
});

test("a part that comes twice counts once", () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  for (const n of [0, 0, 0, 1]) part(model, model.sent[0].page, n);
  assert.ok(Math.abs(holding.progress - 3 / 19) < 1e-12);
  leave();
});

test("new planes reach every page", () => {
  const model = fakeModel();
  let told = 0;
  const { holding, leave } = shareVolume(model, () => { told += 1; });
  model.say({ ...META, to: model.sent[0].page });
  model.say({ t: "planes", planes: [{ name: "cut" }] });
  assert.equal(holding.meta.planes[0].name, "cut");
  assert.equal(told, 2);
  leave();
});

test("when nothing comes the page says why and asks again", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  context.mock.timers.tick(5001);
  assert.match(holding.words, /have not arrived.*kernel is busy/);
  assert.equal(model.sent.filter((message) => message.t === "hello").length, 2);
  model.say({ ...META, to: model.sent[0].page });
  assert.equal(holding.words, "");
  leave();
});

test("when a part is lost it is asked for again", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  part(model, model.sent[0].page, 1);
  context.mock.timers.tick(5001);
  assert.match(holding.words, /paused at 5 %/);
  assert.deepEqual(model.sent.slice(1).map((message) => message.part), [1, 2, 3, 0, 2, 3]);
  leave();
});

test("two views of one widget hold one volume, and the last to leave lets it go", () => {
  const model = fakeModel();
  const first = shareVolume(model, () => {});
  const second = shareVolume(model, () => {});
  assert.equal(first.holding, second.holding);
  assert.equal(model.sent.length, 1);
  first.leave();
  assert.equal(model.listeners.size, 1);
  second.leave();
  assert.equal(model.listeners.size, 0);
});
