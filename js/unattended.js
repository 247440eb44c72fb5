// @ts-check
// A viewer without a notebook behind it, in a deck or a meeting: what only Python can do is not offered.

/** @typedef {import("./screen.js").Screen} Screen */

const ONLY_PYTHON = '[data-action="keep"], [data-action="follow"]';

/** Take measuring, keeping and a notebook's following away. @param {Screen} screen */
export function withoutPython({ panel }) {
  panel.marking.remove();
  const hide = () => panel.root.querySelectorAll(ONLY_PYTHON).forEach((button) => button.remove());
  new MutationObserver(hide).observe(panel.options, { childList: true });
}
