import assert from "node:assert/strict";
import test from "node:test";

import { STANDS, blank, cameraOf, clear, drawPane, drawSolid, drawVeil, orbited, pack, project } from "../../js/solid.js";

const BLACK = pack([0, 0, 0], 1);

/** A ball as an icosphere would be, here by latitude and longitude; faces counter-clockwise from outside. */
function ball([cx, cy, cz], radius, band = 0) {
  const [rows, columns] = [48, 96];
  const vertices = [];
  for (let i = 0; i <= rows; i++) {
    for (let j = 0; j < columns; j++) {
      const [theta, phi] = [(Math.PI * i) / rows, (2 * Math.PI * j) / columns];
      vertices.push(cx + radius * Math.sin(theta) * Math.cos(phi), cy + radius * Math.sin(theta) * Math.sin(phi), cz + radius * Math.cos(theta));
    }
  }
  const faces = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const [a, b] = [i * columns + j, i * columns + ((j + 1) % columns)];
      faces.push(a, a + columns, b, b, a + columns, b + columns);
    }
  }
  return {
    vertices: new Float32Array(vertices), faces: new Uint32Array(faces),
    bands: new Uint8Array(vertices.length / 3).fill(band), colours: [[255, 0, 0], [0, 0, 255]],
  };
}

for (const [name, [right, down]] of Object.entries(STANDS)) {
  test(`a ball seen from ${name} covers the disc of its radius, in the middle`, () => {
    const canvas = blank(200, 160);
    clear(canvas, BLACK);
    drawSolid(canvas, cameraOf(right, down, [1, 2, 3], 2), ball([1, 2, 3], 30));
    const lit = [...canvas.pixels.keys()].filter((at) => canvas.pixels[at] !== BLACK);
    assert.ok(Math.abs(lit.length / (Math.PI * 60 * 60) - 1) < 0.01, `${lit.length} pixels`);
    const mean = lit.reduce((sum, at) => sum + (at % 200) + 0.5, 0) / lit.length;
    assert.ok(Math.abs(mean - 100) < 0.3);
  });
}

test("what is nearer to the viewer hides what lies behind, in whatever order they are drawn", () => {
  const [right, down] = STANDS.anterior; // anterior is toward minus y
  const camera = cameraOf(right, down, [0, 0, 0], 2);
  const [front, back] = [ball([0, -20, 0], 10, 0), ball([0, 20, 0], 10, 1)];
  for (const order of [[front, back], [back, front]]) {
    const canvas = blank(80, 80);
    clear(canvas, BLACK);
    for (const mesh of order) drawSolid(canvas, camera, mesh);
    const middle = canvas.pixels[40 * 80 + 40];
    assert.ok((middle & 255) > 200 && ((middle >>> 16) & 255) === 0);
  }
});

test("the letters of the standard views hold: from the front the patient's left is on the right", () => {
  const [right, down] = STANDS.anterior;
  const [x, y] = project({ width: 100, height: 100 }, cameraOf(right, down, [0, 0, 0], 1), [10, 0, 20]);
  assert.deepEqual([x, y], [60, 30]); // left (+x) to the right, head (+z) up
});

test("a veil and a pane blend once, and only before what is nearer", () => {
  const canvas = blank(80, 80);
  clear(canvas, BLACK);
  const camera = cameraOf(...STANDS.anterior, [0, 0, 0], 2);
  drawSolid(canvas, camera, ball([0, 0, 0], 10));
  const before = canvas.pixels[40 * 80 + 40];
  drawPane(canvas, camera, [[-15, 30, -15], [15, 30, -15], [15, 30, 15], [-15, 30, 15]], [255, 255, 0], 0.5);
  assert.equal(canvas.pixels[40 * 80 + 40], before, "a pane behind the ball is hidden");
  assert.equal(canvas.pixels[15 * 80 + 40] & 255, 128, "beside it, half of 255 on black");
  drawVeil(canvas, camera, ball([0, 0, 0], 14, 1), 0.5);
  assert.equal((canvas.pixels[40 * 80 + 40] >>> 16) & 255, 128, "one veil over the ball, not its far side too");
});

test("turning by a full circle comes back, and the axes stay at right angles", () => {
  let camera = cameraOf(...STANDS.anterior, [0, 0, 0], 1);
  for (let n = 0; n < 36; n++) camera = orbited(camera, Math.PI / 18, 0);
  STANDS.anterior[0].forEach((value, n) => assert.ok(Math.abs(camera.right[n] - value) < 1e-9));
  camera = orbited(camera, 0.7, -0.4);
  const sum = (p, q) => p.reduce((total, value, n) => total + value * q[n], 0);
  assert.ok(Math.abs(sum(camera.right, camera.down)) < 1e-12 && Math.abs(sum(camera.into, camera.into) - 1) < 1e-9);
});
