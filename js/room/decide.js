// @ts-check
// What the meeting decides, asks for and learns from the open case; and the end of it, the minutes.

import { make } from "../panel.js";
import { act, form, redrawn } from "./forms.js";

/** @typedef {import("./held.js").Held} Held */
/** @typedef {import("./wire.js").Wire} Wire */
/** @typedef {import("./forms.js").Field} Field */

/** @param {string[]} words @returns {[string, string][]} */
const choices = (words) => words.map((word) => [word, word.replaceAll("_", " ")]);

export class Decisions {
  #list = make("div", "");
  #forms = make("div", "");

  /** @param {HTMLElement} place @param {Held} held @param {Wire} wire */
  constructor(place, held, wire) {
    this.held = held;
    this.wire = wire;
    place.append(this.#list, this.#forms);
    held.on("state", () => this.#draw());
  }

  #draw() {
    const { openCase, state, me } = this.held;
    if (!state) return;
    const made = state.decisions.filter(({ case_id: id }) => id === openCase?.case_id);
    redrawn(this.#list, [made, openCase?.actions, openCase?.learning, state.signed_at], () => this.#made(made));
    const revealed = state.ballots.filter(({ case_id: id, status }) => id === openCase?.case_id && status === "revealed");
    redrawn(this.#forms, [openCase?.case_id, me.may, revealed.map(({ ballot_id: id }) => id), made.length], () => this.#offered(revealed));
  }

  /** @param {import("./held.js").Decision[]} made */
  #made(made) {
    const { openCase, state } = this.held;
    const lines = made.map((one) => make("li", "", {},
      make("b", "", {}, `${one.modality.replaceAll("_", " ")}: `), one.decision,
      make("span", "note", {}, ` ${one.agreement.replaceAll("_", " ")}${one.dissent ? `; dissent: ${one.dissent}` : ""}${one.corrected.length ? "; corrected" : ""}`)));
    const parts = [make("h3", "", {}, "Decisions"), lines.length ? make("ul", "", {}, ...lines) : make("p", "absent", {}, "none recorded")];
    const actions = (openCase?.actions ?? []).map((one) =>
      make("li", "", {}, `${one.action} (${one.system}; ${one.owner_role}${one.review_on ? `; looked at again on ${one.review_on}` : ""})`));
    if (actions.length) parts.push(make("h3", "", {}, "Actions"), make("ul", "", {}, ...actions));
    const learned = (openCase?.learning ?? []).map((text) => make("li", "", {}, text));
    if (learned.length) parts.push(make("h3", "", {}, "Learning points"), make("ul", "", {}, ...learned));
    if (state?.signed_at) parts.push(make("p", "note", {}, `The minutes were signed at ${state.signed_at.slice(11, 16)} UTC.`));
    return parts;
  }

  /** @param {import("./held.js").Ballot[]} revealed */
  #offered(revealed) {
    const { held } = this;
    const offered = [];
    if (held.openCase && held.may("decide")) offered.push(this.#deciding(revealed));
    if (held.openCase && held.may("add_action")) offered.push(this.#acting());
    if (held.openCase && held.may("add_learning_point")) offered.push(this.#oneText("Learning point", "add_learning_point"));
    if (held.openCase && held.may("note_missing")) offered.push(this.#oneText("Information missed", "note_missing"));
    if (held.may("sign_minutes")) offered.push(this.#signing());
    return offered;
  }

  /** @param {import("./held.js").Ballot[]} revealed */
  #deciding(revealed) {
    /** @type {Record<string, Field>} */
    const fields = {
      modality: { label: "Of", kind: "choice", choices: choices(["surgery", "radiotherapy", "systemic", "follow_up", "diagnostics", "palliative"]) },
      decision: { label: "Decision", kind: "text", needed: true, longest: 4000 },
      agreement: { label: "Agreement", kind: "choice", choices: choices(["consensus", "majority", "deferred", "no_agreement"]) },
      rationale: { label: "Why", kind: "text", longest: 4000 },
      dissent: { label: "Dissent", kind: "text", longest: 4000 },
      ballot_id: { label: "After the ballot", kind: "choice", choices: [["", "none"], ...revealed.map((one) => /** @type {[string, string]} */ ([one.ballot_id, one.question]))] },
    };
    return folded(form("Record a decision", fields, "Record", async (decision) => {
      await this.wire.say("decide", { decision });
      return "Recorded.";
    }));
  }

  #acting() {
    /** @type {Record<string, Field>} */
    const fields = {
      system: { label: "What has to change (system, not person)", kind: "line", needed: true },
      action: { label: "What is to be done", kind: "line", needed: true },
      owner_role: { label: "By which role", kind: "line", needed: true, longest: 80 },
      review_on: { label: "Looked at again on", kind: "date" },
    };
    return folded(form("Add an action", fields, "Add", async (action) => {
      await this.wire.say("add_action", action);
      return "Added.";
    }));
  }

  /** @param {string} label @param {string} kind */
  #oneText(label, kind) {
    return folded(form(label, { text: { label, kind: "text", needed: true } }, "Add", async (given) => {
      await this.wire.say(kind, given);
      return "Added.";
    }));
  }

  #signing() {
    const said = make("p", "note", {}, "After signing, a decision is changed by a correction alone.");
    return make("details", "", {}, make("summary", "", {}, "Sign the minutes"), said, act("Sign", () => this.wire.say("sign_minutes")));
  }
}

/** @param {HTMLFormElement} box */
function folded(box) {
  const title = box.querySelector("h3");
  title?.remove();
  return make("details", "", {}, make("summary", "", {}, title?.textContent ?? ""), box);
}
