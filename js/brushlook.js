// @ts-check
// How a stroke looks until Python has answered, and the disc under the pointer.

import { strokeOver } from "./lettering.js";
import { toIndex } from "./geometry.js";
import { toCanvas } from "./views.js";

/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {import("./brush.js").Stroke} Stroke */
/** In (horizontal, vertical) index; the radius is in mm.
 * @typedef {{line: number[][], radius: number, closed: boolean, erase: boolean, colour: string}} DrawnStroke */
/** In CSS pixels, but for the radius. @typedef {{x: number, y: number, radius: number, colour: string}} Disc */

const ERASING = "#ffffff";

/** @param {Stroke} stroke @param {Lattice} lattice @returns {DrawnStroke} */
export function drawnStroke({ points, radius, closed, erase, colour }, { affine, view }) {
  const line = points.map((mm) => {
    const index = toIndex(affine, mm);
    return [index[view.horizontal], index[view.vertical]];
  });
  return { line, radius, closed, erase, colour };
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./views.js").Placement} at @param {DrawnStroke} stroke */
export function drawStroke(ctx, at, { line, radius, closed, erase, colour }) {
  ctx.beginPath();
  line.forEach(([h, v], n) => (n ? ctx.lineTo(...toCanvas(at, h, v)) : ctx.moveTo(...toCanvas(at, h, v))));
  if (line.length === 1) ctx.lineTo(...toCanvas(at, line[0][0] + 1e-3, line[0][1])); // a dab is a line of no length
  if (!radius) {
    if (closed) ctx.closePath();
    strokeOver(ctx, erase ? ERASING : colour, 1.6, closed ? [] : [6, 3]);
    for (const [h, v] of closed || line.length > 60 ? [] : line) {
      ctx.beginPath();
      ctx.arc(...toCanvas(at, h, v), 2.6, 0, 2 * Math.PI);
      strokeOver(ctx, erase ? ERASING : colour, 1.4);
    }
    return;
  }
  ctx.save();
  ctx.globalAlpha = 0.4;
  Object.assign(ctx, { lineCap: "round", lineJoin: "round", lineWidth: Math.max(1.5, 2 * radius * at.scale), strokeStyle: erase ? ERASING : colour });
  ctx.stroke();
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./views.js").Placement} at @param {Disc} disc */
export function drawDisc(ctx, at, { x, y, radius, colour }) {
  ctx.beginPath();
  ctx.arc(x, y, Math.max(1.5, radius * at.scale), 0, 2 * Math.PI);
  strokeOver(ctx, colour, 1.2);
}
