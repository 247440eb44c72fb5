import assert from "node:assert/strict";
import { test } from "node:test";
import { planeLine } from "../../js/cuts.js";
import {
  anatomicalAxes, clampIndex, directionLetters, dot, nearestVoxel, sliceView, stepMm, tiltDeg, toIndex, toMm,
} from "../../js/geometry.js";
import { VIEWS, fromCanvas, ownLattice, placement, toCanvas } from "../../js/views.js";
import { AXIAL, CORONAL, GRIDS, HEAD_LAST, OBLIQUE, SAGITTAL, SHAPE, SHEARED, affineOf } from "./grids.mjs";

const near = (found, expected, tolerance = 1e-9) => {
  const apart = Math.max(...found.map((value, n) => Math.abs(value - expected[n])));
  assert.ok(apart <= tolerance, `expected ${expected}, found ${found}`);
};
const CANVAS = { width: 431, height: 389, zoom: 1.7, panMm: [3.1, -4.7] };

test("each patient axis gets the index axis that runs along it", () => {
  assert.deepEqual(anatomicalAxes(AXIAL), [2, 1, 0]);
  assert.deepEqual(anatomicalAxes(CORONAL), [2, 0, 1]);
  assert.deepEqual(anatomicalAxes(SAGITTAL), [0, 2, 1]);
  assert.deepEqual(anatomicalAxes(OBLIQUE), [2, 1, 0]);
});

test("no index axis stands for two patient axes", () => {
  const diagonal = affineOf([1, 1, 0], [1, 1, 0.1], [0, 0, 1]);
  assert.deepEqual([...anatomicalAxes(diagonal)].sort(), [0, 1, 2]);
});

test("an upright scan has no tilt and a turned one its angle", () => {
  const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
  near([tiltDeg(AXIAL)], [0]);
  near([tiltDeg(affineOf([0, -2 * s, 2 * c], [0, c, s], [1, 0, 0]))], [(0.3 * 180) / Math.PI]);
});

test("the patient's right is on the left, anterior and superior on top, whatever way the scan was stored", () => {
  for (const affine of [AXIAL, CORONAL, SAGITTAL, HEAD_LAST]) {
    assert.deepEqual(sliceView(affine, "axial").letters, { left: "R", right: "L", top: "A", bottom: "P" });
    assert.deepEqual(sliceView(affine, "coronal").letters, { left: "R", right: "L", top: "S", bottom: "I" });
    assert.deepEqual(sliceView(affine, "sagittal").letters, { left: "A", right: "P", top: "S", bottom: "I" });
  }
});

test("a tissue further to the patient's left, back or feet is drawn further right or down", () => {
  const ways = { axial: [[1, 0, 0], [0, 1, 0]], coronal: [[1, 0, 0], [0, 0, -1]], sagittal: [[0, 1, 0], [0, 0, -1]] };
  for (const affine of [AXIAL, CORONAL, SAGITTAL, HEAD_LAST, OBLIQUE]) {
    for (const name of VIEWS) {
      const view = sliceView(affine, name);
      const at = placement(view, SHAPE, CANVAS);
      const drawn = (mm) => {
        const index = toIndex(affine, mm);
        return toCanvas(at, index[view.horizontal], index[view.vertical]);
      };
      const start = drawn([0, 0, 0]);
      assert.ok(drawn(ways[name][0])[0] > start[0], name);
      assert.ok(drawn(ways[name][1])[1] > start[1], name);
    }
  }
});

test("scrolling on leads to the feet, the back and the left", () => {
  const leads = { axial: [2, -1], coronal: [1, 1], sagittal: [0, 1] };
  for (const affine of Object.values(GRIDS)) {
    for (const name of VIEWS) {
      const { through, forward } = sliceView(affine, name);
      const [patient, sign] = leads[name];
      assert.equal(Math.sign(stepMm(affine, through)[patient] * forward), sign);
    }
  }
});

test("a second letter stands where the direction leans by more than 20 degrees", () => {
  const lean = (degrees) => directionLetters([Math.sin((degrees * Math.PI) / 180), 0, Math.cos((degrees * Math.PI) / 180)]);
  assert.deepEqual([lean(0), lean(19.9), lean(20.1), lean(-30), lean(60)], ["S", "S", "SL", "SR", "LS"]);
});

test("mm to canvas and back is exact on oblique, anisotropic and sheared grids", () => {
  for (const [grid, affine] of Object.entries(GRIDS)) {
    for (const name of VIEWS) {
      const view = sliceView(affine, name);
      const at = placement(view, SHAPE, CANVAS);
      const index = [7.31, 22.87, 41.02];
      const mm = toMm(affine, index);
      const found = toIndex(affine, mm);
      near(found, index);
      const [h, v] = fromCanvas(at, ...toCanvas(at, found[view.horizontal], found[view.vertical]));
      const back = [...found];
      [back[view.horizontal], back[view.vertical]] = [h, v];
      near(toMm(affine, back), mm, 1e-9, grid);
    }
  }
});

test("distances and angles within a slice are the same on the canvas as in the patient", () => {
  for (const affine of Object.values(GRIDS)) {
    for (const name of VIEWS) {
      const view = sliceView(affine, name);
      const at = placement(view, SHAPE, CANVAS);
      const corner = (h, v) => {
        const index = [5, 5, 5];
        [index[view.horizontal], index[view.vertical]] = [h, v];
        return { mm: toMm(affine, index), px: toCanvas(at, h, v) };
      };
      const triangle = [corner(2, 3), corner(17, 8), corner(9, 21)];
      for (const [one, other] of [[0, 1], [1, 2], [2, 0]]) {
        const [p, q] = [triangle[one], triangle[other]];
        near([Math.hypot(...p.px.map((x, n) => x - q.px[n]))], [at.scale * Math.hypot(...p.mm.map((x, n) => x - q.mm[n]))]);
      }
    }
  }
});

test("the whole slice lies on the canvas when it is not zoomed, and fills most of it one way", () => {
  for (const affine of Object.values(GRIDS)) {
    for (const name of VIEWS) {
      const view = sliceView(affine, name);
      const [width, height] = [300, 420];
      const at = placement(view, SHAPE, { width, height });
      const [right, bottom] = [SHAPE[view.horizontal] - 0.5, SHAPE[view.vertical] - 0.5];
      const corners = [[-0.5, -0.5], [right, -0.5], [-0.5, bottom], [right, bottom]].map(([h, v]) => toCanvas(at, h, v));
      const extent = [0, 1].map((n) => Math.max(...corners.map((p) => p[n])) - Math.min(...corners.map((p) => p[n])));
      assert.ok(corners.flat().every((x) => x >= 0) && corners.every(([x, y]) => x <= width && y <= height));
      near([Math.max(extent[0] / width, extent[1] / height)], [0.94]);
    }
  }
});

test("a plane's line lies in the plane and ends at the rim of the slice", () => {
  const plane = { name: "cut", kerf_mm: 1.2, normal: [0.36, 0.48, 0.8], point_mm: [0, 0, 0] };
  let lines = 0;
  for (const affine of Object.values(GRIDS)) {
    plane.point_mm = toMm(affine, [11.7, 28.1, 26.4]);
    for (const name of VIEWS) {
      const view = sliceView(affine, name);
      for (const offset of [0, plane.kerf_mm]) {
        const slice = Math.round([11.7, 28.1, 26.4][view.through]);
        for (const [h, v] of planeLine({ affine, shape: SHAPE, view }, slice, plane, offset)) {
          const index = [slice, slice, slice];
          [index[view.horizontal], index[view.vertical]] = [h, v];
          const mm = toMm(affine, index).map((x, n) => x - plane.point_mm[n]);
          near([dot(mm, plane.normal)], [offset]);
          const rims = [h + 0.5, SHAPE[view.horizontal] - 0.5 - h, v + 0.5, SHAPE[view.vertical] - 0.5 - v];
          assert.ok(Math.min(...rims) > -1e-9 && Math.min(...rims.map(Math.abs)) < 1e-9);
          lines += 1;
        }
      }
    }
  }
  assert.equal(lines, 7 * 3 * 2 * 2);
});

test("a plane that misses the slice or runs along it has no line", () => {
  const lattice = ownLattice({ affine: AXIAL, shape: SHAPE }, "axial");
  const across = { name: "", kerf_mm: 0, normal: [0, 0, 1], point_mm: toMm(AXIAL, [3, 0, 0]) };
  const beyond = { name: "", kerf_mm: 0, normal: [1, 0, 0], point_mm: toMm(AXIAL, [0, 0, SHAPE[2] + 3]) };
  assert.equal(planeLine(lattice, 3, across), null);
  assert.equal(planeLine(lattice, 3, beyond), null);
  assert.notEqual(planeLine(ownLattice({ affine: AXIAL, shape: SHAPE }, "coronal"), 3, across), null);
});

test("a sheared grid leans on the screen as it does in the patient", () => {
  const view = sliceView(SHEARED, "sagittal"); // rows run back, slices lean forward as they rise
  const at = placement(view, SHAPE, CANVAS);
  const [foot, head] = [toCanvas(at, 30, 0), toCanvas(at, 30, 10)];
  near([head[0] - foot[0], head[1] - foot[1]], [-9 * at.scale, -24 * at.scale]);
});

test("an index is kept within the voxels, and the nearest voxel within the array", () => {
  assert.deepEqual(clampIndex([-3, 12.2, 99], SHAPE), [-0.5, 12.2, 49.5]);
  assert.deepEqual(nearestVoxel([-0.5, 12.5, 49.5], SHAPE), [0, 13, 49]);
});
