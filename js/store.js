// @ts-check
// What one page holds of a volume, shared by every view of the same widget on it. The page asks for each
// part, so that a slow link or a busy kernel loses nothing: what did not come is asked for again.

import { createPixels, fillPreview, place } from "./pixels.js";

/** @typedef {import("./pixels.js").Pixels} Pixels */
/** @typedef {import("./contours.js").Masks} Masks */
/** @typedef {import("./geometry.js").Plane} Plane */
/**
 * @typedef {{shape: number[], affine: number[], slope: number, intercept: number, blank: number | null,
 *   modality: string, units: string, parts: number, bytes: number, preview_step: number,
 *   masks: {origin: number[], shape: number[]}, segments: {name: string, colour: string, dash: number[]}[],
 *   presets: {name: string, window: number[]}[], planes: Plane[]}} Meta
 */
/**
 * The little of a widget model that is used here; the meeting room and the offline deck give their own.
 * @typedef {{get: (name: string) => any, set: (name: string, value: any) => void, save_changes: () => void,
 *   on: (event: string, listener: (...given: any[]) => void) => void,
 *   off: (event: string, listener: (...given: any[]) => void) => void, send: (content: object) => void}} Model
 */
/**
 * @typedef {{meta: Meta | null, pixels: Pixels | null, masks: Masks | null, revision: number, progress: number,
 *   complete: boolean, words: string}} Holding
 */

const IN_FLIGHT = 4; // parts asked for ahead, so that the wire is never idle
const PATIENCE_MS = 5000;

/** Ask Python for the volume and keep what comes.
 * @param {Model} model @param {(holding: Holding) => void} changed called after every arrival and every word */
export function fetchVolume(model, changed) {
  // Not crypto.randomUUID: that is missing where the notebook server is reached over plain http.
  const page = Math.random().toString(36).slice(2);
  /** @type {Holding} */
  const holding = { meta: null, pixels: null, masks: null, revision: 0, progress: 0, complete: false, words: "" };
  const arrived = new Set();
  const asked = new Set();
  let wait = PATIENCE_MS;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  const hello = () => model.send({ t: "hello", page });

  const askMore = () => {
    const parts = holding.meta?.parts ?? 0;
    for (let n = 0; n < parts && asked.size < IN_FLIGHT; n++) {
      if (arrived.has(n) || asked.has(n)) continue;
      asked.add(n);
      model.send({ t: "part", page, part: n });
    }
  };

  const expectMore = () => {
    clearTimeout(timer);
    if (!holding.complete) timer = setTimeout(askAgain, wait);
  };

  const askAgain = () => {
    wait = Math.min(2 * wait, 60000);
    holding.words = wordFor(holding);
    changed(holding);
    asked.clear();
    if (holding.meta) askMore();
    else hello();
    expectMore();
  };

  /** @param {any} message @param {DataView[]} buffers */
  const receive = (message, buffers) => {
    if (message.to && message.to !== page) return;
    if (message.t === "planes" && holding.meta) holding.meta.planes = message.planes;
    else if (message.t === "meta" && !holding.meta) {
      begin(holding, message);
      asked.add(0); // the preview comes unasked
    } else if (message.t === "part" && holding.meta && !arrived.has(message.part)) {
      keepPart(holding, message, buffers[0]);
      arrived.add(message.part);
      asked.delete(message.part);
    } else return;
    holding.complete = holding.meta !== null && arrived.size === holding.meta.parts;
    holding.words = "";
    holding.revision += 1;
    wait = PATIENCE_MS;
    askMore();
    expectMore();
    changed(holding);
  };

  model.on("msg:custom", receive);
  hello();
  expectMore();
  return {
    holding,
    stop() {
      clearTimeout(timer);
      model.off("msg:custom", receive);
    },
  };
}

/** @param {Holding} holding @param {Meta} meta */
function begin(holding, meta) {
  const [slices, rows, columns] = meta.masks.shape;
  holding.meta = meta;
  holding.pixels = createPixels(meta);
  holding.masks = { bits: new Uint8Array(slices * rows * columns), ...meta.masks };
}

/** @param {Holding} holding @param {{layer: string, offset: number}} part @param {DataView} data */
function keepPart(holding, { layer, offset }, data) {
  const { meta, pixels, masks } = holding;
  if (!meta || !pixels || !masks) return;
  if (layer === "preview") {
    const preview = new Int16Array(data.byteLength / 2);
    place(preview, 0, data);
    fillPreview(pixels, preview, meta.preview_step);
  } else place(layer === "masks" ? masks.bits : pixels.stored, offset, data);
  holding.progress += data.byteLength / meta.bytes;
}

/** Why there is nothing, or not everything, to see. @param {Holding} holding */
function wordFor({ meta, progress }) {
  const cause = "The kernel is busy with another cell, or has stopped";
  if (!meta) return `The images have not arrived. ${cause}; run this cell again if it has.`;
  return `Loading has paused at ${Math.round(100 * progress)} %. ${cause}.`;
}

/** Volumes on this page by widget model; the last view to leave lets one go.
 * @type {WeakMap<Model, {fetched: ReturnType<typeof fetchVolume>, listeners: Set<(holding: Holding) => void>}>} */
const held = new WeakMap();

/** Share one volume between all views of a widget on this page.
 * @param {Model} model @param {(holding: Holding) => void} changed */
export function shareVolume(model, changed) {
  const listeners = held.get(model)?.listeners ?? new Set();
  listeners.add(changed);
  if (!held.has(model)) {
    const tell = (/** @type {Holding} */ holding) => listeners.forEach((listener) => listener(holding));
    held.set(model, { fetched: fetchVolume(model, tell), listeners });
  }
  const { fetched } = /** @type {NonNullable<ReturnType<typeof held.get>>} */ (held.get(model));
  return {
    holding: fetched.holding,
    leave() {
      listeners.delete(changed);
      if (listeners.size) return;
      fetched.stop();
      held.delete(model);
    },
  };
}
