// @ts-check
// What this page holds of the meeting: the server's word, whole at every snapshot and changed by what follows.

/** @typedef {{id: string, role: string, may: string[]}} Me */
/** @typedef {{id: string, role: string, unit: string, profession: string | null, present: boolean}} Member */
/** @typedef {{case_id: string, question: string, minutes: number, opened_at: string[], parts: string[], sealed: string[],
 *   manifest: string | null, missing: string[], learning: string[],
 *   actions: {system: string, action: string, owner_role: string, review_on: string | null}[]}} AgendaCase */
/** @typedef {{counts: Record<string, number>, confidence: Record<string, Record<string, number>>, reasons: [string, string][], groups: any,
 *   change: Record<string, Record<string, number>> | null, withheld?: string}} Result */
/** @typedef {{ballot_id: string, case_id: string, question: string, options: string[], round: number, first: string | null,
 *   status: "open" | "closed" | "revealed", voted: number, on_roll: number, you_may_vote: boolean, shown: string,
 *   own: {choice: string, confidence: string | null, reason: string | null} | null, result: Result | null}} Ballot */
/** @typedef {{number: number, case_id: string, modality: string, decision: string, agreement: string, rationale: string | null,
 *   dissent: string | null, corrected: string[]}} Decision */
/** @typedef {{title: string, on_date: string, mode: string, purpose: string, signed_at: string | null, members: Member[],
 *   chair: string | null, presenter: string | null, open_case: string | null, agenda: AgendaCase[], ballots: Ballot[],
 *   decisions: Decision[]}} State */
/** @typedef {{case_id: string | null, page?: number, scene?: number | null} & Record<string, any>} View */
/** @typedef {{id: string, at_mm: number[], pane: string}} Point */
/** @typedef {"state" | "view" | "points" | "here"} Topic */

export class Held {
  /** @type {Me} */
  me = { id: "", role: "", may: [] };
  /** @type {State | null} */
  state = null;
  /** @type {View} */
  view = { case_id: null };
  viewBy = "";
  rev = -1;
  /** @type {Point[]} */
  points = [];
  /** @type {{id: string, via: string, hand: boolean}[]} */
  here = [];
  /** How far the server's clock is ahead of this one, ms. */
  ahead = 0;
  /** @type {Record<Topic, Set<() => void>>} */
  #listeners = { state: new Set(), view: new Set(), points: new Set(), here: new Set() };

  /** @param {Topic} topic @param {() => void} listener called now, too, where there is something */
  on(topic, listener) {
    this.#listeners[topic].add(listener);
    if (this.state) listener();
  }

  /** @param {string} kind whether my role allows it now */
  may(kind) {
    return this.me.may.includes(kind);
  }

  /** Whether everybody's view follows mine. */
  get presents() {
    return this.may("view.set") && (this.state?.presenter ?? this.state?.chair) === this.me.id;
  }

  get openCase() {
    return this.state?.agenda.find(({ case_id: id }) => id === this.state?.open_case) ?? null;
  }

  get openBallot() {
    return this.state?.ballots.find(({ status }) => status === "open") ?? null;
  }

  /** @param {any} message */
  hear(message) {
    if (message.now) this.ahead = Date.parse(message.now) - Date.now();
    switch (message.t) {
      case "snap":
        Object.assign(this, { me: message.me, state: message.state, view: message.view ?? { case_id: null }, rev: message.rev, here: message.here, points: [] });
        this.viewBy = message.by ?? "";
        this.#tell("state", "view", "points", "here");
        break;
      case "state":
        this.me = message.me ?? this.me;
        this.state = /** @type {State} */ ({ ...this.state, ...message.state });
        this.#tell("state");
        break;
      case "view":
        if (message.rev <= this.rev) break;
        Object.assign(this, { rev: message.rev, view: message.view, viewBy: message.by });
        this.#tell("view");
        break;
      case "ptr":
        this.points = message.points;
        this.#tell("points");
        break;
      case "here":
        this.here = message.here;
        this.#tell("here");
    }
  }

  /** @param {Topic[]} topics */
  #tell(...topics) {
    for (const topic of topics) for (const listener of this.#listeners[topic]) listener();
  }
}

/** A member in words: never a name, for there is none. @param {Member} member */
export const memberWords = ({ id, role, unit, profession }) =>
  [id, role, unit, profession?.replaceAll("_", " ")].filter(Boolean).join(" · ");
