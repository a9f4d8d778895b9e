// One painting on the page: it is laid stroke by stroke at a pace of its own, compared with the picture, replayed.

import { keep } from "./keep.js";
import { Film, drawBlob, fillWhole, imageBlob, unpack } from "./paper.js";
import { Saving } from "./saving.js";
import { askFile, bringBack, describe, fetchFile } from "./service.js";
import { t, writeError, writeSeconds } from "./words.js";

const SMALL = 64; // pixels: sides of paintings with a single window
const SMALL_SIDE = 768; // pixels that they are shown on
const PACES = { small: 62, large: 77 }; // of the slider: some 50 and 120 strokes a second
const still = matchMedia("(prefers-reduced-motion: reduce)");

// 1 to 500 strokes a second, evenly on a scale of powers.
const pace = (slider) => Math.round(500 ** (slider / 100));

export class Easel {
  element; name; title; painting = null; picture = null; over = false; kept = null; // {key, batch, time}
  #find; #film = null; #chunks = []; #series = []; #count = 0; #position = 0; #frame = 0; #playing = false; #atOnce = still.matches;
  #large = false; #live = false; #startedAt = null; #seconds = null; #finished = null; #strokesFile = null;

  // `name` is the agent's; `title` stands above the painting where there are two.
  constructor(name, title, { further, share, curve = () => {} }) {
    Object.assign(this, { name, title });
    this.element = document.getElementById("easel").content.cloneNode(true).firstElementChild;
    this.#find = (selector) => this.element.querySelector(selector);
    this.curve = curve;
    this.#find("h2").textContent = title;
    this.#find(".compare").addEventListener("input", () => this.#compare());
    this.#find(".position").addEventListener("input", (event) => { this.#pause(); this.#seek(Number(event.target.value)); });
    this.#find(".play").addEventListener("click", () => this.#toggle());
    this.#find(".at-once").addEventListener("click", () => this.showAtOnce());
    this.#find(".pace").addEventListener("input", () => this.#showPace());
    this.#find(".further").addEventListener("click", () => further(this));
    this.#find(".share").addEventListener("click", () => share(this));
    const whole = this.#find(".whole");
    whole.hidden = !document.fullscreenEnabled;
    whole.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : this.#find(".frame").requestFullscreen()));
    this.#find(".frame").addEventListener("fullscreenchange", () => {
      whole.textContent = t(document.fullscreenElement ? "easel.window" : "easel.full");
    });
  }

  get started() { return this.#film !== null || this.#live; }

  // The order is taken: the sheet has its size, its color, and the picture beside it.
  async begin(painting, picture, former = null) {
    Object.assign(this, { painting, picture });
    const { width, height, strokes } = painting;
    const large = this.#large = Math.max(width, height) > SMALL;
    const canvas = this.#find("canvas");
    Object.assign(canvas, large ? { width, height } : { width: SMALL_SIDE, height: SMALL_SIDE });
    fillWhole(canvas, this.#paper);
    this.element.style.setProperty("--ratio", width / height);
    this.#count = strokes;
    this.#find(".position").max = strokes;
    this.#find(".pace").value = PACES[large ? "large" : "small"];
    this.#showPace();
    this.#showPicture(picture);
    if (former) await this.#startFrom(former);
  }

  // Takes an event of the service.
  async take({ kind, data }) {
    if (kind === "painting") this.#startedAt = performance.now();
    if (data.loss !== undefined && data.fraction !== undefined) {
      const { count, loss, seconds, fraction } = data;
      this.#series.push({ count, loss, seconds, fraction });
      this.curve(fraction, loss);
      if (this.#live) this.#showFigures(count);
    }
    if (data.seconds !== undefined) this.#seconds = data.seconds;
    if (kind === "strokes") await this.#add(data);
    if (kind === "film") await this.#add(data, false);
    // Whole canvases are shown where strokes still move, or as long as there are none.
    if (kind === "canvas" && !(this.#film && this.#large)) {
      this.#live = true;
      this.#playing = false;
      this.#showPlay();
      await drawBlob(this.#find("canvas"), imageBlob(data), () => this.#live);
      this.#showFigures(data.count);
    }
  }

  // The time goes by between events too.
  tick() {
    if (this.over || this.#startedAt === null || this.#position > 0) return;
    this.#find(".seconds").textContent = writeSeconds((performance.now() - this.#startedAt) / 1000);
  }

  // The service has finished; what it made is fetched and kept, and may still be on its way to the sheet.
  async finish({ count, loss, seconds, stopped }) {
    this.over = true;
    this.#count = count;
    this.#series.push({ count, loss, seconds, fraction: 1 });
    this.#atOnce ||= Boolean(stopped);
    const { links } = this.painting;
    [this.#finished, this.#strokesFile] = await Promise.all([fetchFile(links.png), fetchFile(links.json)]);
    // Strokes that were moved, or that came late, are fetched once all of them stand.
    if (this.#film?.strokes.length !== count) await this.#refill();
    this.#settle();
    if (this.#live) await this.#seek(count);
    else this.#play();
  }

  // The order came to nothing more; what was laid stays.
  async abandon() {
    this.over = true;
    this.#count = this.#film?.strokes.length ?? 0;
    this.#settle();
    if (this.#film) this.showAtOnce();
    this.#finished = await new Promise((resolve) => this.#find("canvas").toBlob(resolve));
  }

  showAtOnce() {
    this.#atOnce = true;
    this.#play();
  }

  pause() { if (this.#playing) this.#pause(); }

  // Whether the service has the painting. Where it has forgotten it, it is given what the browser has of it.
  async known() {
    if (await describe(this.painting)) return true;
    const again = this.#strokesFile && this.picture && (await bringBack(document.getElementById("request").action, this.record()));
    if (!again) return false;
    this.painting = { ...this.painting, id: again.id, links: again.links };
    await this.keep();
    return true;
  }

  // Has the browser keep it, by its key.
  keep() { return keep({ ...this.kept, ...this.record() }); }

  // A file of it by the name of its link; throws an Error with a sentence where there is none to be had.
  async file(link, query = "") {
    const file = await fetchFile(this.painting.links[link] + query);
    if (file) return file;
    if (!(await this.known())) throw new Error(t("save.gone"));
    return askFile(this.painting.links[link] + query);
  }

  // All that is needed to show it again, by this or another easel.
  record() {
    return {
      painting: this.painting, picture: this.picture, title: this.title, agent: this.name, over: this.over, count: this.#count,
      chunks: this.#chunks, series: this.#series, png: this.#finished, strokes: this.#strokesFile,
    };
  }

  async restore(record) {
    await this.begin({ ...record.painting, strokes: record.count }, record.picture);
    this.over = true;
    this.#series = record.series;
    [this.#finished, this.#strokesFile] = [record.png, record.strokes];
    for (const { fraction, loss } of this.#series) this.curve(fraction, loss);
    for (const chunk of record.chunks) await this.#add(chunk, false);
    this.#settle();
    this.#showPlay();
    await this.#seek(this.#count);
  }

  get #paper() { return this.painting?.settings?.paper ?? "#ffffff"; }

  // It goes on where another painting ended.
  async #startFrom({ chunks, series, count }) {
    this.#series = [...series];
    for (const chunk of chunks) await this.#add(chunk, false);
    await this.#seek(count);
  }

  async #showPicture(picture) {
    const target = this.#find(".target");
    if (!picture) return;
    target.src = URL.createObjectURL(picture);
    await target.decode().catch(() => {});
    target.hidden = this.#find(".compare").hidden = this.#find(".handle").hidden = false;
    this.#compare();
  }

  // Strokes of an event. They may take the place of others, which an agent moved, or of all.
  async #add(data, play = true) {
    const batch = await unpack(data);
    const first = (data.count ?? batch.strokes.length) - batch.strokes.length;
    this.#film ??= new Film(this.#find("canvas"), this.#paper, batch, this.#count);
    if (first > this.#film.strokes.length) return; // Some were missed; all are fetched in the end.
    this.#film.truncate(first);
    this.#film.add(batch);
    this.#chunks = this.#chunks.filter(({ count }) => count <= first);
    this.#chunks.push(data);
    if (!play) return;
    this.#live = false;
    this.#find(".tools").hidden = false;
    this.#play();
  }

  async #refill() {
    const file = await fetchFile(this.painting.links.replay);
    if (file) await this.#add({ ...JSON.parse(await file.text()), count: this.#count }, false);
  }

  #settle() {
    this.#find(".position").max = this.#count;
    this.#find(".tools").hidden = !this.#film;
    this.#find(".after").hidden = this.#find(".saving").hidden = false;
    this.#find(".share").hidden = !this.painting.links.share;
    this.#find(".further").hidden = !this.#strokesFile;
    this.#offerMyPaint();
    new Saving(this.#find(".saving"), this);
  }

  // The same strokes, laid by the real brush on a larger canvas.
  #offerMyPaint() {
    const button = this.#find(".real");
    button.hidden = !this.painting.links.mypaint;
    button.addEventListener("click", async () => {
      if (button.ariaPressed === "true") { await this.#seek(this.#count); return; }
      this.#pause();
      try {
        const file = await this.file("mypaint");
        await this.#seek(this.#count);
        await drawBlob(this.#find("canvas"), file);
        button.ariaPressed = "true";
      } catch (error) {
        this.#find(".saved").textContent = error.message;
      }
    });
  }

  #compare() {
    const slider = this.#find(".compare");
    this.#find(".frame").style.setProperty("--uncovered", `${slider.value}%`);
    this.#find(".frame").style.setProperty("--part", slider.value / 100);
    slider.setAttribute("aria-valuetext", t("easel.compared", { percent: Number(slider.value) }));
  }

  #play() {
    if (!this.#film) return;
    this.#playing = true;
    this.#showPlay();
    let before = performance.now();
    const step = async (now) => {
      this.#frame = 0;
      if (!this.#playing) return;
      const there = this.#film.strokes.length;
      const wanted = this.#atOnce ? there : this.#position + (pace(this.#find(".pace").value) * Math.max(0, now - before)) / 1000;
      before = now;
      await this.#seek(Math.min(there, wanted));
      if (this.over && this.#position >= this.#count) { this.#pause(); return; }
      if (this.#playing) this.#frame ||= requestAnimationFrame(step);
    };
    this.#frame ||= requestAnimationFrame(step);
  }

  #pause() {
    this.#playing = false;
    this.#atOnce = still.matches;
    this.#showPlay();
  }

  #toggle() {
    if (this.#playing) { this.#pause(); return; }
    this.#atOnce = false;
    if (this.over && this.#position >= this.#count) this.#position = 0;
    this.#play();
  }

  #showPlay() { this.#find(".play").textContent = t(this.#playing ? "easel.pause" : "easel.play"); }

  async #seek(position) {
    this.#position = position;
    const shown = Math.floor(position);
    this.#find(".real").ariaPressed = "false";
    const slider = this.#find(".position");
    slider.value = shown;
    slider.setAttribute("aria-valuetext", t("easel.stroke_of", { stroke: shown, count: this.#count }));
    this.#find("canvas").setAttribute("aria-label", t("easel.canvas", { strokes: shown }));
    this.#showFigures(shown);
    this.#film?.seek(Math.min(shown, this.#film.strokes.length));
    // The service's own pixels, where it is whole.
    if (this.over && shown === this.#count && this.#finished) {
      await drawBlob(this.#find("canvas"), this.#finished, () => Math.floor(this.#position) === shown);
    }
  }

  // Error and seconds as they were when so many strokes were laid.
  #showFigures(count) {
    const known = this.#series.findLast((entry) => entry.count <= count);
    this.#find(".count").textContent = t("number", { number: count });
    this.#find(".loss").textContent = known ? writeError(known.loss) : "–";
    this.#find(".seconds").textContent = known ? writeSeconds(known.seconds) : "–";
  }

  #showPace() {
    const strokes = pace(this.#find(".pace").value);
    this.#find(".pace-output").textContent = t("easel.per_second", { strokes });
    this.#find(".pace").setAttribute("aria-valuetext", t("easel.per_second", { strokes }));
  }
}
