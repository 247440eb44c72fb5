// @ts-check
// Which page a key leads to, and how large a page's letters can be with all of it standing on it.

const [BACK, ON] = [-1, 1];
const STEPS = new Map([
  ["ArrowRight", ON], ["ArrowDown", ON], ["PageDown", ON], [" ", ON], ["Enter", ON], ["ArrowLeft", BACK], ["ArrowUp", BACK], ["PageUp", BACK],
]);
const SIZES = [1.28, 1.2, 1.12, 1.06, 1, 0.94, 0.88, 0.82, 0.76, 0.7];

/** The page that a key leads to; null where it leads nowhere.
 * @param {string} key @param {boolean} shift @param {number} at from 0 @param {number} count */
export function pageAfter(key, shift, at, count) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = key === " " && shift ? BACK : STEPS.get(key);
  return step === undefined ? null : Math.min(count - 1, Math.max(0, at + step));
}

/** The page that an address names, from 0. @param {string} hash such as #p3 @param {number} count */
export function pageNamed(hash, count) {
  const number = Number(/^#p(\d+)$/.exec(hash)?.[1] ?? 1);
  return Math.min(count, Math.max(1, number)) - 1;
}

/** The largest size at which everything fits; the least one where nothing does.
 * @param {(size: number) => boolean} fits */
export function largestSize(fits) {
  return SIZES.find((size) => fits(size)) ?? SIZES[SIZES.length - 1];
}
