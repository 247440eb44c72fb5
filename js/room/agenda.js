// @ts-check
// Who is here, and what is on the agenda, with the clock of the case that is open.

import { make } from "../panel.js";
import { act, form, redrawn } from "./forms.js";
import { memberWords } from "./held.js";

/** @typedef {import("./held.js").Held} Held */
/** @typedef {import("./wire.js").Wire} Wire */

const TICK_MS = 1000;

export class Agenda {
  #cases = make("ol", "cases");
  #people = make("ul", "people");
  #more = make("div", "");

  /** @param {HTMLElement} place @param {Held} held @param {Wire} wire */
  constructor(place, held, wire) {
    this.held = held;
    this.wire = wire;
    place.append(make("h2", "", {}, "Agenda"), this.#cases, make("h2", "", {}, "Present"), this.#people, this.#more);
    held.on("state", () => this.#draw());
    held.on("here", () => this.#drawPeople());
    setInterval(() => this.#tick(), TICK_MS);
  }

  #draw() {
    const { state } = this.held;
    if (!state) return;
    const shown = [state.agenda, state.open_case, this.held.me.may];
    redrawn(this.#cases, shown, () => state.agenda.map((one) => this.#case(one)));
    this.#tick();
    this.#drawPeople();
    redrawn(this.#more, [this.held.may("add_case")], () => this.#additions());
  }

  /** @param {import("./held.js").AgendaCase} one */
  #case(one) {
    const open = one.case_id === this.held.state?.open_case;
    const item = make("li", open ? "open" : "", open ? { "aria-current": "true" } : {},
      make("b", "", {}, one.case_id), make("p", "", {}, one.question), make("span", "clock", { "data-case": one.case_id }));
    if (!one.manifest) item.append(make("p", "note", {}, "No images published."));
    if (!one.manifest && this.held.may("publish_images")) item.append(this.#publishing(one.case_id));
    for (const missing of one.missing) item.append(make("p", "note missing", {}, `Missing: ${missing}`));
    if (this.held.may("open_case") && !open) {
      item.append(act("Open this case", () => this.wire.say("open_case", { case_id: one.case_id })));
    }
    return item;
  }

  /** A machine cannot see every name that is burned into an image: a person says that they looked. @param {string} caseId */
  #publishing(caseId) {
    /** @type {Record<string, import("./forms.js").Field>} */
    const fields = {
      manifest: { label: "Fingerprint that publishing printed", kind: "line", needed: true, longest: 64 },
      looked: { label: "I looked at every image: no name, number or face", kind: "tick", needed: true },
    };
    const publish = form("", fields, "Publish", async (given) => {
      await this.wire.say("publish_images", { case_id: caseId, ...given });
      return "Published.";
    });
    return make("details", "", {}, make("summary", "", {}, "Publish images"), publish);
  }

  #tick() {
    const now = Date.now() + this.held.ahead;
    for (const one of this.held.state?.agenda ?? []) {
      const place = this.#cases.querySelector(`[data-case="${CSS.escape(one.case_id)}"]`);
      if (!place) continue;
      const opened = one.case_id === this.held.state?.open_case ? one.opened_at.at(-1) : undefined;
      const spent = opened ? Math.max(0, Math.floor((now - Date.parse(opened)) / 60000)) : null;
      place.textContent = spent === null ? `${one.minutes} min` : `${spent} of ${one.minutes} min`;
      place.classList.toggle("over", spent !== null && spent >= one.minutes);
    }
  }

  #drawPeople() {
    const { state, here, me } = this.held;
    if (!state) return;
    redrawn(this.#people, [state.members, here, state.presenter, state.chair, me], () => state.members.map((member) => this.#person(member)));
  }

  /** @param {import("./held.js").Member} member */
  #person(member) {
    const { here, me, state } = this.held;
    const hand = here.find(({ id }) => id === member.id)?.hand;
    const words = [memberWords(member), member.id === me.id ? "(you)" : "", member.id === state?.presenter ? "presents" : ""].filter(Boolean).join(" ");
    const item = make("li", member.present ? "present" : "absent", {},
      make("span", "", {}, words), make("span", "note", {}, member.present ? "here" : "not here"));
    if (hand) item.append(make("b", "hand", {}, "hand up"));
    if (this.held.may("hand_over") && member.present && member.role !== "observer" && member.id !== state?.presenter) {
      item.append(act("Let present", () => this.wire.say("hand_over", { role: "presenter", to: member.id })));
    }
    if (this.held.may("revoke") && member.id !== me.id) item.append(this.#revoke(member));
    return item;
  }

  /** Twice to press, for it is final. @param {import("./held.js").Member} member */
  #revoke(member) {
    const button = make("button", "quiet", { type: "button" }, "Take invitation back");
    button.addEventListener("click", () => {
      button.replaceWith(act("Take it back for good", () => this.wire.say("revoke", { member: member.id }), { class: "danger" }));
    }, { once: true });
    return button;
  }

  #additions() {
    if (!this.held.may("add_case")) return [];
    const fields = /** @type {const} */ ({
      case_id: { label: "Pseudonym of the case", kind: "line", needed: true, longest: 64 },
      question: { label: "Question", kind: "line", needed: true },
      minutes: { label: "Minutes", kind: "number", value: "15" },
    });
    const add = form("", fields, "Add", async (item) => {
      await this.wire.say("add_case", { item });
      return "On the agenda.";
    });
    return [make("details", "", {}, make("summary", "", {}, "Add a case"), add)];
  }
}
