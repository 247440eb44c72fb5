import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Talk } from "../../js/talk.js";

function fakeModel() {
  const listeners = new Set();
  const sent = [];
  return {
    sent,
    on: (_, listener) => listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
    send: (content) => sent.push(content),
    tell: (message, buffers) => listeners.forEach((listener) => listener(message, buffers)),
  };
}

test("a page asks until it is answered, each time after a longer wait", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  let waits = 0;
  const talk = new Talk(model, () => {}, () => (waits += 1));
  for (const [ms, asked] of [[3999, 1], [1, 2], [7999, 2], [1, 3]]) {
    mock.timers.tick(ms);
    assert.equal(model.sent.length, asked);
  }
  model.tell({ t: "form", to: model.sent[0].page });
  mock.timers.tick(600_000);
  assert.deepEqual([model.sent.length, waits], [3, 2]);
  talk.close();
  mock.timers.reset();
});

test("a page hears what is said to it and to all, and not what is said to another", () => {
  const model = fakeModel();
  const heard = [];
  const talk = new Talk(model, ({ t }) => heard.push(t), () => {});
  const { page } = model.sent[0];
  model.tell({ t: "mine", to: page });
  model.tell({ t: "everybody's" });
  model.tell({ t: "another's", to: "x" });
  talk.say({ t: "answer", key: "a" });
  assert.deepEqual(model.sent.at(-1), { t: "answer", key: "a", page });
  talk.close();
  model.tell({ t: "late" });
  assert.deepEqual(heard, ["mine", "everybody's"]);
});

test("a page that has not all yet asks on, and hears the buffers", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const model = fakeModel();
  const heard = [];
  const talk = new Talk(model, ({ t }, buffers) => heard.push([t, buffers]) > 1, () => {});
  const { page } = model.sent[0];
  model.tell({ t: "study", to: page }, []);
  mock.timers.tick(4000);
  assert.equal(model.sent.length, 2);
  model.tell({ t: "picture", to: page }, ["png"]);
  mock.timers.tick(600_000);
  assert.deepEqual([model.sent.length, heard], [2, [["study", []], ["picture", ["png"]]]]);
  talk.close();
  mock.timers.reset();
});
