// @ts-check
// What one page holds of a widget's images, shared by every view of the same widget on it. The page asks for each
// part, so that a slow link or a busy kernel loses nothing: what did not come is asked for again.

import { keepWords } from "./keeping.js";
import { Label } from "./label.js";
import { Outbox } from "./outbox.js";
import { fillPreview, place } from "./pixels.js";
import { keepVoxels, leaveVoxels, takeVoxels } from "./shared.js";
import { addUp, inflate } from "./unpack.js";

/** @typedef {import("./pixels.js").Pixels} Pixels */
/** @typedef {import("./contours.js").Masks} Masks */
/** @typedef {import("./skin.js").Skin} Skin */
/** @typedef {import("./cuts.js").Plane} Plane */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {"first" | "beside" | "fusion"} Role */
/** Affines of all images lead to the first one's patient space; `id` is the same where the voxels are.
 * @typedef {{id: string, role: Role, label: string, shape: number[], affine: number[], slope: number, intercept: number,
 *   blank: number | null, modality: string, units: string, preview_step: number,
 *   presets: {name: string, window: number[]}[]}} ImageMeta */
/** What may be asked for by its number; `offset` in elements. @typedef {{layer: string, image: number, offset: number, bytes: number}} Part */
/** @typedef {{words: string, colour: string, width: number}} Band */
/** A second surface, seen through. @typedef {{vertices: Float32Array, faces: Uint32Array}} Bone */
/**
 * @typedef {{images: ImageMeta[], parts: Part[], masks: {origin: number[], shape: number[]},
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
/** @typedef {ImageMeta & {pixels: Pixels, voxels: import("./shared.js").Voxels}} Image */
/**
 * `revision` counts what changes pixels, outlines or the surface.
 * @typedef {{page: string, meta: Meta | null, images: Image[], masks: Masks | null, skin: Skin | null,
 *   revision: number, progress: number, complete: boolean, words: string, draft: {n: number, words: string} | null,
 *   live: import("./planpanel.js").Live | null, bone: Bone | null, label: Label | null, outbox: Outbox | null,
 *   ended: boolean}} Holding
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
    bone: null, label: null, outbox: null, ended: false,
  };
  /** @type {Set<number>} parts that came and no other widget has */
  const arrived = new Set();
  /** @type {Set<number>} */
  const asked = new Set();
  let unpacking = Promise.resolve();
  let room = new Uint8Array(0);
  let wait = PATIENCE_MS;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  const hello = () => model.send({ t: "hello", page });
  const parts = () => holding.meta?.parts ?? [];
  const voxelsOf = (/** @type {number} */ n) => (isVoxels(parts()[n]) ? holding.images[parts()[n].image].voxels : null);

  const isHere = (/** @type {number} */ n) => {
    const { here } = voxelsOf(n) ?? { here: null };
    if (!here) return arrived.has(n);
    return here.has(partName(parts()[n])) || (parts()[n].layer === "preview" && here.size > 0);
  };

  const askMore = () => {
    for (let n = 0; n < parts().length && asked.size < IN_FLIGHT; n++) {
      const voxels = voxelsOf(n);
      if (isHere(n) || asked.has(n) || voxels?.asked.has(partName(parts()[n]))) continue;
      asked.add(n);
      voxels?.asked.set(partName(parts()[n]), page);
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
    for (const { voxels } of holding.images) voxels.asked.clear(); // who asked may be gone
    if (!holding.meta) hello();
    else if (holding.label && holding.label.revision < 0) holding.label.need();
    askMore();
    expectMore();
  };

  /** See what there is by now, and go on. */
  const follow = () => {
    const here = parts().filter((_, n) => isHere(n));
    for (const n of asked) if (isHere(n)) asked.delete(n);
    const bytes = (/** @type {Part[]} */ some) => some.reduce((sum, part) => sum + part.bytes, 0);
    holding.progress = bytes(here) / bytes(parts());
    holding.complete = here.length === parts().length && (holding.label?.revision ?? 0) >= 0;
    holding.words = "";
    holding.revision += 1;
    wait = PATIENCE_MS;
    askMore();
    expectMore();
    changed(holding);
  };

  /** @param {number} n @param {Uint8Array} bytes */
  const keep = (n, bytes) => {
    const voxels = voxelsOf(n);
    if (isHere(n)) return;
    if (voxels) {
      keepVoxels(voxels, partName(parts()[n]), () => keepPart(holding, parts()[n], bytes));
      return;
    }
    keepPart(holding, parts()[n], bytes);
    arrived.add(n);
    follow();
  };

  /** One part after the other, in one place: a page has not much to spare beside a volume.
   * @param {number} n @param {DataView} packed */
  const unpack = async (n, packed) => {
    const { bytes } = parts()[n];
    if (room.length < bytes) room = new Uint8Array(bytes);
    await inflate(packed, room);
    keep(n, room.subarray(0, bytes));
    if (holding.complete) room = new Uint8Array(0);
  };

  /** @param {any} message @param {DataView[]} buffers */
  const receive = (message, buffers) => {
    if (message.to && message.to !== page) return;
    if (holding.meta && keepWords(holding, message, buffers)) {
      if (message.t === "label" && !holding.complete) follow();
      else changed(holding);
      return;
    }
    if (message.t === "meta" && !holding.meta) {
      begin(holding, message, follow);
      if (message.outlined) {
        holding.label = new Label(() => model.send({ t: "label", page }));
        holding.outbox = new Outbox((numbered) => model.send({ t: "draw", page, ...numbered }));
        holding.label.need();
      }
      follow();
    } else if (message.t === "part" && holding.meta && parts()[message.part]) {
      // What cannot be read is asked for again, as what never came.
      unpacking = unpacking.then(() => unpack(message.part, buffers[0])).catch(() => {});
    }
  };

  /** The kernel was started anew or has ended: nothing more comes, and nothing that is done here is heard. */
  const end = () => {
    clearTimeout(timer);
    holding.outbox?.stop();
    holding.ended = true;
    holding.words = "The kernel that held this has stopped or was restarted: nothing done here is kept any more. Run its cell again; " +
      "what was drawn comes back where it was saved.";
    changed(holding);
  };

  model.on("msg:custom", receive);
  model.on("comm_live_update", end);
  hello();
  expectMore();
  return {
    holding,
    stop() {
      clearTimeout(timer);
      holding.outbox?.stop();
      model.off("msg:custom", receive);
      model.off("comm_live_update", end);
      for (const { id } of holding.images) leaveVoxels(id, page, follow);
    },
  };
}

/** @param {Part} part */
const isVoxels = ({ layer }) => layer === "preview" || layer === "pixels";

/** @param {Part} part */
const partName = ({ layer, offset }) => `${layer} ${offset}`;

/** @param {Holding} holding @param {Meta} meta @param {() => void} follow what comes for other widgets */
function begin(holding, meta, follow) {
  const [slices, rows, columns] = meta.masks.shape;
  holding.meta = meta;
  holding.images = meta.images.map((image) => {
    const { id, shape, slope, intercept, blank } = image;
    const voxels = takeVoxels(id, shape[0] * shape[1] * shape[2], follow);
    return { ...image, voxels, pixels: { stored: voxels.stored, shape, slope, intercept, blank } };
  });
  holding.masks = { bits: new Uint8Array(slices * rows * columns), ...meta.masks };
  if (meta.bone) holding.bone = { vertices: new Float32Array(3 * meta.bone.vertices), faces: new Uint32Array(3 * meta.bone.faces) };
  if (!meta.skin) return;
  const { vertices, faces, bands } = meta.skin;
  holding.skin = {
    vertices: new Float32Array(3 * vertices), faces: new Uint32Array(3 * faces), bands: new Uint8Array(vertices), shown: bands,
    measured: false,
  };
}

/** @param {Holding} holding @param {Part} part @param {Uint8Array} bytes */
function keepPart({ images, masks, skin, bone }, { layer, image, offset }, bytes) {
  if (layer === "preview") {
    const preview = new Int16Array(bytes.length / 2);
    addUp(bytes, preview, 0);
    fillPreview(images[image].pixels, preview, images[image].preview_step);
  } else if (layer === "pixels") addUp(bytes, images[image].pixels.stored, offset);
  else if (layer === "masks" && masks) place(masks.bits, offset, bytes);
  else if (layer === "bone_vertices" && bone) place(bone.vertices, offset, bytes);
  else if (layer === "bone_faces" && bone) place(bone.faces, offset, bytes);
  else if (layer === "bands" && skin?.measured) return; // these are older than what was said since
  else if (skin) place(skin[/** @type {"vertices" | "faces" | "bands"} */ (layer)], offset, bytes);
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
