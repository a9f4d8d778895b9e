// Talking to the service: requesting, following and stopping paintings. Nothing here touches the page.

import { t, tell } from "./words.js";

const MAX_ATTEMPTS = 5; // to open a stream: 10 seconds in all
const FINAL_STATES = ["finished", "failed", "cancelled"];

// Sends a form; returns the answer, or throws as ask() does.
function post(address, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return ask(address, { method: "POST", headers: { Accept: "application/json" }, body });
}

// Returns the answer, or throws an Error with one plain sentence.
async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error(t("error.unreachable"));
  }
  if (answer.ok) return answer;
  const { error, reason } = await answer.json().catch(() => ({}));
  throw new Error(error ? tell(error, reason) : t("error.unreadable"));
}

// Orders paintings, all or none: where one is refused, nobody would follow those that were taken.
export async function requestPaintings(address, orders) {
  const answers = await Promise.allSettled(orders.map(async (fields) => (await post(address, fields)).json()));
  const refused = answers.find(({ status }) => status === "rejected");
  if (!refused) return answers.map(({ value }) => value);
  for (const { value } of answers) if (value) forget(value);
  throw refused.reason;
}

// A picture that the browser cannot read itself, or one of an address, as JPEG.
export async function readPicture(address, fields) {
  return (await post(address, fields)).blob();
}

export async function sharePainting(painting) {
  return (await post(painting.links.share, {})).json();
}

// Gives the service back a painting that it has forgotten, as the browser kept it; null where it does not take it.
export async function bringBack(address, { painting, strokes, picture }) {
  const { painter, brush, size, paper, palette, brush_sizes } = painting.settings;
  const settings = { painter, brush, size, paper, brush_sizes, ...(palette ? { palette } : {}) };
  try {
    return (await post(address, { ...settings, strokes: 0, start: await strokes.text(), picture })).json();
  } catch {
    return null;
  }
}

// What the service knows of a painting; null where it knows nothing any more.
export async function describe(painting) {
  const answer = await fetch(painting.links.self, { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

// A file of a painting, as a Blob; throws as ask() does.
export async function askFile(address) { return (await ask(address)).blob(); }

// The same; null where there is none any more.
export function fetchFile(address) { return askFile(address).catch(() => null); }

// Stops a painting; what was painted is kept. One that waits is given up.
export function stop(painting) {
  return fetch(painting.links.stop, { method: "POST", headers: { Accept: "application/json" } }).catch(() => null);
}

// Lets the service forget a painting, or cancel it where it is not over. What was shared of it stays.
// It is sent even if the page is left; what the service does not hear of expires there by itself.
export function forget(painting) {
  return fetch(painting.links.self, { method: "DELETE", keepalive: true }).catch(() => null);
}

// Gives the events {kind, data} of a painting until it is over. A connection that breaks is taken up where it stopped:
// the browser itself sends the number of the last event.
export async function* follow(painting) {
  const waiting = [];
  let wake = () => {};
  let source;
  let failures = 0;
  const push = (item) => { waiting.push(item); wake(); };
  const fail = (message) => push({ kind: "failed", number: Infinity, data: { message } });
  const listen = () => {
    source = new EventSource(painting.links.events);
    for (const kind of ["queued", "painting", "strokes", "progress", "canvas", "film", ...FINAL_STATES]) {
      source.addEventListener(kind, (event) => push({ kind, number: Number(event.lastEventId), data: JSON.parse(event.data) }));
    }
    source.onerror = async () => {
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused: too many people watch, or the service was started anew and knows no such painting.
      failures += 1;
      if (failures < MAX_ATTEMPTS && (await describe(painting))) setTimeout(listen, 1000 * failures);
      else fail(t("error.lost"));
    };
  };
  listen();
  let last = 0;
  try {
    for (;;) {
      while (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
      const event = waiting.shift();
      // Events of the moment have no number of their own; of the others each is taken once.
      const momentary = event.kind === "queued" || (event.kind === "progress" && event.data.loss === undefined);
      if (!momentary && event.number <= last) continue;
      if (!momentary) last = event.number;
      yield event;
      if (FINAL_STATES.includes(event.kind)) return;
    }
  } finally {
    source.close();
  }
}
