// @ts-check
// One view on its canvas: the image, then outlines, planes, crosshair and the words around them.

import { drawDisc, drawStroke } from "./brushlook.js";
import { FONT, drawScaleBar, drawWords, label, makeRoom, strokeOver } from "./lettering.js";
import { toCanvas } from "./views.js";

/** @typedef {import("./views.js").Placement} Placement */
/** @typedef {import("./geometry.js").Letters} Letters */
/** @typedef {{loops: Float64Array[], colour: string, dash: number[]}} Outline */
/** @typedef {{name: string, line: number[][] | null, kerf: number[][] | null}} PlaneMark */
/** @typedef {{lines: number[], colour: string, width: number}} SkinLine */
/** @typedef {import("./marks.js").Drawn} Drawn */
/**
 * All that one view shows. `image` is the slice, one pixel per voxel, unturned.
 * @typedef {{width: number, height: number, ratio: number, at: Placement, image: CanvasImageSource | null,
 *   overlay: CanvasImageSource | null, outlines: Outline[], fill: number, skin: SkinLine[], planes: PlaneMark[],
 *   strokes: import("./brushlook.js").DrawnStroke[], disc: import("./brushlook.js").Disc | null, handles: {middle: number[], ends: number[][]}[], marks: Drawn[], crosshair: number[] | null, letters: Letters, heading: string, position: string,
 *   tilt: string}} Scene
 */

const CROSSHAIR = "rgba(210, 232, 245, 0.75)";
export const PLANE_COLOUR = "#f0e442"; // Okabe-Ito yellow; the segments leave it to the planes
const MARK_COLOUR = "#7dffc8"; // told apart from bone, and from the colours of segments and planes
const ROW = 15; // px from row to row of a mark's words
const GAP = 9; // px the crosshair leaves open around its centre

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawView(ctx, scene) {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = "#000";
  ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
  if (scene.image) {
    drawImage(ctx, scene, scene.image);
    if (scene.overlay) drawImage(ctx, scene, scene.overlay);
    for (const outline of scene.outlines) drawOutline(ctx, scene.at, outline, scene.fill);
    for (const stroke of scene.strokes) drawStroke(ctx, scene.at, stroke);
    for (const line of scene.skin) drawSkin(ctx, scene.at, line);
    for (const plane of scene.planes) drawPlane(ctx, scene, plane);
    for (const handles of scene.handles) drawHandles(ctx, scene.at, handles);
    if (scene.crosshair) drawCrosshair(ctx, scene, scene.crosshair);
    /** @type {Parameters<typeof makeRoom>[1]} */
    const taken = [];
    for (const mark of scene.marks) drawMark(ctx, scene, mark, taken);
    if (scene.disc) drawDisc(ctx, scene.at, scene.disc);
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

/** @param {CanvasRenderingContext2D} ctx @param {Placement} at @param {Outline} outline
 * @param {number} fill opacity of the inside, 0 to 1 */
function drawOutline(ctx, at, { loops, colour, dash }, fill) {
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
  if (fill > 0) {
    ctx.globalAlpha = fill;
    ctx.fillStyle = colour;
    ctx.fill("evenodd"); // holes stay open
    ctx.globalAlpha = 1;
  }
  ctx.lineJoin = "round";
  strokeOver(ctx, colour, 1.6, dash);
}

/** @param {CanvasRenderingContext2D} ctx @param {Placement} at @param {SkinLine} line */
function drawSkin(ctx, at, { lines, colour, width }) {
  if (!lines.length) return;
  ctx.beginPath();
  for (let n = 0; n < lines.length; n += 4) {
    ctx.moveTo(...toCanvas(at, lines[n], lines[n + 1]));
    ctx.lineTo(...toCanvas(at, lines[n + 2], lines[n + 3]));
  }
  ctx.lineCap = "round";
  strokeOver(ctx, colour, width);
  ctx.lineCap = "butt";
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {Drawn} mark
 * @param {Parameters<typeof makeRoom>[1]} taken by the words of other marks */
function drawMark(ctx, { at, width }, { line, closed, dots, words, pinned }, taken) {
  const points = line.map(([h, v]) => toCanvas(at, h, v));
  ctx.beginPath();
  points.forEach(([x, y], n) => (n ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  if (closed) ctx.closePath();
  strokeOver(ctx, MARK_COLOUR, 1.4);
  for (const [h, v] of dots) {
    ctx.beginPath();
    ctx.arc(...toCanvas(at, h, v), pinned ? 4.5 : 2.6, 0, 2 * Math.PI);
    strokeOver(ctx, MARK_COLOUR, 1.4);
  }
  const [x, y] = points.reduce((one, other) => (other[0] > one[0] ? other : one)); // beside the rightmost point
  const rows = words.split("\n");
  const onRight = x < width * 0.6;
  ctx.font = FONT;
  const wide = Math.max(...rows.map((row) => ctx.measureText(row).width));
  const start = x + (onRight ? 9 : -9);
  const middle = y + (onRight ? 0 : ROW * 1.2);
  const half = (ROW * rows.length) / 2;
  const [left, right] = onRight ? [start, start + wide] : [start - wide, start];
  const lower = makeRoom({ left, right, top: middle - half, bottom: middle + half }, taken);
  rows.forEach((row, n) => label(ctx, row, start, middle + lower + ROW * (n - (rows.length - 1) / 2), {
    align: onRight ? "left" : "right", colour: MARK_COLOUR,
  }));
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
  const within = (/** @type {number} */ value, /** @type {number} */ size, least = 26) => Math.min(size - 26, Math.max(least, value));
  const leftHalf = x < scene.width / 2;
  label(ctx, name, within(x, scene.width) + (leftHalf ? 4 : -4), within(y, scene.height, scene.tilt ? 54 : 36) - 8, {
    colour: PLANE_COLOUR, align: leftHalf ? "left" : "right",
  });
}

/** Where the hand takes hold: a square shifts the plane, rings tilt it. @param {CanvasRenderingContext2D} ctx
 * @param {Placement} at @param {{middle: number[], ends: number[][]}} handles */
function drawHandles(ctx, at, { middle, ends }) {
  const [x, y] = toCanvas(at, middle[0], middle[1]);
  ctx.beginPath();
  ctx.rect(x - 5, y - 5, 10, 10);
  strokeOver(ctx, PLANE_COLOUR, 1.8);
  for (const end of ends) {
    ctx.beginPath();
    ctx.arc(...toCanvas(at, end[0], end[1]), 5.5, 0, 2 * Math.PI);
    strokeOver(ctx, PLANE_COLOUR, 1.8);
  }
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
