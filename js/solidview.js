// @ts-check
// The tumour in the round, coloured by margin, with its planes and the bone as a veil. Drawn by the processor, so
// that it needs no graphics card; on demand, and coarser while it turns.

import { directionLetters, dot, plus, times, unit } from "./geometry.js";
import { PLANE_COLOUR } from "./draw.js";
import { STANDS, blank, cameraOf, clear, drawPane, drawSolid, drawVeil, orbited, pack } from "./solid.js";
import { addButton, make } from "./panel.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./solid.js").Mesh} Mesh */

const SIZE = 360; // px
const BACKGROUND = pack([24, 27, 32], 1);
const BONE = [226, 220, 205];
const [BONE_OPACITY, BONE_BEFORE] = [0.34, 0.08];
const PLANE_OPACITY = 0.22;
const TURN = 0.01; // radians a pixel
const KEY_TURN = Math.PI / 24;

/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

export class SolidView {
  middle = [0, 0, 0];
  #radius = 50;
  /** @type {import("./solid.js").Camera | null} */
  #camera = null;
  #canvas = make("canvas", "", { width: String(SIZE), height: String(SIZE), tabindex: "0", role: "img", "aria-label": "Tumour in three dimensions, coloured by margin" });
  #letters = make("span", "sr-solid-letters");
  #frame = 0;
  #quick = false;

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    const stands = make("div", "sr-group", { role: "group", "aria-label": "Seen from" });
    for (const name of Object.keys(STANDS)) {
      addButton(stands, name[0].toUpperCase(), { "data-stand": name, title: `Seen from ${name}`, "aria-label": `Seen from ${name}` }, () => this.stand(name));
    }
    this.root = make("div", "sr-solid", {}, this.#canvas, this.#letters, stands);
    this.#listen();
  }

  /** @param {string} name a standard view */
  stand(name) {
    this.#camera = cameraOf(...STANDS[name], this.middle, SIZE / 2 / (1.5 * this.#radius));
    this.redraw();
  }

  redraw() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #listen() {
    const canvas = this.#canvas;
    /** @type {number[] | null} */
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      canvas.setPointerCapture(event.pointerId);
      last = [event.offsetX, event.offsetY];
    });
    canvas.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
      if (!last) return;
      this.#turn((x - last[0]) * TURN, (y - last[1]) * TURN, true);
      last = [x, y];
    });
    const stop = () => {
      if (last) this.#turn(0, 0, false);
      last = null;
    };
    canvas.addEventListener("pointerup", stop);
    canvas.addEventListener("pointercancel", stop);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (this.#camera) this.#camera.scale *= Math.exp(-Math.sign(event.deltaY) * 0.1);
      this.redraw();
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const steps = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
      if (!steps) return;
      event.preventDefault();
      event.stopPropagation();
      this.#turn(steps[0] * KEY_TURN, steps[1] * KEY_TURN, false);
    });
  }

  /** @param {number} dx @param {number} dy radians @param {boolean} quick */
  #turn(dx, dy, quick) {
    if (this.#camera) this.#camera = orbited(this.#camera, dx, dy);
    this.#quick = quick;
    this.redraw();
  }

  #draw() {
    this.#frame = 0;
    const { holding } = this.screen;
    const skin = holding?.skin;
    const context = this.#canvas.getContext("2d");
    if (!holding?.meta || !skin || !holding.complete || !context) return;
    if (!this.#camera) this.#settle(skin.vertices);
    const camera = /** @type {import("./solid.js").Camera} */ (this.#camera);
    const fine = this.#quick ? 2 : 1;
    const canvas = blank(SIZE / fine, SIZE / fine);
    const seen = { ...camera, scale: camera.scale / fine };
    clear(canvas, BACKGROUND);
    drawSolid(canvas, seen, { ...skin, colours: skin.shown.map(({ colour }) => rgb(colour)) });
    if (holding.bone) drawVeil(canvas, seen, { ...holding.bone, bands: null, colours: [BONE] }, BONE_OPACITY, BONE_BEFORE);
    for (const plane of holding.meta.planes) drawPane(canvas, seen, this.#corners(plane), rgb(PLANE_COLOUR), PLANE_OPACITY);
    const image = new ImageData(new Uint8ClampedArray(canvas.pixels.buffer), canvas.width, canvas.height);
    if (fine === 1) context.putImageData(image, 0, 0);
    else createImageBitmap(image).then((bitmap) => context.drawImage(bitmap, 0, 0, SIZE, SIZE));
    const sides = [["left", times(camera.right, -1)], ["right", camera.right], ["top", times(camera.down, -1)], ["bottom", camera.down]];
    this.#letters.replaceChildren(...sides.map(([side, direction]) =>
      make("b", "", { "data-side": String(side) }, directionLetters(/** @type {number[]} */ (direction)))));
  }

  /** The camera in front of the tumour. @param {Float32Array} vertices */
  #settle(vertices) {
    const count = vertices.length / 3;
    const sum = [0, 0, 0];
    for (let n = 0; n < vertices.length; n++) sum[n % 3] += vertices[n] / count;
    this.middle = sum;
    this.#radius = 0;
    for (let n = 0; n < vertices.length; n += 3) {
      const arm = plus([vertices[n], vertices[n + 1], vertices[n + 2]], sum, -1);
      this.#radius = Math.max(this.#radius, Math.sqrt(dot(arm, arm)));
    }
    this.#camera = cameraOf(...STANDS.anterior, this.middle, SIZE / 2 / (1.5 * this.#radius));
  }

  /** A plane's patch, or a square of it before the tumour. @param {import("./cuts.js").Plane} plane */
  #corners({ point_mm, normal, patch_mm }) {
    if (patch_mm) return patch_mm;
    const foot = plus(this.middle, normal, dot(plus(point_mm, this.middle, -1), normal));
    const least = [0, 1, 2].reduce((one, other) => (Math.abs(normal[other]) < Math.abs(normal[one]) ? other : one));
    const axis = [0, 1, 2].map((n) => Number(n === least));
    const u = unit(plus(axis, normal, -dot(axis, normal)));
    const v = [normal[1] * u[2] - normal[2] * u[1], normal[2] * u[0] - normal[0] * u[2], normal[0] * u[1] - normal[1] * u[0]];
    const half = 0.9 * this.#radius;
    return [[1, 1], [-1, 1], [-1, -1], [1, -1]].map(([a, b]) => plus(plus(foot, u, a * half), v, b * half));
  }
}
