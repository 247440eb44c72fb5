// @ts-check
// Surfaces drawn by the processor alone, seen in parallel along any direction: no graphics card is asked for, so it
// looks alike on every machine. Nearest first by a depth for each pixel; what is translucent is blended once.

import { cross, dot, plus, times, unit } from "./geometry.js";

/** @typedef {import("./geometry.js").Triple} Triple */
/** Unit vectors right and down on the screen and into it, the place in the middle (LPS mm), pixels per mm.
 * @typedef {{right: Triple, down: Triple, into: Triple, middle: number[], scale: number}} Camera */
/** Corners in LPS mm, three numbers each; the number of each corner of each face, counter-clockwise from outside;
 * a band for each corner, and red, green, blue of each band. A face has the least band of its corners.
 * @typedef {{vertices: Float32Array, faces: Uint32Array, bands: Uint8Array | null, colours: number[][]}} Mesh */
/** @typedef {{width: number, height: number, pixels: Uint32Array, depth: Float32Array}} Canvas */

const AMBIENT = 0.32;

/** @param {number} width @param {number} height @returns {Canvas} */
export function blank(width, height) {
  return { width, height, pixels: new Uint32Array(width * height), depth: new Float32Array(width * height) };
}

/** Which way the patient is seen from. @type {Record<string, [Triple, Triple]>} right and down on the screen */
export const STANDS = {
  anterior: [[1, 0, 0], [0, 0, -1]],
  posterior: [[-1, 0, 0], [0, 0, -1]],
  left: [[0, 1, 0], [0, 0, -1]],
  right: [[0, -1, 0], [0, 0, -1]],
  superior: [[-1, 0, 0], [0, 1, 0]],
  inferior: [[1, 0, 0], [0, 1, 0]],
};

/** @param {Triple} right @param {Triple} down @param {number[]} middle @param {number} scale @returns {Camera} */
export function cameraOf(right, down, middle, scale) {
  return { right, down, into: cross(right, down), middle, scale };
}

/** The camera after a drag: to the right turns about the screen's vertical, down about its horizontal.
 * @param {Camera} camera @param {number} dx @param {number} dy radians @returns {Camera} */
export function orbited(camera, dx, dy) {
  const right = plus(times(camera.right, Math.cos(dx)), camera.into, Math.sin(dx));
  const into = plus(times(camera.into, Math.cos(dx)), camera.right, -Math.sin(dx));
  const down = plus(times(camera.down, Math.cos(dy)), into, Math.sin(dy));
  const upright = unit(plus(down, right, -dot(down, right)));
  return cameraOf(unit(right), upright, camera.middle, camera.scale);
}

/** @param {Canvas} canvas @param {number} colour red, green, blue and opacity as a canvas stores them */
export function clear({ pixels, depth }, colour) {
  pixels.fill(colour);
  depth.fill(Infinity);
}

/** Draw a closed surface that hides what lies behind it. @param {Canvas} canvas @param {Camera} camera @param {Mesh} mesh */
export function drawSolid(canvas, camera, mesh) {
  const { pixels, depth } = canvas;
  eachFacing(canvas, camera, mesh, (at, deep, colour) => {
    if (deep >= depth[at]) return;
    depth[at] = deep;
    pixels[at] = colour;
  });
}

/** Draw a surface through which one sees, its nearest side alone; thinner before what is solid, so that the colours
 * there stay those of the legend. @param {Canvas} canvas @param {Camera} camera @param {Mesh} mesh
 * @param {number} opacity @param {number} [before] opacity before a solid */
export function drawVeil(canvas, camera, mesh, opacity, before = opacity) {
  const near = new Float32Array(canvas.depth.length).fill(Infinity);
  const veil = new Uint32Array(near.length);
  eachFacing(canvas, camera, mesh, (at, deep, colour) => {
    if (deep >= near[at]) return;
    near[at] = deep;
    veil[at] = colour;
  });
  for (let at = 0; at < near.length; at++) {
    const deep = canvas.depth[at];
    if (near[at] < deep) canvas.pixels[at] = blended(canvas.pixels[at], veil[at], deep < Infinity ? before : opacity);
  }
}

/** Draw a flat convex polygon through which one sees, from either side. @param {Canvas} canvas @param {Camera} camera
 * @param {number[][]} corners LPS mm @param {number[]} colour @param {number} opacity */
export function drawPane(canvas, camera, corners, colour, opacity) {
  const seen = corners.map((corner) => project(canvas, camera, corner));
  const packed = pack(colour, 1);
  const painted = new Uint8Array(canvas.depth.length); // triangles share edges, and a pixel on one is blended once
  for (let n = 1; n + 1 < seen.length; n++) {
    fill(canvas, seen[0], seen[n], seen[n + 1], (at, deep) => {
      if (painted[at] || deep >= canvas.depth[at]) return;
      painted[at] = 1;
      canvas.pixels[at] = blended(canvas.pixels[at], packed, opacity);
    });
  }
}

/** @param {{width: number, height: number}} canvas @param {Camera} camera @param {number[]} mm @returns {Triple} */
export function project({ width, height }, { right, down, into, middle, scale }, mm) {
  const from = plus(mm, middle, -1);
  return [width / 2 + scale * dot(from, right), height / 2 + scale * dot(from, down), dot(from, into)];
}

/** @param {Canvas} canvas @param {Camera} camera @param {Mesh} mesh
 * @param {(at: number, deep: number, colour: number) => void} paint */
function eachFacing(canvas, camera, { vertices, faces, bands, colours }, paint) {
  const seen = new Float32Array(vertices.length);
  for (let n = 0; n < vertices.length; n += 3) {
    seen.set(project(canvas, camera, [vertices[n], vertices[n + 1], vertices[n + 2]]), n);
  }
  const corner = (/** @type {number} */ n) => /** @type {Triple} */ ([seen[3 * n], seen[3 * n + 1], seen[3 * n + 2]]);
  for (let face = 0; face < faces.length; face += 3) {
    const [p, q, r] = [faces[face], faces[face + 1], faces[face + 2]];
    const [a, b, c] = [corner(p), corner(q), corner(r)];
    const [one, other] = [plus(b, a, -1), plus(c, a, -1)];
    const normal = cross([one[0], one[1], one[2] * camera.scale], [other[0], other[1], other[2] * camera.scale]);
    if (normal[2] >= 0) continue; // it faces away: y runs down and z into the screen
    const light = AMBIENT + (1 - AMBIENT) * (-normal[2] / Math.sqrt(dot(normal, normal)));
    const colour = pack(colours[bands ? Math.min(bands[p], bands[q], bands[r]) : 0], light);
    fill(canvas, a, b, c, (at, deep) => paint(at, deep, colour));
  }
}

/** Every pixel whose centre lies in a triangle, with its depth.
 * @param {{width: number, height: number}} canvas @param {Triple} a @param {Triple} b @param {Triple} c
 * @param {(at: number, deep: number) => void} paint */
function fill({ width, height }, a, b, c, paint) {
  const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  if (area === 0) return;
  const low = (/** @type {number} */ axis) => Math.max(0, Math.ceil(Math.min(a[axis], b[axis], c[axis]) - 0.5));
  const high = (/** @type {number} */ axis, /** @type {number} */ size) =>
    Math.min(size - 1, Math.floor(Math.max(a[axis], b[axis], c[axis]) - 0.5));
  const [x0, x1, y0, y1] = [low(0), high(0, width), low(1), high(1, height)];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const u = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) / area;
      const v = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) / area;
      const w = 1 - u - v;
      if (u >= 0 && v >= 0 && w >= 0) paint(y * width + x, u * a[2] + v * b[2] + w * c[2]);
    }
  }
}

/** @param {number[]} colour @param {number} light */
export function pack([red, green, blue], light) {
  return (255 << 24 | Math.round(blue * light) << 16 | Math.round(green * light) << 8 | Math.round(red * light)) >>> 0;
}

/** @param {number} under @param {number} over @param {number} opacity */
function blended(under, over, opacity) {
  const mix = (/** @type {number} */ shift) =>
    Math.round(((under >>> shift) & 255) * (1 - opacity) + ((over >>> shift) & 255) * opacity) << shift;
  return (255 << 24 | mix(16) | mix(8) | mix(0)) >>> 0;
}
