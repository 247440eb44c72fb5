// @ts-check
// What the case form says of a question, and where each question stands.

/** @typedef {boolean | string | number | null} Value */
/** @typedef {{key: string, question: string, choices: {value: Value, words: string}[], unit: string, group: string,
 *   asked_by: string[]}} Question */
/** @typedef {{answers: Record<string, Value>, next: string[], waiting: Record<string, string[]>, undo: string}} State */

const NAMED = 6;

/** Why a question is asked. @param {string[] | undefined} rules that wait for it @param {Value | undefined} answer */
export function whyWords(rules, answer) {
  if (rules?.length) {
    const rest = rules.length - NAMED;
    const names = rules.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
    return `${names} ${rules.length === 1 ? "waits" : "wait"} for it`;
  }
  return answer === undefined ? "no rule waits for it now" : "recorded";
}

/** @param {string} group @param {Question[]} questions of it @param {State["answers"]} answers */
export function groupWords(group, questions, answers) {
  const recorded = questions.filter(({ key }) => key in answers).length;
  return `${group}: ${recorded} of ${questions.length} recorded`;
}

/** @param {Question[]} questions @param {State["answers"]} answers */
export function countWords(questions, answers) {
  const recorded = Object.keys(answers).length;
  return `${recorded} of ${questions.length} questions recorded, ${questions.length - recorded} not recorded`;
}

/** Where each question stands: among the next, or folded away under its heading. The one that is being answered stays
 * where it is. @param {Question[]} questions @param {string[]} next @param {string} held key of the one being answered
 * @param {string[]} before the next ones as they stand @returns {{next: string[], groups: Map<string, string[]>}} */
export function placesOf(questions, next, held, before) {
  const first = next.filter((key) => key !== held);
  const at = before.indexOf(held);
  if (at >= 0) first.splice(Math.min(at, first.length), 0, held);
  const groups = new Map();
  for (const { key, group } of questions) {
    if (!groups.has(group)) groups.set(group, []);
    if (!first.includes(key)) groups.get(group).push(key);
  }
  return { next: first, groups };
}

/** Lay children in order without taking the held one out, so that it keeps the keyboard.
 * @param {HTMLElement} parent @param {HTMLElement[]} wanted @param {HTMLElement | null} held */
export function layInOrder(parent, wanted, held) {
  for (const child of [...parent.children]) if (!wanted.includes(/** @type {HTMLElement} */ (child))) child.remove();
  const at = held ? wanted.indexOf(held) : -1;
  wanted.forEach((child, n) => {
    if (n < at) parent.insertBefore(child, held);
    else if (n !== at) parent.append(child);
  });
}

/** A number field's text as an answer; undefined where it is no number. @param {string} text @returns {number | null | undefined} */
export function numberOf(text) {
  const trimmed = text.trim().replace(",", ".");
  if (!trimmed) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}
