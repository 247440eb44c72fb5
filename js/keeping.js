// @ts-check
// What Python says after the images have come: planes, marks, plans, outlines, and words.

import { place } from "./pixels.js";

/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./store.js").Meta} Meta */

/** Keep what is drawn over the pixels; say whether the message was of that kind.
 * @param {Holding} holding @param {any} message @param {DataView[]} buffers */
export function keepWords(holding, message, buffers) {
  const { meta } = holding;
  holding.words = "";
  if (message.t === "planes" && meta) meta.planes = message.planes;
  else if (message.t === "marks" && meta) meta.marks = message.marks;
  else if (message.t === "kept" && meta) meta.kept = message.kept;
  else if (message.t === "plan" || message.t === "live") keepPlan(holding, message, buffers);
  else if (message.t === "label") holding.label?.keep(holding, message, buffers);
  else if (message.t === "outlined" && meta) Object.assign(meta, { segments: message.segments, outlined: message });
  else if (message.t === "drawn") keepAnswer(holding, message);
  else if (message.t === "said") holding.words = message.words;
  else if (message.t === "draft") holding.draft = { n: message.n, words: message.words };
  else return false;
  return true;
}

/** A plan as it was measured, or as it is being dragged, and the margins' bands with it.
 * @param {Holding} holding @param {any} message @param {DataView[]} buffers */
function keepPlan(holding, message, buffers) {
  const meta = /** @type {Meta} */ (holding.meta);
  if (message.t === "plan") meta.plan = message.plan;
  holding.live = message.t === "live" ? message : null;
  if (message.t === "live" && message.from !== holding.page) {
    meta.planes = meta.planes.map((plane) => (plane.name === message.plane.name ? message.plane : plane));
  }
  if (!holding.skin || !buffers.length) return;
  const [{ buffer, byteOffset, byteLength }] = buffers;
  holding.skin.measured = true;
  place(holding.skin.bands, 0, new Uint8Array(buffer, byteOffset, byteLength));
}

/** A step of outlining that was answered, with what was wrong with it. @param {Holding} holding
 * @param {{n: number, words: string}} answer */
function keepAnswer(holding, { n, words }) {
  holding.outbox?.answered(n);
  holding.words = words;
}
