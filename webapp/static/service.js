// Talking to the service: requesting, following and canceling paintings. Nothing here touches the page.

const MAX_ATTEMPTS = 5; // to open a stream: 10 seconds in all
const FINAL_STATES = ["finished", "failed", "cancelled"];

// Requests a painting at the service's address for them; returns its description, or throws an Error with one plain sentence.
export async function requestPainting(address, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const headers = { Accept: "application/json" };
  let answer;
  try {
    answer = await fetch(address, { method: "POST", headers, body });
  } catch {
    throw new Error("The service cannot be reached; try again.");
  }
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(document.error ?? "The service gave no answer that can be read; try again.");
  return document;
}

// The strokes of a finished painting with their ink, to be laid again.
export async function fetchReplay(painting) {
  const answer = await fetch(painting.links.replay);
  if (!answer.ok) throw new Error("The strokes cannot be fetched any more.");
  return answer.json();
}

export function cancel(painting) {
  return fetch(painting.links.self, { method: "DELETE", keepalive: true }).catch(() => null);
}

// Gives the events {kind, number, data} of a painting until it is over. A connection that breaks is taken up where it
// stopped: the browser itself sends the number of the last event.
export async function* follow(painting) {
  const waiting = [];
  let wake = () => {};
  let source;
  let failures = 0;
  const push = (item) => { waiting.push(item); wake(); };
  const listen = () => {
    source = new EventSource(painting.links.events);
    for (const kind of ["painting", "strokes", "progress", "canvas", "film", ...FINAL_STATES]) {
      source.addEventListener(kind, (event) => push({ kind, number: Number(event.lastEventId), data: JSON.parse(event.data) }));
    }
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused, for example because too many people watch: start again; what was seen is left out below.
      failures += 1;
      if (failures < MAX_ATTEMPTS) setTimeout(listen, 1000 * failures);
      else push({ kind: "failed", number: Infinity, data: { message: "The connection was lost; try again." } });
    };
  };
  listen();
  let last = 0;
  try {
    for (;;) {
      while (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
      const event = waiting.shift();
      if (event.number <= last) continue;
      last = event.number;
      yield event;
      if (FINAL_STATES.includes(event.kind)) return;
    }
  } finally {
    source.close();
  }
}
