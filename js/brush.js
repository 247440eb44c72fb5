// @ts-check
// Drawing outlines by hand: what the pointer does becomes a step for Python, in mm. Until the answer comes the page
// shows the stroke as the path of its disc.

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./pane.js").Pane} Pane */
/** @typedef {import("./gestures.js").Phase} Phase */
/** @typedef {"brush" | "values" | "eraser" | "polygon" | "grow"} DrawTool */
/** A line on one slice of a pane; `n` is its step's number once it is sent.
 * @typedef {{pane: Pane, slice: number, points: number[][], radius: number, closed: boolean, erase: boolean, colour: string,
 *   n: number}} Stroke */

/** @type {DrawTool[]} */
export const DRAW_TOOLS = ["brush", "values", "eraser", "polygon", "grow"];
export const RADII_MM = [0.5, 30];
const STILL_PX = 2; // nearer points tell nothing new
const NEAR_PX = 9; // of its first corner a polygon closes
const MOST_POINTS = 2000;

/** @param {string} tool @returns {tool is DrawTool} */
export const isDrawing = (tool) => DRAW_TOOLS.some((known) => known === tool);

/** Two decimals of a mm: a message stays short, and no voxel is that small. @param {number[]} mm */
const short = (mm) => mm.map((value) => Math.round(100 * value) / 100);

export class Brush {
  segment = 0;
  radius = 6; // mm
  /** Low and high that the value brush and growing keep to. @type {number[]} */
  range = [0, 0];
  within = 40; // mm that growth reaches
  /** The index axis across the slices drawn on last. */
  axis = 0;
  /** @type {Stroke | null} */
  #current = null;
  #dragged = false;
  /** @type {Stroke[]} */
  #sent = [];
  #last = { x: 0, y: 0 };

  /** @param {Screen} screen @param {() => string} tool */
  constructor(screen, tool) {
    this.screen = screen;
    this.tool = tool;
  }

  /** What is drawn over a pane: what the hand is at, what is not answered yet. @returns {Stroke[]} */
  get strokes() {
    const done = this.screen.holding?.outbox?.done ?? 0;
    this.#sent = this.#sent.filter(({ n }) => n > done);
    return this.#current ? [...this.#sent, this.#current] : this.#sent;
  }

  /** Whether a polygon waits for its next corner. */
  get open() {
    return this.#current !== null && this.tool() === "polygon";
  }

  get #colour() {
    return this.screen.holding?.meta?.segments[this.segment]?.colour ?? "#fff";
  }

  /** The disc under the pointer. @param {Pane} pane */
  cursor(pane) {
    const { pointer } = this.screen;
    if (pointer?.pane !== pane || !["brush", "values", "eraser"].includes(this.tool()) || !this.#drawable(pane)) return null;
    return { x: pointer.x, y: pointer.y, radius: this.radius, colour: this.tool() === "eraser" ? "#fff" : this.#colour };
  }

  /** @param {Pane} pane */
  #drawable(pane) {
    return pane.image === 0 && pane.lattice !== null && pane.lattice.own;
  }

  drop() {
    this.#current = null;
    this.screen.redraw();
  }

  /** @param {Pane} pane @param {Phase} phase @param {number} x @param {number} y @param {boolean} [erase] */
  pointer(pane, phase, x, y, erase = false) {
    if (!this.#drawable(pane)) {
      if (phase === "down") this.screen.say("Outlines are drawn on the first image's own slices: axial, coronal or sagittal.");
      return;
    }
    if (phase === "down") this.screen.say("");
    const mm = pane.placeAt(this.screen.model.get("crosshair_mm"), x, y, true);
    const tool = this.tool();
    if (tool === "grow") {
      if (phase === "down") this.#send({ do: "grow", points: [short(mm)], values: this.range, within_mm: this.within });
    } else if (tool === "polygon") this.#corner(pane, phase, mm, x, y, erase);
    else this.#paint(pane, phase, mm, x, y, erase || tool === "eraser");
    this.screen.redraw();
  }

  /** Draw from the keyboard. @param {Pane} pane */
  atCrosshair(pane) {
    const [x, y] = pane.whereOnCanvas(this.screen.model.get("crosshair_mm"));
    this.pointer(pane, "down", x, y);
    this.#dragged = false;
    this.pointer(pane, "up", x, y);
  }

  /** @param {Pane} pane @param {boolean} erase @param {number} radius @returns {Stroke} */
  #begin(pane, erase, radius) {
    return { pane, slice: pane.slice, points: [], radius, closed: false, erase, colour: this.#colour, n: Infinity };
  }

  /** @param {Pane} pane @param {Phase} phase @param {number[]} mm @param {number} x @param {number} y @param {boolean} erase */
  #paint(pane, phase, mm, x, y, erase) {
    if (phase === "down") this.#current = this.#begin(pane, erase, this.radius);
    const stroke = this.#current;
    if (!stroke || stroke.pane !== pane) return;
    const moved = this.#moved(x, y);
    if (moved || phase === "down") stroke.points.push(mm);
    if (phase !== "up" && stroke.points.length < MOST_POINTS) return;
    const { points, radius } = stroke;
    const values = this.tool() === "values" ? this.range : null;
    this.#sendStroke({ do: "brush", axis: this.#axisOf(pane), points: points.map(short), radius_mm: radius, erase: stroke.erase, values });
    if (phase !== "up") this.#current = { ...stroke, points: [mm], n: Infinity };
  }

  /** Corners by clicks, or a line drawn freehand that closes where the hand lets go.
   * @param {Pane} pane @param {Phase} phase @param {number[]} mm @param {number} x @param {number} y @param {boolean} erase */
  #corner(pane, phase, mm, x, y, erase) {
    const elsewhere = this.#current?.pane !== pane || this.#current.slice !== pane.slice;
    if (phase === "down") {
      if (!this.#current || elsewhere) this.#current = this.#begin(pane, erase, 0);
      const first = this.#current.points[0];
      const [fx, fy] = first ? pane.whereOnCanvas(first) : [Infinity, Infinity];
      if (this.#current.points.length > 2 && Math.hypot(x - fx, y - fy) < NEAR_PX) this.close();
      else this.#current.points.push(mm);
      this.#dragged = false;
      this.#last = { x, y };
    } else if (!elsewhere && phase === "move" && this.#moved(x, y)) {
      this.#current?.points.push(mm);
      this.#dragged = true;
    } else if (phase === "up" && this.#dragged && (this.#current?.points.length ?? 0) > 2) this.close();
  }

  /** Close the polygon and send it. */
  close() {
    const stroke = this.#current;
    if (!stroke || stroke.points.length < 3) return;
    this.#axisOf(stroke.pane);
    stroke.closed = true;
    this.#sendStroke({ do: "polygon", points: stroke.points.map(short), erase: stroke.erase });
    this.screen.redraw();
  }

  /** Fill the slices between those outlined, across the axis drawn on last. */
  interpolate() {
    this.#send({ do: "interpolate", axis: this.axis });
  }

  /** @param {"undo" | "redo"} verb */
  step(verb) {
    if (this.open) this.drop();
    else this.screen.holding?.outbox?.add({ do: verb });
  }

  /** @param {number} factor */
  resize(factor) {
    this.radius = Math.min(RADII_MM[1], Math.max(RADII_MM[0], Math.round(2 * this.radius * factor) / 2 + (factor > 1 ? 0.5 : -0.5)));
    this.screen.redraw();
  }

  /** @param {number} x @param {number} y */
  #moved(x, y) {
    if (Math.hypot(x - this.#last.x, y - this.#last.y) < STILL_PX) return false;
    this.#last = { x, y };
    return true;
  }

  /** @param {Pane} pane */
  #axisOf(pane) {
    return (this.axis = pane.lattice?.view.through ?? 0);
  }

  /** @param {object} step */
  #sendStroke(step) {
    const stroke = /** @type {Stroke} */ (this.#current);
    stroke.n = this.#send(step);
    this.#sent.push(stroke);
    this.#current = null;
  }

  /** @param {object} step @returns {number} */
  #send(step) {
    return this.screen.holding?.outbox?.add({ ...step, segment: this.segment }) ?? 0;
  }
}
