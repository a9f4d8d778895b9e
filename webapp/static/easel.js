// One painting on the page: canvas, comparison with the picture, replay, figures, downloads.

import { LargeFilm } from "./large.js";
import { Film, Paper, imageBlob, unpack } from "./paper.js";

const SIDE = 64;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const FORMATS = { png: "PNG", webp: "WebP film", gif: "GIF film", json: "Strokes", mypaint: "By MyPaint" };

// 1 to 500 strokes a second, evenly on a scale of powers.
const pace = (slider) => Math.round(500 ** (slider / 100));

export class Easel {
  element; name;
  #paper; #film; #large = null; #count = 0; #shown = 0; #playing = false; #over = false; #startedAt = null; #canvasShown = false; #pictureShown = Promise.resolve(true); #find;

  constructor(name, title, picture) {
    this.name = name;
    this.element = document.getElementById("easel").content.cloneNode(true).firstElementChild;
    this.#find = (selector) => this.element.querySelector(selector);
    this.#find("h2").textContent = title;
    this.#paper = new Paper(this.#find("canvas"));
    this.#film = new Film(this.#paper);
    this.#paper.show();
    const target = this.#find(".target");
    if (picture) {
      target.src = picture;
      this.#pictureShown = target.decode().then(() => true, () => false);
      target.hidden = false;
      this.#find(".tools").hidden = false;
    }
    this.#find(".compare").addEventListener("input", (event) => {
      target.style.setProperty("--uncovered", `${event.target.value}%`);
    });
    this.#find(".position").addEventListener("input", (event) => { this.#playing = false; this.#seek(Number(event.target.value)); });
    this.#find(".play").addEventListener("click", () => this.#toggle());
    this.#find(".pace").addEventListener("input", () => this.#showPace());
    this.#showPace();
  }

  // What was requested is known; a large painting has a shape of its own.
  start(painting) {
    const { width, height, strokes } = painting;
    // A browser shows no HEIC; what the service made of the picture it does.
    this.#pictureShown.then((shown) => { if (!shown) this.#find(".target").src = painting.links.picture; });
    if (Math.max(width, height) <= SIDE) return;
    this.#large = this.#film = new LargeFilm(this.#find("canvas"), painting);
    this.element.classList.toggle("tall", 10 * height > 9 * width);
    this.element.style.setProperty("--ratio", width / height);
    this.#count = strokes;
    this.#find(".pace").value = 80;
    this.#showPace();
  }

  // Takes an event of the service.
  async take({ kind, data }) {
    if (kind === "painting") this.#startedAt = performance.now();
    if (kind === "strokes") {
      this.#film.add(await unpack(data));
      this.#flow();
    }
    if (kind === "canvas") {
      await (this.#large ?? this.#paper).showImage(imageBlob(data));
      this.#canvasShown = true;
    }
    if (kind === "film") {
      this.#film = new Film(new Paper(this.#find("canvas")));
      this.#film.add(await unpack(data));
    }
    if (data.count !== undefined) this.#find(".count").textContent = data.count;
    if (data.loss !== undefined) this.#find(".loss").textContent = data.loss.toPrecision(3);
    if (data.seconds !== undefined) this.#find(".seconds").textContent = data.seconds.toFixed(1);
  }

  // The time goes by between events too.
  tick() {
    if (this.#over || this.#startedAt === null) return;
    this.#find(".seconds").textContent = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
  }

  async finish(painting) {
    this.#over = true;
    const count = this.#large ? this.#count : this.#film.strokes.length;
    this.#count = count;
    this.#find("canvas").setAttribute("aria-label", `The painting by ${this.name}, after ${count} strokes`);
    if (this.#large) await this.#large.finish();
    else this.#film.seek(count);
    const position = this.#find(".position");
    position.max = count;
    position.value = count;
    for (const selector of [".replay", ".speed", ".downloads"]) this.#find(selector).hidden = false;
    this.#offerMyPaint(painting.links.mypaint);
    for (const [format, label] of Object.entries(FORMATS).filter(([format]) => painting.links[format])) {
      const link = document.createElement("a");
      Object.assign(link, { href: painting.links[format], download: format === "mypaint" ? "painting-by-mypaint.png" : `painting.${format}`, textContent: label });
      const item = document.createElement("li");
      item.append(link);
      this.#find(".downloads").append(item);
    }
  }

  // The same strokes, laid by the real brush on a larger canvas.
  #offerMyPaint(address) {
    const button = this.#find(".real");
    button.hidden = !address;
    button.addEventListener("click", async () => {
      if (button.ariaPressed === "true") { this.#seek(this.#count); return; }
      this.#playing = false;
      button.disabled = true;
      const answer = await fetch(address).catch(() => null);
      if (answer?.ok) {
        await this.#seek(this.#count);
        await this.#paper.showLarge(await answer.blob());
        button.ariaPressed = "true";
      }
      button.disabled = false;
      button.focus();
    });
  }

  stop() { this.#over = true; }

  // Strokes arrive in batches: they are laid one after another until the next batch.
  #flow() {
    if (this.#shown) return;
    const step = () => {
      const waiting = this.#film.strokes.length - this.#film.position;
      if (this.#over || this.#canvasShown || waiting === 0) { this.#shown = 0; return; }
      this.#film.seek(this.#film.position + (still.matches ? waiting : Math.ceil(waiting / 6)));
      this.#shown = requestAnimationFrame(step);
    };
    this.#shown = requestAnimationFrame(step);
  }

  async #seek(position) {
    this.#find(".real").ariaPressed = "false";
    const slider = this.#find(".position");
    slider.value = position;
    slider.setAttribute("aria-valuetext", `stroke ${position} of ${this.#count}`);
    this.#find(".count").textContent = position;
    this.#find(".play").textContent = this.#playing ? "Pause" : "Replay";
    await this.#film.seek(position);
  }

  async #toggle() {
    this.#playing = !this.#playing;
    const count = this.#count;
    let position = this.#film.position < count ? this.#film.position : 0;
    await this.#seek(position);
    let before = performance.now();
    const step = (now) => {
      if (!this.#playing) return;
      position = Math.min(count, position + (pace(this.#find(".pace").value) * Math.max(0, now - before)) / 1000);
      before = now;
      this.#playing = position < count;
      this.#seek(Math.floor(position));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #showPace() {
    const strokes = pace(this.#find(".pace").value);
    this.#find("output").textContent = `${strokes} / s`;
    this.#find(".pace").setAttribute("aria-valuetext", `${strokes} strokes a second`);
  }
}
