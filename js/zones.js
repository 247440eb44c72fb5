// @ts-check
// A drawn scheme to click on. Python draws the fields, holds what is chosen and says what it means; a page shows it and
// says which field was pressed.

import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";
import { fieldFrom } from "./zonekeys.js";

/** @typedef {import("./zonekeys.js").Shape} Shape */

// The parser of HTML knows the namespace of SVG, so that no address stands here.
const SVG = () => /** @type {Element} */ (new DOMParser().parseFromString("<svg></svg>", "text/html").body.firstElementChild).namespaceURI;

class Zones {
  /** @type {Shape[]} */
  #shapes = [];
  /** @type {Map<string, SVGElement>} */
  #fields = new Map();
  #words = make("p", "sr-zonewords", { role: "status" });
  #name = make("p", "sr-zonename", { "aria-hidden": "true" }, "\u00a0");
  #place = make("div", "sr-zoneplace");
  #note = make("p", "sr-zonenote");

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-zones", { "data-lm-suppress-shortcuts": "true" }, this.#words, this.#place, this.#name);
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => this.#press(event));
    this.clear = addButton(this.root, "Clear", {}, () => this.talk.say({ t: "clear" }));
    this.root.append(this.#note, make("p", "sr-purpose", {}, PURPOSE));
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#words.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t === "zones" && !this.#shapes.length) this.#build(message);
    if (!this.#shapes.length) return;
    this.#words.textContent = message.words;
    this.clear.disabled = !message.chosen.length;
    for (const [id, field] of this.#fields) field.setAttribute("aria-checked", String(message.chosen.includes(id)));
    this.root.dataset.state = "ready";
  }

  /** @param {{title: string, note: string, box: number[], shapes: Shape[], letters: {x: number, y: number, text: string}[]}} drawing */
  #build({ title, note, box, shapes, letters }) {
    this.#shapes = shapes;
    this.root.setAttribute("aria-label", title);
    this.#note.textContent = note;
    const picture = draw("svg", { viewBox: box.join(" "), role: "group", "aria-label": `${title}: arrow keys move, Space chooses` });
    for (const shape of shapes) picture.append(this.#field(shape));
    for (const { x, y, text } of letters) {
      const letter = draw("text", { x: String(x), y: String(y), "aria-hidden": "true" });
      letter.textContent = text;
      picture.append(letter);
    }
    this.#fields.get(shapes[0].id)?.setAttribute("tabindex", "0");
    this.#place.append(picture);
  }

  /** @param {Shape} shape */
  #field({ id, path, words }) {
    const field = draw("path", { d: path, role: "checkbox", "aria-label": words, "aria-checked": "false", tabindex: "-1", "data-id": id });
    field.addEventListener("click", () => this.#toggle(id));
    field.addEventListener("pointerenter", () => (this.#name.textContent = words));
    field.addEventListener("focus", () => (this.#name.textContent = words));
    this.#fields.set(id, field);
    return field;
  }

  /** @param {string} id */
  #toggle(id) {
    this.#goTo(id);
    this.talk.say({ t: "toggle", id });
  }

  /** @param {string} id */
  #goTo(id) {
    for (const [other, field] of this.#fields) field.setAttribute("tabindex", other === id ? "0" : "-1");
    this.#fields.get(id)?.focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    event.stopPropagation();
    const at = document.activeElement?.getAttribute("data-id");
    if (!at) return;
    const to = fieldFrom(this.#shapes, at, event.key);
    if (event.key === " " || event.key === "Enter") this.#toggle(at);
    else if (to) this.#goTo(to);
    else return;
    event.preventDefault();
  }
}

/** @param {string} tag @param {Record<string, string>} attributes */
function draw(tag, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG(), tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const zones = new Zones(model, el);
  return () => zones.close();
}

export default { render };
