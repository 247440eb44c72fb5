import assert from "node:assert/strict";
import { test } from "node:test";
import { shareVolume } from "../../js/store.js";
import { deflated, packed } from "./packing.mjs";

const META = {
  t: "meta", masks: { origin: [0, 0, 0], shape: [1, 1, 1] },
  parts: [
    { layer: "preview", image: 0, offset: 0, bytes: 2 },
    { layer: "masks", image: 0, offset: 0, bytes: 1 },
    { layer: "pixels", image: 0, offset: 4, bytes: 8 },
    { layer: "pixels", image: 0, offset: 0, bytes: 8 },
  ],
  images: [{
    id: "voxels", role: "first", label: "CT", shape: [2, 2, 2], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], slope: 1,
    intercept: 0, blank: null, modality: "CT", units: "HU", preview_step: 2, presets: [],
  }],
  segments: [], planes: [], marks: [], skin: null,
};
const PARTS = [packed([7]), deflated([1]), packed([5, 6, 7, 8]), packed([1, 2, 3, 4])];

/** A widget model that notes what is sent, and to which the test says what Python would. */
function fakeModel() {
  const [listeners, ends] = [new Set(), new Set()];
  return {
    sent: [],
    send(message) { this.sent.push(message); },
    on: (event, listener) => (event === "msg:custom" ? listeners : ends).add(listener),
    off: (event, listener) => (event === "msg:custom" ? listeners : ends).delete(listener),
    end: () => ends.forEach((listener) => listener()),
    say: (message, buffers = []) => listeners.forEach((listener) => listener(message, buffers)),
    listeners,
  };
}

const wait = setTimeout; // the real one, where a test takes the clock in hand

/** Say a part, and wait until it is unpacked. */
async function part(model, to, n, packed = PARTS[n]) {
  model.say({ t: "part", to, part: n }, [packed]);
  await new Promise((done) => wait(done, 40));
}
const asked = (model) => model.sent.slice(1).map((message) => message.part);

test("a page asks for every part once and puts them together", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  assert.deepEqual(model.sent, [{ t: "hello", page }]);
  model.say({ ...META, to: page });
  for (const n of [0, 1, 2, 3]) await part(model, page, n);
  assert.deepEqual(asked(model), [0, 1, 2, 3]);
  assert.deepEqual([...holding.images[0].pixels.stored], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...holding.masks.bits], [1]);
  assert.ok(holding.complete && holding.progress === 1);
  leave();
});

test("no more than four parts are on the way at a time", async () => {
  const model = fakeModel();
  const { leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  const more = [8, 12, 16].map((offset) => ({ layer: "pixels", image: 0, offset, bytes: 8 }));
  model.say({ ...META, parts: [...META.parts, ...more], to: page });
  assert.deepEqual(asked(model), [0, 1, 2, 3]);
  await part(model, page, 0);
  assert.deepEqual(asked(model), [0, 1, 2, 3, 4]);
  leave();
});

test("the preview is a picture before the rest is here", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  await part(model, model.sent[0].page, 0);
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(7));
  assert.equal(holding.complete, false);
  leave();
});

test("a preview that comes late covers nothing", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  model.say({ ...META, to: page });
  for (const n of [2, 0]) await part(model, page, n);
  assert.deepEqual([...holding.images[0].pixels.stored], [0, 0, 0, 0, 5, 6, 7, 8]);
  leave();
});

test("what is meant for another page is left alone", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: "another page" });
  assert.equal(holding.meta, null);
  model.say({ ...META, to: model.sent[0].page });
  await part(model, "another page", 0);
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(0));
  leave();
});

test("a part that comes twice counts once", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  for (const n of [0, 0, 0, 1]) await part(model, model.sent[0].page, n);
  assert.ok(Math.abs(holding.progress - 3 / 19) < 1e-12);
  leave();
});

test("a part that is damaged on its way is asked for again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  model.say({ ...META, to: page });
  await part(model, page, 2, new DataView(Uint8Array.of(255, 255, 255).buffer));
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(0));
  context.mock.timers.tick(5001);
  assert.deepEqual(asked(model), [0, 1, 2, 3, 0, 1, 2, 3]);
  leave();
});

test("two widgets with the same voxels hold them once, and each part comes once", async () => {
  const [one, other] = [fakeModel(), fakeModel()];
  const [first, second] = [one, other].map((model) => shareVolume(model, () => {}));
  one.say({ ...META, to: one.sent[0].page });
  other.say({ ...META, to: other.sent[0].page });
  assert.deepEqual([asked(one), asked(other)], [[0, 1, 2, 3], [1]]); // each has outlines of its own
  for (const n of [0, 1, 2, 3]) await part(one, one.sent[0].page, n);
  await part(other, other.sent[0].page, 1);
  assert.ok(first.holding.complete && second.holding.complete);
  assert.equal(first.holding.images[0].pixels.stored, second.holding.images[0].pixels.stored);
  first.leave();
  assert.deepEqual([...second.holding.images[0].pixels.stored], [1, 2, 3, 4, 5, 6, 7, 8]);
  second.leave();
});

test("where one widget leaves before its parts have come, the other asks for them", () => {
  const [one, other] = [fakeModel(), fakeModel()];
  const [first, second] = [one, other].map((model) => shareVolume(model, () => {}));
  one.say({ ...META, to: one.sent[0].page });
  other.say({ ...META, to: other.sent[0].page });
  first.leave();
  assert.deepEqual(asked(other), [1, 0, 2, 3]);
  second.leave();
});

test("voxels that nobody shows any more are let go", async () => {
  const model = fakeModel();
  const { leave } = shareVolume(model, () => {});
  model.say({ ...META, to: model.sent[0].page });
  await part(model, model.sent[0].page, 2);
  leave();
  const again = fakeModel();
  const { holding, leave: end } = shareVolume(again, () => {});
  again.say({ ...META, to: again.sent[0].page });
  assert.deepEqual([...holding.images[0].pixels.stored], Array(8).fill(0));
  end();
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

test("when a part is lost it is asked for again", async (context) => {
  const model = fakeModel();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  model.say({ ...META, to: page });
  await part(model, page, 1);
  context.mock.timers.tick(5001);
  assert.match(holding.words, /paused at 5 %/);
  assert.deepEqual(asked(model), [0, 1, 2, 3, 0, 2, 3]);
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

test("a page whose kernel is gone says so and asks no more", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  model.end();
  assert.ok(holding.ended);
  assert.match(holding.words, /kernel .* restarted.*Run its cell again/);
  context.mock.timers.tick(100_000);
  assert.equal(model.sent.length, 1);
  leave();
});

test("margins measured anew while the images come are kept, and an older part covers none of them", async () => {
  const model = fakeModel();
  const { holding, leave } = shareVolume(model, () => {});
  const page = model.sent[0].page;
  const bands = { layer: "bands", image: 0, offset: 0, bytes: 2 };
  model.say({ ...META, parts: [...META.parts, bands], skin: { vertices: 2, faces: 1, bands: [] }, to: page });
  model.say({ t: "plan", plan: {} }, [new DataView(Uint8Array.of(3, 4).buffer)]);
  assert.deepEqual([...holding.skin.bands], [3, 4]);
  await part(model, page, 4, deflated([0, 1]));
  for (const n of [0, 1, 2, 3]) await part(model, page, n);
  assert.deepEqual([[...holding.skin.bands], holding.complete], [[3, 4], true]);
  leave();
});
