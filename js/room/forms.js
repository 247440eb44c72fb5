// @ts-check
// Small forms: fields with their labels, and one button that says what became of it.

import { make } from "../panel.js";

/** @typedef {{label: string, kind: "line" | "text" | "choice" | "date" | "number" | "tick", value?: string, choices?: [string, string][],
 *   needed?: boolean, longest?: number}} Field */

/** @param {Field} field */
function input({ kind, value = "", choices = [], needed, longest = 400 }) {
  if (kind === "choice") {
    const select = make("select", "");
    for (const [key, words] of choices) select.append(make("option", "", { value: key }, words));
    select.value = value || choices[0]?.[0] || "";
    return select;
  }
  const shape = { line: "text", date: "date", number: "number", tick: "checkbox" };
  const element = kind === "text" ? make("textarea", "", { rows: "2" }) : make("input", "", { type: shape[kind] });
  if (kind !== "tick") element.value = value;
  if (kind === "line" || kind === "text") element.maxLength = longest;
  element.required = Boolean(needed);
  return element;
}

/**
 * A form; what it gives is told by the fields' names, null where nothing was entered.
 * @param {string} title @param {Record<string, Field>} fields @param {string} action what the button says
 * @param {(values: Record<string, any>) => Promise<string>} send gives what to say once it is kept
 */
export function form(title, fields, action, send) {
  const inputs = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, Object.assign(input(field), { name })]));
  const said = make("p", "said", { role: "status" });
  const button = make("button", "main", { type: "submit" }, action);
  const labels = Object.entries(fields).map(([name, { label, kind }]) =>
    make("label", kind === "tick" ? "box" : "", {}, make("span", "", {}, label), inputs[name]));
  const box = make("form", "", { "aria-label": title }, ...(title ? [make("h3", "", {}, title)] : []), ...labels, button, said);
  box.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLElement) target.dataset.typed = "on";
  });
  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "";
    const typed = Object.values(inputs).filter((each) => each.dataset.typed);
    for (const each of typed) delete each.dataset.typed; // what is kept is no draft
    try {
      said.textContent = await send(values(inputs));
      said.className = "said";
    } catch (refusal) {
      for (const each of typed) each.dataset.typed = "on";
      said.textContent = whyOf(refusal);
      said.className = "said refused";
    }
    button.disabled = false;
  });
  return box;
}

/** @param {Record<string, HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>} inputs */
function values(inputs) {
  return Object.fromEntries(Object.entries(inputs).map(([name]) => {
    const element = inputs[name];
    if (element instanceof HTMLInputElement && element.type === "checkbox") return [name, element.checked];
    const text = element.value.trim();
    return [name, text === "" ? null : element.type === "number" ? Number(text) : text];
  }));
}

/** Why something was not done. @param {any} refusal */
export const whyOf = (refusal) => refusal?.why ?? "That did not work; nothing was kept.";

/** A button for one act without words. @param {string} text @param {() => Promise<any>} act @param {Record<string, string>} [attributes] */
export function act(text, act, attributes = {}) {
  const button = make("button", "", { type: "button", ...attributes }, text);
  const said = make("span", "said refused", { role: "alert" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.remove();
    try {
      await act();
    } catch (refusal) {
      said.textContent = whyOf(refusal);
      button.after(said);
    }
    button.disabled = false;
  });
  return button;
}

/** Draw a part of the page anew where what it shows has changed; what somebody has typed in it, has opened, or has the
 * focus on is found again in the new one.
 * @param {HTMLElement} place @param {unknown} shown @param {() => (Node | string)[]} draw */
export function redrawn(place, shown, draw) {
  const key = JSON.stringify(shown);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const before = named(place);
  const focus = [...before].find(([, element]) => element === document.activeElement)?.[0];
  const from = /** @type {any} */ (document.activeElement);
  const caret = focus && "selectionStart" in from ? [from.selectionStart, from.selectionEnd] : null;
  place.replaceChildren(...draw());
  const after = named(place);
  for (const [name, element] of before) carry(element, after.get(name));
  const again = /** @type {any} */ (focus && after.get(focus));
  again?.focus({ preventScroll: true });
  if (caret && caret[0] !== null) again?.setSelectionRange?.(...caret);
}

/** What can be typed in, pressed or opened, by its place in words. @param {HTMLElement} place @returns {Map<string, any>} */
function named(place) {
  const found = new Map();
  for (const element of place.querySelectorAll("input, textarea, select, button, details, summary")) {
    const heading = element.closest("details")?.querySelector("summary")?.textContent;
    const own = element.getAttribute("name") ?? (element instanceof HTMLDetailsElement ? "" : element.textContent);
    const words = [element.tagName, element.closest("li")?.querySelector("b, span")?.textContent, heading, own];
    const name = JSON.stringify(words);
    if (!found.has(name)) found.set(name, element);
  }
  return found;
}

/** @param {any} old @param {any} now */
function carry(old, now) {
  if (!now) return;
  if (old instanceof HTMLDetailsElement) now.open = old.open;
  if (!old.dataset.typed) return;
  now[old.type === "checkbox" ? "checked" : "value"] = old[old.type === "checkbox" ? "checked" : "value"];
  now.dataset.typed = "on";
}
