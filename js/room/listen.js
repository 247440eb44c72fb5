// @ts-check
// The page of listeners: the presenter's images, what was asked, the split after the reveal, and what was decided.
// Nothing goes up from here.

import { addButton, make } from "../panel.js";
import { enter } from "./enter.js";
import { Feed } from "./feed.js";
import { Held } from "./held.js";
import { Preload } from "./preload.js";
import { Stage } from "./stage.js";

const STALE_MS = 40_000; // an entry is waited for 25 s
const PURPOSE = "For education, peer learning and audit of de-identified cases. Not a medical device; not for diagnosis or treatment of any patient. " +
  "You are listening: without a vote, and without your name.";
/** What Stage would tell the others; a listener tells nothing. */
const SILENT = /** @type {any} */ ({ tell() {}, say: () => Promise.reject(new Error("listening")) });

/** @typedef {import("./held.js").Ballot} Ballot */

/** What became of a ballot, in lines. @param {Ballot} ballot @returns {string[]} */
function outcome({ status, voted, on_roll: roll, result }) {
  if (!result) return [`${voted} of ${roll} have voted${status === "open" ? "" : "; not revealed yet"}`];
  if (result.withheld) return [result.withheld];
  return Object.entries(result.counts).map(([option, count]) => `${option}: ${count}`);
}

/** @param {HTMLElement} place @param {Held} held */
function drawAside(place, held) {
  const { state } = held;
  const one = held.openCase;
  const lines = make("div", "");
  if (one) lines.append(make("h2", "", {}, `Case ${one.case_id}`), make("p", "", {}, one.question));
  for (const ballot of state?.ballots.filter(({ case_id: id }) => id === one?.case_id) ?? []) {
    lines.append(make("h3", "", {}, ballot.question), make("ul", "", {}, ...outcome(ballot).map((words) => make("li", "", {}, words))));
  }
  for (const each of state?.decisions.filter(({ case_id: id }) => id === one?.case_id) ?? []) {
    lines.append(make("h3", "", {}, "Decided"), make("p", "", {}, `${each.decision} (${each.modality.replaceAll("_", " ")}; ${each.agreement.replaceAll("_", " ")})`));
  }
  place.replaceChildren(lines);
}

/** @param {HTMLElement} root */
function begin(root) {
  const held = new Held();
  const veil = make("div", "veil", { role: "alert" }, make("p", ""));
  const heading = make("h1", "");
  const status = make("span", "status", { role: "status" });
  const bar = make("header", "", {}, heading, status);
  const stagePlace = make("section", "part stage", { "aria-label": "Images" });
  const aside = make("section", "part opinion", { "aria-label": "Opinion" });
  root.replaceChildren(bar, make("main", "listening", {}, stagePlace, aside), make("footer", "", {}, PURPOSE), veil);
  root.dataset.part = "stage";
  let heard = performance.now();
  let ended = "";
  const feed = new Feed(({ messages }) => {
    heard = performance.now();
    for (const message of messages) held.hear(message);
  }, (why) => {
    ended = why;
  });
  const preload = new Preload(held, (share) => {
    status.textContent = share < 1 ? `Images: ${Math.round(100 * share)} %` : "Listening";
  }, () => `?n=${feed.number}`);
  new Stage(stagePlace, held, { wire: SILENT, preload });
  addButton(bar, "Full screen", {}, () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  held.on("state", () => {
    heading.textContent = document.title = held.state?.title ?? "Meeting";
    drawAside(aside, held);
  });
  setInterval(() => {
    const stale = performance.now() - heard > STALE_MS;
    root.dataset.state = ended ? "ended" : stale ? "stale" : "live";
    root.dataset.way = feed.way;
    if (ended || stale) veil.firstElementChild?.replaceChildren(ended || "No word from the room: what stands here may be old. Coming back by itself.");
  }, 500);
}

const root = /** @type {HTMLElement} */ (document.getElementById("room"));
enter("latest", "Open the listening link to come in.").then((why) => (why ? root.replaceChildren(make("p", "out", { role: "alert" }, why), make("p", "note", {}, PURPOSE)) : begin(root)));
