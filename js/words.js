// @ts-check
// What the read-out says.

/** @typedef {import("./pixels.js").Pixels} Pixels */
/** @typedef {import("./views.js").Lattice} Lattice */

const TILT_SHOWN_DEG = 0.5;
const LETTERS = [["R", "L"], ["A", "P"], ["I", "S"]];

/** A position in words of the patient, such as "R 12.3 · A 40.1 · S 8.0 mm". @param {number[]} mm */
export function positionWords(mm) {
  const along = mm.map((value, axis) => `${LETTERS[axis][value < 0 ? 0 : 1]} ${Math.abs(value).toFixed(1)}`);
  return `${along.join(" · ")} mm`;
}

/** A number with no more figures than the data hold. @param {number} value @param {number} slope */
export function valueWords(value, slope) {
  const held = Number.isInteger(slope) && Number.isInteger(value) ? 0 : Math.max(0, Math.ceil(-Math.log10(Math.abs(slope))));
  const four = value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))); // figures are enough to read
  return value.toFixed(Math.min(6, held, four)).replace("-", "\u2212");
}

/** A window as radiology names it, by its width and level. @param {number[]} window @param {number} slope */
export function windowWords([low, high], slope) {
  return `W ${valueWords(high - low, slope)} L ${valueWords((low + high) / 2, slope)}`;
}

/** What a view is called. @param {Lattice} lattice @param {{name: string} | null} facing
 * @param {string} label of the image, where there are two */
export function headingOf({ view }, facing, label) {
  const name = view.name !== "oblique" ? view.name[0].toUpperCase() + view.name.slice(1) : facing?.name ? `Along ${facing.name}` : "Oblique";
  return label ? `${name} · ${label}` : name;
}

/** Where its slice lies: its number, or how far from the plane it looks along.
 * @param {Lattice} lattice @param {number} slice
 * @param {{mm: number[], facing: {normal: number[], point_mm: number[] | null} | null}} look */
export function placeWords({ own, shape, view }, slice, { mm, facing }) {
  if (own) return `${slice + 1} / ${shape[view.through]}`;
  if (!facing?.point_mm) return "through the crosshair";
  const { point_mm: point, normal } = facing;
  const beyond = normal.reduce((sum, part, axis) => sum + part * (mm[axis] - point[axis]), 0);
  if (Math.abs(beyond) < 0.05) return "in the plane";
  return `${Math.abs(beyond).toFixed(1)} mm to the ${beyond > 0 ? "patient" : "specimen"}`;
}

/** By how much a view leaves the patient's axes. @param {Lattice} lattice */
export function tiltWords({ own, tilt, nearest }) {
  if (tilt <= TILT_SHOWN_DEG) return "";
  const degrees = tilt < 10 ? tilt.toFixed(1) : Math.round(tilt);
  return own ? `tilt ${degrees}°` : `${degrees}° from ${nearest}`;
}
