// The curve of the error: one line for each painting, over the part of the work that is done.

import { t } from "./words.js";

const LEFT = 40, BOTTOM = 20, TOP = 8;
const SPACE = "http://www.w3.org/2000/svg";

function draw(parent, name, attributes, text = "") {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  parent.append(element);
}

export class Curve {
  #figure; #series; #observer;

  constructor(figure, titles) {
    this.#figure = figure;
    this.#series = titles.map((title) => ({ title, points: [] }));
    this.#figure.hidden = true;
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(figure);
  }

  add(series, fraction, loss) {
    const points = this.#series[series].points;
    points.push([fraction, Math.log10(Math.max(loss, 1e-6))]);
    if (points.length > 400) this.#series[series].points = points.filter((_, i) => i % 2 === 0 || i === points.length - 1);
    this.#draw();
  }

  // Another curve takes its place.
  end() { this.#observer.disconnect(); }

  #draw() {
    const all = this.#series.flatMap((series) => series.points);
    this.#figure.hidden = all.length < 2;
    const low = Math.min(...all.map((point) => point[1])) - 0.08, high = Math.max(...all.map((point) => point[1])) + 0.08;
    const { width, height } = this.#figure.querySelector("svg").getBoundingClientRect();
    const x = (fraction) => LEFT + fraction * (width - LEFT - 4);
    const y = (level) => TOP + ((high - level) / (high - low)) * (height - BOTTOM - TOP);
    const [grid, lines] = this.#figure.querySelectorAll("g");
    grid.replaceChildren();
    lines.replaceChildren();
    for (const level of ticks(low, high)) {
      draw(grid, "line", { x1: LEFT, x2: width, y1: y(Math.log10(level)), y2: y(Math.log10(level)) });
      draw(grid, "text", { x: LEFT - 6, y: y(Math.log10(level)) + 4, "text-anchor": "end" }, String(level));
    }
    draw(grid, "text", { x: LEFT, y: height - 2 }, t("curve.start"));
    draw(grid, "text", { x: width, y: height - 2, "text-anchor": "end" }, t("curve.end"));
    let previous = -Infinity;
    this.#series.forEach((series, number) => {
      const points = series.points.map(([fraction, level]) => `${x(fraction).toFixed(1)},${y(level).toFixed(1)}`);
      draw(lines, "polyline", { class: `series-${number}`, points: points.join(" ") });
      if (this.#series.length > 1 && points.length) {
        const end = y(series.points.at(-1)[1]);
        const place = Math.abs(end - 8 - previous) < 16 ? end + 18 : end - 8;
        previous = place;
        draw(lines, "text", { class: `series-${number}`, x: width - 4, y: place, "text-anchor": "end" }, series.title);
      }
    });
    const values = this.#series.filter((series) => series.points.length)
      .map((series) => `${series.title} ${(10 ** series.points.at(-1)[1]).toPrecision(2)}`);
    this.#figure.querySelector("svg").setAttribute("aria-label", `${t("curve.title")}: ${values.join("; ")}`);
  }
}

// Round numbers, two to five of them, between two powers of ten.
function ticks(low, high) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const step of high - low > 1.2 ? [1, 3] : [1, 2, 3, 5]) {
      const level = Math.log10(step) + power;
      if (level > low && level < high) found.push(Number((step * 10 ** power).toPrecision(1)));
    }
  }
  return found;
}
