// @ts-check
// The model of a viewer in a meeting. What the hand changes goes to everybody if I present; else it is mine alone, and I
// look freely until I follow again.

/** @typedef {{words: any, opening: Record<string, any>, files: string[]}} SceneData */
/** @typedef {(...given: any[]) => void} Listener */

export class RoomModel {
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  #values;
  /** @type {Set<string>} */
  #changed = new Set();

  /** @param {SceneData} scene @param {(changed: Record<string, any>) => void} moved by the hand on this page */
  constructor(scene, moved) {
    this.scene = scene;
    this.moved = moved;
    this.#values = { ...scene.opening };
  }

  /** All settings, by name. */
  get values() {
    return { ...this.#values };
  }

  /** @param {string} name */
  get(name) {
    return this.#values[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    if (JSON.stringify(this.#values[name]) === JSON.stringify(value)) return;
    this.#values[name] = value;
    this.#changed.add(name);
    this.#tell(`change:${name}`);
  }

  save_changes() {
    if (!this.#changed.size) return;
    const changed = Object.fromEntries([...this.#changed].map((name) => [name, this.#values[name]]));
    this.#changed.clear();
    this.moved(changed);
  }

  /** Show what the presenter shows; what they have not set is as the scene opens. @param {Record<string, any>} view */
  follow(view) {
    for (const [name, opening] of Object.entries(this.scene.opening)) this.set(name, view[name] ?? opening);
    this.#changed.clear();
  }

  /** @param {string} event @param {Listener} listener */
  on(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  /** @param {string} event @param {Listener} listener */
  off(event, listener) {
    this.#listeners.get(event)?.delete(listener);
  }

  /** Answer the viewer; measuring and stills are a notebook's work, and are not heard here. @param {any} content */
  send({ t, page, part }) {
    if (t === "hello") queueMicrotask(() => this.#tell("msg:custom", { t: "meta", to: page, ...this.scene.words }, []));
    else if (t === "part") this.#fetch(page, part);
  }

  /** What does not come is asked for again by the viewer itself. @param {string} page @param {number} part */
  async #fetch(page, part) {
    const answer = await fetch(`files/${this.scene.files[part]}`).catch(() => null);
    if (!answer?.ok) return;
    const data = new DataView(await answer.arrayBuffer());
    this.#tell("msg:custom", { t: "part", to: page, part }, [data]);
  }

  /** @param {string} event @param {any[]} given */
  #tell(event, ...given) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...given);
  }
}
