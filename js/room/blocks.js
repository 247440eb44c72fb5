// @ts-check
// Pages of a case as they stand on the screen: words are only ever set as text, so that nothing in them can act.

import { make } from "../panel.js";

/** @typedef {{file: string | null, caption: string, alt: string}} Picture */
/** @typedef {{t: string} & Record<string, any>} Block */
/** @typedef {{title: string, part: string, columns: boolean, blocks: Block[]}} Page */

const [RULER_LOW_MM, RULER_MM] = [-5, 35];

/** @param {Block} block @param {(scene: number, still: HTMLElement) => HTMLElement} sceneOf */
export function drawn(block, sceneOf) {
  switch (block.t) {
    case "headline": return make("p", "headline", {}, block.text);
    case "facts": return facts(block.rows);
    case "bullets": return headed(block.heading, make("ul", "", {}, ...block.items.map((/** @type {string} */ item) => make("li", "", {}, item))));
    case "table": return headed(block.heading, table(block));
    case "pictures": return make("div", "pictures", {}, ...block.images.map(picture));
    case "scene": return sceneOf(block.scene, picture(block.still));
    case "note": return make("p", "note", {}, block.text);
    default: return make("p", "note", {}, "This part cannot be shown by this version of the page.");
  }
}

/** @param {[string, string | null][]} rows */
function facts(rows) {
  const list = make("dl", "");
  for (const [name, value] of rows) {
    list.append(make("dt", "", {}, name), make("dd", value === null ? "absent" : "", {}, value ?? "not recorded"));
  }
  return list;
}

/** @param {string} heading @param {HTMLElement} body */
function headed(heading, body) {
  return heading ? make("div", "", {}, make("h3", "", {}, heading), body) : body;
}

/** @param {any} block */
function table({ head, rows, strong, rulers, dense }) {
  const body = make("tbody", "");
  rows.forEach((/** @type {string[]} */ row, /** @type {number} */ n) => {
    const line = make("tr", strong.includes(n) ? "strong" : "", {}, ...row.map((text) => make("td", "", {}, text)));
    if (rulers[n]) line.append(make("td", "ruler", {}, ruler(rulers[n])));
    body.append(line);
  });
  const names = head.map((/** @type {string} */ text) => make("th", "", { scope: "col" }, text));
  if (rulers.length) names.push(make("th", "", { scope: "col" }, "0 to 25 mm, a line every 5"));
  return make("div", "wide", {}, make("table", dense ? "dense" : "", {}, make("thead", "", {}, make("tr", "", {}, ...names)), body));
}

/** A value with its interval; it says nothing that the words beside it do not. @param {{low: number, value: number, high: number}} interval */
function ruler({ low, value, high }) {
  const box = make("span", "scale", { role: "img", "aria-label": `${value.toFixed(1)} mm, between ${low.toFixed(1)} and ${high.toFixed(1)} mm` });
  for (const mm of [0, 5, 10, 15, 20, 25]) placed(box, make("i", mm ? "tick" : "tick zero"), mm);
  const bar = placed(box, make("i", "span"), low);
  bar.style.width = `${percent(high) - percent(low)}%`;
  placed(box, make("i", "dot"), value);
  return box;
}

const percent = (/** @type {number} */ mm) => (100 * Math.min(1, Math.max(0, (mm - RULER_LOW_MM) / RULER_MM)));

/** @param {HTMLElement} box @param {HTMLElement} mark @param {number} mm */
function placed(box, mark, mm) {
  mark.style.left = `${percent(mm)}%`;
  box.append(mark);
  return mark;
}

/** @param {Picture} image */
function picture({ file, caption, alt }) {
  const image = file ? [make("img", "", { src: `files/${file}`, alt, loading: "lazy" })] : [];
  return make("figure", "", {}, ...image, make("figcaption", "", {}, caption));
}
