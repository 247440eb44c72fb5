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
  #receive = (/** @type {any} */ message, /** @type {DataView[]} */ buffers) => this.#hear(message, buffers);

  /** @param {Model} model @param {(message: any, buffers: DataView[]) => boolean | void} hear false where more has to come before all is here
   * @param {() => void} waiting Python has not answered yet */
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

  /** @param {any} message @param {DataView[]} buffers */
  #hear(message, buffers) {
    if (message.to && message.to !== this.#page) return;
    if (this.hear(message, buffers) !== false && message.to) clearTimeout(this.#timer);
  }
}
