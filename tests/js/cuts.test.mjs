import assert from "node:assert/strict";
import { test } from "node:test";
import { planeLine } from "../../js/cuts.js";
import { cross, dot, plus, toIndex, toMm, unit } from "../../js/geometry.js";
import { VIEWS, ownLattice } from "../../js/views.js";
import { AXIAL, GRIDS, SHAPE } from "./grids.mjs";

const MIDDLE = [11.7, 28.1, 26.4];
const NORMAL = unit([0.36, 0.48, 0.8]);
const across = unit(cross(NORMAL, [1, 0, 0]));
const along = cross(NORMAL, across);
/** A regular polygon in the plane, so that its rim is at a known distance from its middle. */
const polygon = (middle, radius, corners) => Array.from({ length: corners }, (_, n) => {
  const turn = (2 * Math.PI * n) / corners + 0.1;
  return plus(plus(middle, across, radius * Math.cos(turn)), along, radius * Math.sin(turn));
});
const onRim = (mm, corners) => Math.min(...corners.map((from, n) => {
  const edge = plus(corners[(n + 1) % corners.length], from, -1);
  const away = plus(mm, from, -1);
  const share = Math.min(1, Math.max(0, dot(away, edge) / dot(edge, edge)));
  return Math.hypot(...plus(away, edge, -share));
}));

test("a plane that ends at a patch is drawn to its rim and no further, and so is its kerf", () => {
  let lines = 0;
  for (const affine of Object.values(GRIDS)) {
    const middle = toMm(affine, MIDDLE);
    const plane = { name: "cut", kerf_mm: 1.2, normal: NORMAL, point_mm: middle, patch_mm: polygon(middle, 5, 7) };
    for (const name of VIEWS) {
      const lattice = ownLattice({ affine, shape: SHAPE }, name);
      const { through, horizontal, vertical } = lattice.view;
      const slice = Math.round(MIDDLE[through]);
      for (const offset of [0, plane.kerf_mm]) {
        const rim = plane.patch_mm.map((corner) => plus(corner, NORMAL, offset));
        for (const [h, v] of planeLine(lattice, slice, plane, offset)) {
          const index = [slice, slice, slice];
          [index[horizontal], index[vertical]] = [h, v];
          assert.ok(onRim(toMm(affine, index), rim) < 1e-9);
          lines += 1;
        }
      }
    }
  }
  assert.equal(lines, 7 * 3 * 2 * 2);
});

test("a patch wider than the slice gives the line of the endless plane", () => {
  const middle = toMm(AXIAL, MIDDLE);
  const endless = { name: "cut", kerf_mm: 0, normal: NORMAL, point_mm: middle };
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "coronal");
  const expected = planeLine(lattice, 28, endless).flat();
  const found = planeLine(lattice, 28, { ...endless, patch_mm: polygon(middle, 900, 5) });
  const ways = [found.flat(), [...found].reverse().flat()];
  assert.ok(ways.some((way) => way.every((at, n) => Math.abs(at - expected[n]) < 1e-9)));
});

test("a patch that does not reach the slice, or ends outside it, has no line", () => {
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "axial");
  const plane = (index, radius) => {
    const middle = toMm(AXIAL, index);
    return { name: "cut", kerf_mm: 0, normal: NORMAL, point_mm: middle, patch_mm: polygon(middle, radius, 6) };
  };
  assert.equal(planeLine(lattice, 20, plane([5, 30, 25], 8)), null);
  assert.equal(planeLine(lattice, 5, plane([5, 90, 25], 8)), null);
  assert.notEqual(planeLine(lattice, 5, plane([5, 30, 25], 8)), null);
  assert.ok(toIndex(AXIAL, plane([5, 30, 25], 8).point_mm).every(Number.isFinite));
});
