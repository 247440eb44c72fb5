// @ts-check
// Moving a cut plane by hand on a slice: its middle shifts it, its ends tilt it. All places are LPS mm.

import { cross, dot, plus, times, toMm, unit } from "./geometry.js";

/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {import("./cuts.js").Plane} Plane */
/** @typedef {{middle: number[], ends: number[][]}} Handles */
/** @typedef {"shift" | "tilt"} Grip */

const ARM_MM = 26; // from the middle to the handles that tilt
const PARALLEL = 0.15; // a plane within about 23 degrees of the slice is better held on another view

/** The slice's own normal. @param {Lattice} lattice */
const outOf = ({ view }) => cross(view.right, view.down);

/** Where a plane can be held on a slice; null where it runs along the slice.
 * @param {Lattice} lattice @param {number} slice @param {Plane} plane @returns {Handles | null} */
export function handlesOf(lattice, slice, plane) {
  const out = outOf(lattice);
  const lean = dot(plane.normal, out);
  const across = 1 - lean * lean;
  if (across < PARALLEL) return null;
  const index = [0, 0, 0];
  index[lattice.view.through] = slice;
  const apart = dot(out, plus(toMm(lattice.affine, index), plane.point_mm, -1));
  // The point of the line that is nearest to the plane's own point.
  const middle = plus(plus(plane.point_mm, plane.normal, (-lean * apart) / across), out, apart / across);
  const along = unit(cross(plane.normal, out));
  return { middle, ends: [plus(middle, along, ARM_MM), plus(middle, along, -ARM_MM)] };
}

/** A plane moved along its normal so that its line on the slice follows the hand.
 * @param {Lattice} lattice @param {Plane} plane @param {number[]} from @param {number[]} to @returns {Plane} */
export function shifted(lattice, plane, from, to) {
  const out = outOf(lattice);
  const facing = plus(plane.normal, out, -dot(plane.normal, out)); // as long as the sine of the angle to the slice
  return { ...plane, ...carried(plane, plus(plane.point_mm, plane.normal, dot(plus(to, from, -1), facing)), plane.normal) };
}

/** A plane turned about the slice's normal, the middle held still, as the hand turns.
 * @param {Lattice} lattice @param {Plane} plane @param {number[]} middle @param {number[]} from @param {number[]} to
 * @returns {Plane} */
export function tilted(lattice, plane, middle, from, to) {
  const out = outOf(lattice);
  const [one, other] = [plus(from, middle, -1), plus(to, middle, -1)];
  const angle = Math.atan2(dot(out, cross(one, other)), dot(one, other));
  return { ...plane, ...carried(plane, middle, unit(turned(plane.normal, out, angle))) };
}

/** A plane turned about an axis through its own point. @param {Plane} plane @param {number[]} axis unit vector
 * @param {number} degrees @returns {Plane} */
export function turnedBy(plane, axis, degrees) {
  return { ...plane, ...carried(plane, plane.point_mm, unit(turned(plane.normal, axis, (degrees * Math.PI) / 180))) };
}

/** A direction turned about an axis (Rodrigues). @param {number[]} direction @param {number[]} axis @param {number} angle */
function turned(direction, axis, angle) {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const around = plus(times(direction, cosine), cross(axis, direction), sine);
  return plus(around, axis, dot(axis, direction) * (1 - cosine));
}

/** A new pose, with the patch of a plane that ends carried along: turned the shortest way, about its point.
 * @param {Plane} plane @param {number[]} point_mm @param {number[]} normal */
function carried({ patch_mm, point_mm: before, normal: old }, point_mm, normal) {
  const axis = cross(old, normal);
  const sine = Math.sqrt(dot(axis, axis));
  const angle = Math.atan2(sine, dot(old, normal));
  const turn = (/** @type {number[]} */ arm) => (sine < 1e-12 ? arm : turned(arm, times(axis, 1 / sine), angle));
  const corners = patch_mm?.map((corner) => plus(point_mm, turn(plus(corner, before, -1))));
  return { point_mm, normal, patch_mm: corners ?? null };
}
