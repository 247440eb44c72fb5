// @ts-check
// What the hand does on a canvas, told as meaning: point, scroll, window, pan, zoom, step, enlarge.

/**
 * Positions are in CSS pixels of the canvas.
 * @typedef {{
 *   tool: () => "crosshair" | "window",
 *   point: (x: number, y: number) => void,
 *   scroll: (slices: number) => void,
 *   window: (dx: number, dy: number) => void,
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x: number, y: number) => void,
 *   step: (right: number, down: number) => void,
 *   preset: (number: number) => void,
 *   enlarge: () => void,
 *   reset: () => void,
 * }} Handlers
 */

const NOTCH = 50; // px of one turn of a mouse wheel at least; less comes from a touch pad, in a stream
const TOUCH_PAD_STEP = 24;

/** @param {HTMLCanvasElement} canvas @param {Handlers} on @param {AbortSignal} signal */
export function listen(canvas, on, signal) {
  listenToPointer(canvas, on, signal);
  canvas.addEventListener("wheel", wheelListener(on), { passive: false, signal });
  canvas.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && pressKey(event.key, on)) consume(event);
  }, { signal });
  canvas.addEventListener("dblclick", (event) => {
    consume(event);
    on.enlarge();
  }, { signal });
  // JupyterLab would open its own menu over the window gesture.
  canvas.addEventListener("contextmenu", consume, { signal });
}

/** @param {Event} event */
function consume(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {PointerEvent} event @param {Handlers} on */
function gestureOf(event, on) {
  if (event.button === 1 || event.shiftKey) return "pan";
  if (event.button === 2) return "window";
  return on.tool() === "window" ? "window" : "point";
}

/** @param {HTMLCanvasElement} canvas @param {Handlers} on @param {AbortSignal} signal */
function listenToPointer(canvas, on, signal) {
  /** @type {{gesture: "pan" | "window" | "point", x: number, y: number} | null} */
  let drag = null;
  const move = (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    const [dx, dy] = [event.offsetX - drag.x, event.offsetY - drag.y];
    Object.assign(drag, { x: event.offsetX, y: event.offsetY });
    if (drag.gesture === "point") on.point(event.offsetX, event.offsetY);
    else on[drag.gesture](dx, dy);
  };
  canvas.addEventListener("mousedown", consume, { signal }); // no text selection, no scrolling by the middle button
  canvas.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    drag = { gesture: gestureOf(event, on), x: event.offsetX, y: event.offsetY };
    if (drag.gesture === "point") on.point(event.offsetX, event.offsetY);
  }, { signal });
  canvas.addEventListener("pointermove", move, { signal });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drag = null; }, { signal });
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
  ArrowLeft: (on) => on.step(-1, 0),
  ArrowRight: (on) => on.step(1, 0),
  ArrowUp: (on) => on.step(0, -1),
  ArrowDown: (on) => on.step(0, 1),
  PageDown: (on) => on.scroll(1),
  PageUp: (on) => on.scroll(-1),
  Enter: (on) => on.enlarge(),
  r: (on) => on.reset(),
  R: (on) => on.reset(),
  "+": (on) => on.zoom(1.15, NaN, NaN),
  "-": (on) => on.zoom(1 / 1.15, NaN, NaN),
};

/** Say whether the key means something here. @param {string} key @param {Handlers} on */
export function pressKey(key, on) {
  if (/^[1-9]$/.test(key)) on.preset(Number(key));
  else if (KEYS[key]) KEYS[key](on);
  else return false;
  return true;
}
