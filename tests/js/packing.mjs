// Parts as Python sends them; tests/widgets/test_wire.py has the page's own code unpack the real ones.
import { deflateRawSync } from "node:zlib";

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param {number[]} bytes */
export const deflated = (bytes) => view(deflateRawSync(Uint8Array.from(bytes)));

/** @param {number[]} voxels */
export function packed(voxels) {
  const zigzag = voxels.map((value, n) => {
    const step = ((value - (voxels[n - 1] ?? 0)) << 16) >> 16;
    return ((step << 1) ^ (step >> 15)) & 0xffff;
  });
  return deflated([...zigzag.map((step) => step & 0xff), ...zigzag.map((step) => step >> 8)]);
}
