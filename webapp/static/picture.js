// Choosing a picture: a file, one dropped or pasted, one taken by camera, or a sample. Large ones are shrunk before they are sent.

// Files above either are shrunk before they are sent: a second of a slow uplink, and of decoding.
const MAX_BYTES = 1_500_000;
const MAX_PIXELS = 6_000_000;
const SHRUNK_SIDE = 1024; // pixels: that of the largest paintings

export class PictureChooser {
  #file = null; #url = null; #image; #input; #showProblem;

  constructor(form, showProblem) {
    this.#image = form.querySelector("#chosen");
    this.#showProblem = showProblem;
    const input = this.#input = form.querySelector("#picture");
    input.addEventListener("change", () => { if (input.files.length) this.#choose(input.files[0]); });
    for (const radio of form.querySelectorAll("[name=sample]")) {
      radio.addEventListener("change", () => this.#chooseSample(radio));
    }
    const drop = form.querySelector("#drop");
    addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.#chooseFrom(event.dataTransfer.files);
    });
    addEventListener("paste", (event) => this.#chooseFrom(event.clipboardData.files));
    this.#setUpCamera(form.querySelector("#camera"), document.getElementById("viewfinder"));
  }

  // Address of the picture, for showing it.
  get url() { return this.#image.src; }

  // What to send: {sample} or {picture}.
  async fields() {
    const sample = document.querySelector("[name=sample]:checked");
    if (!this.#file) return { sample: sample.value };
    const small = this.#file.size <= MAX_BYTES && this.#image.naturalWidth * this.#image.naturalHeight <= MAX_PIXELS;
    return { picture: small ? this.#file : await shrink(this.#file) };
  }

  #chooseFrom(files) {
    const { accept, dataset } = this.#input;
    // Some systems have no media type for HEIC files, and tell none.
    const extensions = accept.split(",").filter((entry) => entry.startsWith("."));
    const pictures = [...files].filter((file) =>
      file.type.startsWith("image/") || extensions.some((extension) => file.name.toLowerCase().endsWith(extension)));
    if (pictures.length) this.#choose(pictures[0]);
    else if (files.length) this.#showProblem(`This is not a picture; drop or paste one of these: ${dataset.formats}.`);
  }

  #choose(file) {
    for (const radio of document.querySelectorAll("[name=sample]")) radio.checked = false;
    this.#file = file;
    this.#show(URL.createObjectURL(file), `The chosen picture: ${file.name || "pasted"}`);
  }

  #chooseSample(radio) {
    this.#file = null;
    this.#show(radio.nextElementSibling.src, `The chosen picture: ${radio.nextElementSibling.alt}`);
  }

  #show(url, text) {
    // The address of the picture before is still shown beside its painting, and is let go with the next but one.
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = this.#image.src.startsWith("blob:") ? this.#image.src : null;
    Object.assign(this.#image, { src: url, alt: text });
    this.#showProblem("");
  }

  #setUpCamera(button, dialog) {
    if (!navigator.mediaDevices?.getUserMedia) return;
    button.hidden = false;
    const video = dialog.querySelector("video");
    button.addEventListener("click", async () => {
      try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        this.#showProblem("There is no camera that this page may use.");
        return;
      }
      dialog.showModal();
    });
    dialog.addEventListener("close", () => video.srcObject?.getTracks().forEach((track) => track.stop()));
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".take").addEventListener("click", async () => {
      const blob = await encode(video, video.videoWidth, video.videoHeight);
      dialog.close();
      this.#choose(new File([blob], "camera.jpg", { type: "image/jpeg" }));
    });
  }
}

async function encode(source, width, height) {
  const scale = Math.min(1, SHRUNK_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.93 });
}

async function shrink(file) {
  try {
    const bitmap = await createImageBitmap(file);
    return await encode(bitmap, bitmap.width, bitmap.height);
  } catch {
    return file; // The service says what is wrong with it.
  }
}
