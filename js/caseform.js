// @ts-check
// The case form's entry: every question with its answers, "not recorded" among them. Python holds the answers; a page
// sends each choice and shows what Python says is recorded.

import { countWords, groupWords, layInOrder, numberOf, placesOf, whyWords } from "./caseformwords.js";
import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {import("./caseformwords.js").Question} Question */
/** @typedef {import("./caseformwords.js").Value} Value */
/** @typedef {{field: HTMLFieldSetElement, why: HTMLElement, rules: HTMLElement, show: (answer: Value | undefined) => void}} Shown */

const PAUSE_MS = 700; // Arrow keys pass through answers on their way; the one they rest on counts.

class Form {
  /** @type {Question[]} */
  #questions = [];
  /** @type {import("./caseformwords.js").State} */
  #state = { answers: {}, next: [], waiting: {}, undo: "" };
  /** @type {Record<string, string>} what each rule says */
  #rules = {};
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  /** @type {Map<string, {fold: HTMLDetailsElement, list: HTMLElement, title: HTMLElement}>} */
  #groups = new Map();
  /** @type {string[]} */
  #next = [];
  /** @type {{key: string, value: Value, timer: ReturnType<typeof setTimeout>} | null} */
  #resting = null;
  #arrow = false;
  #name = Math.random().toString(36).slice(2);
  #status = make("p", "sr-words", { role: "status" });
  #count = make("span", "sr-count");
  #first = make("div", "sr-questions", { role: "group", "aria-label": "Questions that settle most" });
  #none = make("p", "sr-why", {}, "No rule waits for an answer.");
  #rest = make("div", "sr-groups");

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    const bar = make("div", "sr-formbar", {}, this.#count);
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-caseform", { "aria-label": "Case form", "data-lm-suppress-shortcuts": "true" }, bar, this.#status,
      make("h4", "", {}, "Asked next"), this.#none, this.#first, make("h4", "", {}, "All other questions"), this.#rest,
      make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.undo = addButton(bar, "Undo", {}, () => this.#undo());
    this.root.addEventListener("keydown", (event) => this.#press(event));
    this.root.addEventListener("pointerdown", () => (this.#arrow = false));
    this.root.addEventListener("focusout", () => setTimeout(() => this.#left()));
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.#send();
    this.talk.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t === "form" && !this.#questions.length) this.#build(message);
    if (!this.#questions.length) return;
    if (message.t === "show") this.#unfold(message.key);
    if (!message.answers) return;
    this.#state = message;
    this.#status.textContent = message.t === "refused" ? message.words : "";
    this.#draw();
    this.root.dataset.state = "ready";
  }

  /** @param {{questions: Question[], rules: Record<string, string>}} form */
  #build({ questions, rules }) {
    this.#questions = questions;
    this.#rules = rules;
    for (const question of questions) {
      this.#shown.set(question.key, this.#question(question));
      if (this.#groups.has(question.group)) continue;
      const [title, list] = [make("summary", ""), make("div", "sr-questions")];
      const fold = make("details", "", {}, title, list);
      this.#groups.set(question.group, { fold, list, title });
      this.#rest.append(fold);
    }
  }

  /** @param {Question} question @returns {Shown} */
  #question(question) {
    const [why, rules] = [make("summary", ""), make("ul", "")];
    const choices = make("div", "sr-choices");
    const field = make("fieldset", "sr-question", { "data-key": question.key }, make("legend", "", {}, question.question), choices,
      make("details", "sr-why", {}, why, rules));
    const show = question.unit ? this.#number(question, choices) : this.#radios(question, choices);
    return { field, why, rules, show };
  }

  /** @param {Question} question @param {HTMLElement} place */
  #radios({ key, choices }, place) {
    const all = [...choices, { value: null, words: "not recorded" }];
    const inputs = all.map(({ value, words }) => {
      const input = make("input", "", { type: "radio", name: `${this.#name} ${key}` });
      input.addEventListener("change", () => this.#choose(key, value));
      place.append(make("label", value === null ? "sr-absent" : "", {}, input, make("span", "", {}, words)));
      return input;
    });
    return (/** @type {Value | undefined} */ answer) =>
      inputs.forEach((input, n) => (input.checked = all[n].value === (answer ?? null)));
  }

  /** @param {Question} question @param {HTMLElement} place */
  #number({ key, unit, question }, place) {
    const input = make("input", "", { type: "text", inputmode: "decimal", "aria-label": `${question} In ${unit}`, placeholder: "not recorded" });
    input.addEventListener("change", () => {
      const value = numberOf(input.value);
      if (value === undefined) this.#status.textContent = `Not recorded: expected a number of ${unit}`;
      else this.#answer(key, value);
    });
    const absent = make("button", "sr-absent", { type: "button" }, "not recorded");
    absent.addEventListener("click", () => this.#answer(key, null));
    place.append(make("label", "", {}, input, make("span", "", {}, unit)), absent);
    return (/** @type {Value | undefined} */ answer) => {
      input.value = answer === undefined ? "" : String(answer);
      absent.setAttribute("aria-pressed", String(answer === undefined));
    };
  }

  /** @param {string} key @param {Value} value */
  #choose(key, value) {
    if (this.#resting) clearTimeout(this.#resting.timer);
    if (!this.#arrow) return this.#answer(key, value);
    this.#resting = { key, value, timer: setTimeout(() => this.#send(), PAUSE_MS) };
  }

  /** Send the answer that arrow keys came to rest on. */
  #send() {
    if (!this.#resting) return;
    const { key, value, timer } = this.#resting;
    clearTimeout(timer);
    this.#answer(key, value);
  }

  /** @param {string} key @param {Value} value */
  #answer(key, value) {
    this.#resting = null;
    this.talk.say({ t: "answer", key, value });
  }

  #undo() {
    this.#send();
    this.talk.say({ t: "undo" });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    event.stopPropagation();
    this.#arrow = event.key.startsWith("Arrow");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !(event.target instanceof HTMLInputElement && event.target.type === "text")) {
      event.preventDefault();
      this.#undo();
    }
  }

  /** The keyboard left a question: its answer counts, and it may move. */
  #left() {
    if (this.#resting && this.#held() !== this.#resting.key) this.#send();
    if (this.#questions.length) this.#draw();
  }

  /** Key of the question that has the keyboard. */
  #held() {
    const field = this.root.contains(document.activeElement) ? document.activeElement?.closest("fieldset") : null;
    return field?.dataset.key ?? "";
  }

  #draw() {
    const { answers, next, waiting, undo } = this.#state;
    const held = this.#held();
    const places = placesOf(this.#questions, next, held, this.#next);
    this.#next = places.next;
    for (const [key, { field, why, rules, show }] of this.#shown) {
      field.dataset.state = key in answers ? "recorded" : "open";
      why.textContent = whyWords(waiting[key], answers[key]);
      why.tabIndex = waiting[key] ? 0 : -1;
      rules.replaceChildren(...(waiting[key] ?? []).map((rule) => make("li", "", {}, `${rule}: ${this.#rules[rule]}`)));
      const writing = document.activeElement instanceof HTMLInputElement && document.activeElement.type === "text";
      if (this.#resting?.key !== key && !(key === held && writing)) show(answers[key]);
    }
    const fields = (/** @type {string[]} */ keys) => keys.map((key) => /** @type {Shown} */ (this.#shown.get(key)).field);
    const holding = held ? /** @type {Shown} */ (this.#shown.get(held)).field : null;
    layInOrder(this.#first, fields(places.next), holding);
    for (const [name, { fold, list, title }] of this.#groups) {
      const keys = places.groups.get(name) ?? [];
      layInOrder(list, fields(keys), holding);
      title.textContent = groupWords(name, this.#questions.filter(({ group }) => group === name), answers);
      fold.hidden = !keys.length;
    }
    this.#none.hidden = places.next.length > 0;
    this.#count.textContent = countWords(this.#questions, answers);
    this.undo.disabled = !undo;
    this.undo.textContent = undo ? `Undo: ${undo}` : "Undo";
  }

  /** @param {string} key */
  #unfold(key) {
    const field = this.#shown.get(key)?.field;
    const fold = field?.closest("details");
    if (fold) fold.open = true;
    field?.scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null | undefined} */ (field?.querySelector("input:checked, input[type=text]"))?.focus();
  }
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const form = new Form(model, el);
  return () => form.close();
}

export default { render };
