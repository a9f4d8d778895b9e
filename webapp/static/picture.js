// Choosing a picture: a file, one dropped, pasted or dragged here, one of an address, one taken by camera, or a sample.
// It is read when it is chosen; what cannot be read is said at once, and leaves the picture before it where it was.

import { Camera } from "./camera.js";
import { Cropper } from "./crop.js";
import { noteHere, notedHere } from "./keep.js";
import { draw, encode, fromAddress, toAddress } from "./pixels.js";
import { readPicture } from "./service.js";
import { t } from "./words.js";

// Files above either are shrunk before they are sent: a second of a slow uplink, and of decoding.
const MAX_BYTES = 1_500_000;
const MAX_PIXELS = 6_000_000;
const WHOLE_SIDE = 3072; // pixels, of what is cropped: a third of it is still sharp

export class PictureChooser {
  #form; #image; #input; #problem; #name = ""; #file = null; #canvas = null; #whole = null; #shown = null; #turn = 0; #cropper; #reading = null;

  constructor(form) {
    this.#form = form;
    this.#image = form.querySelector("#chosen");
    this.#problem = form.querySelector("#picture-problem");
    const input = this.#input = form.querySelector("#picture");
    input.addEventListener("change", () => { if (input.files.length) this.#choose(input.files[0], input.files[0].name); });
    for (const radio of form.querySelectorAll("[name=sample]")) {
      radio.addEventListener("change", () => this.#chooseSample(radio));
    }
    const drop = form.querySelector("#drop");
    addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.#chooseFrom(event.dataTransfer);
    });
    addEventListener("paste", (event) => {
      if (!event.target.closest?.("input, textarea") || event.clipboardData.files.length) this.#chooseFrom(event.clipboardData);
    });
    new Camera(form.querySelector("#camera"), document.getElementById("viewfinder"), {
      taken: (canvas) => this.#take(canvas, "camera.jpg"), problem: (text) => this.#tell(text),
    });
    this.#cropper = new Cropper(document.getElementById("cropper"));
    form.querySelector("#adjust").addEventListener("click", () => this.#adjust());
    const address = form.querySelector("#address");
    form.querySelector("#fetch")?.addEventListener("click", () => this.#chooseAddress(address.value));
    address?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#chooseAddress(address.value);
    });
  }

  // The picture that was chosen in this tab before a reload or Back.
  async reopen() {
    const kept = notedHere("picture");
    if (!kept) return;
    const { name, image } = JSON.parse(kept);
    this.#choose(fromAddress(image), name);
    await this.#reading;
  }

  // The browser may have filled in another sample, or none, without a word.
  follow() {
    if (this.#reading || this.#shown) return;
    const samples = [...this.#form.querySelectorAll("[name=sample]")];
    const radio = samples.find(({ checked }) => checked) ?? samples[0];
    radio.checked = true;
    this.#chooseSample(radio);
  }

  // What to send: {sample} or {picture}.
  async fields() {
    // One that is still being read is what was meant.
    const reading = this.#reading;
    if (reading && !(await reading)) throw new Error(this.#problem.textContent);
    if (this.#canvas) return { picture: await encode(this.#canvas) };
    if (this.#file) return { picture: this.#file };
    return { sample: this.#form.querySelector("[name=sample]:checked").value };
  }

  // A JPEG of it, to be shown beside the painting and kept with it.
  async preview() { return encode(this.#canvas ?? (await this.#decoded())); }

  // The dropped or pasted: a file, or a picture of another page, which comes as its address alone.
  #chooseFrom(transfer) {
    const extensions = this.#input.accept.split(",").filter((entry) => entry.startsWith("."));
    const files = [...transfer.files];
    // Some systems have no media type for HEIC files, and tell none.
    const picture = files.find((file) =>
      file.type.startsWith("image/") || extensions.some((extension) => file.name.toLowerCase().endsWith(extension)));
    if (picture) this.#choose(picture, picture.name);
    else if (files.length) this.#tell(t("picture.none", { formats: this.#input.dataset.formats }));
    else this.#chooseDragged(transfer);
  }

  #chooseDragged(transfer) {
    const html = new DOMParser().parseFromString(transfer.getData("text/html"), "text/html");
    const address = html.querySelector("img")?.src || transfer.getData("text/uri-list").split("\n")[0];
    if (/^data:image\/[\w.+-]+;base64,/.test(address)) {
      this.#choose(fromAddress(address), t("picture.dragged"));
    } else if (/^https?:/.test(address)) {
      if (this.#form.querySelector("#address")) this.#chooseAddress(address);
      else this.#tell(t("picture.elsewhere"));
    }
  }

  #chooseAddress(address) {
    this.#await(this.#read(address, () => readPicture(this.#form.dataset.pictures, { address })));
  }

  #choose(file, name) { this.#await(this.#open(file, name)); }

  #await(reading) {
    this.#reading = reading;
    reading.finally(() => { if (this.#reading === reading) this.#reading = null; });
  }

  // Returns whether it can be read.
  async #open(file, name) {
    const turn = ++this.#turn;
    let bitmap = null;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      return this.#read(name, () => readPicture(this.#form.dataset.pictures, { picture: file }));
    }
    const small = file.size <= MAX_BYTES && bitmap.width * bitmap.height <= MAX_PIXELS;
    if (turn === this.#turn) await this.#show(draw(bitmap, bitmap.width, bitmap.height, WHOLE_SIDE), small ? file : null, name);
    return true;
  }

  // Lets the service read what the browser cannot.
  async #read(name, read) {
    const turn = ++this.#turn;
    this.#tell(t("picture.reading"));
    try {
      const file = await read();
      const bitmap = await createImageBitmap(file);
      if (turn === this.#turn) await this.#show(draw(bitmap, bitmap.width, bitmap.height), file, name);
      return true;
    } catch (error) {
      if (turn !== this.#turn) return true; // Another was chosen meanwhile.
      this.#tell(`${error.message} ${t("picture.kept")}`);
      return false;
    }
  }

  #take(canvas, name) {
    this.#turn += 1;
    this.#show(canvas, null, name);
  }

  // `file` is what is sent; without one, the picture itself is.
  async #show(whole, file, name) {
    this.#whole = whole;
    await this.#display(whole, file, name || t("picture.pasted"));
  }

  async #display(picture, file, name) {
    for (const radio of this.#form.querySelectorAll("[name=sample]")) radio.checked = false;
    const canvas = draw(picture, picture.width, picture.height), before = this.#image.src;
    this.#file = file;
    this.#canvas = file ? null : canvas;
    this.#name = name;
    this.#shown = canvas;
    const image = await encode(canvas), address = await toAddress(image);
    if (this.#shown !== canvas) return; // Another was chosen meanwhile.
    Object.assign(this.#image, { src: URL.createObjectURL(image), alt: t("picture.chosen", { name }) });
    if (before.startsWith("blob:")) URL.revokeObjectURL(before);
    this.#tell("");
    noteHere("picture", JSON.stringify({ name, image: address }));
  }

  #chooseSample(radio) {
    this.#turn += 1;
    this.#file = this.#canvas = this.#whole = this.#shown = null;
    this.#input.value = "";
    const image = radio.nextElementSibling;
    this.#name = image.alt;
    Object.assign(this.#image, { src: image.src, alt: t("picture.chosen", { name: image.alt }) });
    this.#tell("");
    noteHere("picture", "");
  }

  async #adjust() {
    this.#whole ??= await this.#decoded();
    this.#cropper.open(this.#whole, (cut) => this.#display(cut, null, this.#name));
  }

  async #decoded() {
    await this.#image.decode();
    return draw(this.#image, this.#image.naturalWidth, this.#image.naturalHeight);
  }

  #tell(text) { this.#problem.textContent = text; }
}
