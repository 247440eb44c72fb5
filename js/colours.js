// @ts-check
// The colours of a fused volume: an even way from black through purple and orange to pale yellow (matplotlib's
// inferno, public domain), which rises in lightness all along and is told apart by colour-blind eyes.

/** @typedef {import("./pixels.js").Pixels} Pixels */

const STOPS = [
  [0, 0, 4], [33, 12, 74], [87, 16, 110], [138, 34, 106], [188, 55, 84], [228, 90, 49], [249, 142, 9], [249, 203, 53],
  [252, 255, 164],
];
const FADED = 0.2; // of the window: below it the colour fades, so that the background does not cover the first image

/** @param {number} level 0 to 1 @returns {number[]} red, green, blue */
export function colourOf(level) {
  const at = Math.min(0.999999, Math.max(0, level)) * (STOPS.length - 1);
  const [low, share] = [Math.floor(at), at - Math.floor(at)];
  return STOPS[low].map((from, n) => Math.round(from + share * (STOPS[low + 1][n] - from)));
}

/** The colour of each stored value, with its opacity.
 * @param {Pixels} pixels @param {number[]} window low and high, in values @param {number} opacity 0 to 1 */
export function colourTable({ slope, intercept, blank }, [low, high], opacity) {
  const table = new Uint32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const stored = (bits << 16) >> 16;
    const level = (slope * stored + intercept - low) / (high - low);
    if (stored === blank || level <= 0) continue; // nothing
    const alpha = Math.round(255 * opacity * Math.min(1, level / FADED));
    const [red, green, blue] = SHADES[Math.min(255, Math.floor(level * 256))];
    table[bits] = ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return table;
}

const SHADES = Array.from({ length: 256 }, (_, n) => colourOf(n / 255));

/** The colours as a CSS gradient, for the legend. */
export const GRADIENT = `linear-gradient(to right, ${STOPS.map((rgb) => `rgb(${rgb.join(",")})`).join(",")})`;
