// @ts-check
// What the study browser says of a volume and of what was left out, and where its keys lead.

/** @typedef {{modality: string, description: string, shape: number[], spacing_mm: number[], tilt_deg: number,
 *   outlines: string[]}} VolumeWords */
/** @typedef {{reason: string, count: number}} LeftOut */

const TILT_SHOWN_DEG = 0.5;

/** @param {VolumeWords} volume */
export const nameOf = ({ modality, description }) => [modality, description].filter(Boolean).join(" ") || "Volume";

/** What stands below its name. @param {VolumeWords} volume */
export function linesOf({ shape: [slices, rows, columns], spacing_mm, tilt_deg, outlines }) {
  const [between, down, across] = spacing_mm.map((mm) => mm.toFixed(2));
  const lines = [`${slices} slices of ${rows} × ${columns}`, `${between} mm apart, pixels ${down} × ${across} mm`];
  if (tilt_deg > TILT_SHOWN_DEG) lines.push(`tilt ${tilt_deg < 10 ? tilt_deg.toFixed(1) : Math.round(tilt_deg)}°`);
  if (outlines.length) lines.push(`outlined: ${outlines.join(", ")}`);
  return lines;
}

/** @param {LeftOut[]} leftOut */
export function leftOutWords(leftOut) {
  const count = leftOut.reduce((sum, one) => sum + one.count, 0);
  if (!count) return "Nothing was left out";
  return `${count} ${count === 1 ? "file or image" : "files or images"} left out`;
}

/** The one to go to from `at`, or null where the key leads nowhere. @param {string} key @param {number} at
 * @param {number} count @param {number} columns in a row */
export function nextOf(key, at, count, columns) {
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: count - 1 }[key];
  return to === undefined || to < 0 || to >= count ? null : to;
}
