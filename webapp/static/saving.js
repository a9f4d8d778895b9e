// Taking a painting home: each file says what it is. What the browser holds itself never expires.

import { t } from "./words.js";

const FORMATS = ["png", "print", "mp4", "webp", "gif", "svg", "json", "mypaint"];
const PRINT_SIDE = 4096; // pixels, of the longer side
const PRINT = `?size=${PRINT_SIDE}`;
const NAMES = { print: "painting-large.png", mypaint: "painting-by-mypaint.png" };

export class Saving {
  #note; #easel; #own;

  constructor(element, easel) {
    const { painting } = easel;
    this.#easel = easel;
    this.#note = element.querySelector(".saved");
    this.#own = { png: () => easel.record().png, json: () => easel.record().strokes };
    const links = { ...painting.links, print: painting.links.png + PRINT };
    const offered = FORMATS.filter((format) => links[format] || this.#own[format]?.());
    element.querySelector(".downloads").replaceChildren(...offered.map((format) => this.#item(format, { ...painting, links })));
  }

  #item(format, { width, height, links }) {
    const link = document.createElement("a");
    const name = NAMES[format] ?? `painting.${format}`;
    Object.assign(link, { href: links[format] ?? "#", download: name });
    const title = document.createElement("strong"), what = document.createElement("span");
    title.textContent = t(`save.${format}`);
    what.textContent = t(`save.${format}.what`, { width, height, print: PRINT_SIDE });
    link.append(title, " ", what);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.#save(format, name);
    });
    const item = document.createElement("li");
    item.append(link);
    return item;
  }

  async #save(format, name) {
    this.#note.textContent = t("save.preparing", { name });
    try {
      const file = this.#own[format]?.() ?? (await (format === "print" ? this.#easel.file("png", PRINT) : this.#easel.file(format)));
      saveFile(file, name);
      this.#note.textContent = t("save.saved", { name, kilobytes: Math.ceil(file.size / 1000) });
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }
}

function saveFile(file, name) {
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
