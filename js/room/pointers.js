// @ts-check
// Where others point on the images: a ring with their pseudonym, on the slice they point at and nowhere else.

import { toIndex } from "../geometry.js";
import { make } from "../panel.js";

/** @typedef {import("./held.js").Held} Held */
/** @typedef {import("../screen.js").Screen} Screen */
/** @typedef {import("../pane.js").Pane} Pane */

const EVERY_MS = 100;

export class Pointers {
  on = false;
  #told = 0;

  /** @param {Held} held @param {(body: {at_mm: number[] | null, pane?: string}) => void} tell */
  constructor(held, tell) {
    this.held = held;
    this.tell = tell;
  }

  /** Point, or stop pointing. @param {boolean} on */
  point(on) {
    this.on = on;
    if (!on) this.tell({ at_mm: null });
  }

  /** The hand moves over a viewer. @param {Screen} screen @param {PointerEvent} event */
  moved(screen, event) {
    if (!this.on || performance.now() < this.#told + EVERY_MS) return;
    const pane = screen.panes.find(({ canvas }) => canvas === event.target);
    if (!pane || pane.image) return;
    this.#told = performance.now();
    const { left, top } = pane.canvas.getBoundingClientRect();
    const place = pane.placeAt(screen.model.get("crosshair_mm"), event.clientX - left, event.clientY - top, true);
    this.tell({ at_mm: place.map((mm) => Math.round(mm * 10) / 10), pane: pane.name });
  }

  /** @param {Screen | null} screen the viewer on the screen */
  draw(screen) {
    for (const pane of screen?.panes ?? []) {
      const box = /** @type {HTMLElement} */ (pane.canvas.parentElement);
      box.querySelectorAll(".pointer").forEach((old) => old.remove());
      if (pane.image) continue;
      for (const { id, at_mm: mm, pane: name } of this.held.points) {
        if (name === pane.name && id !== this.held.me.id && onSlice(pane, mm)) box.append(ring(pane, mm, id));
      }
    }
  }
}

/** @param {Pane} pane @param {number[]} mm */
function onSlice({ lattice, slice }, mm) {
  return lattice !== null && Math.abs(toIndex(lattice.affine, mm)[lattice.view.through] - slice) <= 0.5 + 1e-6;
}

/** @param {Pane} pane @param {number[]} mm @param {string} id */
function ring(pane, mm, id) {
  const mark = make("span", "pointer", {}, make("i", ""), id);
  const [x, y] = pane.whereOnCanvas(mm);
  mark.style.left = `${x + pane.canvas.offsetLeft}px`;
  mark.style.top = `${y + pane.canvas.offsetTop}px`;
  return mark;
}
