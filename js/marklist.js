// @ts-check
// The list of measurements and notes below the views.

import { addButton, make } from "./panel.js";

/** @typedef {import("./marks.js").Mark} Mark */

/** @param {HTMLElement} list @param {Mark[]} marks
 * @param {{go: (mark: Mark) => void, remove: (mark: Mark) => void}} on */
export function fillMarks(list, marks, on) {
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...marks.map((mark) => {
    const item = make("li", "", { value: String(mark.n) });
    const words = `${mark.kind === "note" ? "" : `${mark.kind} `}${mark.words.replaceAll("\n", ", ")}`;
    addButton(item, words, { title: "Go there" }, () => on.go(mark));
    addButton(item, "×", { "aria-label": `Delete ${mark.kind} ${mark.n}`, title: "Delete" }, () => on.remove(mark));
    return item;
  }));
  if (focused) list.querySelector("button")?.focus(); // the button pressed is gone: stay in the list
}
