import assert from "node:assert/strict";
import { test } from "node:test";
import { lengthLabel, roundLengthMm } from "../../js/lettering.js";
import { pressKey } from "../../js/gestures.js";
import { positionWords, valueWords, windowWords } from "../../js/words.js";

test("a position is told toward right or left, front or back, feet or head", () => {
  assert.equal(positionWords([-12.34, -40.06, 8]), "R 12.3 · A 40.1 · S 8.0 mm");
  assert.equal(positionWords([12.34, 40.06, -8]), "L 12.3 · P 40.1 · I 8.0 mm");
});

test("a value has no more decimals than the data hold", () => {
  assert.equal(valueWords(-1000, 1), "\u22121000");
  assert.equal(valueWords(12.3456, 0.01), "12.35");
  assert.equal(valueWords(0.0004321, 0.00001), "0.00043");
});

test("a window is told by width and level", () => {
  assert.equal(windowWords([-650, 1350], 1), "W 2000 L 350");
  assert.equal(windowWords([-650.4, 1350.1], 1), "W 2001 L 350");
});

test("the scale bar has a round length that fits", () => {
  assert.deepEqual([73, 49.9, 50, 20.5, 19.9, 9].map(roundLengthMm), [50, 20, 50, 20, 10, 5]);
  assert.deepEqual([5, 10, 50, 200].map(lengthLabel), ["5 mm", "1 cm", "5 cm", "20 cm"]);
});

test("keys mean steps, slices, presets and reset, and nothing else is taken", () => {
  const told = [];
  const on = new Proxy({}, { get: (_, name) => (...given) => told.push([name, ...given]) });
  for (const key of ["ArrowLeft", "ArrowDown", "PageDown", "3", "r", "Enter"]) assert.ok(pressKey(key, on));
  for (const key of ["Tab", "Home", "q", "0"]) assert.ok(!pressKey(key, on));
  assert.deepEqual(told, [["step", -1, 0], ["step", 0, 1], ["scroll", 1], ["preset", 3], ["reset"], ["enlarge"]]);
});

test("with Shift the arrows move the image, and letters take a tool", () => {
  const told = [];
  const on = new Proxy({}, { get: (_, name) => (...given) => told.push([name, ...given]) });
  assert.ok(pressKey("ArrowLeft", on, true) && pressKey("+", on, true) && pressKey("L", on, true));
  assert.deepEqual(told, [["pan", -20, 0], ["zoom", 1.15], ["take", "length"]]);
});
