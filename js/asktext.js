// @ts-check
// A line of text asked for on the page: a segment's name, a note, a caption.

import { addButton, make } from "./panel.js";

/** Letters typed here are text, not tools. @param {HTMLElement} element */
export function keepKeys(element) {
  element.addEventListener("keydown", (event) => event.stopPropagation());
}

/** A field for a line of text that others will read.
 * @param {{label: string, hint: string, longest: number, text?: string}} about */
export function textField({ label, hint, longest, text = "" }) {
  const field = make("input", "", { type: "text", maxlength: String(longest), "aria-label": label, placeholder: hint });
  field.value = text;
  keepKeys(field);
  return field;
}

/** Ask for a line; Enter or the button gives it, Escape or Cancel drops it, and so does an empty one.
 * @param {HTMLElement} place @param {Parameters<typeof textField>[0] & {verb: string}} about
 * @param {(text: string) => void} given @param {() => void} [dropped] */
export function askText(place, { verb, ...about }, given, dropped = () => {}) {
  const field = textField(about);
  const form = make("form", "sr-note", {}, field, make("button", "", { type: "submit" }, verb));
  const close = (/** @type {() => void} */ then) => {
    form.remove();
    then();
  };
  addButton(form, "Cancel", {}, () => close(dropped));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    close(text ? () => given(text) : dropped);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(dropped);
    event.stopPropagation();
  }, true);
  place.replaceChildren(form);
  field.focus();
  field.select();
}

/** Ask whether something that cannot be undone is meant.
 * @param {HTMLElement} place @param {string} question @param {string} verb @param {() => void} meant */
export function askWhether(place, question, verb, meant) {
  const form = make("div", "sr-note", { role: "alertdialog", "aria-label": question }, make("span", "", {}, question));
  addButton(form, verb, {}, () => {
    form.remove();
    meant();
  });
  addButton(form, "Cancel", {}, () => form.remove()).focus();
  keepKeys(form);
  place.replaceChildren(form);
  form.querySelectorAll("button")[1]?.focus();
}
