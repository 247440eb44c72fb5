import assert from "node:assert/strict";
import { test } from "node:test";
import { Following } from "../../js/following.js";

/** A model as Python and other pages change it. */
function fakeModel(values) {
  const listeners = [];
  return {
    values, listeners, saved: 0,
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; },
    save_changes() { this.saved += 1; },
    send() {},
    on: (event, listener) => listeners.push([event, listener]),
    off: (event, listener) => listeners.splice(listeners.findIndex(([known, held]) => known === event && held === listener), 1),
    change(name, value) {
      values[name] = value;
      for (const [event, listener] of [...listeners]) if (event === `change:${name}`) listener();
    },
  };
}

test("a view that follows shows and tells what the model says", () => {
  const model = fakeModel({ window: [0, 1] });
  const view = new Following(model, ["window"]);
  view.set("window", [2, 3]);
  view.save_changes();
  assert.deepEqual([view.get("window"), model.values.window, model.saved], [[2, 3], [2, 3], 1]);
});

test("a view that looks round alone neither moves others nor is moved", () => {
  const model = fakeModel({ window: [0, 1] });
  const view = new Following(model, ["window"]);
  let told = 0;
  view.on("change:window", () => { told += 1; });
  view.follow(false);
  told = 0;
  model.change("window", [5, 6]);
  assert.deepEqual([view.get("window"), told], [[0, 1], 0]);
  view.set("window", [2, 3]);
  view.save_changes();
  assert.deepEqual([view.get("window"), model.values.window, model.saved, told], [[2, 3], [5, 6], 0, 1]);
});

test("a view that follows again shows what the others show", () => {
  const model = fakeModel({ window: [0, 1], hidden: [] });
  const view = new Following(model, ["window", "hidden"]);
  let told = 0;
  view.on("change:window", () => { told += 1; });
  view.follow(false);
  model.change("window", [5, 6]);
  view.follow(true);
  assert.deepEqual([view.get("window"), told], [[5, 6], 2]);
});

test("messages come in any case, and a listener that left hears nothing", () => {
  const model = fakeModel({ window: [0, 1] });
  const view = new Following(model, ["window"]);
  let told = 0;
  const listener = () => { told += 1; };
  view.on("change:other", listener);
  view.on("change:window", listener);
  view.follow(false);
  told = 0;
  model.change("other", 1);
  view.off("change:other", listener);
  model.change("other", 2);
  assert.equal(told, 1);
  assert.equal(model.listeners.length, 1);
});
