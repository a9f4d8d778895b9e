// The viewfinder: one picture by whichever camera there is, the one at the back first.

import { draw } from "./pixels.js";
import { t } from "./words.js";

export class Camera {
  #dialog; #video; #facing = "environment"; #problem;

  constructor(button, dialog, { taken, problem }) {
    button.hidden = !navigator.mediaDevices?.getUserMedia;
    if (button.hidden) return;
    this.#dialog = dialog;
    this.#video = dialog.querySelector("video");
    this.#problem = problem;
    button.addEventListener("click", () => this.#open());
    dialog.addEventListener("close", () => this.#release());
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".other").addEventListener("click", () => {
      this.#facing = this.#facing === "environment" ? "user" : "environment";
      // Closed meanwhile, it would go on looking.
      this.#look().then(() => { if (!dialog.open) this.#release(); });
    });
    dialog.querySelector(".take").addEventListener("click", () => {
      const picture = draw(this.#video, this.#video.videoWidth, this.#video.videoHeight);
      dialog.close();
      taken(picture);
    });
  }

  async #open() {
    if (!(await this.#look())) return;
    this.#dialog.showModal();
    // Only now, allowed to look, does a page learn how many cameras there are.
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    this.#dialog.querySelector(".other").hidden = cameras.length < 2;
  }

  async #look() {
    this.#release();
    try {
      this.#video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: this.#facing } });
    } catch {
      this.#problem(t("camera.none"));
      return false;
    }
    this.#dialog.dataset.facing = this.#facing;
    return true;
  }

  #release() { this.#video.srcObject?.getTracks().forEach((track) => track.stop()); }
}
