// @ts-check
// The privacy panel's entry: faults by rule or by file, and the contact sheet. All words come from Python, masked; a page
// says which picture was looked at, what is to be blanked beside, and who signs.

import { PURPOSE, addButton, make } from "./panel.js";
import { Talk } from "./talk.js";

/** @typedef {{first: string, element: string, value: string, remedy: string}} Line */
/** @typedef {{title: string, count: number, lines: Line[]}} Group */
/** @typedef {{file: string, kind: string, shape: number[], regions: number, looked: boolean, lines: {box: number[], marker: boolean}[]}} Picture */
/** @typedef {{pictures: Picture[], unseen: string[], roles: string[], signed: {role: string, on: string} | null}} Sheet */
/** @typedef {{outcome: string, heading: string, files: number, groups: {rule: Group[], file: Group[]}, skipped: string[], sheet: Sheet | null, problem: string}} Told */

const MARKS = { open: "✓", clean_first: "!", refuse: "✕" };

class PrivacyPanel {
  /** @type {"rule" | "file"} */
  #by = "rule";
  #role = "";
  /** @type {Told | undefined} */
  #told;
  /** @type {Map<string, string>} addresses of the pictures that came, by what is blanked in them */
  #images = new Map();
  #status = make("p", "sr-words", { role: "status" });
  #head = make("div", "sr-verdict");
  #faults = make("div", "sr-faults");
  #sheet = make("div", "sr-contact");
  /** @param {import("./store.js").Model} model @param {HTMLElement} el */
  constructor(model, el) {
    // Lumino, JupyterLab's frame, takes no keys from within this attribute.
    this.root = make("section", "sr-privacy", { "aria-label": "Privacy", "data-lm-suppress-shortcuts": "true" },
      this.#head, this.#status, this.#faults, this.#sheet, make("p", "sr-purpose", {}, PURPOSE));
    el.append(this.root);
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    this.talk = new Talk(model, (message, buffers) => this.#hear(message, buffers), () => (this.#status.textContent = "Waiting for Python"));
  }

  close() {
    this.talk.close();
    for (const address of this.#images.values()) URL.revokeObjectURL(address);
  }

  /** @param {any} message @param {DataView[]} buffers */
  #hear(message, buffers) {
    if (message.t === "picture") this.#keep(message, buffers);
    if (message.t !== "privacy") return;
    this.#told = message;
    this.#draw(message);
  }

  /** @param {Told} told */
  #draw(told) {
    const at = this.#keyOf(document.activeElement);
    const open = new Set([...this.#faults.querySelectorAll("details[open]")].map((fold) => this.#keyOf(fold)));
    this.#status.textContent = told.problem;
    this.#head.dataset.outcome = told.outcome;
    this.#head.replaceChildren(make("b", "", { "aria-hidden": "true" }, MARKS[/** @type {keyof typeof MARKS} */ (told.outcome)]),
      make("strong", "", {}, told.heading), make("span", "", {}, `${told.files} ${told.files === 1 ? "file" : "files"} read`),
      ...told.skipped.map((words) => make("span", "", {}, `left out: ${words}`)));
    this.#listFaults(told);
    this.#sheet.replaceChildren(...(told.sheet ? this.#contact(told.sheet) : []));
    for (const fold of this.#faults.querySelectorAll("details")) fold.open = open.has(this.#keyOf(fold));
    /** @type {HTMLElement | undefined} */ ([...this.root.querySelectorAll("[data-key]")].find((each) => at && this.#keyOf(each) === at))?.focus();
    this.root.dataset.state = "ready";
  }

  /** @param {Element | null} element */
  #keyOf(element) {
    return element && this.root.contains(element) ? (element.getAttribute("data-key") ?? "") : "";
  }

  /** @param {Told} told */
  #listFaults(told) {
    this.#faults.replaceChildren();
    if (!told.groups.rule.length) return;
    const bar = make("div", "sr-bar", { role: "group", "aria-label": "Faults" });
    for (const by of /** @type {const} */ (["rule", "file"])) {
      addButton(bar, `By ${by}`, { "aria-pressed": String(this.#by === by), "data-key": `by ${by}` }, () => {
        this.#by = by;
        if (this.#told) this.#draw(this.#told);
      });
    }
    this.#faults.append(bar, ...told.groups[this.#by].map((group) => this.#group(group)));
  }

  /** @param {Group} group */
  #group({ title, count, lines }) {
    const rows = lines.map((line) => make("tr", "", {}, ...[line.first, line.element, line.value, line.remedy].map((words) => make("td", "", {}, words))));
    const names = [this.#by === "rule" ? "File" : "Rule", "Element", "Value, masked", "The cleaner"];
    const head = make("thead", "", {}, make("tr", "", {}, ...names.map((name) => make("th", "", { scope: "col" }, name))));
    const more = count > lines.length ? [make("p", "sr-why", {}, `and ${count - lines.length} more`)] : [];
    return make("details", "", { "data-key": `${this.#by} ${title}` }, make("summary", "", {}, `${title} `, make("span", "sr-tally", {}, `× ${count}`)),
      make("div", "sr-rows", {}, make("table", "", {}, head, make("tbody", "", {}, ...rows))), ...more);
  }

  /** @param {Sheet} sheet */
  #contact(sheet) {
    const left = sheet.pictures.filter(({ looked }) => !looked).length;
    const cards = make("div", "sr-cards", { role: "group", "aria-label": "Pictures" }, ...sheet.pictures.map((picture, n) => this.#card(picture, n)));
    const words = "Text burned into these pictures is blanked where it was found (orange); markers of the side stay (blue). A reader misses some: look at each. Drag on a picture to blank more.";
    return [make("h4", "", {}, "Contact sheet"), make("p", "sr-why", {}, words), cards,
      ...sheet.unseen.map((line) => make("p", "sr-why", {}, `stays closed: ${line}`)), this.#signing(sheet, left)];
  }

  /** @param {Sheet} sheet @param {number} left pictures that nobody has looked at */
  #signing({ signed, roles, pictures }, left) {
    const bar = make("div", "sr-bar sr-signing", { role: "group", "aria-label": "Signature" });
    if (signed) {
      bar.append(make("strong", "", { role: "status" }, `Signed by a ${signed.role} on ${signed.on}`));
      return bar;
    }
    const choice = make("select", "", { "aria-label": "Signing as", "data-key": "role" }, make("option", "", { value: "" }, "Signing as …"),
      ...roles.map((role) => make("option", "", { value: role }, role)));
    choice.value = this.#role;
    const button = addButton(bar, "Sign", { "data-key": "sign" }, () => this.talk.say({ t: "sign", role: this.#role }));
    const ready = () => (button.disabled = left > 0 || !pictures.length || !this.#role);
    choice.addEventListener("change", () => {
      this.#role = choice.value;
      ready();
    });
    ready();
    bar.prepend(choice);
    bar.append(make("span", "sr-why", { role: "status" }, left ? `${left} of ${pictures.length} not looked at yet` : "every picture was looked at"));
    return bar;
  }

  /** @param {Picture} picture @param {number} n */
  #card(picture, n) {
    const name = `${picture.kind} ${picture.file}`;
    const tick = make("input", "", { type: "checkbox", "data-key": `look ${n}` });
    tick.checked = picture.looked;
    tick.addEventListener("change", () => this.talk.say({ t: "look", n, looked: tick.checked }));
    const bar = make("div", "sr-bar", {}, make("label", "", {}, tick, "Looked at: names nobody"));
    addButton(bar, "Leave out", { "aria-label": `Leave out ${name}`, "data-key": `leave ${n}` }, () => this.talk.say({ t: "leave out", n }));
    picture.lines.forEach((line, at) => {
      if (!line.marker) addButton(bar, `Keep line ${at + 1}`, { title: `No text: rows ${line.box[0]} to ${line.box[2]}`, "data-key": `keep ${n} ${at}` }, () => this.talk.say({ t: "keep", n, line: at }));
    });
    return make("figure", "sr-card", { "aria-label": name }, this.#picture(picture, n, name), make("figcaption", "", {}, make("b", "", {}, name), ` ${wordsOf(picture)}`), bar);
  }

  /** @param {Picture} picture @param {number} n @param {string} name */
  #picture(picture, n, name) {
    const key = keyOf(picture, n);
    const place = make("div", "sr-picture", { "data-n": String(n), "data-image": key });
    const address = this.#images.get(key);
    if (address) place.append(imageOf(address, name));
    else this.talk.say({ t: "picture", n });
    this.#dragOn(place, picture, n);
    return place;
  }

  /** @param {any} message @param {DataView[]} buffers */
  #keep(message, buffers) {
    const picture = this.#told?.sheet?.pictures[message.n];
    const place = picture && this.#sheet.querySelector(`[data-n="${message.n}"]`);
    if (!place || place.childElementCount) return;
    const address = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (buffers[0])], { type: "image/png" }));
    this.#images.set(keyOf(picture, message.n), address);
    place.append(imageOf(address, `${picture.kind} ${picture.file}`));
  }

  /** A box drawn with the pointer is blanked beside. @param {HTMLElement} place @param {Picture} picture @param {number} n */
  #dragOn(place, { shape }, n) {
    /** @type {number[] | null} */
    let start = null;
    const box = make("i", "sr-box");
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, top, width, height } = place.getBoundingClientRect();
      return [(event.clientY - top) / height, (event.clientX - left) / width].map((part) => Math.min(1, Math.max(0, part)));
    };
    const edges = (/** @type {number[]} */ [y, x], /** @type {number[]} */ [y1, x1]) => [Math.min(y, y1), Math.min(x, x1), Math.max(y, y1), Math.max(x, x1)];
    place.addEventListener("pointerdown", (event) => {
      start = at(event);
      place.setPointerCapture(event.pointerId);
      place.append(box);
      box.style.cssText = "";
      event.preventDefault();
    });
    place.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [top, left, bottom, right] = edges(start, at(event)).map((part) => `${100 * part}%`);
      box.style.inset = `${top} calc(100% - ${right}) calc(100% - ${bottom}) ${left}`;
    });
    place.addEventListener("pointerup", (event) => {
      if (!start) return;
      const parts = edges(start, at(event));
      start = null;
      box.remove();
      const pixels = parts.map((part, edge) => Math.round(part * shape[edge % 2]));
      if (pixels[2] - pixels[0] > 2 && pixels[3] - pixels[1] > 2) this.talk.say({ t: "blank", n, box: pixels });
    });
  }
}

/** @param {Picture} picture @param {number} n */
function keyOf({ file, lines }, n) {
  return `${n} ${file} ${JSON.stringify(lines)}`;
}

/** @param {string} address @param {string} name */
function imageOf(address, name) {
  return make("img", "", { src: address, alt: `${name}, as it would be released`, draggable: "false" });
}

/** @param {Picture} picture */
function wordsOf({ lines, regions }) {
  const blanked = lines.filter(({ marker }) => !marker).length;
  const kept = lines.length - blanked;
  return [`${blanked} ${blanked === 1 ? "line" : "lines"} blanked`, ...(kept ? [`${kept} kept`] : []), ...(regions ? ["all outside the ultrasound regions blanked"] : [])].join(", ");
}

/** @param {{model: import("./store.js").Model, el: HTMLElement}} given */
function render({ model, el }) {
  const panel = new PrivacyPanel(model, el);
  return () => panel.close();
}

export default { render };
