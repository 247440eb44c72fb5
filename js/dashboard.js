// @ts-check
// The dashboard's entry: a still picture beside its table for each panel. All numbers, words and pictures come from
// Python, after disclosure control; a page asks for another endpoint or centre.

import { PURPOSE, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {{title: string, lines: string[], heads: string[], rows: string[][], withheld: string, alt?: string,
 *   picture?: string}} Panel */
/** @typedef {{value: string, words: string}} Option */

class Dashboard {
  #status = make("p", "sr-words", { role: "status" });
  #rule = make("p", "sr-rule");
  #panels = make("div", "sr-outcomes");
  #endpoint = make("select", "");
  #centre = make("select", "");

  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    const bar = make("div", "sr-dashbar", {}, make("label", "", {}, "Endpoint ", this.#endpoint), make("label", "", {}, "Operation by operation ", this.#centre));
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-dashboard", { "aria-label": "Dashboard", "data-lm-suppress-shortcuts": "true" }, bar, this.#rule, this.#status,
      this.#panels, make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    for (const select of [this.#endpoint, this.#centre]) select.addEventListener("change", () => this.#ask());
    this.talk = new Talk(model, (message) => this.#hear(message), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
  }

  #ask() {
    this.#status.textContent = "Drawing";
    this.talk.say({ t: "show", endpoint: this.#endpoint.value, centre: this.#centre.value });
  }

  /** @param {any} message */
  #hear(message) {
    if (message.t === "refused") this.#status.textContent = message.words;
    if (message.t !== "dashboard") return;
    this.#status.textContent = "";
    this.#rule.textContent = message.rule;
    fill(this.#endpoint, message.endpoints, message.endpoint);
    fill(this.#centre, [{ value: "", words: "all centres" }, ...message.centres.map((/** @type {string} */ name) => ({ value: name, words: name }))], message.centre);
    this.#panels.replaceChildren(...message.panels.map(draw));
    this.root.dataset.state = "ready";
  }
}

/** @param {HTMLSelectElement} select @param {Option[]} options @param {string} chosen */
function fill(select, options, chosen) {
  if (select.options.length !== options.length) select.replaceChildren(...options.map(({ value, words }) => make("option", "", { value }, words)));
  select.value = chosen;
}

/** @param {Panel} panel */
function draw({ title, lines, heads, rows, withheld, alt, picture }) {
  const parts = [make("h4", "", {}, title)];
  if (picture) parts.push(make("img", "", { src: picture, alt: alt ?? "" }));
  if (withheld) parts.push(make("p", "sr-withheld", {}, withheld));
  if (rows.length) {
    const cells = (/** @type {string[]} */ row) => make("tr", "", {}, ...row.map((text) => make("td", "", {}, text)));
    const head = make("thead", "", {}, make("tr", "", {}, ...heads.map((text) => make("th", "", { scope: "col" }, text))));
    const table = make("table", "", {}, head, make("tbody", "", {}, ...rows.map(cells)));
    parts.push(make("div", "sr-scroll", { tabindex: "0", role: "region", "aria-label": `Table: ${title}` }, table));
  }
  if (lines.length) parts.push(make("ul", "", {}, ...lines.map((line) => make("li", "", {}, line))));
  return make("article", "sr-outcome", {}, ...parts);
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const dashboard = new Dashboard(model, el);
  return () => dashboard.close();
}

export default { render };
