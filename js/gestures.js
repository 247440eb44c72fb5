// @ts-check
// What the hand does on a canvas, told as meaning: point, scroll, window, pan, zoom, step, mark, enlarge.

import { isDrawing } from "./brush.js";
import { KINDS } from "./marks.js";

/** @typedef {"crosshair" | "window" | "pan" | "planes" | import("./brush.js").DrawTool | import("./marks.js").MarkKind} Tool */
/** @typedef {"down" | "move" | "up"} Phase */
/**
 * Positions are in CSS pixels of the canvas.
 * @typedef {{
 *   tool: () => Tool,
 *   take: (tool: Tool) => void,
 *   point: (x: number, y: number) => void,
 *   mark: (phase: Phase, x: number, y: number) => void,
 *   cut: (phase: Phase, x: number, y: number) => void,
 *   draw: (phase: Phase, x: number, y: number, erase: boolean) => void,
 *   hover: (x: number, y: number) => void,
 *   leave: () => void,
 *   scroll: (slices: number) => void,
 *   window: (dx: number, dy: number) => void,
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x?: number, y?: number) => void,
 *   step: (right: number, down: number) => void,
 *   preset: (number: number) => void,
 *   markHere: () => void,
 *   keep: () => void,
 *   drop: () => void,
 *   undo: () => void,
 *   redo: () => void,
 *   size: (factor: number) => void,
 *   between: () => void,
 *   fill: () => void,
 *   oblique: () => void,
 *   enlarge: () => void,
 *   reset: () => void,
 * }} Handlers
 */
/** @typedef {"pan" | "window" | "point" | "mark" | "cut" | "draw"} Gesture */

const NOTCH = 50; // px of one turn of a mouse wheel at least; less comes from a touch pad, in a stream
const TOUCH_PAD_STEP = 24;
export const ZOOM_STEP = 1.15;
const PAN_STEP = 20; // px
const SIZE_STEP = 1.15;

/** @param {HTMLCanvasElement} canvas @param {Handlers} on @param {AbortSignal} signal */
export function listen(canvas, on, signal) {
  listenToPointer(canvas, on, signal);
  canvas.addEventListener("wheel", wheelListener(on), { passive: false, signal });
  // At the window and on the way down: Notebook 7 takes arrow keys before they reach what has the focus.
  window.addEventListener("keydown", (event) => {
    if (event.target !== canvas) return;
    if (event.ctrlKey || event.metaKey) {
      if (pressStep(event.key, on, event.shiftKey)) consume(event);
    } else if (!event.altKey && pressKey(event.key, on, event.shiftKey)) consume(event);
  }, { signal, capture: true });
  canvas.addEventListener("dblclick", (event) => {
    consume(event);
    if (!isMark(on.tool()) && !isDrawing(on.tool())) on.enlarge();
  }, { signal });
  // JupyterLab would open its own menu over the window gesture.
  canvas.addEventListener("contextmenu", consume, { signal });
}

/** @param {Event} event */
function consume(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {Tool} tool */
const isMark = (tool) => KINDS.some((kind) => kind === tool);

/** @param {PointerEvent} event @param {Handlers} on @returns {Gesture} */
function gestureOf(event, on) {
  const tool = on.tool();
  if (event.button === 1 || event.shiftKey) return "pan";
  if (event.button === 2) return "window";
  if (tool === "window" || tool === "pan") return tool;
  if (tool === "planes") return "cut";
  if (isDrawing(tool)) return "draw";
  return isMark(tool) ? "mark" : "point";
}

/** @param {HTMLCanvasElement} canvas @param {Handlers} on @param {AbortSignal} signal */
function listenToPointer(canvas, on, signal) {
  /** @type {{gesture: Gesture, x: number, y: number} | null} */
  let drag = null;
  canvas.addEventListener("mousedown", consume, { signal }); // no text selection, no scrolling by the middle button
  canvas.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    drag = { gesture: gestureOf(event, on), x, y };
    if (drag.gesture === "point") on.point(x, y);
    if (drag.gesture === "mark" || drag.gesture === "cut") on[drag.gesture]("down", x, y);
    if (drag.gesture === "draw") on.draw("down", x, y, event.altKey);
  }, { signal });
  canvas.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
    on.hover(x, y);
    if (!drag || drag.gesture === "mark") on.mark("move", x, y);
    else if (drag.gesture === "point") on.point(x, y);
    else if (drag.gesture === "cut") on.cut("move", x, y);
    else if (drag.gesture === "draw") on.draw("move", x, y, false);
    else on[drag.gesture](x - drag.x, y - drag.y);
    if (drag) Object.assign(drag, { x, y });
  }, { signal });
  canvas.addEventListener("pointerup", ({ offsetX: x, offsetY: y }) => {
    if (drag?.gesture === "mark" || drag?.gesture === "cut") on[drag.gesture]("up", x, y);
    if (drag?.gesture === "draw") on.draw("up", x, y, false);
    drag = null;
  }, { signal });
  canvas.addEventListener("pointercancel", () => { drag = null; }, { signal });
  canvas.addEventListener("pointerleave", () => on.leave(), { signal });
}

/** @param {Handlers} on @returns {(event: WheelEvent) => void} */
function wheelListener(on) {
  let pending = 0;
  return (event) => {
    consume(event);
    if (event.ctrlKey) {
      on.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.15, Math.abs(event.deltaY) / 100)), event.offsetX, event.offsetY);
      return;
    }
    if (event.deltaMode !== 0 || Math.abs(event.deltaY) >= NOTCH) {
      pending = 0;
      on.scroll(Math.sign(event.deltaY));
      return;
    }
    pending += event.deltaY;
    const slices = Math.trunc(pending / TOUCH_PAD_STEP);
    pending -= slices * TOUCH_PAD_STEP;
    if (slices) on.scroll(slices);
  };
}

/** @type {Record<string, (on: Handlers) => void>} */
const KEYS = {
  arrowleft: (on) => on.step(-1, 0),
  arrowright: (on) => on.step(1, 0),
  arrowup: (on) => on.step(0, -1),
  arrowdown: (on) => on.step(0, 1),
  pagedown: (on) => on.scroll(1),
  pageup: (on) => on.scroll(-1),
  enter: (on) => on.enlarge(),
  escape: (on) => on.drop(),
  " ": (on) => on.markHere(),
  r: (on) => on.reset(),
  k: (on) => on.keep(),
  f: (on) => on.fill(),
  o: (on) => on.oblique(),
  i: (on) => on.between(),
  "[": (on) => on.size(1 / SIZE_STEP),
  "]": (on) => on.size(SIZE_STEP),
  "+": (on) => on.zoom(ZOOM_STEP),
  "=": (on) => on.zoom(ZOOM_STEP),
  "-": (on) => on.zoom(1 / ZOOM_STEP),
};
/** @type {Record<string, (on: Handlers) => void>} the image itself is moved, as the hand would */
const SHIFTED = {
  arrowleft: (on) => on.pan(-PAN_STEP, 0),
  arrowright: (on) => on.pan(PAN_STEP, 0),
  arrowup: (on) => on.pan(0, -PAN_STEP),
  arrowdown: (on) => on.pan(0, PAN_STEP),
};
/** @type {Record<string, Tool>} */
export const TOOL_KEYS = {
  c: "crosshair", w: "window", p: "pan", m: "planes", l: "length", a: "angle", e: "ellipse", b: "rectangle", n: "note",
  d: "brush", v: "values", x: "eraser", s: "polygon", g: "grow",
};

/** Say whether the key means something here. @param {string} pressed @param {Handlers} on @param {boolean} [shifted] */
export function pressKey(pressed, on, shifted = false) {
  const key = pressed.toLowerCase();
  const act = (shifted && SHIFTED[key]) || KEYS[key];
  if (/^[1-9]$/.test(key)) on.preset(Number(key));
  else if (act) act(on);
  else if (TOOL_KEYS[key]) on.take(TOOL_KEYS[key]);
  else return false;
  return true;
}

/** Steps back and forward, with Ctrl or Command. @param {string} pressed @param {Handlers} on @param {boolean} shifted */
export function pressStep(pressed, on, shifted) {
  const key = pressed.toLowerCase();
  if (key !== "z" && key !== "y") return false;
  if (key === "y" || shifted) on.redo();
  else on.undo();
  return true;
}
