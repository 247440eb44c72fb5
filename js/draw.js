// @ts-check
// One view on its canvas: the image, then outlines, planes, crosshair and the words around them.

import { toCanvas } from "./geometry.js";

/** @typedef {import("./geometry.js").Placement} Placement */
/** @typedef {import("./geometry.js").Letters} Letters */
/** @typedef {{loops: Float64Array[], colour: string, dash: number[]}} Outline */
/** @typedef {{name: string, line: number[][] | null, kerf: number[][] | null}} PlaneMark */
/**
 * All that one view shows. `image` is the slice, one pixel per voxel, unturned.
 * @typedef {{width: number, height: number, ratio: number, at: Placement, image: CanvasImageSource | null,
 *   outlines: Outline[], planes: PlaneMark[], crosshair: number[] | null, letters: Letters, heading: string,
 *   position: string, tilt: string}} Scene
 */

const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';
const INK = "#d7dee3";
const FAINT = "#9fb0ba";
const CROSSHAIR = "rgba(210, 232, 245, 0.75)";
const SHADOW = "rgba(0, 0, 0, 0.55)";
export const PLANE_COLOUR = "#f0e442"; // Okabe-Ito yellow; the segments leave it to the planes
const EDGE = 8; // px between words and the rim
const GAP = 9; // px the crosshair leaves open around its centre

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawView(ctx, scene) {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = "#000";
  ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
  if (scene.image) {
    drawImage(ctx, scene, scene.image);
    for (const outline of scene.outlines) drawOutline(ctx, scene.at, outline);
    for (const plane of scene.planes) drawPlane(ctx, scene, plane);
    if (scene.crosshair) drawCrosshair(ctx, scene, scene.crosshair);
    drawScaleBar(ctx, scene);
  }
  drawWords(ctx, scene);
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {CanvasImageSource} image */
function drawImage(ctx, { at }, image) {
  ctx.save();
  ctx.transform(at.a, 0, at.c, at.d, at.e, at.f);
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = "medium";
  ctx.drawImage(image, -0.5, -0.5); // the first voxel's centre is index 0
  ctx.restore();
}

/**
 * Stroke the current path twice, dark and wide beneath, so that it shows on bone and on air.
 * @param {CanvasRenderingContext2D} ctx @param {string} colour @param {number} width @param {number[]} [dash]
 */
function strokeOver(ctx, colour, width, dash = []) {
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

/** @param {CanvasRenderingContext2D} ctx @param {Placement} at @param {Outline} outline */
function drawOutline(ctx, at, { loops, colour, dash }) {
  if (!loops.length) return;
  ctx.beginPath();
  for (const loop of loops) {
    for (let n = 0; n < loop.length; n += 2) {
      const [x, y] = toCanvas(at, loop[n], loop[n + 1]);
      if (n) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
    }
    ctx.closePath();
  }
  ctx.lineJoin = "round";
  strokeOver(ctx, colour, 1.6, dash);
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {PlaneMark} plane */
function drawPlane(ctx, scene, { name, line, kerf }) {
  if (kerf) {
    tracePath(ctx, scene.at, kerf);
    strokeOver(ctx, PLANE_COLOUR, 0.7, [5, 3]);
  }
  if (!line) return;
  const ends = tracePath(ctx, scene.at, line);
  strokeOver(ctx, PLANE_COLOUR, 1.6);
  const [x, y] = ends.reduce((one, other) => (other[1] < one[1] ? other : one)); // the upper end
  const within = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(size - 26, Math.max(26, value));
  const leftHalf = x < scene.width / 2;
  label(ctx, name, within(x, scene.width) + (leftHalf ? 4 : -4), within(y, scene.height) - 8, {
    colour: PLANE_COLOUR, align: leftHalf ? "left" : "right",
  });
}

/** @param {CanvasRenderingContext2D} ctx @param {Placement} at @param {number[][]} line */
function tracePath(ctx, at, line) {
  const ends = line.map(([h, v]) => toCanvas(at, h, v));
  ctx.beginPath();
  ctx.moveTo(ends[0][0], ends[0][1]);
  ctx.lineTo(ends[1][0], ends[1][1]);
  return ends;
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {number[]} crosshair */
function drawCrosshair(ctx, { at, width, height }, [h, v]) {
  const [x, y] = toCanvas(at, h, v);
  ctx.beginPath();
  for (const [from, to] of [[0, x - GAP], [x + GAP, width]]) {
    ctx.moveTo(from, y);
    ctx.lineTo(to, y);
  }
  for (const [from, to] of [[0, y - GAP], [y + GAP, height]]) {
    ctx.moveTo(x, from);
    ctx.lineTo(x, to);
  }
  strokeOver(ctx, CROSSHAIR, 0.9);
}

/** The longest round length in mm that fits. @param {number} roomMm @returns {number} */
export function roundLengthMm(roomMm) {
  const decade = 10 ** Math.floor(Math.log10(roomMm));
  return decade * (roomMm >= 5 * decade ? 5 : roomMm >= 2 * decade ? 2 : 1);
}

/** @param {number} mm */
export const lengthLabel = (mm) => (mm >= 10 ? `${mm / 10} cm` : `${mm} mm`);

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
function drawScaleBar(ctx, { at, width, height }) {
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
function drawWords(ctx, { width, height, letters, heading, position, tilt }) {
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
function label(ctx, text, x, y, { align = "center", colour = INK, bold = false } = {}) {
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
