// Large paintings: shown as they grow, and laid again stroke by stroke once they are finished.

import { Film, inflate } from "./paper.js";
import { fetchReplay } from "./service.js";

const KEYFRAMES = 12; // of 4 MB each at 1024 pixels

// The sheet that strokes are laid on; what is seen may be another picture of the painting.
class LargePaper {
  #canvas; #sheet; #mask; #pixels; #margin; #side;

  constructor(canvas, side, margin) {
    this.#canvas = canvas;
    this.#side = side;
    this.#margin = margin;
    this.#sheet = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    this.#sheet.fillStyle = "white";
    this.#sheet.fillRect(0, 0, canvas.width, canvas.height);
    this.#sheet.imageSmoothingQuality = "high";
    this.#mask = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
    this.#pixels = new ImageData(side, side);
  }

  // A stroke is {color: [r, g, b] from 0 to 1, ink: bytes of coverage, window: [x, y, side]}.
  lay({ color, ink, window: [x, y, width] }) {
    const pixels = this.#pixels.data, [red, green, blue] = color.map((part) => 255 * part + 0.5);
    for (let i = 0, j = 0; i < ink.length; i++, j += 4) {
      pixels[j] = red;
      pixels[j + 1] = green;
      pixels[j + 2] = blue;
      pixels[j + 3] = ink[i];
    }
    this.#mask.putImageData(this.#pixels, 0, 0);
    const unit = width / (this.#side - 2 * this.#margin);
    this.#sheet.drawImage(
      this.#mask.canvas, x - this.#margin * unit, y - this.#margin * unit, this.#side * unit, this.#side * unit,
    );
  }

  copy() { return this.#sheet.getImageData(0, 0, this.#canvas.width, this.#canvas.height); }

  restore(pixels) { this.#sheet.putImageData(pixels, 0, 0); }

  show() { this.#canvas.getContext("2d").drawImage(this.#sheet.canvas, 0, 0); }
}

// Behaves as a Film does; its strokes come when they are first asked for.
export class LargeFilm {
  position = 0;
  #canvas; #painting; #film = null; #loading = null; #finished = null;

  constructor(canvas, painting) {
    this.#canvas = canvas;
    this.#painting = painting;
    Object.assign(canvas, { width: painting.width, height: painting.height });
  }

  async showImage(blob) {
    const bitmap = await createImageBitmap(blob);
    const context = this.#canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, this.#canvas.width, this.#canvas.height);
    bitmap.close();
  }

  async finish() {
    this.position = this.#painting.strokes;
    const answer = await fetch(this.#painting.links.png).catch(() => null);
    if (answer?.ok) this.#finished = await answer.blob();
    if (this.#finished) await this.showImage(this.#finished);
  }

  async seek(position) {
    this.position = position;
    if (position === this.#painting.strokes && this.#finished) {
      await this.showImage(this.#finished);
      return;
    }
    this.#loading ??= this.#load();
    await this.#loading;
    if (this.position === position) this.#film.seek(position);
  }

  async #load() {
    const { side, margin, windows, colors, ink } = await fetchReplay(this.#painting);
    const all = await inflate(ink);
    this.#film = new Film(new LargePaper(this.#canvas, side, margin), Math.ceil(windows.length / KEYFRAMES));
    this.#film.add(windows.map((window, i) => ({
      window, color: colors[i], ink: all.subarray(i * side * side, (i + 1) * side * side),
    })));
  }
}
