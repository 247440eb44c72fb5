import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOutWords, linesOf, nameOf, nextOf } from "../../js/browserwords.js";
import { viewToKeep } from "../../js/stills.js";

const CT = { modality: "CT", description: "knee", shape: [184, 208, 192], spacing_mm: [0.8, 0.75, 0.7], tilt_deg: 0, outlines: [] };

test("a card names the volume, its slices and its spacing, and a tilt only where there is one", () => {
  assert.equal(nameOf(CT), "CT knee");
  assert.equal(nameOf({ ...CT, modality: "", description: "" }), "Volume");
  assert.deepEqual(linesOf(CT), ["184 slices of 208 × 192", "0.80 mm apart, pixels 0.75 × 0.70 mm"]);
  assert.deepEqual(linesOf({ ...CT, tilt_deg: 4.53, outlines: ["tumour", "femur"] }).slice(2), ["tilt 4.5°", "outlined: tumour, femur"]);
  assert.equal(linesOf({ ...CT, tilt_deg: 14.6 })[2], "tilt 15°");
});

test("what was left out is counted", () => {
  assert.equal(leftOutWords([]), "Nothing was left out");
  assert.equal(leftOutWords([{ reason: "not DICOM", count: 1 }]), "1 file or image left out");
  assert.equal(leftOutWords([{ reason: "a", count: 2 }, { reason: "b", count: 3 }]), "5 files or images left out");
});

test("arrows go to the neighbour in the grid, and nowhere beyond it", () => {
  const from = (key, at) => nextOf(key, at, 7, 3);
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].map((key) => from(key, 3)), [4, 2, 6, 0, 0, 6]);
  assert.deepEqual([from("ArrowRight", 6), from("ArrowLeft", 0), from("ArrowDown", 5), from("ArrowUp", 2), from("Enter", 1)], [null, null, null, null, null]);
});

test("a still is of the enlarged view, else of the one used last, else of the first", () => {
  const panes = ["axial", "coronal", "sagittal"].map((name) => ({ name, image: 0 }));
  assert.equal(viewToKeep(panes, "", null), panes[0]);
  assert.equal(viewToKeep(panes, "", panes[2]), panes[2]);
  assert.equal(viewToKeep(panes, "coronal", panes[2]), panes[1]);
  const beside = { name: "coronal", image: 1 };
  assert.equal(viewToKeep([...panes, beside], "coronal", beside), beside);
});
