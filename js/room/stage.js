// @ts-check
// What everybody looks at: the pages of the open case with their viewers. It goes along with the presenter until this
// hand moves something; then it is looked at freely, until one follows again.

import { addButton, make } from "../panel.js";
import { Screen } from "../screen.js";
import { withoutPython } from "../unattended.js";
import { drawn } from "./blocks.js";
import { Pointers } from "./pointers.js";
import { RoomModel } from "./roommodel.js";

/** @typedef {import("./held.js").Held} Held */
/** @typedef {import("./wire.js").Wire} Wire */
/** @typedef {import("./preload.js").Preload} Preload */
/** @typedef {import("./preload.js").Manifest} Manifest */

const EVERY_MS = 33; // a view to all, at most so often; the newest wins
const SETTLED_MS = 1500; // so long after my own hand, my view on its way back moves nothing
const ASK_AGAIN_MS = 2000;

export class Stage {
  following = true;
  /** Which page of which case is on the screen. */
  #at = { case_id: "", page: -1 };
  /** @type {Manifest | null} */
  #manifest = null;
  /** @type {Map<number, {model: RoomModel, screen: Screen, place: HTMLElement}>} */
  #scenes = new Map();
  /** @type {Record<string, any>} */
  #pending = {};
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #settling = null;
  /** @type {string | null} */
  #fingerprint = null;
  #presents = false;
  #sending = false;
  #asked = 0;
  #title = make("h2", "", { tabindex: "-1" });
  #body = make("div", "body");
  #where = make("span", "where", { "aria-live": "polite" });
  #follow;
  #point;

  /** @param {HTMLElement} place @param {Held} held @param {{wire: Wire, preload: Preload}} ways */
  constructor(place, held, { wire, preload }) {
    this.held = held;
    this.wire = wire;
    this.preload = preload;
    this.pointers = new Pointers(held, (body) => wire.tell("pointer", body));
    const bar = make("nav", "turning", { "aria-label": "Pages" });
    addButton(bar, "‹", { title: "Page before", "aria-label": "Page before" }, () => this.turn(-1));
    bar.append(this.#where);
    addButton(bar, "›", { title: "Next page", "aria-label": "Next page" }, () => this.turn(1));
    this.#follow = addButton(bar, "", { class: "follow" }, () => this.setFollowing(!this.following));
    this.#point = addButton(bar, "Point", { title: "Show others where your pointer is", "aria-pressed": "false" }, () => this.#setPointing(!this.pointers.on));
    place.append(this.#title, this.#body, bar);
    place.addEventListener("pointermove", (event) => this.#moved(event), { passive: true });
    held.on("view", () => this.#viewCame());
    held.on("state", () => this.#stateCame());
    held.on("points", () => this.pointers.draw(this.#screen));
  }

  /** A page on or back, for all if I present. @param {number} step */
  turn(step) {
    const { length } = this.#manifest?.pages ?? [];
    const page = Math.min(length - 1, Math.max(0, this.#at.page + step));
    if (page === this.#at.page || page < 0) return;
    this.#leaveOthers();
    this.#show(page);
    if (this.held.presents) this.#tellPage();
  }

  /** @param {boolean} on */
  setFollowing(on) {
    this.following = on;
    this.#words();
    if (on) this.#viewCame();
  }

  /** @param {boolean} on */
  #setPointing(on) {
    this.pointers.point(on);
    this.#point.setAttribute("aria-pressed", String(on));
  }

  /** Whoever presents is followed; any other hand that moves something looks freely from then on. */
  #leaveOthers() {
    if (this.held.presents || !this.following) return;
    this.following = false;
    this.#words();
  }

  #words() {
    const { presents } = this.held;
    this.#follow.textContent = presents ? "You present" : this.following ? "Following" : "Follow the presenter";
    this.#follow.disabled = presents;
    this.#follow.setAttribute("aria-pressed", String(this.following || presents));
    this.#follow.title = this.following ? "Move anything to look freely" : "You are looking freely; the others see the presenter's view";
    this.#point.disabled = !this.held.may("pointer") || this.held.openBallot !== null;
    if (this.#point.disabled && this.pointers.on) this.#setPointing(false);
  }

  // --- what came ---

  async #stateCame() {
    this.#roleCame();
    this.#words();
    const asked = ++this.#asked;
    const caseId = this.held.openCase?.case_id ?? "";
    const manifest = caseId ? await this.preload.manifest(caseId) : null;
    if (asked !== this.#asked) return; // there is newer word of it
    if (!manifest && this.held.openCase?.manifest) setTimeout(() => asked === this.#asked && this.#stateCame(), ASK_AGAIN_MS);
    const same = this.#at.case_id === caseId;
    const fingerprint = this.held.openCase?.manifest ?? null;
    if (same && !manifest && this.#manifest && fingerprint === this.#fingerprint) return; // it will come yet
    this.#fingerprint = fingerprint;
    if (same && !differ(this.#manifest, manifest)) return;
    this.#closeScenes((number) => !same || differ(this.#manifest?.scenes[number], manifest?.scenes[number]));
    this.#manifest = manifest;
    const { page } = this.#at;
    this.#at = { case_id: caseId, page: -1 };
    this.#show(same && page >= 0 ? page : 0);
    this.#viewCame();
  }

  /** Whoever begins to present shows what all see, and whoever ends sees it; what only this page showed is put away. */
  #roleCame() {
    const { presents } = this.held;
    if (presents === this.#presents) return;
    this.#presents = presents;
    this.following = true;
    this.#putBack();
  }

  /** What was told and not taken up is taken back: the room's view is the one that counts. */
  #putBack() {
    clearTimeout(this.#timer ?? undefined);
    clearTimeout(this.#settling ?? undefined);
    this.#timer = this.#settling = null;
    this.#pending = {};
    this.#viewCame();
  }

  #viewCame() {
    const { view, held } = { view: this.held.view, held: this.held };
    if (!(this.following || held.presents) || !this.#manifest || view.case_id !== this.#at.case_id) return;
    const moving = this.#timer !== null || this.#settling !== null;
    if (held.presents && held.viewBy === held.me.id && moving) return; // my own, on its way back
    if (view.page !== undefined && view.page !== this.#at.page) this.#show(view.page);
    if (typeof view.scene === "number") this.#scenes.get(view.scene)?.model.follow(view);
    this.pointers.draw(this.#screen);
  }

  // --- the page ---

  /** @param {number} number */
  #show(number) {
    this.#at.page = number;
    const count = this.#manifest?.pages.length ?? 0;
    const page = this.#manifest?.pages[number];
    this.#where.textContent = count ? `${number + 1} / ${count}` : "";
    const { title, nodes } = page
      ? { title: page.title, nodes: page.blocks.map((block) => drawn(block, (scene, still) => this.#sceneOf(scene, still))) }
      : { title: this.#empty(count), nodes: [make("p", "note", {}, count ? "Decision, what was done and the outcome are shown after the blind opinions." : "")] };
    this.#title.textContent = title;
    this.#body.dataset.columns = page?.columns ? "on" : "";
    this.#body.replaceChildren(...nodes);
    this.#body.scrollTop = 0;
  }

  /** @param {number} count of pages */
  #empty(count) {
    if (count) return "Not shown yet";
    if (!this.#at.case_id) return "No case is open yet";
    return `Case ${this.#at.case_id}: nothing is published, or it has not arrived`;
  }

  /** The viewer of a scene, or its still where the scene is withheld. @param {number} number @param {HTMLElement} still */
  #sceneOf(number, still) {
    const scene = this.#manifest?.scenes[number];
    if (!scene) return still;
    const known = this.#scenes.get(number);
    if (known) return known.place;
    const place = make("div", "scene");
    const model = new RoomModel(scene, (changed) => this.#handMoved(number, changed));
    const screen = new Screen(model, place);
    withoutPython(screen);
    model.on("change:crosshair_mm", () => requestAnimationFrame(() => this.pointers.draw(this.#screen)));
    this.#scenes.set(number, { model, screen, place });
    return place;
  }

  /** Those whose images are others now. @param {(number: number) => boolean} isOld */
  #closeScenes(isOld) {
    for (const [number, { screen }] of [...this.#scenes]) {
      if (!isOld(number)) continue;
      screen.close();
      this.#scenes.delete(number);
    }
  }

  /** The number of the scene on the screen, or null. */
  get #scene() {
    return [...this.#scenes].find(([, { place }]) => place.isConnected)?.[0] ?? null;
  }

  get #screen() {
    return this.#scene === null ? null : /** @type {any} */ (this.#scenes.get(this.#scene)).screen;
  }

  // --- what is told ---

  /** @param {number} scene @param {Record<string, any>} changed */
  #handMoved(scene, changed) {
    if (!this.held.presents) {
      this.#leaveOthers();
      return;
    }
    this.#tell({ ...this.#at, scene, ...changed });
  }

  #tellPage() {
    const scene = this.#scene;
    const values = scene === null ? {} : this.#scenes.get(scene)?.model.values;
    this.#tell({ ...this.#at, scene, ...values });
  }

  /** @param {Record<string, any>} view */
  #tell(view) {
    const same = ["case_id", "page", "scene"].every((name) => !(name in this.#pending) || this.#pending[name] === view[name]);
    this.#pending = same ? { ...this.#pending, ...view } : view;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, EVERY_MS);
  }

  /** One post after the other: two on their way at once may arrive in the wrong order. */
  #send() {
    if (this.#sending && this.wire.way !== "ws") return;
    const view = this.#pending;
    this.#pending = {};
    this.#sending = true;
    this.wire.say("view.set", view).catch(() => this.#putBack()).finally(() => {
      this.#sending = false;
      if (Object.keys(this.#pending).length && this.#timer === null) this.#send();
    });
    clearTimeout(this.#settling ?? undefined);
    // Then I see what all see, be it mine, or of another device of mine.
    this.#settling = setTimeout(() => this.#timer === null && this.#putBack(), SETTLED_MS);
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    const screen = this.#screen;
    if (screen) this.pointers.moved(screen, event);
  }
}

/** @param {unknown} one @param {unknown} other */
const differ = (one, other) => JSON.stringify(one) !== JSON.stringify(other);
