// Language and light by hand, remembered in cookies, by which the page comes as it was wished for; and the films that show.

import { t } from "./words.js";

const YEAR_SECONDS = 31_536_000;
const still = matchMedia("(prefers-reduced-motion: reduce)");

function remember(name, value) {
  document.cookie = `${name}=${value}; path=${new URL(".", location.href).pathname}; max-age=${value ? YEAR_SECONDS : 0}; samesite=lax`;
}

export function followLook() {
  document.getElementById("language").addEventListener("change", (event) => {
    remember("language", event.target.value);
    location.reload();
  });
  document.getElementById("theme").addEventListener("change", ({ target: { value } }) => {
    remember("theme", value);
    if (value) document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
    document.querySelector("meta[name=color-scheme]").content = value || "light dark";
  });
}

// Films with one button, in place of the browser's own, which would lie on the picture.
export function followFilms() {
  for (const toggle of document.querySelectorAll(".toggle")) {
    const video = toggle.parentElement.querySelector("video");
    const label = () => {
      toggle.textContent = t(video.paused ? "easel.play" : "easel.pause");
      toggle.ariaLabel = `${toggle.textContent}: ${toggle.dataset.name}`;
    };
    video.controls = false;
    toggle.addEventListener("click", () => (video.paused ? video.play() : video.pause()));
    for (const event of ["play", "pause", "ended"]) video.addEventListener(event, label);
  }
}

// The empty sheet shows a painting that grows, once; who wants less motion starts it by hand.
export function showGrowing() {
  // A browser may forbid films that nobody asked for; the button stays.
  if (!still.matches) document.querySelector("#growing video").play().catch(() => {});
}

export function followWall(use) {
  for (const button of document.querySelectorAll(".wall .use")) {
    button.addEventListener("click", () => use(JSON.parse(button.dataset.settings)));
  }
  for (const swatch of document.querySelectorAll(".swatch")) swatch.style.setProperty("--color", swatch.dataset.color);
}
