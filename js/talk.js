// @ts-check
// How a page and Python talk where no pixels travel: the page asks until Python answers, and then hears what is said
// to it or to every page.

/** @typedef {import("./store.js").Model} Model */

const [PATIENCE_MS, LONGEST_MS] = [4000, 60000];

export class Talk {
  #page = Math.random().toString(36).slice(2);
  #wait = PATIENCE_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #receive = (/** @type {any} */ message) => this.#hear(message);

  /** @param {Model} model @param {(message: any) => void} hear @param {() => void} waiting Python has not answered yet */
  constructor(model, hear, waiting) {
    this.model = model;
    this.hear = hear;
    this.waiting = waiting;
    model.on("msg:custom", this.#receive);
    this.#ask();
  }

  /** @param {object} content */
  say(content) {
    this.model.send({ ...content, page: this.#page });
  }

  close() {
    clearTimeout(this.#timer);
    this.model.off("msg:custom", this.#receive);
  }

  #ask() {
    this.say({ t: "hello" });
    this.#timer = setTimeout(() => {
      this.waiting();
      this.#ask();
    }, this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_MS);
  }

  /** @param {any} message */
  #hear(message) {
    if (message.to && message.to !== this.#page) return;
    if (message.to) clearTimeout(this.#timer);
    this.hear(message);
  }
}
