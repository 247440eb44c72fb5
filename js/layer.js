// @ts-check
// One slice as an image, painted anew only when what it shows has changed.

export class Layer {
  canvas = document.createElement("canvas");
  #image = new ImageData(1, 1);
  #key = "";

  /** @param {string} key of what is shown @param {number} width @param {number} height
   * @param {(out: Uint32Array) => void} paint */
  show(key, width, height, paint) {
    if (key === this.#key) return;
    this.#key = key;
    if (this.#image.width !== width || this.#image.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.#image = new ImageData(width, height);
    }
    paint(new Uint32Array(this.#image.data.buffer));
    this.canvas.getContext("2d")?.putImageData(this.#image, 0, 0);
  }
}
