// How it is painted: presets in plain words, and the numbers behind them, which follow each other.

import { draw, encode } from "./pixels.js";
import { readPicture } from "./service.js";
import { t } from "./words.js";

const OWN = "own"; // of the list of papers
// Parts of the strokes that are usual for a size.
const DETAILS = { sketch: 0.15, loose: 0.4, fine: 1 };
const MAX_PALETTE_BYTES = 1_500_000;

export class Choices {
  #form; #size; #strokes; #slider; #quick; #patient; #byHand = false; #colors = null; #reading = null;

  constructor(form) {
    this.#form = form;
    this.#size = form.querySelector("#size");
    this.#strokes = form.querySelector("#strokes");
    this.#slider = form.querySelector("#strokes-slider");
    const options = [...this.#size.options];
    this.#quick = options.find((option) => option.value === this.#size.dataset.quick);
    this.#patient = options.filter((option) => Number(option.value) > Number(this.#quick.value)).at(-1) ?? this.#quick;
    form.querySelector("#patience").hidden = this.#patient === this.#quick;
    for (const radio of form.querySelectorAll("[name=detail], [name=patience]")) {
      radio.disabled = false;
      radio.checked = radio.value === "fine" || radio.value === "quick";
      radio.addEventListener("change", () => this.#choosePreset());
    }
    this.#size.addEventListener("change", () => { this.#byHand = false; this.#adaptToSize(); });
    this.#strokes.addEventListener("input", () => { this.#byHand = true; this.#settle(); });
    this.#slider.addEventListener("input", () => {
      const most = Number(this.#strokes.max), exact = most ** (this.#slider.value / 1000);
      this.#strokes.value = exact < 20 ? Math.round(exact) : Math.min(most, 5 * Math.round(exact / 5));
      this.#byHand = true;
      this.#settle();
    });
    for (const agent of form.querySelectorAll("[name=agent]")) agent.addEventListener("change", () => this.#adaptToAgent(agent));
    for (const brush of form.querySelectorAll("[name=brush]")) brush.addEventListener("change", () => this.#settle());
    this.#pairSizes();
    this.#pairPaper();
    this.#pairPalette();
    // Browsers fill in what was there before a reload; what follows from it is made anew.
    this.#strokes.value ||= this.#quick.dataset.usual;
    this.#choosePreset();
    // From the page of a shared painting: one's own picture is to be painted like it.
    if (form.dataset.like) this.use(JSON.parse(form.dataset.like));
  }

  // Shows what follows from what the browser may have filled in without a word, as it was before Back.
  follow() {
    this.#strokes.max = this.#size.selectedOptions[0].dataset.most;
    this.#showOwnPaper();
    this.#showSizes();
    this.#settle();
  }

  // What to send, but pictures.
  fields() {
    const data = new FormData(this.#form);
    const fields = Object.fromEntries(["brush", "size", "strokes", "painter", "seed", "palette"].map((name) => [name, data.get(name)]));
    fields.seed ||= "0";
    const paper = this.#form.querySelector("#paper").value;
    fields.paper = paper === OWN ? this.#form.querySelector("#paper-own").value : paper;
    const [least, most] = this.#brushSizes();
    if (least > 0 || most < 1) fields.brush_sizes = `${least},${most}`;
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
  }

  // The picture whose colors are used, if there is one.
  async palette() {
    await this.#reading;
    return this.#colors ? { palette_picture: this.#colors } : {};
  }

  get agent() { return this.#form.querySelector("[name=agent]:checked").value; }

  // Takes the settings of an example, or of a painting of before.
  use({ strokes, size, brush, palette, paper }) {
    const brushes = [...this.#form.querySelectorAll("[name=brush]")];
    (brushes.find((radio) => radio.value === brush) ?? brushes[0]).checked = true;
    if ([...this.#size.options].some((option) => option.value === String(size))) this.#size.value = size;
    this.#adaptToSize();
    this.#strokes.value = Math.min(strokes, this.#strokes.max);
    this.#form.querySelector("#palette").value = palette ?? "";
    const list = this.#form.querySelector("#paper"), own = this.#form.querySelector("#paper-own");
    const listed = [...list.options].some((option) => option.value === (paper ?? ""));
    list.value = listed ? (paper ?? "") : OWN;
    own.value = listed ? own.value : paper;
    this.#showOwnPaper();
    this.#byHand = true;
    this.#settle();
  }

  #choosePreset() {
    const detail = this.#form.querySelector("[name=detail]:checked")?.value ?? "fine";
    const patient = this.#form.querySelector("[name=patience]:checked")?.value === "patient";
    const option = patient ? this.#patient : this.#quick;
    this.#size.value = option.value;
    this.#byHand = false;
    this.#adaptToSize(DETAILS[detail] * (patient && option !== this.#quick ? 2 : 1));
  }

  // Another size has another number of strokes, and not all agents paint large.
  #adaptToSize(part = 1) {
    const chosen = this.#size.selectedOptions[0];
    this.#strokes.max = chosen.dataset.most;
    if (!this.#byHand) this.#strokes.value = Math.min(Math.round(chosen.dataset.usual * part), this.#strokes.max);
    const agent = this.#form.querySelector("[name=agent]:checked");
    if (Number(chosen.value) > 64 && !("large" in agent.dataset)) this.#form.querySelector("[name=agent][data-large]").checked = true;
    this.#settle();
  }

  #adaptToAgent(agent) {
    const smallest = this.#size.querySelector("option[value='64']");
    if (!("large" in agent.dataset) && smallest && !smallest.selected) {
      smallest.selected = true;
      this.#byHand = false;
      this.#adaptToSize();
    }
    this.#settle();
  }

  // Everything that only shows what was chosen.
  #settle() {
    const strokes = Number(this.#strokes.value), side = Number(this.#size.value);
    this.#slider.value = (1000 * Math.log(Math.max(1, strokes))) / Math.log(this.#strokes.max);
    this.#slider.setAttribute("aria-valuetext", t("easel.count", { strokes }));
    this.#form.querySelector("#preset-hint").textContent = t("preset.hint", { strokes, side });
    this.#form.querySelector("#brush-name").textContent = this.#form.querySelector("[name=brush]:checked").closest("label").title;
    const seed = this.#form.querySelector("#seed").closest(".setting");
    seed.hidden = "seedless" in this.#form.querySelector("[name=agent]:checked").dataset;
    for (const radio of this.#form.querySelectorAll("[name=detail]")) {
      const usual = [this.#quick, this.#patient].find((option) => option.selected)?.dataset.usual;
      const part = DETAILS[radio.value] * (this.#patient.selected && this.#patient !== this.#quick ? 2 : 1);
      radio.checked = strokes === Math.min(Math.round(usual * part), this.#strokes.max);
    }
    for (const radio of this.#form.querySelectorAll("[name=patience]")) {
      radio.checked = (radio.value === "patient" ? this.#patient : this.#quick).selected;
    }
  }

  #brushSizes() {
    return ["#least-size", "#most-size"].map((id) => this.#form.querySelector(id).value / 100);
  }

  #pairSizes() {
    const [least, most] = ["#least-size", "#most-size"].map((id) => this.#form.querySelector(id));
    least.addEventListener("input", () => { most.value = Math.max(most.value, least.value); this.#showSizes(); });
    most.addEventListener("input", () => { least.value = Math.min(most.value, least.value); this.#showSizes(); });
    this.#showSizes();
  }

  #showSizes() {
    for (const slider of this.#form.querySelectorAll("#least-size, #most-size")) {
      slider.setAttribute("aria-valuetext", t("sizes.percent", { percent: Number(slider.value) }));
    }
  }

  // A color of one's own needs a script, and is offered by one.
  #pairPaper() {
    const list = this.#form.querySelector("#paper");
    list.add(new Option(t("paper.own"), OWN));
    list.addEventListener("change", () => this.#showOwnPaper());
  }

  #showOwnPaper() {
    this.#form.querySelector("#paper-own").hidden = this.#form.querySelector("#paper").value !== OWN;
  }

  #pairPalette() {
    const [input, clear, name, problem] = ["picture", "clear", "name", "problem"].map((id) => this.#form.querySelector(`#palette-${id}`));
    const take = (colors, text) => {
      this.#colors = colors;
      name.textContent = text;
      clear.hidden = !colors;
    };
    // Read when it is chosen: what cannot be read leaves the one before it.
    const read = async (file) => {
      problem.textContent = "";
      try {
        take(await readColors(file, this.#form.dataset.pictures), file.name);
      } catch (error) {
        problem.textContent = error.message;
      }
    };
    input.addEventListener("change", () => {
      if (input.files.length) this.#reading = read(input.files[0]);
      input.value = "";
    });
    clear.addEventListener("click", () => { take(null, ""); input.focus(); });
  }
}

// Of another picture only the colors are wanted. The service reads what the browser cannot, or says what is wrong with it.
async function readColors(file, address) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return readPicture(address, { picture: file });
  return file.size < MAX_PALETTE_BYTES ? file : encode(draw(bitmap, bitmap.width, bitmap.height));
}
