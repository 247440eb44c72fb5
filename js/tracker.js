// @ts-check
// The outcome tracker's entry: a case's time line, what is due, and a form of one line to record an event or a
// correction. Python holds the case; a page says what somebody records, and for which version of the case.

import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {{version: number, day: string, when: string, words: string, group: string, recorded: string, changes: string[],
 *   stands: boolean, precision: string, certainty: string, correctable: boolean}} Line */
/** @typedef {{version: number, on: string, lines: Line[], others: string, choices: {key: string, words: string}[],
 *   writable: boolean, due: {words: string, source: string, windows: string[]}, findings: string[]}} Case */
/** @typedef {{title: string, day: string, precision: string, certainty: string, reason: boolean,
 *   send: (said: object) => void, takeBack?: (said: object) => void}} Asked */

class Tracker {
  /** @type {Case | null} */
  #case = null;
  #status = make("p", "sr-words", { role: "status" });
  #line = make("ol", "sr-line", { "aria-label": "Time line", tabindex: "0" });
  #others = make("p", "sr-small");
  #adds = make("div", "sr-adds", { role: "group", "aria-label": "Add an event" });
  #place = make("div", "");
  #due = make("ul", "sr-due");
  #source = make("p", "sr-small");
  #findings = make("ul", "sr-due");

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    const left = make("div", "", {}, make("h4", "", {}, "Time line"), this.#line, this.#others);
    this.adding = make("section", "", { "aria-label": "Add" }, make("h4", "", {}, "Add"), this.#adds);
    const right = make("div", "", {}, this.adding, this.#place, make("h4", "", {}, "Follow-up"), this.#due, this.#source,
      make("h4", "", {}, "Questions about the data"), this.#findings);
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-tracker", { "aria-label": "Outcomes of one case", "data-lm-suppress-shortcuts": "true" }, this.#status,
      make("div", "sr-case", {}, left, right), make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => this.#press(event));
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t === "refused") this.#status.textContent = message.words;
    if (message.t !== "case") return;
    if (this.#case && message.version !== this.#case.version) this.#put(null);
    this.#case = message;
    this.#status.textContent = "";
    this.#draw(message);
    this.root.dataset.state = "ready";
  }

  /** @param {Case} told */
  #draw({ lines, others, choices, writable, due, findings }) {
    this.#line.replaceChildren(...lines.map((line) => this.#entry(line, writable)));
    this.#line.scrollTop = this.#line.scrollHeight;
    this.#others.textContent = others ? `Also in the journal: ${others}` : "";
    this.adding.hidden = !writable;
    this.#adds.replaceChildren();
    for (const { key, words } of choices) addButton(this.#adds, words, {}, () => this.#add(key, words));
    const windows = due.windows.map((words) => make("li", "", { "data-overdue": String(words.startsWith("overdue")) }, words));
    this.#due.replaceChildren(make("li", "", {}, due.words), ...windows);
    this.#source.textContent = due.source;
    this.#findings.replaceChildren(...(findings.length ? findings : ["nothing found"]).map((words) => make("li", "", {}, words)));
  }

  /** @param {Line} line @param {boolean} writable */
  #entry(line, writable) {
    const what = make("span", "sr-what", {}, make("b", "", {}, line.words), ...[line.recorded, ...line.changes].map((words) => make("span", "sr-small", {}, words)));
    const item = make("li", "", { "data-group": line.group, "data-version": String(line.version), "data-stands": String(line.stands) },
      make("time", "", { datetime: line.day }, line.when), make("span", "sr-group-word", {}, line.stands ? line.group : "taken back"), what);
    if (writable && line.stands && line.correctable) addButton(what, "Correct", { "aria-label": `Correct ${line.words}, ${line.when}` }, () => this.#correct(line));
    return item;
  }

  /** @param {string} key @param {string} words */
  #add(key, words) {
    const day = this.#case?.on ?? "";
    this.#put({ title: words, day, precision: "day", certainty: "certain", reason: false, send: (said) => this.#say({ t: "add", choice: key, ...said }) });
  }

  /** @param {Line} line */
  #correct(line) {
    this.#put({
      title: `Correct: ${line.words}, ${line.when}`, day: line.day, precision: line.precision, certainty: line.certainty || "certain", reason: true,
      send: (said) => this.#say({ t: "correct", entry: line.version, ...said }),
      takeBack: (said) => this.#say({ t: "take_back", entry: line.version, ...said }),
    });
  }

  /** @param {object} said */
  #say(said) {
    this.#status.textContent = "";
    this.talk.say({ ...said, version: this.#case?.version });
  }

  /** Show the form of one line, or none. @param {Asked | null} asked */
  #put(asked) {
    this.#place.replaceChildren();
    if (!asked) return;
    const day = make("input", "", { type: "date", value: asked.day, "aria-label": "Date", required: "" });
    const precision = choose("Date known to", ["day", "month", "year"], asked.precision);
    const certainty = choose("Certainty", ["certain", "probable", "possible"], asked.certainty);
    const words = make("input", "", { type: "text", "aria-label": asked.reason ? "Reason" : "Note", placeholder: asked.reason ? "reason" : "note" });
    const record = make("button", "", { type: "submit" }, "Record");
    const form = make("form", "sr-entry", { "aria-label": asked.title }, make("strong", "", {}, asked.title), day, precision, certainty, words, record);
    const said = () => ({ on: day.value, precision: precision.value, certainty: certainty.value, [asked.reason ? "reason" : "note"]: words.value });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      asked.send(said());
    });
    if (asked.takeBack) addButton(form, "Take back", {}, () => asked.takeBack?.(said()));
    addButton(form, "Cancel", {}, () => this.#put(null));
    this.#place.append(form);
    (asked.reason ? words : record).focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.#put(null);
  }
}

/** @param {string} label @param {string[]} options @param {string} chosen */
function choose(label, options, chosen) {
  const select = make("select", "", { "aria-label": label }, ...options.map((value) => make("option", "", { value }, value)));
  select.value = chosen;
  return select;
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const tracker = new Tracker(model, el);
  return () => tracker.close();
}

export default { render };
