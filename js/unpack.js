// @ts-check
// How parts travel: deflated, and voxels as steps from one to the next, their low bytes first and their high bytes
// after, which makes noise short and air nothing.

/** Read by hand: a Response or a Blob in between costs as much again.
 * @param {DataView} data deflated @param {Uint8Array} bytes to lay what was deflated into */
export async function inflate(data, bytes) {
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  writer.write(/** @type {BufferSource} */ (data)).then(() => writer.close()).catch(() => {}); // the reader is told too
  const reader = readable.getReader();
  for (let at = 0; ;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, at);
    at += value.length;
  }
}

/** Add up the steps of a run of voxels. @param {Uint8Array} bytes all low ones, then all high ones, zigzag
 * @param {Int16Array} target @param {number} offset in elements */
export function addUp(bytes, target, offset) {
  const count = bytes.length / 2;
  for (let n = 0, value = 0; n < count; n++) {
    const step = bytes[n] | (bytes[count + n] << 8);
    value += (step >>> 1) ^ -(step & 1);
    target[offset + n] = value; // an Int16Array keeps the low 16 bits, as int16 arithmetic does
  }
}
