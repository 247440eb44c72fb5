// @ts-check
// What a view shows, and whether it goes along with Python and the other pages. While it does not, what the hand
// changes stays here: Python is asked for measurements and strokes as ever, but is told no place and no window.

/** @typedef {import("./store.js").Model} Model */

export class Following {
  following = true;
  /** @type {Record<string, any>} */
  #own = {};
  /** @type {Set<string>} */
  #changed = new Set();
  /** @type {{event: string, listener: (...given: any[]) => void, guarded: (...given: any[]) => void}[]} */
  #listeners = [];

  /** @param {Model} model @param {string[]} names of what may be a view's own */
  constructor(model, names) {
    this.model = model;
    this.names = names;
  }

  /** Go along from now on, or stay here and look round alone. @param {boolean} on */
  follow(on) {
    this.following = on;
    this.#own = on ? {} : Object.fromEntries(this.names.map((name) => [name, this.model.get(name)]));
    this.#tell(this.names);
  }

  /** @param {string} name */
  get(name) {
    return name in this.#own ? this.#own[name] : this.model.get(name);
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    if (!(name in this.#own)) {
      this.model.set(name, value);
      return;
    }
    this.#own[name] = value;
    this.#changed.add(name);
  }

  save_changes() {
    if (this.following) {
      this.model.save_changes();
      return;
    }
    const changed = [...this.#changed];
    this.#changed.clear();
    this.#tell(changed);
  }

  /** @param {object} content */
  send(content) {
    this.model.send(content);
  }

  /** @param {string} event @param {(...given: any[]) => void} listener */
  on(event, listener) {
    const guarded = (/** @type {any[]} */ ...given) => {
      if (this.following || !this.names.includes(event.replace("change:", ""))) listener(...given);
    };
    this.#listeners.push({ event, listener, guarded });
    this.model.on(event, guarded);
  }

  /** @param {string} event @param {(...given: any[]) => void} listener */
  off(event, listener) {
    for (const held of this.#listeners) {
      if (held.event === event && held.listener === listener) this.model.off(event, held.guarded);
    }
    this.#listeners = this.#listeners.filter((held) => held.event !== event || held.listener !== listener);
  }

  /** @param {string[]} names */
  #tell(names) {
    for (const { event, listener } of this.#listeners) if (names.includes(event.replace("change:", ""))) listener();
  }
}
