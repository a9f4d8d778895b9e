// Sharing a painting: a page of its own on this host, and, on telephones, the film itself handed to another app.

import { sharePainting } from "./service.js";
import { language, t } from "./words.js";

export class Sharing {
  #dialog; #words; #link; #send; #film = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#words = dialog.querySelector(".words");
    this.#link = dialog.querySelector(".link");
    this.#send = dialog.querySelector(".send");
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".copy").addEventListener("click", () => this.#copy());
    this.#send.addEventListener("click", () => this.#hand());
  }

  async open(easel) {
    this.#words.textContent = t("share.preparing");
    this.#link.parentElement.hidden = this.#send.hidden = true;
    this.#film = null;
    this.#dialog.showModal();
    try {
      await easel.known();
      const { url, expires } = await sharePainting(easel.painting);
      this.#link.value = this.#dialog.querySelector(".see").href = new URL(url, location.href).href;
      this.#link.parentElement.hidden = false;
      this.#words.textContent = expires
        ? t("share.until", { date: new Date(expires).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" }) })
        : t("share.ready");
      this.#link.select();
    } catch (error) {
      this.#words.textContent = error.message;
    }
    await this.#offerFile(easel);
  }

  // Browsers hand files over only right after a click: the file is fetched before it.
  async #offerFile(easel) {
    if (!navigator.canShare) return;
    const film = easel.painting.links.mp4 && (await easel.file("mp4").catch(() => null));
    const still = film ? null : easel.record().png;
    const file = film ? new File([film], "painting.mp4", { type: "video/mp4" })
      : still ? new File([still], "painting.png", { type: "image/png" }) : null;
    if (!file || !navigator.canShare({ files: [file] })) return;
    this.#film = file;
    this.#send.hidden = false;
  }

  async #copy() {
    this.#link.select();
    try {
      await navigator.clipboard.writeText(this.#link.value);
    } catch {
      document.execCommand("copy"); // Pages that are not served by TLS have no clipboard.
    }
    this.#words.textContent = t("share.copied");
  }

  async #hand() {
    const link = this.#link.parentElement.hidden ? {} : { text: this.#link.value };
    await navigator.share({ files: [this.#film], title: "paintgym", ...link }).catch(() => {}); // given up by hand
  }
}
