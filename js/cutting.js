// @ts-check
// Dragging the planes of a plan: the page moves its own copy at once and tells Python as fast as Python answers.

import { handlesOf, shifted, tilted } from "./handles.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./pane.js").Pane} Pane */
/** @typedef {import("./cuts.js").Plane} Plane */
/** @typedef {import("./handles.js").Grip} Grip */
/** @typedef {{pane: Pane, before: Plane, grip: Grip, middle: number[], from: number[]}} Held */

const REACH_PX = 11;
const PATIENCE_MS = 400; // a live answer that does not come is not waited for longer

export class Cutting {
  /** @type {Held | null} */
  held = null;
  #count = 0;
  #asked = -Infinity;
  /** @type {object | null} */
  #answered = null;

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
  }

  /** @param {Pane} pane @param {import("./gestures.js").Phase} phase @param {number} x @param {number} y */
  pointer(pane, phase, x, y) {
    if (phase === "down") this.held = this.#under(pane, x, y);
    if (!this.held || this.held.pane !== pane || !pane.lattice) return;
    const to = pane.placeAt(this.screen.model.get("crosshair_mm"), x, y, true);
    const { before, grip, middle, from } = this.held;
    const now = grip === "tilt" ? tilted(pane.lattice, before, middle, from, to) : shifted(pane.lattice, before, from, to);
    if (phase === "down") return;
    this.show(now);
    this.tell(now, phase === "up");
    if (phase === "up") this.held = null;
  }

  /** What lies under the pointer. @param {Pane} pane @param {number} x @param {number} y @returns {Held | null} */
  #under(pane, x, y) {
    const { holding, model } = this.screen;
    const from = pane.placeAt(model.get("crosshair_mm"), x, y, true);
    const apart = (/** @type {number[]} */ mm) => {
      const [px, py] = pane.whereOnCanvas(mm);
      return Math.hypot(px - x, py - y);
    };
    /** @type {Held | null} */
    let best = null;
    let least = REACH_PX;
    for (const plane of holding?.meta?.planes ?? []) {
      const handles = pane.lattice && handlesOf(pane.lattice, pane.slice, plane);
      if (!handles) continue;
      const places = [["shift", handles.middle], ["tilt", handles.ends[0]], ["tilt", handles.ends[1]]];
      for (const [grip, place] of /** @type {[Grip, number[]][]} */ (places)) {
        if (apart(place) >= least) continue;
        least = apart(place);
        best = { pane, before: plane, grip, middle: handles.middle, from };
      }
    }
    return best;
  }

  /** Draw a plane where the hand has it, before Python has heard. @param {Plane} plane */
  show(plane) {
    const meta = this.screen.holding?.meta;
    if (!meta) return;
    meta.planes = meta.planes.map((known) => (known.name === plane.name ? plane : known));
    this.screen.redraw();
  }

  /** @param {Plane} plane @param {boolean} done let go: a step of its own */
  tell(plane, done) {
    const { holding, model } = this.screen;
    const waiting = this.#answered === (holding?.live ?? null) && performance.now() < this.#asked + PATIENCE_MS;
    if (!done && waiting) return;
    this.#answered = holding?.live ?? null;
    this.#asked = performance.now();
    const { name, point_mm, normal, kerf_mm } = plane;
    model.send({ t: "pose", page: holding?.page, n: (this.#count += 1), plane: { name, point_mm, normal, kerf_mm }, done });
  }
}
