// Cropping and turning a picture, in a dialog of its own: by mouse, finger or arrow keys.

const LEAST = 0.08; // of the picture's side
const STEP = 0.02;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class Cropper {
  #dialog; #canvas; #box; #corners; #source = null; #crop; #done = () => {};

  constructor(dialog) {
    this.#dialog = dialog;
    this.#canvas = dialog.querySelector("canvas");
    this.#box = dialog.querySelector(".crop-box");
    this.#corners = [...dialog.querySelectorAll(".corner")];
    this.#drag(this.#box, (crop, x, y) => this.#move(crop, x, y));
    for (const corner of this.#corners) this.#drag(corner, (crop, x, y) => this.#pull(corner.dataset.corner, crop, x, y));
    dialog.querySelector(".turn").addEventListener("click", () => this.#turn());
    dialog.querySelector(".square").addEventListener("click", () => this.#square());
    dialog.querySelector(".all").addEventListener("click", () => this.#set({ left: 0, top: 0, right: 1, bottom: 1 }));
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".done").addEventListener("click", () => { dialog.close(); this.#done(this.#cut()); });
  }

  // Shows a picture (a canvas); `done` is called with what was cut out of it.
  open(picture, done) {
    this.#done = done;
    this.#show(picture);
    this.#dialog.showModal();
    this.#box.focus();
  }

  #show(picture) {
    this.#source = picture;
    Object.assign(this.#canvas, { width: picture.width, height: picture.height });
    this.#canvas.getContext("2d").drawImage(picture, 0, 0);
    this.#set({ left: 0, top: 0, right: 1, bottom: 1 });
  }

  #set(crop) {
    this.#crop = crop;
    for (const [side, value] of Object.entries(crop)) this.#canvas.parentElement.style.setProperty(`--${side}`, value);
  }

  #drag(element, change) {
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.focus();
      element.setPointerCapture(event.pointerId);
      const start = this.#crop, { width, height } = this.#canvas.getBoundingClientRect();
      const move = (now) => change(start, (now.clientX - event.clientX) / width, (now.clientY - event.clientY) / height);
      element.addEventListener("pointermove", move);
      element.addEventListener("lostpointercapture", () => element.removeEventListener("pointermove", move), { once: true });
    });
    element.addEventListener("keydown", (event) => {
      if (!(event.key in ARROWS)) return;
      event.preventDefault();
      change(this.#crop, ...ARROWS[event.key]);
    });
  }

  #move({ left, top, right, bottom }, x, y) {
    const across = clamp(x, -left, 1 - right), down = clamp(y, -top, 1 - bottom);
    this.#set({ left: left + across, top: top + down, right: right + across, bottom: bottom + down });
  }

  #pull(corner, crop, x, y) {
    const { left, top, right, bottom } = crop;
    this.#set({
      left: corner.includes("w") ? clamp(left + x, 0, right - LEAST) : left,
      right: corner.includes("e") ? clamp(right + x, left + LEAST, 1) : right,
      top: corner.includes("n") ? clamp(top + y, 0, bottom - LEAST) : top,
      bottom: corner.includes("s") ? clamp(bottom + y, top + LEAST, 1) : bottom,
    });
  }

  #square() {
    const { width, height } = this.#source, side = Math.min(width, height);
    const x = (1 - side / width) / 2, y = (1 - side / height) / 2;
    this.#set({ left: x, top: y, right: 1 - x, bottom: 1 - y });
  }

  #turn() {
    const { width, height } = this.#source;
    const turned = new OffscreenCanvas(height, width), context = turned.getContext("2d");
    context.translate(height, 0);
    context.rotate(Math.PI / 2);
    context.drawImage(this.#source, 0, 0);
    const { left, top, right, bottom } = this.#crop;
    this.#show(turned);
    this.#set({ left: 1 - bottom, right: 1 - top, top: left, bottom: right });
  }

  #cut() {
    const { width, height } = this.#source, { left, top, right, bottom } = this.#crop;
    const cut = new OffscreenCanvas(Math.round((right - left) * width), Math.round((bottom - top) * height));
    cut.getContext("2d").drawImage(this.#source, -Math.round(left * width), -Math.round(top * height));
    return cut;
  }
}
