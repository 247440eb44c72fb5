// @ts-check
// Lines and words that show on bone and on air: letters and scale bar, headings, labels.

/** @typedef {import("./draw.js").Scene} Scene */

export const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';
export const INK = "#d7dee3";
const FAINT = "#9fb0ba";
const SHADOW = "rgba(0, 0, 0, 0.55)";
const EDGE = 8; // px between words and the rim

/**
 * Stroke the current path twice, dark and wide beneath, so that it shows on bone and on air.
 * @param {CanvasRenderingContext2D} ctx @param {string} colour @param {number} width @param {number[]} [dash]
 */
export function strokeOver(ctx, colour, width, dash = []) {
  ctx.setLineDash([]);
  ctx.lineWidth = width + 1.2;
  ctx.strokeStyle = SHADOW;
  ctx.stroke();
  ctx.setLineDash(dash);
  ctx.lineWidth = width;
  ctx.strokeStyle = colour;
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The longest round length in mm that fits. @param {number} roomMm @returns {number} */
export function roundLengthMm(roomMm) {
  const decade = 10 ** Math.floor(Math.log10(roomMm));
  return decade * (roomMm >= 5 * decade ? 5 : roomMm >= 2 * decade ? 2 : 1);
}

/** @param {number} mm */
export const lengthLabel = (mm) => (mm >= 10 ? `${mm / 10} cm` : `${mm} mm`);

/** Where words may stand: at their own height, or as little lower as keeps them off those that stand already.
 * @param {{left: number, right: number, top: number, bottom: number}} box @param {(typeof box)[]} taken added to
 * @returns {number} how far lower */
export function makeRoom(box, taken) {
  let lower = 0;
  const inTheWay = () => taken.find((other) => other.left < box.right && box.left < other.right &&
    other.top < box.bottom + lower && box.top + lower < other.bottom);
  for (let other = inTheWay(); other; other = inTheWay()) lower = other.bottom - box.top;
  taken.push({ ...box, top: box.top + lower, bottom: box.bottom + lower });
  return lower;
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawScaleBar(ctx, { at, width, height }) {
  const mm = roundLengthMm((width * 0.22) / at.scale);
  const [x, y, long] = [EDGE + 2, height - EDGE - 2, mm * at.scale];
  ctx.beginPath();
  ctx.moveTo(x, y - 5);
  ctx.lineTo(x, y);
  ctx.lineTo(x + long, y);
  ctx.lineTo(x + long, y - 5);
  strokeOver(ctx, INK, 1.4);
  label(ctx, lengthLabel(mm), x + long + 6, y - 4, { align: "left" });
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawWords(ctx, { width, height, letters, heading, position, tilt }) {
  label(ctx, heading, EDGE, EDGE + 6, { align: "left", bold: true });
  label(ctx, position, width - EDGE, EDGE + 6, { align: "right", colour: FAINT });
  if (tilt) label(ctx, tilt, EDGE, EDGE + 23, { align: "left", colour: FAINT });
  letter(ctx, letters.left, EDGE + 8, height / 2);
  letter(ctx, letters.right, width - EDGE - 8, height / 2);
  letter(ctx, letters.top, width / 2, EDGE + 7);
  letter(ctx, letters.bottom, width / 2, height - EDGE - 7);
}

/** A letter of the patient, on a dark ground so that it shows on bone.
 * @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} x @param {number} y */
function letter(ctx, text, x, y) {
  const half = text.length > 1 ? 13 : 9;
  ctx.fillStyle = SHADOW;
  ctx.beginPath();
  ctx.roundRect(x - half, y - 9, 2 * half, 18, 4);
  ctx.fill();
  label(ctx, text, x, y + 0.5, { bold: true });
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} x @param {number} y
 * @param {{align?: CanvasTextAlign, colour?: string, bold?: boolean}} [style]
 */
export function label(ctx, text, x, y, { align = "center", colour = INK, bold = false } = {}) {
  ctx.font = bold ? `600 ${FONT}` : FONT;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = SHADOW;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}
