// @ts-check
// What the read-out says.

/** @typedef {import("./pixels.js").Pixels} Pixels */

const LETTERS = [["R", "L"], ["A", "P"], ["I", "S"]];

/** A position in words of the patient, such as "R 12.3 · A 40.1 · S 8.0 mm". @param {number[]} mm */
export function positionWords(mm) {
  const along = mm.map((value, axis) => `${LETTERS[axis][value < 0 ? 0 : 1]} ${Math.abs(value).toFixed(1)}`);
  return `${along.join(" · ")} mm`;
}

/** A number with no more figures than the data hold. @param {number} value @param {number} slope */
export function valueWords(value, slope) {
  const decimals = Number.isInteger(slope) && Number.isInteger(value) ? 0 : Math.max(0, Math.ceil(-Math.log10(Math.abs(slope))));
  return value.toFixed(Math.min(6, decimals)).replace("-", "\u2212");
}

/** A window as radiology names it, by its width and level. @param {number[]} window @param {number} slope */
export function windowWords([low, high], slope) {
  return `W ${valueWords(high - low, slope)} L ${valueWords((low + high) / 2, slope)}`;
}
