// @ts-check
// Voxels that several widgets of one page show, held once. Every widget's script is a module of its own, so that what
// they share hangs on the page itself, by what the voxels are.

/**
 * `here` and `asked` name parts; `asked` says by whom, so that a part comes to a page once.
 * @typedef {{stored: Int16Array, here: Set<string>, asked: Map<string, string>, watchers: Set<() => void>}} Voxels
 */

const PLACE = Symbol.for("sarcoma_review voxels 1"); // another number where the type above is another

/** @returns {Map<string, Voxels>} */
function allVoxels() {
  const page = /** @type {any} */ (globalThis);
  return (page[PLACE] ??= new Map());
}

/** Take the voxels of this name, to be told when some of them come. @param {string} id @param {number} size in voxels
 * @param {() => void} watcher @returns {Voxels} */
export function takeVoxels(id, size, watcher) {
  const all = allVoxels();
  const voxels = all.get(id) ?? { stored: new Int16Array(size), here: new Set(), asked: new Map(), watchers: new Set() };
  all.set(id, voxels);
  voxels.watchers.add(watcher);
  return voxels;
}

/** Lay voxels that came into their place, and tell all who watch. @param {Voxels} voxels @param {string} part
 * @param {() => void} lay */
export function keepVoxels(voxels, part, lay) {
  lay();
  voxels.here.add(part);
  voxels.asked.delete(part);
  for (const watcher of [...voxels.watchers]) watcher();
}

/** Let go: what this page asked for is for others to ask, and the last one takes the voxels along.
 * @param {string} id @param {string} page @param {() => void} watcher */
export function leaveVoxels(id, page, watcher) {
  const voxels = allVoxels().get(id);
  if (!voxels?.watchers.delete(watcher)) return;
  for (const [part, by] of voxels.asked) if (by === page) voxels.asked.delete(part);
  for (const other of voxels.watchers) other();
  if (!voxels.watchers.size) allVoxels().delete(id);
}
