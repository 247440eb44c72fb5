// @ts-check
// The way to the room's server: a websocket; where that is blocked, a stream of events; where that is too, long polls.
// Whatever the way, the same messages arrive, and every way begins with a whole snapshot.

/** @typedef {{id: number, kind: string, body: object}} Up */
/** @typedef {{up: Up, kept: (answer: any) => void, refused: (no: Refusal) => void, again: boolean}} Waiting */
/** @typedef {{code: string, why: string, status?: number}} Refusal */
/** @typedef {"ws" | "sse" | "poll"} Way */

const [SOONEST_MS, LATEST_MS] = [300, 5000];
const TRY_SOCKET_AGAIN_MS = 120_000;
const BLOCKED_AFTER = 2; // sockets refused while the server is there
const ENDED = new Set([4401]);
const FINAL = new Set([400, 403, 404, 413, 415]); // of a post: it would be refused again
const SILENT_MS = 8000; // heartbeats come every second: a way this silent is dead, whatever the browser says
const AGAIN_MS = 1000;
const JSON_BODY = { "Content-Type": "application/json" };

export class Wire {
  /** @type {Way} */
  way = "ws";
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #number = 0;
  #client = "";
  #wait = SOONEST_MS;
  #failed = 0;
  #ended = false;
  #heard = [performance.now(), Date.now()];
  #begun = [performance.now(), Date.now()];
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {EventSource | null} */
  #stream = null;
  #polls = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(message: any) => void} hear @param {(why: string) => void} ended for good */
  constructor(hear, ended) {
    this.hear = hear;
    this.ended = ended;
    this.#connect();
    setInterval(() => this.way !== "ws" && !this.#ended && this.#trySocket(), TRY_SOCKET_AGAIN_MS);
    setInterval(() => this.#watch(), 1000);
  }

  /** How long nothing has come down, in ms. */
  get silent() {
    return since(this.#heard);
  }

  /** A connection that was cut without a word, as by sleep or another network, stays open for minutes in a browser. */
  #watch() {
    if (this.#ended || Math.min(this.silent, since(this.#begun)) < SILENT_MS) return;
    this.#drop();
    this.#begun = [performance.now(), Date.now()];
    this.#later();
  }

  /** Do something; kept when the server has it on its disk. A vote whose fate is unknown is given again, for it may be
   * repeated; of anything else the next snapshot tells.
   * @param {string} kind @param {object} [body] @returns {Promise<any>} */
  say(kind, body = {}) {
    const up = { id: ++this.#number, kind, body };
    return new Promise((kept, refused) => {
      this.#waiting.set(up.id, { up, kept, refused, again: kind === "vote" });
      this.#send(up);
    });
  }

  /** What nobody waits for: a view, a pointer. @param {string} kind @param {object} body */
  tell(kind, body) {
    this.#send({ id: ++this.#number, kind, body });
  }

  close() {
    this.#end("You have left.");
  }

  // --- ways ---

  #connect() {
    if (this.#ended) return;
    this.#begun = [performance.now(), Date.now()];
    this.#client = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (this.way === "ws") this.#openSocket();
    else if (this.way === "sse") this.#openStream();
    else this.#poll();
  }

  #openSocket() {
    const socket = new WebSocket(new URL("ws", location.href).href.replace(/^http/, "ws"));
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = ({ data }) => this.#socket === socket && this.#came(JSON.parse(data));
    socket.onclose = async ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (ENDED.has(code)) return this.#end("Your invitation or session has ended.");
      if (!opened && (await isThere()) && ++this.#failed >= BLOCKED_AFTER) this.way = "sse";
      this.#later();
    };
  }

  #openStream() {
    const stream = new EventSource(`events?client=${this.#client}`);
    this.#stream = stream;
    let came = false;
    stream.onmessage = ({ data }) => {
      came = true;
      if (this.#stream === stream) this.#came(JSON.parse(data));
    };
    stream.onerror = async () => {
      if (this.#stream !== stream) return;
      stream.close();
      this.#stream = null;
      if (await this.#isOut()) return;
      if (!came && (await isThere())) this.way = "poll";
      this.#later();
    };
  }

  async #poll() {
    const { signal } = (this.#polls = new AbortController());
    try {
      for (;;) {
        const answer = await fetch(`poll?client=${this.#client}`, { signal });
        if (!answer.ok) break;
        const { messages } = await answer.json();
        if (signal.aborted) return;
        for (const message of messages) this.#came(message);
      }
    } catch {
      if (signal.aborted) return;
    }
    if (!(await this.#isOut())) this.#later();
  }

  async #isOut() {
    const answer = await fetch("me").catch(() => null);
    if (answer?.status !== 401) return false;
    this.#end("Your invitation or session has ended.");
    return true;
  }

  /** A socket beside the way that works, and over to it if it opens. */
  #trySocket() {
    const socket = new WebSocket(new URL("ws", location.href).href.replace(/^http/, "ws"));
    socket.onopen = () => {
      socket.close();
      this.#drop();
      this.way = "ws";
      this.#failed = 0;
      this.#connect();
    };
  }

  #later() {
    if (this.#ended) return;
    this.#lost();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#wait * (0.7 + 0.6 * Math.random()));
    this.#wait = Math.min(LATEST_MS, 2 * this.#wait);
  }

  #drop() {
    const [socket, stream] = [this.#socket, this.#stream];
    this.#socket = this.#stream = null;
    socket?.close();
    stream?.close();
    this.#polls.abort();
  }

  /** @param {string} why */
  #end(why) {
    this.#ended = true;
    this.#drop();
    this.#lost();
    this.ended(why);
  }

  // --- messages ---

  /** @param {Up} up */
  async #send(up) {
    if (this.way === "ws") {
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(up));
      else this.#unsent(up);
      return;
    }
    const sent = { method: "POST", headers: JSON_BODY, body: JSON.stringify(up) };
    const answer = await fetch(`send?client=${this.#client}`, sent).catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (said?.t) this.#receive(said);
    else if (answer && FINAL.has(answer.status)) this.#receive({ t: "no", id: up.id, code: "refused", why: said?.why ?? "The room refused this." });
    else this.#unsent(up);
    // A stream may go on though a post did not come through: then no snapshot gives the vote again.
    if (this.#waiting.has(up.id)) setTimeout(() => this.way !== "ws" && this.#waiting.has(up.id) && this.#send(up), AGAIN_MS);
  }

  /** @param {Up} up */
  #unsent(up) {
    const waiting = this.#waiting.get(up.id);
    if (!waiting || waiting.again) return;
    this.#waiting.delete(up.id);
    waiting.refused({ code: "lost", why: "There is no connection at the moment; nothing was sent." });
  }

  /** From the server by itself; the answer to a post does not show that the way down still stands. @param {any} message */
  #came(message) {
    this.#heard = [performance.now(), Date.now()];
    this.#receive(message);
  }

  /** @param {any} message */
  #receive(message) {
    if (message.t === "snap") {
      this.#wait = SOONEST_MS;
      this.#failed = 0;
      for (const { up, again } of this.#waiting.values()) if (again) this.#send(up);
    }
    const waiting = message.t === "ack" || message.t === "no" ? this.#waiting.get(message.id) : undefined;
    if (waiting) {
      this.#waiting.delete(message.id);
      if (message.t === "ack") waiting.kept(message);
      else waiting.refused(message);
    }
    this.hear(message);
  }

  /** Nothing comes any more on this way: what waits for an answer will not get it, but a vote is given again. */
  #lost() {
    for (const [id, { refused, again }] of [...this.#waiting]) {
      if (again && !this.#ended) continue;
      this.#waiting.delete(id);
      refused({ code: "lost", why: "The connection was lost before the answer came: look whether it stands here once you are back." });
    }
  }
}

/** Of both clocks the longer: one of them may stand still while a computer sleeps. @param {number[]} moment */
const since = ([steady, clock]) => Math.max(performance.now() - steady, Date.now() - clock);

/** Whether the server answers at all: only then is a way that fails a blocked one. */
async function isThere() {
  const answer = await fetch("health").catch(() => null);
  return answer?.ok ?? false;
}
