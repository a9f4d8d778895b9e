// The page: what is chosen becomes one painting or two, and what the service publishes becomes what is seen.

import { Curve } from "./curve.js";
import { Easel } from "./easel.js";
import { PictureChooser } from "./picture.js";
import { cancel, follow, requestPainting } from "./service.js";

document.documentElement.classList.add("scripted");

const TITLES = { policy: "Policy", gradient: "Gradient", "policy+refine": "Policy, then refined" };
const form = document.getElementById("request");
const stage = document.querySelector(".stage");
const easels = document.getElementById("easels");
const showStatus = (text) => { document.getElementById("status").textContent = text; };
const showProblem = (text) => { document.getElementById("problem").textContent = text; };
const chooser = new PictureChooser(form, showProblem);
let active = [], stopping = false;
let curve = null;

function busy(is) {
  document.getElementById("paint").disabled = is;
  document.getElementById("cancel").hidden = !is;
}

// The slider covers 1 to the most strokes, evenly on a scale of powers; the number beside it takes any.
function pairStrokes() {
  const number = document.getElementById("strokes"), slider = document.getElementById("strokes-slider");
  const place = () => { slider.value = 1000 * Math.log(Math.max(1, number.value)) / Math.log(number.max); };
  slider.addEventListener("input", () => {
    const most = Number(number.max), exact = most ** (slider.value / 1000);
    number.value = exact < 20 ? Math.round(exact) : Math.min(most, 5 * Math.round(exact / 5));
  });
  number.addEventListener("input", place);
  return place;
}

// Another size has another number of strokes, and not all agents paint large, or heed the seed.
function followChoices(placeSlider) {
  const size = document.getElementById("size"), strokes = document.getElementById("strokes");
  const agents = [...form.querySelectorAll("[name=agent]")];
  // A seed that changes nothing is not asked for.
  const seed = document.getElementById("seed").closest(".setting");
  const adaptSeed = () => { seed.hidden = "seedless" in form.querySelector("[name=agent]:checked").dataset; };
  let usual = size.options[0].dataset.usual;
  const adapt = () => {
    const chosen = size.selectedOptions[0], large = size.selectedIndex > 0;
    strokes.max = chosen.dataset.most;
    if (strokes.value === usual || Number(strokes.value) > Number(strokes.max)) strokes.value = chosen.dataset.usual;
    usual = chosen.dataset.usual;
    placeSlider();
    const hint = document.getElementById("size-hint");
    if (hint) hint.hidden = !large;
    for (const agent of agents) agent.disabled = large && !("large" in agent.dataset);
    if (form.querySelector("[name=agent]:checked").disabled) agents.find((agent) => !agent.disabled).checked = true;
    adaptSeed();
  };
  size.addEventListener("change", adapt);
  for (const agent of agents) agent.addEventListener("change", adaptSeed);
  adapt();
}

async function paintOnEasel(easel, number, fields) {
  const painting = await requestPainting(form.action, fields);
  active.push(painting);
  // Cancel may have been pressed before the service answered.
  if (stopping) cancel(painting);
  easel.start(painting);
  for await (const event of follow(painting)) {
    await easel.take(event);
    if (event.data.fraction !== undefined) curve.add(number, event.data.fraction, event.data.loss);
    if (event.kind === "failed") { easel.stop(); throw new Error(event.data.message); }
    if (event.kind === "cancelled") { easel.stop(); return "cancelled"; }
    if (event.kind === "finished") {
      await easel.finish(painting);
      return `${TITLES[easel.name]}: ${event.data.count} strokes in ${event.data.seconds.toFixed(1)} seconds, error ${event.data.loss.toPrecision(3)}`;
    }
  }
  return "";
}

async function paint() {
  const options = new FormData(form);
  const chosen = options.get("agent");
  const agents = chosen === "both" ? ["policy", "gradient"] : [chosen];
  showProblem("");
  busy(true);
  showStatus("Painting …");
  active = [];
  stopping = false;
  const list = agents.map((name) => new Easel(name, agents.length > 1 ? TITLES[name] : "", chooser.url));
  easels.replaceChildren(...list.map((easel) => easel.element));
  curve?.end();
  curve = new Curve(document.getElementById("curve"), agents.map((name) => TITLES[name]));
  if (stage.getBoundingClientRect().top > innerHeight / 2) {
    stage.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  const clock = setInterval(() => list.forEach((easel) => easel.tick()), 100);
  const common = { ...(await chooser.fields()), painter: options.get("painter"), brush: options.get("brush"), size: options.get("size"), strokes: options.get("strokes"), seed: options.get("seed") };
  const ends = await Promise.allSettled(list.map((easel, i) => paintOnEasel(easel, i, { ...common, agent: easel.name })));
  clearInterval(clock);
  list.forEach((easel) => easel.stop());
  busy(false);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) showProblem(failed.reason.message);
  const results = ends.filter((end) => end.status === "fulfilled").map((end) => end.value);
  showStatus(results.includes("cancelled") ? "Canceled." : results.length ? `${results.join(". ")}.` : "Not painted.");
}

form.addEventListener("submit", (event) => { event.preventDefault(); paint(); });
document.getElementById("cancel").addEventListener("click", () => {
  stopping = true;
  active.forEach(cancel);
});
addEventListener("pagehide", () => { if (!document.getElementById("cancel").hidden) active.forEach(cancel); });
followChoices(pairStrokes());
easels.replaceChildren(new Easel("", "", "").element);
showStatus("The painting will grow here.");
