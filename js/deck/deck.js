// @ts-check
// A deck: pages one at a time on the whole screen, or all below one another. Without this script it is the latter, with
// stills in place of viewers.

import { addButton, make } from "../panel.js";
import { largestSize, pageAfter, pageNamed } from "./paging.js";
import { Scenes } from "./scenes.js";

const NARROW_PX = 900; // below, pages one at a time would be too small to read
const RESTING_MS = 2500;
const pages = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main > section")]);
const scenes = new Scenes(JSON.parse(document.getElementById("scenes")?.textContent ?? "[]"));
const titles = pages.map((page) => page.querySelector("h2")?.textContent ?? "");
let at = pageNamed(location.hash, pages.length);

const bar = make("nav", "controls", { "aria-label": "Deck" });
const list = make("dialog", "list", { "aria-label": "Pages" });
const where = make("span", "number", { "aria-live": "polite" });
const control = (/** @type {string} */ text, /** @type {string} */ title, /** @type {() => void} */ press) =>
  addButton(bar, text, { title, "aria-label": title }, press);

const isSlides = () => document.body.dataset.mode === "slides";

/** Show a page. @param {number} number from 0 */
function show(number) {
  at = number;
  pages.forEach((page, n) => page.toggleAttribute("data-shown", n === at));
  where.textContent = `${at + 1} / ${pages.length}`;
  history.replaceState(null, "", `#p${at + 1}`);
  if (!isSlides()) return;
  for (const near of [at, at + 1]) if (pages[near]) scenes.wake(pages[near]); // the next one's images are there in time
}

/** @param {"slides" | "page"} mode */
function setMode(mode) {
  document.body.dataset.mode = mode;
  turn.textContent = mode === "slides" ? "One page" : "Slides";
  show(at);
  if (mode === "page") pages[at].scrollIntoView();
  else window.scrollTo(0, 0);
}

/** Make the letters of a page smaller where it holds much. @param {HTMLElement} page */
function fit(page) {
  const body = /** @type {HTMLElement} */ (page.querySelector(".body"));
  const size = largestSize((tried) => {
    page.style.setProperty("--fit", String(tried));
    return body.scrollHeight <= body.clientHeight + 1 && body.scrollWidth <= body.clientWidth + 1;
  });
  page.style.setProperty("--fit", String(size));
}

/** @param {KeyboardEvent} event */
function press(event) {
  const target = /** @type {Element | null} */ (event.target instanceof Element ? event.target : null);
  if (event.ctrlKey || event.altKey || event.metaKey || list.open) return;
  if (target?.closest(".live")) {
    if (event.key === "Escape") pages[at].focus({ preventScroll: true }); // the image lets go of the keys
    return;
  }
  if (target?.closest("button, input, select, summary") && [" ", "Enter"].includes(event.key)) return;
  if (event.key === "f") fullScreen();
  else if (event.key === "l") showList();
  else if (event.key === "o") setMode(isSlides() ? "page" : "slides");
  else if (isSlides()) turnTo(event);
}

/** @param {KeyboardEvent} event */
function turnTo(event) {
  const number = pageAfter(event.key, event.shiftKey, at, pages.length);
  if (number === null) return;
  event.preventDefault();
  show(number);
}

function showList() {
  [...names.children].forEach((item, n) => item.firstElementChild?.setAttribute("aria-current", n === at ? "page" : "false"));
  list.showModal();
  /** @type {HTMLElement | null} */ (names.children[at]?.firstElementChild)?.focus();
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

control("‹", "Page before (left arrow, page up)", () => show(Math.max(0, at - 1)));
bar.append(where);
control("›", "Next page (right arrow, page down, space)", () => show(Math.min(pages.length - 1, at + 1)));
control("☰", "List of pages (L)", showList);
const turn = control("One page", "All pages below one another, or one at a time (O)", () => setMode(isSlides() ? "page" : "slides"));
control("Full screen", "Full screen, and back (F)", fullScreen);

/** The buttons show while a hand moves. */
function hand() {
  document.body.dataset.hand = "";
  clearTimeout(resting);
  resting = setTimeout(() => delete document.body.dataset.hand, RESTING_MS);
}
let resting = 0;
document.addEventListener("pointermove", hand);
hand();

const names = make("ol", "");
titles.forEach((title, n) => {
  const item = make("li", "");
  addButton(item, title, {}, () => {
    list.close();
    show(n);
    pages[n].scrollIntoView();
  });
  names.append(item);
});
list.append(names, make("p", "", {}, "Escape closes. Escape also gives the keys back from an image."));
list.addEventListener("click", ({ target }) => target === list && list.close());

document.body.append(bar, list);
window.addEventListener("keydown", press, true); // there and before the viewers, which keep their keys to themselves
const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting && !isSlides()) scenes.wake(target);
}, { rootMargin: "50%" });
for (const page of pages) near.observe(page);
setMode("slides");
pages.forEach(fit);
if (innerWidth < NARROW_PX) setMode("page");
document.documentElement.dataset.ready = "yes";
