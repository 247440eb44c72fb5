// @ts-check
// Key images: which view a still is taken of, and the list of those kept, each with a note to write.

import { textField } from "./asktext.js";
import { addButton, make } from "./panel.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./pane.js").Pane} Pane */
/** @typedef {{n: number, words: string, note: string}} Kept */

/** The view that a still is taken of, where the hand is on none: the enlarged one, else the one used last.
 * @template {{name: string}} P @param {P[]} panes @param {string} enlarged @param {P | null} used */
export function viewToKeep(panes, enlarged, used) {
  if (enlarged && used?.name !== enlarged) return panes.find(({ name }) => name === enlarged) ?? null;
  return used ?? panes[0] ?? null;
}

export class Stills {
  #shown = "";
  /** @type {Pane | null} */
  #used = null;

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    screen.panel.box.addEventListener("focusin", ({ target }) => {
      this.#used = screen.panes.find(({ canvas }) => canvas === target) ?? this.#used;
    });
  }

  /** @param {Pane | null} [pane] */
  keep(pane = viewToKeep(this.screen.panes, this.screen.model.get("enlarged"), this.#used)) {
    const { holding, model } = this.screen;
    if (!pane || !holding?.meta) return;
    const names = ["crosshair_mm", "hidden", "window", "beside_window"];
    const own = model.following ? null : Object.fromEntries(names.map((name) => [name, model.get(name)]));
    this.#send({ t: "keep", view: pane.name, image: holding.images[pane.image].role, own });
  }

  /** @param {Kept[] | undefined} kept */
  follow(kept = []) {
    const shown = JSON.stringify(kept);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const list = this.screen.panel.kept;
    const held = list.contains(document.activeElement) ? /** @type {HTMLInputElement} */ (document.activeElement) : null;
    list.replaceChildren(...kept.map((one) => this.#item(one)));
    if (!held) return;
    const again = /** @type {HTMLInputElement | null} */ (list.querySelector(`[data-key="${held.dataset.key}"]`));
    if (again) again.value = held.value; // another page may have kept one while a caption is being written here
    (again ?? list.querySelector("input"))?.focus(); // the button pressed is gone: stay in the list
  }

  /** @param {Kept} kept */
  #item({ n, words, note }) {
    const field = textField({ label: `Caption of ${words}`, hint: "Caption; no names, no numbers of a patient", longest: 200, text: note });
    field.dataset.key = `note ${n}`;
    field.addEventListener("change", () => this.#send({ t: "note", n, note: field.value }));
    const item = make("li", "", {}, make("span", "", {}, `kept: ${words}`), field);
    addButton(item, "×", { "aria-label": `Delete ${words}`, title: "Delete", "data-key": `delete ${n}` }, () => this.#send({ t: "unkeep", n }));
    return item;
  }

  /** @param {object} words */
  #send(words) {
    this.screen.model.send({ page: this.screen.holding?.page, ...words });
  }
}
