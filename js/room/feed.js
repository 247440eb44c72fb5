// @ts-check
// The feed of a meeting, down only: one stream where there is one, else entry by entry.

/** @typedef {{n: number, messages: any[]}} Entry */

const AGAIN_MS = 1000;
const STREAM_FAILURES = 2;

export class Feed {
  /** Number of the last entry that was heard. */
  number = 0;
  /** @type {"stream" | "entries"} */
  way = "stream";
  #failures = 0;
  #ended = false;

  /** @param {(entry: Entry) => void} hear @param {(why: string) => void} end */
  constructor(hear, end) {
    this.hear = hear;
    this.end = end;
    this.#stream();
  }

  #stream() {
    const source = new EventSource("stream");
    source.addEventListener("message", ({ data }) => {
      this.#failures = 0;
      this.#take(JSON.parse(data));
    });
    source.addEventListener("error", async () => {
      source.close(); // whether the link still opens is asked before it is tried again
      this.#failures += 1;
      if (!(await this.#isOpen())) return;
      if (this.#failures > STREAM_FAILURES) this.#entries();
      else setTimeout(() => this.#stream(), AGAIN_MS * Math.random());
    });
  }

  /** Without a stream: where to begin, and then each entry as it comes. */
  async #entries() {
    this.way = "entries";
    this.number = 0;
    while (!this.#ended) {
      const answer = await fetch(this.number ? String(this.number + 1) : "latest", { cache: "no-store" }).catch(() => null);
      if (answer?.status === 200) this.#take(await answer.json());
      else if (answer?.status === 204) this.hear({ n: this.number, messages: [] });
      else if (answer?.status === 401) this.#over();
      else {
        this.number = 0;
        await new Promise((done) => setTimeout(done, AGAIN_MS * (1 + Math.random())));
      }
    }
  }

  /** @param {Entry} entry */
  #take(entry) {
    this.number = entry.n ?? this.number;
    this.hear(entry);
  }

  /** Whether the link still opens, or nobody can say. */
  async #isOpen() {
    const answer = await fetch("latest", { cache: "no-store" }).catch(() => null);
    if (answer?.status === 401) this.#over();
    return !this.#ended;
  }

  #over() {
    this.#ended = true;
    this.end("This listening link has ended. Ask whoever runs the meeting for another.");
  }
}
