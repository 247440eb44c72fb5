// @ts-check
// Steps of outlining on their way to Python: in order, one at a time, sent again until each is answered. Python takes
// a number once, so that a stroke is neither lost with a connection nor drawn twice.

const [PATIENCE_MS, LONGEST_MS] = [4000, 30000];

export class Outbox {
  /** The number of the last step that was answered. */
  done = 0;
  #count = 0;
  /** @type {{n: number, step: object}[]} */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wait = PATIENCE_MS;

  /** @param {(numbered: {n: number, step: object}) => void} send */
  constructor(send) {
    this.send = send;
  }

  /** @param {object} step @returns {number} by which its answer is known */
  add(step) {
    this.#waiting.push({ n: (this.#count += 1), step });
    if (this.#waiting.length === 1) this.#sendFirst();
    return this.#count;
  }

  /** @param {number} n that was answered */
  answered(n) {
    if (this.#waiting[0]?.n !== n) return;
    this.#waiting.shift();
    this.done = n;
    this.#wait = PATIENCE_MS;
    this.#sendFirst();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #sendFirst() {
    clearTimeout(this.#timer);
    if (!this.#waiting.length) return;
    this.send(this.#waiting[0]);
    this.#timer = setTimeout(() => {
      this.#wait = Math.min(LONGEST_MS, 2 * this.#wait);
      this.#sendFirst();
    }, this.#wait);
  }
}
