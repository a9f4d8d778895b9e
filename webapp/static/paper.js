// The canvas: strokes laid on white paper exactly as the service composites them, shown enlarged.

const SIDE = 64;
const PIXELS = SIDE * SIDE;
const KEYFRAME_INTERVAL = 25; // strokes: laying them takes a few milliseconds

export class Paper {
  #canvas; #small; #pixels = new Float32Array(3 * PIXELS).fill(255);

  constructor(canvas) {
    this.#canvas = canvas;
    this.#small = new OffscreenCanvas(SIDE, SIDE);
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

  async showImage(blob) {
    const bitmap = await createImageBitmap(blob);
    this.#small.getContext("2d").drawImage(bitmap, 0, 0);
    this.#enlarge();
  }

  // A picture of its own size; what lies beneath stays as it is.
  async showLarge(blob) {
    const bitmap = await createImageBitmap(blob, { resizeWidth: this.#canvas.width, resizeHeight: this.#canvas.height, resizeQuality: "high" });
    this.#canvas.getContext("2d").drawImage(bitmap, 0, 0);
  }

  show() {
    const image = new ImageData(SIDE, SIDE);
    for (let i = 0; i < PIXELS; i++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = this.#pixels[3 * i + channel] + 0.5;
      image.data[4 * i + 3] = 255;
    }
    this.#small.getContext("2d").putImageData(image, 0, 0);
    this.#enlarge();
  }

  #enlarge() {
    const context = this.#canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#small, 0, 0, this.#canvas.width, this.#canvas.height);
  }
}

// All strokes of a painting: goes to any of them, forwards and back. Keyframes make the way back short.
export class Film {
  strokes = []; position = 0;
  #paper; #interval; #keyframes = new Map();

  constructor(paper, interval = KEYFRAME_INTERVAL) {
    this.#paper = paper;
    this.#interval = interval;
    this.#keyframes.set(0, paper.copy());
  }

  add(strokes) { this.strokes.push(...strokes); }

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

export async function inflate(base64) {
  const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The strokes of an event: `strokes` holds twelve numbers each, `ink` the deflated coverage of all.
export async function unpack(data) {
  const ink = await inflate(data.ink);
  return data.strokes.map((numbers, i) => ({ color: numbers.slice(6, 9), ink: ink.subarray(i * PIXELS, (i + 1) * PIXELS) }));
}

export function imageBlob({ image, kind }) {
  return new Blob([bytes(image)], { type: kind });
}
