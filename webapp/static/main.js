// The page: what is chosen becomes one painting or two, and what the service publishes becomes what is seen.

import { Choices } from "./choices.js";
import { Curve } from "./curve.js";
import { Easel } from "./easel.js";
import { History } from "./history.js";
import { drop, kept, noteHere, notedHere } from "./keep.js";
import { followFilms, followLook, followWall, showGrowing } from "./look.js";
import { PictureChooser } from "./picture.js";
import { describe, follow, forget, requestPaintings, stop } from "./service.js";
import { Sharing } from "./sharing.js";
import { Waiting } from "./waiting.js";
import { t, tell, writeError, writeSeconds } from "./words.js";

const MORE_STROKES = 500;
const form = document.getElementById("request"), stage = document.querySelector(".stage");
const easels = document.getElementById("easels"), stopButton = document.getElementById("stop"), paintButton = document.getElementById("paint");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const showProblem = (text) => { document.getElementById("problem").textContent = text; };
const chooser = new PictureChooser(form), choices = new Choices(form), waiting = new Waiting();
const sharing = new Sharing(document.getElementById("sharing"));
const history = new History(async (records) => { await open(records); bringIntoView(); });
const emptySheet = document.getElementById("growing");
let active = [], current = [], stopping = false, busy = false, curve = null;

function setBusy(is) {
  busy = is;
  paintButton.ariaDisabled = String(is);
  if (!is && document.activeElement === stopButton) (current[0]?.element.querySelector(".play") ?? paintButton).focus();
  stopButton.hidden = !is;
}

function makeEasels(entries) {
  curve?.end();
  const drawing = new Curve(document.getElementById("curve"), entries.map(({ title, name }) => title || t(`agent.${name}`)));
  curve = drawing;
  return entries.map(({ name, title }, number) => new Easel(name, title, {
    further: (easel) => goOn(easel), share: (easel) => sharing.open(easel), curve: (fraction, loss) => drawing.add(number, fraction, loss),
  }));
}

// Without any, the empty sheet is shown.
function show(list) {
  current = list;
  easels.replaceChildren(...(list.length ? list.map((easel) => easel.element) : [emptySheet]));
}

function bringIntoView() {
  const { top, bottom } = easels.getBoundingClientRect();
  if (top > innerHeight / 2 || bottom < innerHeight / 2) stage.scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
}

// Follows an order to its end; what went before stays on the sheet until something new is to be seen.
async function followOrder(order) {
  const { easel, painting, list } = order;
  for await (const event of follow(painting)) {
    waiting.take(event, painting.strokes);
    if (event.kind === "painting" && current !== list) {
      show(list);
      bringIntoView();
    }
    // One that was not canceled from here says why it ended, as where the service is started anew.
    if (["failed", "cancelled"].includes(event.kind) && event.data.message) throw new Error(tell(event.data.message, event.data.reason));
    if (event.kind === "cancelled") return null;
    await easel.take(event);
    if (event.kind === "finished") {
      const { count, seconds, loss, message, reason } = event.data;
      await easel.finish(event.data);
      const sentence = t("status.finished", { strokes: count, seconds: writeSeconds(seconds), loss: writeError(loss) });
      return [easel.title && `${easel.title}:`, sentence, tell(message, reason)].filter(Boolean).join(" ");
    }
  }
  return null;
}

async function settleOrder(order) {
  const { easel } = order;
  await easel.keep();
  try {
    const sentence = await followOrder(order);
    if (sentence) return (await easel.keep()) ? sentence : `${sentence} ${t("status.unkept")}`;
    easel.pause();
    forget(order.painting);
    await drop(easel.kept.key);
    return null;
  } catch (error) {
    if (easel.started) await easel.abandon();
    await (easel.started ? easel.keep() : drop(easel.kept.key));
    throw error;
  }
}

async function runOrders(orders, former) {
  active = orders.map((order) => order.painting);
  // Stop may have been pressed before the service answered.
  if (stopping) active.forEach(stop);
  const list = orders.map((order) => order.easel);
  noteHere("batch", list[0].kept.batch);
  const clock = setInterval(() => list.forEach((easel) => easel.tick()), 100);
  const ends = await Promise.allSettled(orders.map(settleOrder));
  clearInterval(clock);
  if (!list.some((easel) => easel.over)) show(former);
  await history.show();
  finish(ends, list.some((easel) => easel.over));
}

function finish(ends, partly = false) {
  waiting.end();
  setBusy(false);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) showProblem(failed.reason.message);
  const sentences = ends.map((end) => end.value).filter(Boolean);
  waiting.say(sentences.length ? sentences.join(" ") : t(partly ? "status.partly" : failed ? "status.failed" : "status.canceled"));
}

// Orders paintings, one for each entry {name, title}, and follows them. `fields` gives what all have in common.
async function order(entries, fields, picture, start) {
  if (busy) return;
  showProblem("");
  stopping = false;
  setBusy(true);
  waiting.start();
  const former = current, formerCurve = curve;
  try {
    const list = makeEasels(entries), batch = crypto.randomUUID?.() ?? String(Math.random());
    bringIntoView();
    const common = await fields(), preview = await picture();
    const paintings = await requestPaintings(form.action, list.map((easel) => ({ ...common, agent: easel.name })));
    const orders = await Promise.all(list.map(async (easel, number) => {
      const painting = paintings[number];
      await easel.begin(painting, preview, start);
      easel.kept = { batch, key: `${batch}-${number}`, time: Date.now() + number };
      return { easel, painting, list };
    }));
    await runOrders(orders, former);
  } catch (error) {
    curve = formerCurve;
    finish([{ status: "rejected", reason: error }]);
  }
}

function paint() {
  const names = choices.agent === "both" ? ["policy", "gradient"] : [choices.agent];
  const entries = names.map((name) => ({ name, title: names.length > 1 ? t(`agent.${name}`) : "" }));
  return order(entries, async () => ({ ...(await chooser.fields()), ...choices.fields(), ...(await choices.palette()) }), () => chooser.preview(), null);
}

// More strokes on a painting.
function goOn(easel) {
  const fields = async () => {
    if (!(await easel.known())) throw new Error(t("save.gone"));
    return { strokes: MORE_STROKES, continue: easel.painting.id };
  };
  return order([{ name: easel.name, title: easel.title }], fields, () => easel.picture, easel.record());
}

const keyOf = ({ key, batch, time }) => ({ key, batch, time });

// Shows paintings that were kept; follows those on that the service still paints.
async function open(records) {
  if (busy) return;
  const list = makeEasels(records.map(({ agent, title }) => ({ name: agent, title })));
  show(list);
  await Promise.all(list.map((easel, number) => {
    easel.kept = keyOf(records[number]);
    return easel.restore(records[number]);
  }));
  noteHere("batch", records[0].batch);
  waiting.say(t("status.opened"));
}

async function reopen() {
  const records = await kept();
  if (!records.length) {
    showGrowing();
    return;
  }
  // The one of this tab; another may have painted since.
  const { batch } = records.find((record) => record.batch === notedHere("batch")) ?? records[0];
  const last = records.filter((record) => record.batch === batch).reverse();
  if (last.every((record) => record.over)) {
    await open(last);
    return;
  }
  const known = await Promise.all(last.map((record) => describe(record.painting)));
  const before = records.find((record) => record.batch !== batch && record.over);
  if (before) await open([before]);
  if (known.some((painting) => !painting)) {
    waiting.say(t("status.forgotten"));
    await Promise.all(last.map(({ key }) => drop(key)));
    return;
  }
  if (busy) return; // Something was ordered meanwhile.
  setBusy(true);
  waiting.start();
  const former = current, list = makeEasels(last.map(({ agent, title }) => ({ name: agent, title })));
  const orders = await Promise.all(list.map(async (easel, number) => {
    await easel.begin(known[number], last[number].picture);
    easel.showAtOnce();
    easel.kept = keyOf(last[number]);
    return { easel, painting: known[number], list };
  }));
  runOrders(orders, former); // The page can be used meanwhile.
}

function stopAll() {
  stopping = true;
  active.forEach(stop);
}

form.addEventListener("submit", (event) => { event.preventDefault(); paint(); });
stopButton.addEventListener("click", stopAll);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]") || document.fullscreenElement) return;
  if (busy) stopAll();
  else current.forEach((easel) => easel.pause());
});
// Where it stands beside the form, it comes after it for those who read by keyboard or ear.
const beside = matchMedia("(min-width: 58.01rem)"), place = () => (beside.matches ? form.after(stage) : form.before(stage));
if (beside.matches) place();
beside.addEventListener("change", place);
followLook();
followWall((example) => {
  document.querySelector(`[name=sample][value=${example.sample}]`).click();
  choices.use(example);
  form.scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
  paintButton.focus({ preventScroll: true });
});
followFilms();
addEventListener("pageshow", () => [chooser, choices].forEach((part) => part.follow()));
performance.mark("usable"); // What the browser kept may still be on its way to the sheet.
await chooser.reopen();
await history.show();
await reopen();
document.documentElement.classList.add("ready");
