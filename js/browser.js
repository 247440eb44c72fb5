// @ts-check
// The study browser's entry: a card for each volume, and a list of what was left out. Python holds the study; a page
// says which volume was opened, and marks the one that Python or another page has open.

import { leftOutWords, linesOf, nameOf, nextOf } from "./browserwords.js";
import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {import("./browserwords.js").VolumeWords} VolumeWords */
/** @typedef {{volumes: VolumeWords[], left_out: import("./browserwords.js").LeftOut[], issues: string[]}} Study */
/** @typedef {import("./store.js").Model} Model */

class Browser {
  /** @type {HTMLButtonElement[]} */
  #cards = [];
  /** @type {Map<number, string>} addresses of the pictures that came */
  #pictures = new Map();
  #grid = make("div", "sr-cards", { role: "group", "aria-label": "Volumes" });
  #rest = make("div", "sr-rests");
  #status = make("p", "sr-words", { role: "status" });
  #follow = () => this.#mark();

  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-browser", { "aria-label": "Study", "data-lm-suppress-shortcuts": "true" },
      this.#status, this.#grid, this.#rest, make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.#grid.addEventListener("keydown", (event) => this.#press(event));
    model.on("change:chosen", this.#follow);
    this.talk = new Talk(model, (message, buffers) => this.#keep(message, buffers), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
    this.model.off("change:chosen", this.#follow);
    for (const address of this.#pictures.values()) URL.revokeObjectURL(address);
  }

  /** Say whether all has come: a kernel may be busy, and a message lost. @param {any} message @param {DataView[]} buffers */
  #keep(message, buffers) {
    if (message.t === "study" && !this.root.dataset.state) this.#build(message);
    if (message.t === "picture" && !this.#pictures.has(message.n)) this.#show(message.n, buffers[0]);
    if (!this.root.dataset.state || this.#pictures.size < this.#cards.length) return false;
    this.#status.textContent = "";
    this.root.dataset.state = "ready";
    return true;
  }

  /** @param {Study} study */
  #build(study) {
    this.root.dataset.state = "loading";
    this.#cards = study.volumes.map((volume, n) => this.#card(volume, n));
    if (!study.volumes.length) this.#grid.append(make("p", "", {}, "No volume of this study can be shown."));
    const reasons = study.left_out.map(({ reason, count }) => `${count} × ${reason}`);
    this.#list(leftOutWords(study.left_out), reasons);
    this.#list("To know", study.issues);
    this.#mark();
  }

  /** @param {VolumeWords} volume @param {number} n */
  #card(volume, n) {
    const card = addButton(this.#grid, "", { class: "sr-card", "aria-label": `Open ${nameOf(volume)}, ${linesOf(volume).join(", ")}` },
      () => this.talk.say({ t: "open", n }));
    const words = [make("b", "", {}, nameOf(volume)), ...linesOf(volume).map((line) => make("span", "", {}, line))];
    card.append(make("span", "sr-picture", {}), make("span", "sr-card-words", {}, ...words));
    return card;
  }

  /** @param {number} n @param {DataView} png */
  #show(n, png) {
    const address = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (png)], { type: "image/png" }));
    this.#pictures.set(n, address);
    this.#cards[n]?.querySelector(".sr-picture")?.append(make("img", "", { src: address, alt: "" }));
  }

  /** @param {string} title @param {string[]} lines */
  #list(title, lines) {
    if (!lines.length && title === "To know") return;
    this.#rest.append(lines.length
      ? make("details", "", { open: "" }, make("summary", "", {}, title), make("ul", "", {}, ...lines.map((line) => make("li", "", {}, line))))
      : make("p", "", {}, title));
  }

  #mark() {
    const chosen = this.model.get("chosen");
    this.#cards.forEach((card, n) => {
      card.setAttribute("aria-current", String(n === chosen));
    });
  }

  /** Enter and Space are a button's own. @param {KeyboardEvent} event */
  #press(event) {
    event.stopPropagation();
    const at = this.#cards.findIndex((card) => card === document.activeElement);
    const columns = this.#cards.filter((card) => card.offsetTop === this.#cards[0].offsetTop).length;
    const to = at < 0 ? null : nextOf(event.key, at, this.#cards.length, columns);
    if (to === null) return;
    event.preventDefault();
    this.#cards[to].focus();
  }
}

/** @param {{model: Model, el: HTMLElement}} given */
function render({ model, el }) {
  const browser = new Browser(model, el);
  return () => browser.close();
}

export default { render };
