// @ts-check
// The pathway panel's entry: a card for each rule. All words come from Python; a page draws them, folds and unfolds, and
// says which fact somebody asks for and that the panel was seen.

import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {{fact: string, words: string}} Need */
/** @typedef {{id: string, level: string, status: string, mark: string, words: string, was: string, statement: string,
 *   explanation: string, destination: string, source: string, reading: string, needs: Need[], used: string[]}} Card */
/** @typedef {{id: string, title: string, notice: string, past: boolean, last: string,
 *   counts: {status: string, mark: string, words: string, count: number}[],
 *   sections: {title: string, cards: Card[]}[], silent: string[], notes: {title: string, lines: string[]}[]}} Sheet */

class PathwayPanel {
  #linked = false;
  #bar = make("div", "sr-panelbar");
  #status = make("p", "sr-words", { role: "status" });
  #sheets = make("div", "");

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-pathways", { "aria-label": "Pathways", "data-lm-suppress-shortcuts": "true" }, this.#bar, this.#status, this.#sheets,
      make("p", "sr-purpose", {}, `Source text may have changed. The responsible clinical team decides. ${PURPOSE}`));
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    this.changes = make("span", "sr-count", { "aria-live": "polite" });
    this.#bar.append(this.changes);
    this.seen = addButton(this.#bar, "Mark as seen", {}, () => this.talk.say({ t: "seen" }));
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t === "refused") this.#status.textContent = message.words;
    if (message.t !== "panel") return;
    this.#linked = message.linked;
    this.#status.textContent = "";
    this.changes.textContent = changeWords(message.changes);
    this.seen.hidden = !message.can_mark;
    const { folds, at } = this.#look();
    this.#sheets.replaceChildren(...message.sheets.map((/** @type {Sheet} */ sheet) => this.#sheet(sheet)));
    for (const fold of this.#sheets.querySelectorAll("details")) fold.open = folds.get(fold.dataset.key ?? "") ?? fold.open;
    const held = [...this.#sheets.querySelectorAll("[data-key]")].find((each) => at !== null && each.getAttribute("data-key") === at);
    /** @type {HTMLElement | null | undefined} */ (held?.tagName === "DETAILS" ? held.querySelector("summary") : held)?.focus();
    this.root.dataset.state = "ready";
  }

  /** What is folded or unfolded, and what has the keyboard. */
  #look() {
    const folds = new Map([...this.#sheets.querySelectorAll("details")].map((fold) => [fold.dataset.key ?? "", fold.open]));
    const active = document.activeElement;
    const keyed = active?.closest("[data-key]");
    return { folds, at: keyed && this.#sheets.contains(keyed) ? keyed.getAttribute("data-key") : null };
  }

  /** @param {Sheet} sheet */
  #sheet({ id, title, notice, past, last, counts, sections, silent, notes }) {
    const tally = counts.map(({ status, mark, words, count }) =>
      make("li", "", { "data-status": status }, make("span", "sr-mark", { "aria-hidden": "true" }, mark), `${count} ${words}`));
    return make("article", "sr-sheet", { "aria-label": title },
      make("h3", "", {}, title),
      make("p", past ? "sr-past" : "sr-why", {}, past ? `⚠ ${notice}` : notice),
      ...(last ? [make("p", "sr-why", {}, last)] : []),
      make("ul", "sr-tally", { "aria-label": "How many rules say what" }, ...tally),
      ...sections.map(({ title: heading, cards }) => make("details", "sr-level-of", { "data-key": `${id} ${heading}`, open: "" },
        make("summary", "", {}, make("h4", "", {}, `${heading} (${cards.length})`)),
        make("div", "sr-cards", {}, ...cards.map((card) => this.#card(id, card))))),
      ...(silent.length ? [make("p", "sr-why", {}, `Do not speak of this case: ${silent.join(", ")}.`)] : []),
      ...notes.map((note) => fold(`${id} ${note.title}`, note.title, note.lines)));
  }

  /** @param {string} sheet @param {Card} card */
  #card(sheet, card) {
    const head = make("header", "", {}, make("span", "sr-mark", { "aria-hidden": "true" }, card.mark), make("b", "", {}, card.id),
      make("span", "sr-level", {}, card.level), make("span", "sr-status", {}, card.words));
    if (card.was) head.append(make("span", "sr-was", {}, `changed, was ${card.was}`));
    const parts = [head, make("p", "", {}, card.statement), make("p", "sr-why", {}, card.explanation)];
    if (card.destination) parts.push(make("p", "sr-leads", {}, `Who or where: ${card.destination}`));
    if (card.needs.length) parts.push(this.#needs(sheet, card));
    parts.push(make("p", "sr-source", {}, card.source));
    const more = [card.reading, card.used.length ? `Recorded: ${card.used.join("; ")}.` : ""];
    if (more.some(Boolean)) parts.push(fold(`${sheet} ${card.id}`, "Reading and facts used", more.filter(Boolean)));
    return make("article", "sr-rule", { "data-status": card.status, "data-rule": card.id, "aria-label": `${card.id}, ${card.level}: ${card.words}` }, ...parts);
  }

  /** @param {string} sheet @param {Card} card */
  #needs(sheet, { id, needs }) {
    const place = make("p", "sr-needs", {}, make("span", "", {}, "Would settle it: "));
    for (const { fact, words } of needs) {
      if (!this.#linked) place.append(make("span", "sr-need", {}, words));
      else addButton(place, words, { "data-key": `${sheet} ${id} ${fact}`, title: "Go to the question" }, () => this.talk.say({ t: "jump", sheet, fact }));
    }
    return place;
  }
}

/** @param {number} count */
function changeWords(count) {
  if (!count) return "Nothing changed since the last look";
  return count === 1 ? "1 rule changed since the last look" : `${count} rules changed since the last look`;
}

/** @param {string} key @param {string} title @param {string[]} lines */
function fold(key, title, lines) {
  return make("details", "", { "data-key": key }, make("summary", "", {}, title), ...lines.map((line) => make("p", "sr-why", {}, line)));
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const panel = new PathwayPanel(model, el);
  return () => panel.close();
}

export default { render };
