import assert from "node:assert/strict";
import test from "node:test";

import { dot, plus, sliceView, toMm, unit } from "../../js/geometry.js";
import { handlesOf, shifted, tilted, turnedBy } from "../../js/handles.js";
import { ownLattice } from "../../js/views.js";

const OBLIQUE = (() => {
  const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
  const steps = [[0, -3 * s, 3 * c], [0, 0.8 * c, 0.8 * s], [0.8, 0, 0]]; // slice, row, column, LPS mm
  return { affine: [0, 1, 2].flatMap((axis) => [...steps.map((step) => step[axis]), [-40, 12, 300][axis]]).concat([0, 0, 0, 1]), shape: [40, 120, 120] };
})();
const PLANE = { name: "cut", point_mm: [10, 40, 330], normal: unit([0.5, -0.3, 0.6]), kerf_mm: 1, patch_mm: null };
const near = (one, other, slack = 1e-9) => one.forEach((value, n) => assert.ok(Math.abs(value - other[n]) < slack, `${one} is not ${other}`));

for (const name of ["axial", "coronal", "sagittal"]) {
  const lattice = ownLattice(OBLIQUE, name);
  const { through } = lattice.view;
  const handles = handlesOf(lattice, 20, PLANE);

  test(`handles lie on the plane and on the slice (${name})`, () => {
    const out = [0, 0, 0].map((_, n) => n); // any place of the slice
    out[through] = 20;
    for (const place of [handles.middle, ...handles.ends]) {
      assert.ok(Math.abs(dot(plus(place, PLANE.point_mm, -1), PLANE.normal)) < 1e-9);
      const index = toIndexOf(lattice.affine, place);
      assert.ok(Math.abs(index[through] - 20) < 1e-9);
    }
  });

  test(`a shifted plane passes through where the hand is (${name})`, () => {
    const { right, down } = lattice.view;
    const to = plus(plus(handles.middle, right, 7), down, -4);
    const after = shifted(lattice, PLANE, handles.middle, to);
    near(after.normal, PLANE.normal);
    assert.ok(Math.abs(dot(plus(to, after.point_mm, -1), after.normal)) < 1e-9);
  });

  test(`a tilted plane turns about its middle to where the hand is (${name})`, () => {
    const { right, down } = lattice.view;
    const to = plus(plus(handles.ends[0], right, 9), down, 5);
    const after = tilted(lattice, PLANE, handles.middle, handles.ends[0], to);
    assert.ok(Math.abs(dot(after.normal, after.normal) - 1) < 1e-12);
    for (const place of [handles.middle, to]) assert.ok(Math.abs(dot(plus(place, after.point_mm, -1), after.normal)) < 1e-9);
  });
}

function toIndexOf(affine, mm) {
  // Solved by three steps of Newton from the origin: exact for a linear map, and not the module's own inverse.
  const origin = toMm(affine, [0, 0, 0]);
  const columns = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((e) => plus(toMm(affine, e), origin, -1));
  const from = plus(mm, origin, -1);
  return columns.map((column) => dot(from, column) / dot(column, column)); // the axes stand at right angles here
}

test("a plane along the slice cannot be held there", () => {
  const { right, down } = sliceView(OBLIQUE.affine, "axial");
  const normal = unit([right[1] * down[2] - right[2] * down[1], right[2] * down[0] - right[0] * down[2], right[0] * down[1] - right[1] * down[0]]);
  assert.equal(handlesOf(ownLattice(OBLIQUE, "axial"), 20, { ...PLANE, normal }), null);
});

test("a patch is carried along and keeps its shape", () => {
  const patch = [[0, 0, 0], [10, 0, 0], [10, 10, 0]];
  const flat = { ...PLANE, point_mm: [0, 0, 0], normal: [0, 0, 1], patch_mm: patch };
  const after = turnedBy(flat, [1, 0, 0], 90);
  near(after.normal, [0, -1, 0], 1e-12);
  near(after.patch_mm[1], [10, 0, 0], 1e-12);
  near(after.patch_mm[2], [10, 0, 10], 1e-12);
});
