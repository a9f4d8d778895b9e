// The sheet: strokes laid on paper as the service composites them, and films that go to any of them.

const SIDE = 64;
const PIXELS = SIDE * SIDE;
const KEYFRAMES = 12; // of 4 MB each at 1024 pixels: they make the way back short

function channels(color) {
  return [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
}

// A painting of 64x64, shown enlarged. Numbers, not bytes, hold it, so that it is the service's to the last digit.
class SmallPaper {
  #canvas; #small = new OffscreenCanvas(SIDE, SIDE); #pixels = new Float32Array(3 * PIXELS);

  constructor(canvas, color) {
    this.#canvas = canvas;
    const paper = channels(color);
    for (let i = 0; i < this.#pixels.length; i++) this.#pixels[i] = paper[i % 3];
  }

  // A stroke is {color: [r, g, b] from 0 to 1, ink: PIXELS bytes of coverage}.
  lay(stroke) {
    const pixels = this.#pixels;
    for (let i = 0, j = 0; i < PIXELS; i++, j += 3) {
      const cover = stroke.ink[i] / 255;
      if (cover === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        pixels[j + channel] += cover * (255 * stroke.color[channel] - pixels[j + channel]);
      }
    }
  }

  copy() { return this.#pixels.slice(); }

  restore(pixels) { this.#pixels.set(pixels); }

  show() {
    const image = new ImageData(SIDE, SIDE);
    for (let i = 0; i < PIXELS; i++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = this.#pixels[3 * i + channel] + 0.5;
      image.data[4 * i + 3] = 255;
    }
    this.#small.getContext("2d").putImageData(image, 0, 0);
    drawWhole(this.#canvas, this.#small);
  }
}

// A painting through windows; a stroke's ink covers its window and a margin around it.
class LargePaper {
  #canvas; #sheet; #mask; #pixels; #margin; #side;

  constructor(canvas, color, side, margin) {
    this.#canvas = canvas;
    this.#side = side;
    this.#margin = margin;
    this.#sheet = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    this.#sheet.fillStyle = color;
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

// All strokes of a painting: goes to any of them, forwards and back.
export class Film {
  strokes = []; position = 0;
  #paper; #interval; #keyframes = new Map();

  // `batch` is the first of those that unpack() gave; `count` is how many strokes there will be.
  constructor(canvas, color, batch, count) {
    this.#paper = batch.windowed ? new LargePaper(canvas, color, batch.side, batch.margin) : new SmallPaper(canvas, color);
    this.#interval = Math.max(25, Math.ceil(count / KEYFRAMES));
    this.#keyframes.set(0, this.#paper.copy());
  }

  add(batch) { for (const stroke of batch.strokes) this.strokes.push(stroke); }

  // Forgets all strokes but the first; others take their place.
  truncate(count) {
    if (this.position > count) this.seek(count);
    this.strokes.length = count;
    for (const number of this.#keyframes.keys()) if (number > count) this.#keyframes.delete(number);
  }

  seek(position) {
    if (position < this.position) {
      const start = Math.max(...[...this.#keyframes.keys()].filter((number) => number <= position));
      this.#paper.restore(this.#keyframes.get(start));
      this.position = start;
    }
    while (this.position < position) {
      this.#paper.lay(this.strokes[this.position]);
      this.position += 1;
      if (this.position % this.#interval === 0 && !this.#keyframes.has(this.position)) {
        this.#keyframes.set(this.position, this.#paper.copy());
      }
    }
    this.#paper.show();
  }
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function inflate(base64) {
  const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Strokes as the service sends them: of a small painting twelve numbers each, of a large one a window and a color;
// `ink` is the deflated coverage of all.
export async function unpack(data) {
  const all = await inflate(data.ink);
  const windowed = data.windows !== undefined;
  const size = windowed ? data.side * data.side : PIXELS;
  const colors = windowed ? data.colors : data.strokes.map((numbers) => numbers.slice(6, 9));
  const strokes = colors.map((color, i) => ({ color, ink: all.subarray(i * size, (i + 1) * size), window: data.windows?.[i] }));
  return { windowed, side: data.side, margin: data.margin, strokes };
}

export function fillWhole(canvas, color) {
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

export function drawWhole(canvas, image) {
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
}

// Draws a picture, unless something else is wanted by the time that it is decoded.
export async function drawBlob(canvas, blob, wanted = () => true) {
  const bitmap = await createImageBitmap(blob);
  if (wanted()) drawWhole(canvas, bitmap);
  bitmap.close();
}

// The picture of an event.
export function imageBlob({ image, kind }) {
  return new Blob([bytes(image)], { type: kind });
}
