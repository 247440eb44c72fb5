// @ts-check
// The viewers of a deck: each begins when its page is first looked at, for an image takes memory.

import { Screen } from "../screen.js";
import { withoutPython } from "../unattended.js";
import { StillModel, bytesOf } from "./stillmodel.js";

/** @typedef {import("./stillmodel.js").Told} Told */

export class Scenes {
  /** @type {Set<Element>} */
  #awake = new Set();

  /** @param {Told[]} told of each scene, by its number */
  constructor(told) {
    this.told = told;
  }

  /** Begin the viewers of a page. @param {Element} page */
  wake(page) {
    for (const place of page.querySelectorAll(".scene")) {
      if (this.#awake.has(place)) continue;
      this.#awake.add(place);
      this.#begin(/** @type {HTMLElement} */ (place));
    }
  }

  /** @param {HTMLElement} place */
  #begin(place) {
    const live = /** @type {HTMLElement} */ (place.querySelector(".live"));
    const model = new StillModel(this.told[Number(place.dataset.scene)], partOf);
    const screen = new Screen(model, live);
    withoutPython(screen);
    place.dataset.live = "on";
  }
}

/** @param {string} name @returns {Uint8Array<ArrayBuffer>} */
function partOf(name) {
  return bytesOf(document.getElementById(`part-${name}`)?.textContent ?? "");
}
