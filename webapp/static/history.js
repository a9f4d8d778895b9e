// One's own paintings, kept by this browser: shown small, opened again, and thrown away one by one or all together,
// here and at the service.

import { drop, dropAll, kept } from "./keep.js";
import { forget } from "./service.js";
import { language, t } from "./words.js";

export class History {
  #section = document.getElementById("history"); #list = document.getElementById("history-list"); #open; #addresses = [];

  // `open` is called with the records of a painting, or of two that were painted side by side.
  constructor(open) {
    this.#open = open;
    document.getElementById("history-empty").addEventListener("click", async () => {
      if (!confirm(t("history.sure"))) return;
      for (const { painting } of await kept()) forget(painting);
      await dropAll();
      await this.show();
    });
  }

  async show() {
    const records = (await kept()).filter((record) => record.png);
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = records.map((record) => URL.createObjectURL(record.png));
    this.#section.hidden = records.length === 0;
    this.#list.replaceChildren(...records.map((record, i) => this.#item(record, this.#addresses[i])));
  }

  #item(record, address) {
    const when = new Date(record.time).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
    const name = t("history.painting", { strokes: record.count, when });
    const image = Object.assign(document.createElement("img"), { src: address, alt: name, title: name });
    const open = document.createElement("button"), away = document.createElement("button");
    Object.assign(open, { type: "button", className: "open" }).append(image);
    open.addEventListener("click", () => this.#open([record]));
    Object.assign(away, { type: "button", className: "away", textContent: "×", ariaLabel: t("history.drop", { name }) });
    away.addEventListener("click", async () => {
      // It may have been given to the service once more since it was shown here.
      for (const { key, painting } of await kept()) if (key === record.key) forget(painting);
      await drop(record.key);
      await this.show();
      (this.#list.querySelector(".open") ?? document.getElementById("paint")).focus();
    });
    const item = document.createElement("li");
    item.append(open, away);
    return item;
  }
}
