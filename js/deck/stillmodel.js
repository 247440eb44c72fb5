// @ts-check
// The model of a viewer that stands in a file: what Python would hold in a notebook lies in the page itself. Settings
// change here and nowhere else; the images are answered from the file; what only Python can do is not heard.

/** @typedef {{words: object, opening: Record<string, any>, parts: string[]}} Told */
/** @typedef {(...given: any[]) => void} Listener */

/** Base64 to bytes. @param {string} text */
export function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) bytes[n] = letters.charCodeAt(n);
  return bytes;
}

/** The little of a widget model that a viewer uses (`Model` in store.js). */
export class StillModel {
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  #values;

  /** @param {Told} told @param {(name: string) => Uint8Array<ArrayBuffer>} fetch a part, as it travels */
  constructor(told, fetch) {
    this.told = told;
    this.fetch = fetch;
    this.#values = { ...told.opening };
  }

  /** @param {string} name */
  get(name) {
    return this.#values[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    if (JSON.stringify(this.#values[name]) === JSON.stringify(value)) return;
    this.#values[name] = value;
    this.#tell(`change:${name}`);
  }

  save_changes() {
    // Nobody else is to be told.
  }

  /** @param {string} event @param {Listener} listener */
  on(event, listener) {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  /** @param {string} event @param {Listener} listener */
  off(event, listener) {
    this.#listeners.get(event)?.delete(listener);
  }

  /** Answer what a page asks; not before it is done asking. @param {any} content */
  send({ t, page, part }) {
    if (t === "hello") queueMicrotask(() => this.#tell("msg:custom", { t: "meta", to: page, ...this.told.words }, []));
    else if (t === "part" && this.told.parts[part]) setTimeout(() => this.#part(page, part));
  }

  /** @param {string} page @param {number} part */
  #part(page, part) {
    const data = new DataView(this.fetch(this.told.parts[part]).buffer);
    this.#tell("msg:custom", { t: "part", to: page, part }, [data]);
  }

  /** @param {string} event @param {any[]} given */
  #tell(event, ...given) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...given);
  }
}
