// The page's texts in the language that it was asked for in. They come with the page, so nothing waits for them.

export const language = document.documentElement.lang;
const words = JSON.parse(document.getElementById("request").dataset.words);
const numbers = new Intl.NumberFormat(language, { useGrouping: "always" }); // as the service writes them

const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const threeDigits = new Intl.NumberFormat(language, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

// Seconds and errors as the language writes them.
export const writeSeconds = (seconds) => tenths.format(seconds);
export const writeError = (error) => threeDigits.format(error);

// What the service says, in the page's language; in its own where the page has no words for it.
export function tell(sentence, reason) {
  if (!words[`error.${reason?.code}`]) return sentence;
  const limit = reason.limits.length ? ` ${t("error.limit", { variables: reason.limits.join(", ") })}` : "";
  return t(`error.${reason.code}`, reason.values) + limit;
}

// The text of a key, with its {names} filled in; numbers are written as the language writes them.
export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? numbers.format(values[name]) : values[name]));
}
