import assert from "node:assert/strict";
import { test } from "node:test";
import { countWords, groupWords, numberOf, placesOf, whyWords } from "../../js/caseformwords.js";
import { fieldFrom } from "../../js/zonekeys.js";

const QUESTIONS = ["a", "b", "c", "d"].map((key) => ({ key, group: key < "c" ? "First" : "Second" }));

test("a question says which rules wait for it, and names a few of many", () => {
  assert.equal(whyWords(["L05"], undefined), "L05 waits for it");
  assert.equal(whyWords(["L05", "L06"], undefined), "L05, L06 wait for it");
  assert.equal(whyWords([..."abcdefgh"], undefined), "a, b, c, d, e, f and 2 more wait for it");
  assert.equal(whyWords([], undefined), "no rule waits for it now");
  assert.equal(whyWords(undefined, false), "recorded");
});

test("no counts as recorded and what is absent does not", () => {
  assert.equal(countWords(QUESTIONS, { a: false, b: 0 }), "2 of 4 questions recorded, 2 not recorded");
  assert.equal(groupWords("First", QUESTIONS.slice(0, 2), { a: false }), "First: 1 of 2 recorded");
});

test("the questions asked next stand first and the others under their headings", () => {
  const { next, groups } = placesOf(QUESTIONS, ["c", "a"], "", []);
  assert.deepEqual(next, ["c", "a"]);
  assert.deepEqual([...groups], [["First", ["b"]], ["Second", ["d"]]]);
});

test("the question that is being answered stays where it is", () => {
  assert.deepEqual(placesOf(QUESTIONS, ["c", "d"], "a", ["b", "a"]).next, ["c", "a", "d"]);
  assert.deepEqual(placesOf(QUESTIONS, ["c", "b"], "b", ["c"]).next, ["c"]);
  assert.deepEqual(placesOf(QUESTIONS, [], "a", ["b", "c", "a"]).next, ["a"]);
});

test("a number is read, an empty field is not recorded, and a word is neither", () => {
  assert.deepEqual(["50", " 0 ", "2,5", "", "  ", "many", "Infinity"].map(numberOf), [50, 0, 2.5, null, null, undefined, undefined]);
});

test("arrows go round a ring, and from ring to ring", () => {
  const shapes = [0, 1].flatMap((row) => [0, 1, 2].map((column) => ({ id: `${column}${row}`, row, column })));
  const from = (at, key) => fieldFrom(shapes, at, key);
  assert.deepEqual([from("00", "ArrowRight"), from("00", "ArrowLeft"), from("00", "ArrowDown"), from("01", "ArrowUp")], ["10", "20", "01", "00"]);
  assert.deepEqual([from("00", "ArrowUp"), from("01", "ArrowDown"), from("00", "x"), from("?", "ArrowUp")], [null, null, null, null]);
});
