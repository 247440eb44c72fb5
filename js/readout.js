// @ts-check
// Values of the images at a place, in words.

import { clampIndex, nearestVoxel, toIndex } from "./geometry.js";
import { valueAt } from "./pixels.js";
import { positionWords, valueWords, windowWords } from "./words.js";

/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./store.js").Image} Image */

const APART = "\u2003";

/** At the crosshair. @param {Holding} holding @param {number[]} mm @param {number[]} window */
export function crosshairWords({ images, complete }, mm, window) {
  if (!images.length) return "";
  return [positionWords(mm), allValues(images, mm, complete), windowWords(window, images[0].slope)].join(APART);
}

/** Under the pointer; nothing beyond the image it points at. @param {Holding} holding @param {number} number of the image
 * @param {number[]} mm */
export function pointerWords({ images, complete }, number, mm) {
  const image = images[number];
  if (!image || !within(image, mm)) return "";
  const shown = number ? [image] : images.filter(({ role }) => role !== "beside");
  return `pointer ${positionWords(mm)}${APART}${allValues(shown, mm, complete)}`;
}

/** @param {Image[]} images @param {number[]} mm @param {boolean} complete */
function allValues(images, mm, complete) {
  const alone = images.length === 1;
  return images.map((image) => `${alone ? "" : `${image.label} `}${oneValue(image, mm, complete)}`).join(" · ");
}

/** @param {Image} image @param {number[]} mm @param {boolean} complete */
function oneValue(image, mm, complete) {
  if (!complete) return "…";
  if (!within(image, mm)) return "outside";
  const value = valueAt(image.pixels, nearestVoxel(toIndex(image.affine, mm), image.shape));
  return value === null ? "no value" : `${valueWords(value, image.slope)} ${image.units}`.trim();
}

/** @param {Image} image @param {number[]} mm */
function within({ affine, shape }, mm) {
  const index = toIndex(affine, mm);
  return clampIndex(index, shape).every((at, axis) => Math.abs(at - index[axis]) < 1e-6);
}
