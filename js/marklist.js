// @ts-check
// The list of measurements and notes below the views, and the line to write a note in.

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

/** Ask for the text of a note. @param {HTMLElement} place @param {(text: string) => void} written
 * @param {() => void} dropped */
export function writeNote(place, written, dropped) {
  const input = make("input", "", { type: "text", maxlength: "200", "aria-label": "Text of the note", placeholder: "Text of the note; no names, no numbers of a patient" });
  const form = make("form", "sr-note", {}, input, make("button", "", { type: "submit" }, "Pin"));
  const close = (/** @type {() => void} */ then) => {
    form.remove();
    then();
  };
  addButton(form, "Cancel", {}, () => close(dropped));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    close(text ? () => written(text) : dropped);
  });
  form.addEventListener("keydown", (event) => {
    event.stopPropagation(); // letters are text here, not tools
    if (event.key === "Escape") close(dropped);
  });
  place.replaceChildren(form);
  input.focus();
}
