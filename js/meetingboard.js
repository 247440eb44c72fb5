// @ts-check
// The meeting board's entry: the agenda and members of the next meeting, or what a meeting came to. Python holds both
// and decides what may be shown; a page says what somebody changes.

import { PURPOSE, addButton, make, press } from "./panel.js";
import { drawn } from "./room/blocks.js";
import { Talk } from "./talk.js";

/** @typedef {{case_id: string, question: string, minutes: number, missing: string[]}} Item */
/** @typedef {{id: string, role: string, unit: string, profession: string | null}} Member */
/** @typedef {{title: string, on: string, mode: string, purpose: string, agenda: Item[], members: Member[], ready: boolean, words: string}} Draft */
/** @typedef {{case: string, question: string, missing: string[]}} Known */
/** @typedef {Record<"role" | "profession" | "mode" | "purpose", string[]>} Choices */
/** @typedef {{meetings: string[], shown: string, pages: import("./room/blocks.js").Page[], draft: Draft, cases: Known[], choices: Choices, refused?: string}} Board */

class MeetingBoard {
  #status = make("p", "sr-words", { role: "status" });
  #which = make("select", "");
  #body = make("div", "sr-meeting-body");
  #shown = "";
  #page = "";

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    const bar = make("div", "sr-meeting-bar", {}, make("label", "", {}, "Meeting ", this.#which));
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-meetings", { "aria-label": "Meeting board", "data-lm-suppress-shortcuts": "true" }, bar, this.#status, this.#body,
      make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    this.#which.addEventListener("change", () => this.talk.say({ t: "show", meeting: this.#which.value }));
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t !== "board") return;
    this.#status.textContent = message.refused ?? "";
    const meetings = [["", "the next one: prepare it"], ...message.meetings.map((/** @type {string} */ id) => [id, id])];
    this.#which.replaceChildren(...meetings.map(([value, words]) => make("option", "", { value }, words)));
    if (message.shown !== this.#shown) this.#page = "";
    this.#which.value = this.#shown = message.shown;
    const held = focused(this.root);
    this.#body.replaceChildren(...(message.shown ? this.#results(message.pages) : this.#preparing(message)));
    if (held) /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-key="${CSS.escape(held)}"]`))?.focus();
    this.root.dataset.state = "ready";
  }

  /** One page at a time, so that a screen holds it. @param {import("./room/blocks.js").Page[]} pages */
  #results(pages) {
    const names = make("div", "sr-meeting-pages", { role: "group", "aria-label": "Pages" });
    const place = make("div", "");
    const turn = (/** @type {import("./room/blocks.js").Page} */ page) => {
      this.#page = page.title;
      press(names, "data-key", page.title);
      place.replaceChildren(result(page));
    };
    for (const page of pages) addButton(names, page.title, { "data-key": page.title }, () => turn(page));
    turn(pages.find(({ title }) => title === this.#page) ?? pages[0]);
    return [names, place];
  }

  /** @param {Board} board */
  #preparing({ draft, cases, choices }) {
    const state = make("p", "sr-meeting-state", { "data-ready": String(draft.ready) }, draft.words);
    return [this.#plan(draft, choices), state, this.#agenda(draft.agenda), this.#others(cases), this.#members(draft.members, choices)];
  }

  /** @param {Draft} draft @param {Choices} choices */
  #plan({ title, on, mode, purpose }, choices) {
    const fields = { title: field("Title", title), on: field("Date", on, "date"), mode: choose("Mode", choices.mode, mode), purpose: choose("Purpose", choices.purpose, purpose) };
    const said = () => Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value]));
    for (const [name, input] of Object.entries(fields)) {
      input.dataset.key = name;
      input.addEventListener("change", () => this.talk.say({ t: "plan", ...said() }));
    }
    const labels = Object.values(fields).map((input) => make("label", "", {}, `${input.getAttribute("aria-label")} `, input));
    return make("div", "sr-meeting-plan", {}, ...labels);
  }

  /** @param {Item[]} agenda */
  #agenda(agenda) {
    const rows = agenda.map((item, n) => this.#item(item, n));
    return part("Agenda", agenda.length ? table(["", "Case", "Question", "Minutes", "Missing, a line each", ""], rows) : "No case yet: add one below.");
  }

  /** @param {Item} item @param {number} n */
  #item({ case_id, question, minutes, missing }, n) {
    const inputs = { question: field(`Question of ${case_id}`, question), minutes: field(`Minutes for ${case_id}`, String(minutes), "number"),
      missing: make("textarea", "", { rows: String(Math.max(missing.length, 1)), "aria-label": `Missing of ${case_id}` }, missing.join("\n")) };
    inputs.minutes.min = "1";
    inputs.minutes.max = "240";
    for (const [name, input] of Object.entries(inputs)) {
      input.dataset.key = `${name}-${case_id}`;
      input.addEventListener("change", () => this.talk.say({ t: "case", case: case_id, question: inputs.question.value, missing: inputs.missing.value,
        minutes: inputs.minutes.valueAsNumber }));
    }
    const buttons = make("span", "sr-meeting-buttons");
    if (n) addButton(buttons, "Earlier", { "aria-label": `${case_id} earlier`, "data-key": `earlier-${case_id}` }, () => this.talk.say({ t: "earlier", case: case_id }));
    addButton(buttons, "Remove", { "aria-label": `Remove ${case_id}` }, () => this.talk.say({ t: "drop_case", case: case_id }));
    return [String(n + 1), case_id, inputs.question, inputs.minutes, inputs.missing, buttons];
  }

  /** @param {Known[]} cases */
  #others(cases) {
    const rows = cases.map((known) => {
      const place = make("span", "");
      addButton(place, "Add", { "aria-label": `Add ${known.case}` }, () => this.talk.say({ t: "case", case: known.case }));
      return [known.case, known.question, known.missing.join("; ") || "nothing noted", place];
    });
    return part("Other cases of the registry", rows.length ? table(["Case", "Question", "Not recorded", ""], rows) : "None.");
  }

  /** @param {Member[]} members @param {Choices} choices */
  #members(members, choices) {
    const rows = members.map(({ id, role, unit, profession }) => {
      const place = make("span", "");
      addButton(place, "Remove", { "aria-label": `Remove ${id}` }, () => this.talk.say({ t: "drop_member", id }));
      return [id, role, unit, profession ? words(profession) : "not recorded", place];
    });
    const listed = rows.length ? table(["Pseudonym", "Role", "Unit", "Profession", ""], rows) : "Nobody yet.";
    return part("Members, by pseudonym and never by name", listed, this.#adding(choices));
  }

  /** @param {Choices} choices */
  #adding(choices) {
    const id = field("Pseudonym", "");
    const unit = field("Unit", "");
    id.placeholder = "pseudonym";
    unit.placeholder = "unit, such as AA";
    const role = choose("Role", choices.role, "member");
    const profession = choose("Profession", ["", ...choices.profession], "");
    const form = make("form", "sr-meeting-form", { "aria-label": "Add a member" }, id, role, unit, profession, make("button", "", { type: "submit" }, "Add or change"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.talk.say({ t: "member", id: id.value, role: role.value, unit: unit.value, profession: profession.value });
    });
    return form;
  }
}

/** @param {import("./room/blocks.js").Page} page */
function result({ title, blocks }) {
  return part(title, ...blocks.map((block) => drawn(block, (_scene, still) => still)));
}

/** @param {string} title @param {(Node | string)[]} children */
function part(title, ...children) {
  return make("section", "sr-meeting-part", { "aria-label": title }, make("h4", "", {}, title), ...children);
}

/** @param {string[]} heads @param {(Node | string)[][]} rows */
function table(heads, rows) {
  const head = make("tr", "", {}, ...heads.map((text) => make("th", "", { scope: "col" }, text)));
  const body = rows.map((row) => make("tr", "", {}, ...row.map((cell) => make("td", "", {}, cell))));
  return make("div", "wide", {}, make("table", "", {}, make("thead", "", {}, head), make("tbody", "", {}, ...body)));
}

/** @param {string} label @param {string} value @param {string} [type] */
function field(label, value, type = "text") {
  return make("input", "", { type, value, "aria-label": label });
}

/** @param {string} label @param {string[]} options @param {string} chosen */
function choose(label, options, chosen) {
  const select = make("select", "", { "aria-label": label }, ...options.map((value) => make("option", "", { value }, words(value) || "profession not recorded")));
  select.value = chosen;
  return select;
}

const words = (/** @type {string} */ name) => name.replaceAll("_", " ");

/** What is being worked on, so that it is found again after Python's answer. @param {HTMLElement} root */
function focused(root) {
  const holder = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  const active = /** @type {HTMLElement | null} */ (holder.activeElement);
  return active && root.contains(active) ? active.dataset.key : undefined;
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const board = new MeetingBoard(model, el);
  return () => board.close();
}

export default { render };
