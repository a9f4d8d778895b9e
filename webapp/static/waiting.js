// How long it still takes: the place in the queue with seconds that count down, then the strokes.

import { t } from "./words.js";

export class Waiting {
  #status = document.getElementById("status"); #bar = document.getElementById("progress"); #countdown = document.getElementById("countdown");
  #until = null; #clock = null;

  start() {
    this.#until = null;
    this.#bar.hidden = false;
    this.#bar.removeAttribute("value");
    this.say(t("status.sent"));
    this.#clock = setInterval(() => this.#count(), 250);
  }

  end() {
    clearInterval(this.#clock);
    this.#countdown.textContent = "";
    this.#bar.hidden = true;
  }

  // Read out by screen readers, so seldom changed; the seconds beside it are not.
  say(text) { if (this.#status.textContent !== text) this.#status.textContent = text; }

  take({ kind, data }, strokes) {
    if (kind === "queued") this.say(data.position > 1 ? t("status.queued", { ahead: data.position - 1 }) : t("status.next"));
    if (kind === "painting") this.say(t("status.painting"));
    if (typeof data.expected_seconds === "number") this.#until = performance.now() + 1000 * data.expected_seconds;
    const done = data.strokes_done ?? data.count;
    if (kind !== "queued" && done !== undefined) {
      this.#bar.max = strokes;
      this.#bar.value = data.fraction === undefined ? done : data.fraction * strokes;
      this.#bar.setAttribute("aria-valuetext", t("easel.stroke_of", { stroke: done, count: strokes }));
    }
  }

  #count() {
    if (this.#until === null) return;
    const seconds = Math.ceil((this.#until - performance.now()) / 1000);
    this.#countdown.textContent = seconds > 0 ? t("status.seconds", { seconds }) : t("status.soon");
  }
}
