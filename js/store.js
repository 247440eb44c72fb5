// @ts-check
// What one page holds of a widget's images, shared by every view of the same widget on it. The page asks for each
// part, so that a slow link or a busy kernel loses nothing: what did not come is asked for again.

import { keepWords } from "./keeping.js";
import { Label } from "./label.js";
import { Outbox } from "./outbox.js";
import { createPixels, fillPreview, place } from "./pixels.js";

/** @typedef {import("./pixels.js").Pixels} Pixels */
/** @typedef {import("./contours.js").Masks} Masks */
/** @typedef {import("./skin.js").Skin} Skin */
/** @typedef {import("./cuts.js").Plane} Plane */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {"first" | "beside" | "fusion"} Role */
/** Affines of all images lead to the first one's patient space.
 * @typedef {{role: Role, label: string, shape: number[], affine: number[], slope: number, intercept: number,
 *   blank: number | null, modality: string, units: string, preview_step: number,
 *   presets: {name: string, window: number[]}[]}} ImageMeta */
/** @typedef {{words: string, colour: string, width: number}} Band */
/** A second surface, seen through. @typedef {{vertices: Float32Array, faces: Uint32Array}} Bone */
/**
 * @typedef {{images: ImageMeta[], parts: number, bytes: number, masks: {origin: number[], shape: number[]},
 *   segments: {name: string, colour: string, dash: number[]}[], planes: Plane[], marks: Mark[], kept: import("./stills.js").Kept[],
 *   skin: {vertices: number, faces: number, bands: Band[]} | null, plan?: import("./planpanel.js").Plan,
 *   bone?: {vertices: number, faces: number} | null, outlined?: import("./label.js").Outlined}} Meta
 */
/**
 * The little of a widget model that is used here; the meeting room and the offline deck give their own.
 * @typedef {{get: (name: string) => any, set: (name: string, value: any) => void, save_changes: () => void,
 *   on: (event: string, listener: (...given: any[]) => void) => void,
 *   off: (event: string, listener: (...given: any[]) => void) => void, send: (content: object) => void}} Model
 */
/** @typedef {ImageMeta & {pixels: Pixels}} Image */
/**
 * `revision` counts what changes pixels, outlines or the surface.
 * @typedef {{page: string, meta: Meta | null, images: Image[], masks: Masks | null, skin: Skin | null,
 *   revision: number, progress: number, complete: boolean, words: string, draft: {n: number, words: string} | null,
 *   live: import("./planpanel.js").Live | null, bone: Bone | null, label: Label | null, outbox: Outbox | null}} Holding
 */

/** The trait that holds each image's window. */
export const WINDOW_OF = { first: "window", beside: "beside_window", fusion: "fusion_window" };
const IN_FLIGHT = 4; // parts asked for ahead, so that the wire is never idle
const PATIENCE_MS = 5000;

/** Ask Python for the images and keep what comes.
 * @param {Model} model @param {(holding: Holding) => void} changed called after every arrival and every word */
export function fetchVolume(model, changed) {
  // Not crypto.randomUUID: that is missing where the notebook server is reached over plain http.
  const page = Math.random().toString(36).slice(2);
  /** @type {Holding} */
  const holding = {
    page, meta: null, images: [], masks: null, skin: null, revision: 0, progress: 0, complete: false, words: "", draft: null, live: null,
    bone: null, label: null, outbox: null,
  };
  const arrived = new Set();
  const asked = new Set();
  let wait = PATIENCE_MS;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  const hello = () => model.send({ t: "hello", page });

  const settle = () => {
    holding.complete = holding.meta !== null && arrived.size === holding.meta.parts && (holding.label?.revision ?? 0) >= 0;
  };

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
    if (holding.complete) return;
    wait = Math.min(2 * wait, 60000);
    holding.words = wordFor(holding);
    changed(holding);
    asked.clear();
    if (!holding.meta) hello();
    else if (holding.label && holding.label.revision < 0) holding.label.need();
    askMore();
    expectMore();
  };

  /** @param {any} message @param {DataView[]} buffers */
  const receive = (message, buffers) => {
    if (message.to && message.to !== page) return;
    if (holding.meta && keepWords(holding, message, buffers)) {
      if (message.t === "label") settle();
      changed(holding);
      return;
    }
    if (message.t === "meta" && !holding.meta) {
      begin(holding, message);
      asked.add(0); // the preview comes unasked
      if (message.outlined) {
        holding.label = new Label(() => model.send({ t: "label", page }));
        holding.outbox = new Outbox((numbered) => model.send({ t: "draw", page, ...numbered }));
        holding.label.need();
      }
    } else if (message.t === "part" && holding.meta && !arrived.has(message.part)) {
      keepPart(holding, message, buffers[0]);
      arrived.add(message.part);
      asked.delete(message.part);
    } else return;
    settle();
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
      holding.outbox?.stop();
      model.off("msg:custom", receive);
    },
  };
}

/** @param {Holding} holding @param {Meta} meta */
function begin(holding, meta) {
  const [slices, rows, columns] = meta.masks.shape;
  holding.meta = meta;
  holding.images = meta.images.map((image) => ({ ...image, pixels: createPixels(image) }));
  holding.masks = { bits: new Uint8Array(slices * rows * columns), ...meta.masks };
  if (meta.bone) holding.bone = { vertices: new Float32Array(3 * meta.bone.vertices), faces: new Uint32Array(3 * meta.bone.faces) };
  if (!meta.skin) return;
  const { vertices, faces, bands } = meta.skin;
  holding.skin = {
    vertices: new Float32Array(3 * vertices), faces: new Uint32Array(3 * faces), bands: new Uint8Array(vertices), shown: bands,
  };
}

/** @param {Holding} holding @param {{layer: string, image: number, offset: number}} part @param {DataView} data */
function keepPart(holding, { layer, image, offset }, data) {
  const { meta, images, masks, skin, bone } = holding;
  if (!meta || !masks) return;
  if (layer === "preview") {
    const preview = new Int16Array(data.byteLength / 2);
    place(preview, 0, data);
    fillPreview(images[image].pixels, preview, images[image].preview_step);
  } else if (layer === "masks") place(masks.bits, offset, data);
  else if (layer === "pixels") place(images[image].pixels.stored, offset, data);
  else if (layer === "bone_vertices" && bone) place(bone.vertices, offset, data);
  else if (layer === "bone_faces" && bone) place(bone.faces, offset, data);
  else if (skin) place(skin[/** @type {"vertices" | "faces" | "bands"} */ (layer)], offset, data);
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
