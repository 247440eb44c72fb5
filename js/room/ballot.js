// @ts-check
// Blind opinions: asked, given, closed, shown all at once; a second round after discussion.

import { make } from "../panel.js";
import { act, form, redrawn } from "./forms.js";

/** @typedef {import("./held.js").Held} Held */
/** @typedef {import("./held.js").Ballot} Ballot */
/** @typedef {import("./wire.js").Wire} Wire */

const CONFIDENCE = /** @type {[string, string][]} */ ([["", "not said"], ["low", "low"], ["moderate", "moderate"], ["high", "high"]]);

const SEALED = ["decision", "done", "outcome"];

export class Ballots {
  #place;

  /** @param {HTMLElement} place @param {Held} held @param {Wire} wire */
  constructor(place, held, wire) {
    this.held = held;
    this.wire = wire;
    this.#place = place;
    held.on("state", () => this.#draw());
  }

  #draw() {
    const { openCase, state } = this.held;
    const ballots = (state?.ballots ?? []).filter(({ case_id: id }) => id === openCase?.case_id);
    const cards = this.#place.querySelectorAll("section");
    for (const [n, ballot] of ballots.entries()) {
      const card = cards[n] ?? this.#place.appendChild(make("section", "ballot"));
      this.#card(card, ballot);
    }
    for (const card of [...cards].slice(ballots.length)) card.remove();
    const asks = this.held.may("open_ballot") && openCase !== null && !this.held.openBallot;
    let ask = /** @type {HTMLElement | null} */ (this.#place.querySelector(":scope > .ask"));
    ask ??= make("div", "ask");
    if (this.#place.lastElementChild !== ask) this.#place.append(ask); // moving it takes the focus away
    redrawn(ask, [asks, openCase?.case_id, ballots.length], () => (asks && openCase ? [this.#asking(openCase.question)] : []));
  }

  /** The head changes with every vote; the form somebody is writing in does not.
   * @param {HTMLElement} card @param {Ballot} ballot */
  #card(card, ballot) {
    if (card.dataset.ballot !== ballot.ballot_id) {
      card.dataset.ballot = ballot.ballot_id;
      card.replaceChildren(make("div", "head"), make("div", "vote"), make("div", "result"), make("div", "chairs"));
    }
    const [head, vote, result, chairs] = /** @type {HTMLElement[]} */ ([...card.children]);
    const { status, voted, on_roll: roll, own, you_may_vote: mayVote } = ballot;
    redrawn(head, [status, voted, roll, own], () => this.#head(ballot));
    redrawn(vote, [mayVote], () => (mayVote ? [this.#voting(ballot)] : []));
    redrawn(result, ballot.result, () => (ballot.result ? results(ballot) : []));
    redrawn(chairs, [status, this.held.me.may, this.held.openBallot?.ballot_id, this.held.openCase?.parts, this.#secondOf(ballot.ballot_id)], () => this.#chairing(ballot));
  }

  /** @param {Ballot} ballot */
  #head({ question, round, status, voted, on_roll: roll, own }) {
    const words = { open: "open: nobody sees an opinion before all are shown", closed: "closed, not yet shown", revealed: "shown" }[status];
    const lines = [
      make("h3", "", {}, `${round === 2 ? "Second round: " : ""}${question}`),
      make("p", "count", { role: "status" }, `${voted} of ${roll} have given an opinion; ${words}.`),
    ];
    if (own) lines.push(make("p", "own", {}, `Your opinion: ${own.choice}${own.confidence ? `, confidence ${own.confidence}` : ""}`));
    return lines;
  }

  /** @param {Ballot} ballot */
  #voting({ ballot_id: id, options, own }) {
    const fields = /** @type {const} */ ({
      choice: { label: "Your opinion", kind: "choice", choices: [["", "choose …"], ...options.map((option) => [option, option])], value: own?.choice ?? "", needed: true },
      confidence: { label: "How sure", kind: "choice", choices: CONFIDENCE, value: own?.confidence ?? "" },
      reason: { label: "Reason (seen by all after the reveal, without your name)", kind: "text", longest: 1000, value: own?.reason ?? "" },
    });
    const entry = form("", /** @type {any} */ (fields), "Give my opinion", async (vote) => {
      const kept = await this.wire.say("vote", { ballot_id: id, ...vote });
      const receipt = kept.receipt ? ` Receipt ${String(kept.receipt).slice(0, 12)}.` : "";
      return `Kept.${receipt} You may change it until the ballot is closed.`;
    });
    entry.classList.add("voting");
    return entry;
  }

  /** @param {Ballot} ballot */
  #chairing({ ballot_id: id, status, round }) {
    const { held, wire } = this;
    const buttons = [];
    if (status === "open" && held.may("close_ballot")) buttons.push(act("Close the ballot", () => wire.say("close_ballot", { ballot_id: id })));
    if (status === "closed" && held.may("reveal")) buttons.push(act("Show all opinions", () => wire.say("reveal", { ballot_id: id })));
    const again = status === "revealed" && round === 1 && !held.openBallot && held.may("open_second_round") && !this.#secondOf(id);
    if (status === "revealed" && !held.openBallot && this.#mayUnseal()) {
      buttons.push(act("Show the decision, what was done and the outcome", () => this.#unseal()));
    }
    if (again) buttons.push(act("Ask again after discussion", () => wire.say("open_second_round", { ballot_id: this.#next(), first: id })));
    return buttons;
  }

  /** Whether the parts after the opinions are still shut, and may be opened now. */
  #mayUnseal() {
    const { openCase } = this.held;
    return this.held.may("show_part") && openCase !== null && !openCase.sealed.length && SEALED.some((part) => !openCase.parts.includes(part));
  }

  async #unseal() {
    for (const part of SEALED) await this.wire.say("show_part", { part });
  }

  /** @param {string} first */
  #secondOf(first) {
    return this.held.state?.ballots.some((ballot) => ballot.first === first);
  }

  #next() {
    return `b${(this.held.state?.ballots.length ?? 0) + 1}`;
  }

  /** @param {string} question */
  #asking(question) {
    const fields = /** @type {const} */ ({
      question: { label: "Question", kind: "line", value: question, needed: true },
      options: { label: "Options, one a line", kind: "text", value: "Yes\nNo\nMore information is needed", needed: true, longest: 4000 },
      shown: { label: "Opinions are shown", kind: "choice", choices: [["anonymous", "without roles"], ["by_profession", "by profession"]] },
      ordered: { label: "The options are steps of one scale", kind: "tick" },
    });
    const ask = form("Ask for blind opinions", /** @type {any} */ (fields), "Open the ballot", async (asked) => {
      const options = asked.options.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
      await this.wire.say("open_ballot", { ...asked, options, ballot_id: this.#next() });
      return "Open.";
    });
    return ask;
  }
}

/** @param {Ballot} ballot */
function results({ options, result, voted }) {
  if (!result) return [];
  if (result.withheld) return [make("p", "note", {}, `${result.withheld}.`)];
  const most = Math.max(1, ...options.map((option) => result.counts[option] ?? 0));
  const bars = make("ul", "bars", { "aria-label": "Opinions" }, ...options.map((option) => bar(option, result.counts[option] ?? 0, most, voted)));
  const parts = [bars];
  const sure = Object.entries(result.confidence).map(([option, counts]) =>
    [option, Object.entries(counts).filter(([, count]) => count).map(([words, count]) => `${words} ${count}`).join(", ")])
    .filter(([, counted]) => counted).map(([option, counted]) => `${option}: ${counted}`).join("; ");
  if (sure) parts.push(make("p", "note", {}, `Confidence. ${sure}.`));
  for (const [option, reason] of result.reasons) parts.push(make("p", "reason", {}, make("b", "", {}, `${option}: `), reason));
  if (result.change) parts.push(change(result.change));
  return parts;
}

/** @param {string} option @param {number} count @param {number} most @param {number} voted */
function bar(option, count, most, voted) {
  const filled = make("i", "");
  filled.style.width = `${(100 * count) / most}%`;
  return make("li", "", {}, make("span", "", {}, option), make("span", "bar", { "aria-hidden": "true" }, filled), make("b", "", {}, `${count} of ${voted}`));
}

/** Who moved from what to what, as numbers. @param {Record<string, Record<string, number>>} moved */
function change(moved) {
  const lines = Object.entries(moved).flatMap(([from, to]) => Object.entries(to).filter(([, n]) => n > 0)
    .map(([now, n]) => make("li", "", {}, from === now ? `${n} stayed with ${now}` : `${n} went from ${from} to ${now}`)));
  return make("div", "", {}, make("h4", "", {}, "Between the rounds"), make("ul", "", {}, ...lines));
}
