// @ts-check
// The numbers of a plan below the views, and all that a hand can do to it without dragging.

import { turnedBy } from "./handles.js";
import { addButton, make } from "./panel.js";
import { dot, plus, unit } from "./geometry.js";
import { SolidView } from "./solidview.js";

/** @typedef {import("./screen.js").Screen} Screen */
/** @typedef {import("./cuts.js").Plane} Plane */
/** In mm; each triple is a value and its 95 % interval.
 * @typedef {{name: string, fate: string, tumour: number[], plane: number[] | null}} Structure */
/**
 * @typedef {{rows: {name: string, margin: number, interval: number[], closest: boolean}[], least: number[],
 *   position_mm: number[], limits: number[], fractions: number[], chances: number[][], structures: Structure[],
 *   bone: number[] | null, findings: string[], plans: {name: string, least: number[] | null}[], open: string,
 *   undo: boolean, redo: boolean}} Plan
 */
/** @typedef {{margins: number[], least: number[], position_mm: number[], fractions: number[], plane: Plane}} Live */

const FATES = /** @type {Record<string, string>} */ ({ kept: "stays", cut: "is cut", removed: "taken whole" });
const STEP_DEG = 1;
/** Axes that a tilt turns about: the patient's own. @type {[string, number[]][]} */
const AXES = [["R–L", [1, 0, 0]], ["A–P", [0, 1, 0]], ["I–S", [0, 0, 1]]];

const mm = (/** @type {number} */ value) => value.toFixed(1).replace("-0.0", "0.0");
const interval = (/** @type {number[]} */ [low, high]) => `${mm(low)} to ${mm(high)}`;

export class PlanPanel {
  #shown = "";

  /** @param {Screen} screen @param {HTMLElement} place */
  constructor(screen, place) {
    this.screen = screen;
    this.headline = make("p", "sr-least", { role: "status", "aria-live": "polite" });
    this.steps = make("span", "sr-group", { role: "group", "aria-label": "Plans" });
    this.rows = make("tbody", "");
    const heads = ["Cut", "Margin, mm", "95 %, mm", "Tilt about", ""].map((head) => make("th", "", { scope: "col" }, head));
    const table = make("table", "sr-cuts", {}, make("thead", "", {}, make("tr", "", {}, ...heads)), this.rows);
    this.shares = make("p", "sr-shares");
    this.rest = make("ul", "sr-rest");
    this.solid = new SolidView(screen);
    const bar = make("div", "sr-bar", { role: "toolbar", "aria-label": "Plan" }, this.steps);
    addButton(bar, "Closest point", { "data-action": "closest", title: "Take the crosshair to where the margin is least" }, () => this.#go());
    addButton(bar, "+ plane", { "data-action": "add", title: "A plane through the crosshair, facing away from the tumour" }, () => this.#add());
    const words = make("div", "sr-plan-words", {}, bar, this.headline, table, this.shares, this.rest);
    place.append(make("section", "sr-plan", { "aria-label": "Plan and margins" }, words, this.solid.root));
  }

  get #plan() {
    return /** @type {Plan} */ (this.screen.holding?.meta?.plan);
  }

  /** Show what Python last said. */
  follow() {
    const { holding } = this.screen;
    const plan = this.#plan;
    const live = holding?.live ?? null;
    const [least, low, high] = live?.least ?? plan.least;
    const closest = live ? plan.rows[live.margins.indexOf(Math.min(...live.margins))]?.name : plan.rows.find((row) => row.closest)?.name;
    this.headline.replaceChildren("Least margin ", make("b", "", {}, `${mm(least)} mm`), ` (95 % ${interval([low, high])} mm), ${closest}`);
    const key = JSON.stringify([plan, holding?.meta?.planes.map(({ name }) => name)]);
    if (key !== this.#shown) this.#rebuild(plan);
    this.#shown = key;
    plan.rows.forEach((row, n) => {
      const cells = this.rows.children[n];
      const field = cells?.querySelector("input");
      const now = live?.margins[n] ?? row.margin;
      if (field && (field !== document.activeElement || !field.value)) field.value = mm(now);
      cells?.querySelector(".sr-interval")?.replaceChildren(live && now !== row.margin ? "…" : interval(row.interval));
      cells?.classList.toggle("sr-closest", row.name === closest);
    });
    this.shares.textContent = shareWords(plan, live?.fractions ?? plan.fractions);
    this.solid.redraw();
  }

  /** @param {Plan} plan */
  #rebuild(plan) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
    this.#fillSteps(plan);
    this.rows.replaceChildren(...plan.rows.map((row) => this.#row(row)));
    const structures = plan.structures.map(({ name, fate, tumour, plane }) =>
      `${name} ${FATES[fate]}: ${mm(tumour[0])} mm from the tumour (95 % ${interval(tumour.slice(1))})` +
      (plane ? `, ${mm(plane[0])} mm from a plane (95 % ${interval(plane.slice(1))})` : ""));
    const bone = plan.bone ? [`bone: ${mm(plan.bone[0])} ± ${mm(plan.bone[2])} mm taken, ${mm(plan.bone[1])} ± ${mm(plan.bone[2])} mm left within the image`] : [];
    const chances = plan.chances.map(([limit, chance]) => `below ${limit} mm: ${percent(chance)}`).join(", ");
    const lines = [`chance that the least margin is ${chances}`, ...structures, ...bone, ...plan.findings];
    this.rest.replaceChildren(...lines.map((line) => make("li", "", {}, line)));
    if (focused) /** @type {HTMLElement | null} */ (this.rows.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {Plan} plan */
  #fillSteps({ plans, open, undo, redo }) {
    this.steps.replaceChildren();
    for (const { name, least } of plans) {
      const words = least ? `${name} ${mm(least[0])} mm (${interval(least.slice(1))})` : name;
      const title = least ? `Plan ${name}: least margin with its 95 % interval` : `Plan ${name}`;
      const button = addButton(this.steps, words, { "data-plan": name, title }, () => this.#book("open", name));
      button.setAttribute("aria-pressed", String(name === open));
    }
    const act = (/** @type {string} */ text, /** @type {string} */ verb, /** @type {string} */ title, able = true) => {
      addButton(this.steps, text, { "data-action": verb, title }, () => this.#book(verb)).disabled = !able;
    };
    act("copy", "copy", "Go on with a copy of this plan");
    act("drop", "drop", "Without this plan", plans.length > 1);
    act("undo", "undo", "Take the last change back", undo);
    act("redo", "redo", "Make it anew", redo);
  }

  /** @param {Plan["rows"][number]} row */
  #row({ name }) {
    const plane = this.#plane(name);
    const field = make("input", "", { type: "number", step: "0.5", "aria-label": `Margin of ${name}, mm`, "data-key": `margin ${name}` });
    field.disabled = !plane;
    field.addEventListener("change", () => this.#setMargin(name, field.valueAsNumber));
    field.addEventListener("keydown", (event) => event.stopPropagation()); // digits are numbers here, not windows
    const tilts = make("span", "sr-group");
    for (const [axis, direction] of plane ? AXES : []) {
      if (Math.abs(dot(direction, /** @type {Plane} */ (plane).normal)) > 0.9) continue; // about its own normal nothing turns
      for (const [sign, degrees] of /** @type {[string, number][]} */ ([["−", -STEP_DEG], ["+", STEP_DEG]])) {
        addButton(tilts, `${axis} ${sign}`, { "data-key": `tilt ${name} ${axis} ${sign}`, "aria-label": `Tilt ${name} about ${axis} by ${degrees} degree` },
          () => this.#tilt(name, direction, degrees));
      }
    }
    const last = make("td", "");
    if (plane) addButton(last, "×", { "aria-label": `Remove ${name}`, title: "Remove this plane" }, () => this.screen.model.send({ t: "uncut", page: this.screen.holding?.page, name }));
    return make("tr", "", { "data-cut": name }, make("th", "", { scope: "row" }, name), make("td", "", {}, plane ? field : make("input", "", { disabled: "" })),
      make("td", "sr-interval"), make("td", "", {}, tilts), last);
  }

  /** @param {string} name @returns {Plane | undefined} */
  #plane(name) {
    return this.screen.holding?.meta?.planes.find((plane) => plane.name === name);
  }

  /** Move a plane along its normal to where its margin is what is asked. @param {string} name @param {number} margin */
  #setMargin(name, margin) {
    const plane = this.#plane(name);
    const row = this.#plan.rows.find((known) => known.name === name);
    if (!plane || !row || Number.isNaN(margin)) return;
    const point_mm = plus(plane.point_mm, plane.normal, margin - row.margin);
    const corners = plane.patch_mm?.map((corner) => plus(corner, plane.normal, margin - row.margin)) ?? null;
    this.#move({ ...plane, point_mm, patch_mm: corners });
  }

  /** @param {string} name @param {number[]} axis @param {number} degrees */
  #tilt(name, axis, degrees) {
    const plane = this.#plane(name);
    if (plane) this.#move(turnedBy(plane, axis, degrees));
  }

  /** @param {Plane} plane */
  #move(plane) {
    this.screen.hands.cutting.show(plane);
    this.screen.hands.cutting.tell(plane, true);
  }

  /** @param {string} verb @param {string} [name] */
  #book(verb, name) {
    this.screen.model.send({ t: "book", page: this.screen.holding?.page, do: verb, ...(name ? { name } : {}) });
  }

  #go() {
    this.screen.hands.write({ crosshair_mm: this.screen.holding?.live?.position_mm ?? this.#plan.position_mm });
  }

  #add() {
    const { holding, model } = this.screen;
    const at = model.get("crosshair_mm");
    const away = plus(at, this.solid.middle, -1);
    const normal = dot(away, away) > 1 ? unit(away) : [0, 0, 1];
    const taken = new Set(holding?.meta?.planes.map(({ name }) => name));
    let n = 1;
    while (taken.has(`cut ${n}`)) n += 1;
    model.send({ t: "cut", page: holding?.page, plane: { name: `cut ${n}`, point_mm: at, normal, kerf_mm: 1 } });
  }
}

/** @param {Plan} plan @param {number[]} fractions */
function shareWords({ limits }, fractions) {
  let below = 0;
  const parts = limits.map((limit, n) => `${limit} mm ${percent((below += fractions[n]))}`);
  return `Tumour surface nearer to a cut than: ${parts.join(", ")}`;
}

/** @param {number} share */
function percent(share) {
  if (share > 0 && share < 0.01) return "under 1 %";
  return share < 1 && share > 0.99 ? "over 99 %" : `${Math.round(100 * share)} %`;
}
