// @ts-check
// Measurements and notes as a hand places them, point by point. What they measure is computed in Python.

import { dot, plus, times, toIndex } from "./geometry.js";

/** @typedef {import("./geometry.js").Triple} Triple */
/** @typedef {import("./views.js").Lattice} Lattice */
/** @typedef {"length" | "angle" | "ellipse" | "rectangle" | "note"} MarkKind */
/** As Python tells it: points in LPS mm; a region has its middle and its two half axes.
 * @typedef {{n: number, kind: MarkKind, image: string, points: number[][], words: string, place: number[]}} Mark */
/** @typedef {{kind: MarkKind, image: string, right: Triple, down: Triple, points: number[][], hover: number[] | null}} Draft */
/** What is drawn: its line in (horizontal, vertical) index, x and y in turn, and where its words stand.
 * @typedef {{line: number[][], closed: boolean, dots: number[][], words: string, pinned: boolean}} Drawn */

/** @type {Record<MarkKind, number>} */
export const POINTS = { length: 2, angle: 3, ellipse: 2, rectangle: 2, note: 1 };
export const KINDS = /** @type {MarkKind[]} */ (Object.keys(POINTS));
const ROUND = 64; // corners of a drawn ellipse
const NEAR = 0.75; // slices: a mark further from the slice shown is not drawn

/** @param {Draft} draft */
export const finished = (draft) => draft.points.length >= POINTS[draft.kind];

/** The points that Python measures: those of a region are its middle and its half axes along the screen.
 * @param {Draft} draft @param {number[][]} points as placed */
export function measuredPoints({ kind, right, down }, points) {
  if (kind !== "ellipse" && kind !== "rectangle") return points;
  const [from, to] = points;
  const half = times(plus(to, from, -1), 0.5);
  return [plus(from, half), times(right, dot(half, right)), times(down, dot(half, down))];
}

/** What is placed so far, with the place under the pointer. @param {Draft} draft */
export function draftPoints(draft) {
  const placed = draft.hover && !finished(draft) ? [...draft.points, draft.hover] : draft.points;
  return placed.length < 2 ? placed : measuredPoints(draft, placed);
}

/**
 * What a mark looks like on a slice, or null where it does not lie there.
 * @param {{kind: MarkKind, points: number[][], words: string}} mark @param {Lattice} lattice @param {number} slice
 * @returns {Drawn | null}
 */
export function drawnMark({ kind, points, words }, { affine, view }, slice) {
  const region = (kind === "ellipse" || kind === "rectangle") && points.length === 3;
  const places = region ? rim(kind, points) : points;
  const found = places.map((mm) => toIndex(affine, mm));
  if (found.some((index) => Math.abs(index[view.through] - slice) > NEAR)) return null;
  const line = found.map((index) => [index[view.horizontal], index[view.vertical]]);
  return { line, closed: region, dots: region ? [] : line, words, pinned: kind === "note" };
}

/** @param {MarkKind} kind @param {number[][]} points */
function rim(kind, [middle, across, along]) {
  if (kind === "rectangle") return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([a, b]) => plus(plus(middle, across, a), along, b));
  return Array.from({ length: ROUND }, (_, n) => {
    const turn = (2 * Math.PI * n) / ROUND;
    return plus(plus(middle, across, Math.cos(turn)), along, Math.sin(turn));
  });
}
