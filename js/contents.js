// @ts-check
// What lies on the slice that a pane shows: its pixels, those fused with them, outlines, planes, surface and marks.
// What is dear to compute is kept until it changes.

import { maskSlice, outlines } from "./contours.js";
import { planeMarks } from "./cuts.js";
import { toIndex } from "./geometry.js";
import { handlesOf } from "./handles.js";
import { Layer } from "./layer.js";
import { drawnMark } from "./marks.js";
import { paintSlice } from "./pixels.js";
import { maskOblique, paintOblique } from "./resample.js";
import { LaidSkin } from "./skin.js";

/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {import("./store.js").Holding} Holding */
/** @typedef {import("./pane.js").Look} Look */
/** `laid` names the lattice. @typedef {{holding: Holding, lattice: Lattice, slice: number, laid: string}} Cut */

export class Contents {
  #image = new Layer();
  #overlay = new Layer();
  /** @type {import("./draw.js").Outline[]} */
  #outlines = [];
  #outlined = "";
  /** @type {{key: string, laid: LaidSkin} | null} */
  #skin = null;

  /** @param {number} image which of the widget's images */
  constructor(image) {
    this.image = image;
  }

  /** @param {Cut} cut @param {Look} look @param {boolean} drafting a mark is being placed here
   * @param {boolean} beyond the image does not reach this place */
  at(cut, look, drafting, beyond) {
    const { meta, images } = cut.holding;
    const fused = this.image === 0 ? images.findIndex(({ role }) => role === "fusion") : -1;
    if (!beyond) {
      this.#paint(this.#image, cut, look, this.image);
      if (fused > 0) this.#paint(this.#overlay, cut, look, fused);
    }
    this.#outline(cut);
    const segments = meta?.segments ?? [];
    return {
      image: beyond ? null : this.#image.canvas,
      overlay: fused > 0 ? this.#overlay.canvas : null,
      outlines: this.#outlines.filter((_, n) => !look.hidden.includes(segments[n].name)),
      fill: look.fill,
      skin: this.#skinLines(cut),
      planes: planeMarks(cut.lattice, cut.slice, meta?.planes ?? []),
      handles: look.holding ? this.#handles(cut) : [],
      marks: this.#marks(cut, look, drafting),
    };
  }

  /** @param {Layer} layer @param {Cut} cut @param {Look} look @param {number} number of the image */
  #paint(layer, { holding, lattice, slice, laid }, { tints }, number) {
    const { view, shape, own } = lattice;
    const { pixels, affine } = holding.images[number];
    const { table, key } = tints[number];
    layer.show(`${slice} ${holding.revision} ${key} ${laid}`, shape[view.horizontal], shape[view.vertical], (out) =>
      own ? paintSlice(pixels, view, slice, table, out) : paintOblique(pixels, affine, lattice, slice, table, out));
  }

  /** @param {Cut} cut */
  #outline({ holding: { meta, masks, revision, images }, lattice, slice, laid }) {
    const key = `${slice} ${revision} ${laid}`;
    if (!meta || !masks || key === this.#outlined) return;
    this.#outlined = key;
    const own = lattice.own && this.image === 0;
    const cut = own ? maskSlice(masks, lattice.view, slice) : maskOblique(masks, images[0].affine, lattice, slice);
    const loops = outlines(cut, meta.segments.length);
    this.#outlines = meta.segments.map(({ colour, dash }, n) => ({ loops: loops[n], colour, dash }));
  }

  /** @param {Cut} cut */
  #skinLines({ holding: { skin, complete, revision }, lattice, slice, laid }) {
    if (!skin || !complete) return [];
    const key = `${revision} ${laid}`;
    if (this.#skin?.key !== key) this.#skin = { key, laid: new LaidSkin(skin, lattice) };
    const lines = this.#skin.laid.lines(slice);
    return skin.shown.map(({ colour, width }, band) => ({ lines: lines[band], colour, width }));
  }

  /** Where planes can be held, in (horizontal, vertical) index. @param {Cut} cut */
  #handles({ holding, lattice, slice }) {
    const { view, affine } = lattice;
    const flat = (/** @type {number[]} */ mm) => {
      const index = toIndex(affine, mm);
      return [index[view.horizontal], index[view.vertical]];
    };
    const found = (holding.meta?.planes ?? []).map((plane) => handlesOf(lattice, slice, plane));
    return found.filter((handles) => handles !== null).map(({ middle, ends }) => ({ middle: flat(middle), ends: ends.map(flat) }));
  }

  /** @param {Cut} cut @param {Look} look @param {boolean} drafting */
  #marks({ holding, lattice, slice }, { marks, draft }, drafting) {
    const here = marks.filter((mark) => mark.image === holding.images[this.image].role);
    const shown = here.map(({ n, kind, points, words }) => ({ kind, points, words: `${n}  ${words}` }));
    if (drafting && draft) shown.push(draft);
    return shown.map((mark) => drawnMark(mark, lattice, slice)).filter((mark) => mark !== null);
  }
}
