// What the browser keeps: paintings with their strokes, so that a reload, Back or the service's forgetting loses nothing.

const MOST = 24; // paintings of 1 to 5 MB
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("paintgym", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("paintings", { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("paintings", mode);
    const request = work(transaction.objectStore("paintings"));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

// Keeps a record {key, time, ...}, and lets the oldest go. Returns whether it could: private windows and full disks cannot.
export async function keep(record) {
  try {
    await run("readwrite", (store) => store.put(record));
    const records = await kept();
    await Promise.all(records.slice(MOST).map(({ key }) => drop(key)));
    return true;
  } catch {
    return false;
  }
}

// All records, the newest first.
export async function kept() {
  try {
    const records = await run("readonly", (store) => store.getAll());
    return records.sort((one, other) => other.time - one.time);
  } catch {
    return [];
  }
}

// Where nothing can be kept, there is nothing to let go; what could not be let go is still shown.
export function drop(key) { return run("readwrite", (store) => store.delete(key)).catch(() => {}); }

export function dropAll() { return run("readwrite", (store) => store.clear()).catch(() => {}); }

// Notes of this tab alone, for as long as it is there: a text by a name. Where nothing may be kept, or it is too much, nothing is.
export function noteHere(name, text) {
  try {
    sessionStorage.removeItem(name);
    if (text) sessionStorage.setItem(name, text);
  } catch {
    // Only a reload misses it.
  }
}

export function notedHere(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}
