// @ts-check
// The meeting room's page: who holds a personal link comes in, and sees and does what their role allows.

import { addButton, make } from "../panel.js";
import { Agenda } from "./agenda.js";
import { Ballots } from "./ballot.js";
import { Decisions } from "./decide.js";
import { enter } from "./enter.js";
import { Held } from "./held.js";
import { Preload } from "./preload.js";
import { Stage } from "./stage.js";
import { Wire } from "./wire.js";

const STALE_MS = 3000;
const PURPOSE = "For education, peer learning and audit of de-identified cases. Not a medical device; not for diagnosis or treatment of any patient. " +
  "For learning; not for appraisal, complaint or litigation.";
const PARTS = /** @type {const} */ ([["stage", "Images"], ["opinion", "Opinion"], ["agenda", "Agenda"]]);

/** @param {HTMLElement} root */
function build(root) {
  const held = new Held();
  const veil = make("div", "veil", { role: "alert" }, make("p", ""));
  const heading = make("h1", "", {});
  const status = make("span", "status", { role: "status" });
  const bar = make("header", "");
  const parts = Object.fromEntries(PARTS.map(([name, words]) => [name, make("section", `part ${name}`, { "aria-label": words, id: name })]));
  const tabs = make("nav", "tabs", { "aria-label": "Parts" });
  for (const [name, words] of PARTS) addButton(tabs, words, { "data-tab": name }, () => (root.dataset.part = name));
  root.dataset.part = "stage";
  bar.append(heading, status);
  root.replaceChildren(bar, make("main", "", {}, parts.agenda, parts.stage, parts.opinion), tabs, make("footer", "", {}, PURPOSE), veil);
  return { held, veil, heading, status, bar, parts };
}

/** @param {HTMLElement} root */
function begin(root) {
  const { held, veil, heading, status, bar, parts } = build(root);
  let ended = "";
  const wire = new Wire((message) => {
    held.hear(message);
    if (message.t === "no" && message.why) said(message.why);
  }, (why) => {
    ended = why;
  });

  const said = (/** @type {string} */ words) => {
    status.textContent = words;
    status.classList.add("refused");
  };
  const preload = new Preload(held, (share) => {
    status.classList.remove("refused");
    status.textContent = share < 1 ? `Images: ${Math.round(100 * share)} %` : "Images are here";
  });
  const stage = new Stage(parts.stage, held, { wire, preload });
  new Agenda(parts.agenda, held, wire);
  const asked = make("div", "ballots");
  const decided = make("div", "decisions");
  parts.opinion.append(make("h2", "", {}, "Opinions and decisions"), asked, decided);
  new Ballots(asked, held, wire);
  new Decisions(decided, held, wire);

  const isUp = () => held.here.find(({ id }) => id === held.me.id)?.hand ?? false; // another device of mine may take it down
  const hand = addButton(bar, "Raise hand", { "aria-pressed": "false", class: "raise" }, () => wire.say("hand", { up: !isUp() }).catch(() => {}));
  held.on("here", () => hand.setAttribute("aria-pressed", String(isUp())));
  addButton(bar, "Full screen", { title: "Key F" }, fullScreen);
  addButton(bar, "Leave", {}, async () => {
    await fetch("leave", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).catch(() => null);
    wire.close();
  });

  held.on("state", () => {
    const { state, me } = held;
    heading.textContent = state?.title ?? "";
    document.title = state?.title ?? "Meeting";
    bar.dataset.role = me.role;
    hand.disabled = !held.may("hand");
    root.dataset.ballot = held.openBallot?.you_may_vote && !held.openBallot.own ? "on" : "";
  });
  const veiled = () => {
    const stale = wire.silent > STALE_MS;
    root.dataset.state = ended ? "ended" : stale ? "stale" : "live";
    root.dataset.way = wire.way;
    const words = ended || `No word from the room for more than ${spoken(wire.silent)} s: what stands here may be old. Coming back by itself.`;
    if ((ended || stale) && veil.textContent !== words) veil.firstElementChild?.replaceChildren(words);
  };
  setInterval(veiled, 500);
  for (const woken of ["visibilitychange", "pageshow", "focus"]) addEventListener(woken, veiled, true);
  document.addEventListener("keydown", (event) => press(event, stage));
}

/** Seconds in steps, so that who listens is not told every one of them. @param {number} ms */
const spoken = (ms) => (ms < 10_000 ? STALE_MS / 1000 : 10 * Math.floor(ms / 10_000));

/** @param {KeyboardEvent} event @param {Stage} stage */
function press(event, stage) {
  const target = event.target instanceof Element ? event.target : null;
  if (event.ctrlKey || event.altKey || event.metaKey || target?.closest("input, textarea, select, .sr-viewer")) return;
  if (event.key === "f") fullScreen();
  else if (event.key === "ArrowRight" || event.key === "PageDown") stage.turn(1);
  else if (event.key === "ArrowLeft" || event.key === "PageUp") stage.turn(-1);
  else if (event.key === "Escape") stage.setFollowing(true);
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

const root = /** @type {HTMLElement} */ (document.getElementById("room"));
enter("me", "Open your personal link to come in: the chair has it.").then((why) => (why ? root.replaceChildren(make("p", "out", { role: "alert" }, why), make("p", "note", {}, PURPOSE)) : begin(root)));
