import assert from "node:assert/strict";
import { test } from "node:test";
import { dot, plus, toIndex, toMm, unit } from "../../js/geometry.js";
import { outlines } from "../../js/contours.js";
import { maskOblique, paintOblique } from "../../js/resample.js";
import { obliqueLattice } from "../../js/views.js";
import { placeWords, tiltWords } from "../../js/words.js";
import { AXIAL, GRIDS, SHAPE, blankPixels } from "./grids.mjs";

const IDENTITY = Uint32Array.from({ length: 65536 }, (_, n) => n); // the table that shows stored values themselves
const NORMALS = [[0, 0, 1], [0.2, -0.4, 0.9], [-0.9, 0.2, 0.1], [0.1, 1, 0.3], [1, 1, 1]];

/** A volume whose values rise evenly along each index axis: linear interpolation of it is exact. */
function ramp() {
  const pixels = blankPixels({ shape: SHAPE, slope: 1, intercept: 0, blank: null });
  for (let n = 0, s = 0; s < SHAPE[0]; s++)
    for (let r = 0; r < SHAPE[1]; r++) for (let c = 0; c < SHAPE[2]; c++) pixels.stored[n++] = 100 * s + 20 * r + 30 * c;
  return pixels;
}

test("an oblique view lies along its plane, with square pixels and right and down at right angles", () => {
  for (const affine of Object.values(GRIDS)) {
    for (const normal of NORMALS) {
      const { view, affine: laid } = obliqueLattice({ affine, shape: SHAPE }, normal);
      const away = unit(normal);
      for (const direction of [view.right, view.down]) assert.ok(Math.abs(dot(direction, away)) < 1e-12);
      assert.ok(Math.abs(dot(view.right, view.down)) < 1e-12 && Math.abs(view.hh - view.vv) < 1e-12);
      const [from, to] = [toMm(laid, [3, 4, 5]), toMm(laid, [3, 7, 9])];
      assert.ok(Math.abs(dot(plus(to, from, -1), away)) < 1e-9);
    }
  }
});

test("it is turned as the nearest of the three views is, and says by how much it leaves it", () => {
  const image = { affine: AXIAL, shape: SHAPE };
  const axial = obliqueLattice(image, [0, Math.sin(0.2), Math.cos(0.2)]);
  assert.deepEqual(axial.view.letters, { left: "R", right: "L", top: "A", bottom: "P" });
  assert.equal(tiltWords(axial), "11° from axial");
  assert.deepEqual(obliqueLattice(image, [0.3, -1, 0]).view.letters, { left: "R", right: "L", top: "S", bottom: "I" });
  const leaning = obliqueLattice(image, [0, 0.5, 0.8]);
  assert.deepEqual(leaning.view.letters, { left: "R", right: "L", top: "AS", bottom: "PI" });
  assert.deepEqual(obliqueLattice(image, [1, 0, 0.1]).view.letters, { left: "A", right: "P", top: "S", bottom: "I" });
  for (const normal of NORMALS) { // a plane has two sides but one picture
    const turned = obliqueLattice(image, normal.map((part) => -part));
    assert.deepEqual(turned.affine.map((x) => x.toFixed(9)), obliqueLattice(image, normal).affine.map((x) => x.toFixed(9)));
  }
});

test("every pixel is the value at its place in the patient, on oblique, anisotropic and sheared grids", () => {
  const pixels = ramp();
  for (const affine of Object.values(GRIDS)) {
    for (const normal of NORMALS) {
      const lattice = obliqueLattice({ affine, shape: SHAPE }, normal);
      const [, rows, columns] = lattice.shape;
      const slice = lattice.shape[0] / 2 + 0.37;
      const out = new Uint32Array(rows * columns);
      paintOblique(pixels, affine, lattice, slice, IDENTITY, out);
      let inside = 0;
      for (let row = 0; row < rows; row += 3) {
        for (let column = 0; column < columns; column += 5) {
          const index = toIndex(affine, toMm(lattice.affine, [slice, row, column]));
          if (!index.every((at, axis) => at >= 0 && at <= SHAPE[axis] - 1)) continue;
          inside += 1;
          const value = 100 * index[0] + 20 * index[1] + 30 * index[2];
          assert.ok(Math.abs(out[row * columns + column] - value) <= 0.5 + 1e-6);
        }
      }
      assert.ok(inside > 50);
    }
  }
});

test("beyond the voxels' faces nothing is drawn, and a voxel without a number makes its neighbours blank", () => {
  const pixels = { ...ramp(), blank: -32768 };
  const lattice = obliqueLattice({ affine: AXIAL, shape: SHAPE }, [0, 0, 1]);
  const [, rows, columns] = lattice.shape;
  const out = new Uint32Array(rows * columns).fill(7);
  pixels.stored[12 * 3000 + 30 * 50 + 25] = -32768;
  const slice = lattice.shape[0] / 2;
  paintOblique(pixels, AXIAL, lattice, slice, IDENTITY, out);
  for (let n = 0; n < out.length; n++) {
    const index = toIndex(AXIAL, toMm(lattice.affine, [slice, Math.floor(n / columns), n % columns]));
    const within = index.every((at, axis) => at >= -0.5 && at <= SHAPE[axis] - 0.5);
    if (!within) assert.equal(out[n], 0);
  }
  const index = toIndex(lattice.affine, toMm(AXIAL, [12, 30, 25]));
  assert.equal(out[Math.round(index[1]) * columns + Math.round(index[2])], 0x8000);
});

test("a box outlined on an oblique plane is as wide as the box", () => {
  const masks = { bits: new Uint8Array(4 * 20 * 20).fill(1), origin: [10, 20, 15], shape: [4, 20, 20] };
  const lattice = obliqueLattice({ affine: AXIAL, shape: SHAPE }, [0, Math.sin(0.3), Math.cos(0.3)]);
  const middle = toIndex(lattice.affine, toMm(AXIAL, [11.5, 29.5, 24.5]));
  const [[loop]] = outlines(maskOblique(masks, AXIAL, lattice, middle[0]), 1);
  const across = [...loop].filter((_, n) => n % 2 === 0);
  const wideMm = (Math.max(...across) - Math.min(...across)) * lattice.view.hh;
  assert.ok(Math.abs(wideMm - 20 * 0.7) <= lattice.view.hh + 1e-9, `${wideMm}`);
});

test("the view along a cut says how far from it it lies, and on which side", () => {
  const lattice = obliqueLattice({ affine: AXIAL, shape: SHAPE }, [0, 0, 1]);
  const words = (z) => placeWords(lattice, 0, { mm: [3, 4, z], facing: { normal: [0, 0, 1], point_mm: [0, 0, 10] } });
  assert.deepEqual([10.02, 13, 7.5].map(words), ["in the plane", "3.0 mm to the patient", "2.5 mm to the specimen"]);
});
