// @ts-check
// Placing a measurement or a note, by clicks, by one drag, or by keys at the crosshair.

import { askText } from "./asktext.js";
import { KINDS, POINTS, draftPoints, finished, measuredPoints } from "./marks.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./pane.js").Pane} Pane */
/** @typedef {import("./gestures.js").Tool} Tool */
/** @typedef {import("./gestures.js").Phase} Phase */
/** @typedef {import("./marks.js").Draft & {pane: Pane, n: number}} Placed */

const STILL_PX = 4; // a pointer that moves less has clicked, not dragged
const PATIENCE_MS = 500;

export class Placing {
  /** @type {Placed | null} */
  draft = null;
  #count = 0;
  /** @type {object | null} the answer seen when the last question was asked */
  #answered = null;
  #asked = -Infinity;
  #pressed = { x: 0, y: 0 };

  /** @param {Screen} screen @param {() => Tool} tool */
  constructor(screen, tool) {
    this.screen = screen;
    this.tool = tool;
  }

  get #crosshair() {
    return this.screen.model.get("crosshair_mm");
  }

  drop() {
    this.draft = null;
    this.screen.panel.writing.replaceChildren();
    this.screen.redraw();
  }

  /** @param {Pane} pane @param {Phase} phase @param {number} x @param {number} y */
  pointer(pane, phase, x, y) {
    const mm = pane.placeAt(this.#crosshair, x, y, true);
    const dragged = Math.hypot(x - this.#pressed.x, y - this.#pressed.y) > STILL_PX;
    if (phase === "down") {
      this.#pressed = { x, y };
      this.#place(pane, mm);
    } else if (phase === "up" && dragged && this.draft?.points.length) {
      this.#place(pane, mm); // the end of a drag is a point of its own
    } else if (phase === "move" && this.draft?.pane === pane && !finished(this.draft)) {
      this.draft.hover = mm;
      this.#askMeanwhile(this.draft);
      this.screen.redraw();
    }
  }

  /** @param {Pane} pane */
  atCrosshair(pane) {
    if (!KINDS.some((kind) => kind === this.tool())) return;
    this.#place(pane, pane.placeAt(this.#crosshair, ...pane.whereOnCanvas(this.#crosshair), true));
  }

  /** @param {Pane} pane @param {number[]} mm */
  #place(pane, mm) {
    const image = this.screen.holding?.images[pane.image];
    if (!pane.lattice || !image) return;
    const { right, down } = pane.lattice.view;
    if (this.draft?.pane !== pane || finished(this.draft)) {
      const kind = /** @type {import("./marks.js").MarkKind} */ (this.tool());
      this.draft = { kind, pane, image: image.role, right, down, points: [], hover: null, n: (this.#count += 1) };
    }
    this.draft.points.push(mm);
    this.draft.hover = null;
    if (finished(this.draft)) this.#finish(this.draft);
    this.screen.redraw();
  }

  /** @param {Placed} draft */
  #finish(draft) {
    if (draft.kind !== "note") {
      this.#send("mark", draft, measuredPoints(draft, draft.points));
      this.draft = null;
      return;
    }
    const about = { label: "Text of the note", hint: "Text of the note; no names, no numbers of a patient", longest: 200, verb: "Pin" };
    askText(this.screen.panel.writing, about, (text) => {
      this.#send("mark", draft, draft.points, text);
      this.drop();
      draft.pane.canvas.focus();
    }, () => this.drop());
  }

  /** Ask for the number of what is not yet placed, one question at a time. @param {Placed} draft */
  #askMeanwhile(draft) {
    const waiting = this.#answered === this.screen.holding?.draft && performance.now() < this.#asked + PATIENCE_MS;
    if (waiting || draft.points.length + 1 < POINTS[draft.kind]) return;
    this.#answered = this.screen.holding?.draft ?? null;
    this.#asked = performance.now();
    this.#send("draft", draft, draftPoints(draft));
  }

  /** @param {"mark" | "draft"} t @param {Placed} draft @param {number[][]} points @param {string} [text] */
  #send(t, { kind, image, n }, points, text = "") {
    this.screen.model.send({ t, page: this.screen.holding?.page, n, mark: { kind, image, points, text } });
  }
}
