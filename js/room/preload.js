// @ts-check
// Images come before they are asked for: while people gather, every published case is fetched into the browser's own
// store, coarse previews first. Nothing is kept here but names.

/** @typedef {import("./held.js").Held} Held */
/** @typedef {{words: any, opening: any, files: string[], sizes: number[]}} SceneData */
/** @typedef {{case_id: string, sealed: number, pages: (import("./blocks.js").Page | null)[], scenes: (SceneData | null)[]}} Manifest */

const AT_ONCE = 2; // more would hold up what is looked at now

export class Preload {
  /** @type {Map<string, Promise<Manifest | null>>} */
  #manifests = new Map();
  /** @type {Set<string>} */
  #known = new Set();
  /** @type {Set<string>} */
  #failed = new Set();
  /** @type {{file: string, size: number}[]} */
  #queue = [];
  #running = 0;
  #bytes = 0;
  #done = 0;

  /** @param {Held} held @param {(share: number) => void} arrived @param {() => string} stamp ends addresses that a cache may keep */
  constructor(held, arrived, stamp = () => "") {
    this.held = held;
    this.arrived = arrived;
    this.stamp = stamp;
    held.on("state", () => this.#look());
  }

  /** The pages of a case as far as they may be seen now. @param {string} caseId */
  manifest(caseId) {
    if (!this.held.state?.agenda.find(({ case_id: id }) => id === caseId)?.manifest) return Promise.resolve(null);
    const key = this.#key(caseId);
    const known = this.#manifests.get(key);
    if (known) return known;
    const asked = this.#ask(caseId).then((found) => {
      if (!found) this.#manifests.delete(key); // asked for again next time
      return found;
    });
    this.#manifests.set(key, asked);
    return asked;
  }

  /** Changes when more of the case may be seen. @param {string} caseId */
  #key(caseId) {
    const one = this.held.state?.agenda.find(({ case_id: id }) => id === caseId);
    const ballots = (this.held.state?.ballots ?? []).filter(({ case_id: id }) => id === caseId);
    return JSON.stringify([caseId, one?.manifest, one?.sealed, one?.parts, ballots.map(({ status }) => status)]);
  }

  /** @param {string} caseId @returns {Promise<Manifest | null>} */
  async #ask(caseId) {
    const answer = await fetch(`cases/${encodeURIComponent(caseId)}${this.stamp()}`).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  async #look() {
    for (const { case_id: id, manifest } of this.held.state?.agenda ?? []) {
      if (!manifest) continue;
      const found = await this.manifest(id);
      for (const scene of found?.scenes ?? []) if (scene) this.#expect(scene);
    }
    this.#go();
  }

  /** @param {SceneData} scene */
  #expect({ files, sizes }) {
    files.forEach((file, n) => {
      if (this.#known.has(file)) return;
      this.#known.add(file);
      this.#queue.push({ file, size: sizes[n] });
      if (!this.#failed.delete(file)) this.#bytes += sizes[n];
    });
  }

  #go() {
    while (this.#running < AT_ONCE && this.#queue.length) {
      const next = /** @type {{file: string, size: number}} */ (this.#queue.shift());
      this.#running += 1;
      this.#fetch(next).then((came) => {
        this.#running -= 1;
        if (came) this.#done += next.size;
        this.arrived(this.#bytes ? this.#done / this.#bytes : 1);
        this.#go();
      });
    }
  }

  /** Into the browser's store: what comes is immutable. @param {{file: string}} wanted */
  async #fetch({ file }) {
    const answer = await fetch(`files/${file}`).catch(() => null);
    const came = answer?.ok && (await answer.arrayBuffer().catch(() => null));
    if (came) return true;
    this.#known.delete(file); // asked for again with the next word of the room
    this.#failed.add(file);
    return false;
  }
}
