// @ts-check
// Where arrow keys lead among the fields of a scheme.

/** @typedef {{id: string, path: string, words: string, row: number, column: number}} Shape */

/** The field an arrow key leads to: round along a row, inward and outward between rows. @param {Shape[]} shapes
 * @param {string} at @param {string} key @returns {string | null} */
export function fieldFrom(shapes, at, key) {
  const here = shapes.find(({ id }) => id === at);
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[key];
  if (!here || !step) return null;
  const along = shapes.filter(({ row }) => row === here.row).length;
  const column = (here.column + step[1] + along) % along;
  return shapes.find((shape) => shape.row === here.row + step[0] && shape.column === column)?.id ?? null;
}
