import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf, colourTable } from "../../js/colours.js";
import { dot, plus, toMm } from "../../js/geometry.js";
import { draftPoints, drawnMark, measuredPoints } from "../../js/marks.js";
import { LaidSkin } from "../../js/skin.js";
import { VIEWS, ownLattice } from "../../js/views.js";
import { AXIAL, GRIDS, SHAPE } from "./grids.mjs";

const draft = (kind, points, hover = null) =>
  ({ kind, image: "first", right: [1, 0, 0], down: [0, 1, 0], points, hover });

test("two corners of a region give its middle and its half axes along the screen", () => {
  const corners = [[1, 2, 5], [5, -4, 5]];
  const found = measuredPoints(draft("ellipse", corners), corners).map((point) => point.map((x) => x + 0)); // no minus nought
  assert.deepEqual(found, [[3, -1, 5], [2, 0, 0], [0, -3, 0]]);
  assert.deepEqual(measuredPoints(draft("length", corners), corners), corners);
});

test("what is being placed follows the pointer until it is whole", () => {
  assert.deepEqual(draftPoints(draft("length", [[1, 1, 1]], [2, 2, 2])), [[1, 1, 1], [2, 2, 2]]);
  assert.deepEqual(draftPoints(draft("length", [[1, 1, 1], [3, 3, 3]], [2, 2, 2])), [[1, 1, 1], [3, 3, 3]]);
  assert.equal(draftPoints(draft("ellipse", [[0, 0, 0]])).length, 1);
  assert.deepEqual(draftPoints(draft("ellipse", [[0, 0, 0]], [2, 4, 0]))[1], [1, 0, 0]);
});

test("a mark is drawn on its own slice and on no other", () => {
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "axial");
  const mark = { kind: "length", points: [toMm(AXIAL, [7, 10, 12]), toMm(AXIAL, [7, 30, 20])], words: "" };
  const [from, to] = drawnMark(mark, lattice, 7).line;
  for (const [found, expected] of [[from, [12, 10]], [to, [20, 30]]]) {
    assert.ok(Math.hypot(found[0] - expected[0], found[1] - expected[1]) < 1e-9);
  }
  assert.equal(drawnMark(mark, lattice, 8), null);
  assert.equal(drawnMark({ ...mark, points: [mark.points[0], toMm(AXIAL, [9, 30, 20])] }, lattice, 7), null);
});

test("an ellipse is drawn round its middle", () => {
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "axial");
  const middle = toMm(AXIAL, [7, 30, 20]);
  const { line, closed } = drawnMark({ kind: "ellipse", points: [middle, [7, 0, 0], [0, 3.5, 0]], words: "" }, lattice, 7);
  assert.ok(closed);
  for (const [h, v] of line) assert.ok(Math.abs(((h - 20) / 10) ** 2 + ((v - 30) / 5) ** 2 - 1) < 1e-9);
});

/** A sphere as triangles between rings, in LPS mm. */
function sphere(centre, radius, rings = 24, round = 40) {
  const [vertices, faces] = [[], []];
  for (let i = 0; i <= rings; i++) {
    for (let j = 0; j < round; j++) {
      const [lean, turn] = [(Math.PI * i) / rings, (2 * Math.PI * j) / round];
      vertices.push(...plus(centre, [Math.sin(lean) * Math.cos(turn), Math.sin(lean) * Math.sin(turn), Math.cos(lean)], radius));
      const [a, b] = [i * round + j, i * round + ((j + 1) % round)];
      if (i < rings) faces.push(a, b, a + round, b, b + round, a + round);
    }
  }
  return { vertices: Float32Array.from(vertices), faces: Uint32Array.from(faces) };
}

test("a sphere's surface is cut in a circle of the right size, on every grid and view", () => {
  for (const affine of Object.values(GRIDS)) {
    const centre = toMm(affine, SHAPE.map((n) => (n - 1) / 2));
    const mesh = sphere(centre, 9);
    const skin = { ...mesh, bands: new Uint8Array(mesh.vertices.length / 3), shown: [{ words: "", colour: "", width: 1 }] };
    for (const name of VIEWS) {
      const lattice = ownLattice({ affine, shape: SHAPE }, name);
      const { through, horizontal, vertical } = lattice.view;
      const slice = Math.round((SHAPE[through] - 1) / 2 + 1);
      const [line] = new LaidSkin(skin, lattice).lines(slice);
      assert.ok(line.length > 100);
      for (let n = 0; n < line.length; n += 2) {
        const index = [slice, slice, slice];
        [index[horizontal], index[vertical]] = [line[n], line[n + 1]];
        const away = plus(toMm(affine, index), centre, -1);
        const radius = Math.sqrt(dot(away, away));
        assert.ok(radius < 9 + 1e-3 && radius > 9 * 0.98, `${name} ${radius}`); // flat triangles lie a little within
      }
    }
  }
});

test("a triangle is drawn in the least band of its corners", () => {
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "axial");
  const vertices = Float32Array.from([[3, 5, 5], [6, 5, 9], [6, 9, 5]].flatMap((index) => toMm(AXIAL, index)));
  const shown = [0, 1, 2].map(() => ({ words: "", colour: "", width: 1 }));
  const laid = new LaidSkin({ vertices, faces: Uint32Array.from([0, 1, 2]), bands: Uint8Array.from([2, 1, 2]), shown }, lattice);
  assert.deepEqual(laid.lines(5).map((line) => line.length), [0, 4, 0]);
  assert.deepEqual(laid.lines(9).map((line) => line.length), [0, 0, 0]);
});

test("a fused volume grows lighter with its value, and its background lets the first image through", () => {
  const light = (rgb) => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  const levels = Array.from({ length: 33 }, (_, n) => light(colourOf(n / 32)));
  for (let n = 1; n < levels.length; n++) assert.ok(levels[n] > levels[n - 1]);
  const table = colourTable({ slope: 1, intercept: 0, blank: -32768 }, [100, 300], 0.5);
  const alpha = (stored) => table[stored & 0xffff] >>> 24;
  assert.deepEqual([alpha(100), alpha(-32768), alpha(120), alpha(300), alpha(900)], [0, 0, 64, 128, 128]);
});
