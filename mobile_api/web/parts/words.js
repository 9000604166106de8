/**
 * The catalogue of words the page came with.
 */

/** @type {Record<string, any>} */
const catalogue = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] for the `{places}` in the text
 * @returns {string} the text; the key itself if there is none, so that a gap is seen
 */
export function say(key, values = {}) {
  const text = catalogue[key];
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} key */
export function has(key) {
  return typeof catalogue[key] === "string";
}

/** @param {string} key @returns {string[]} */
export function list(key) {
  return Array.isArray(catalogue[key]) ? catalogue[key] : [];
}

/** What the server told this page about its surroundings. */
export const settings = /** @type {Record<string, any>} */ (
  JSON.parse(document.getElementById("settings")?.textContent ?? "{}")
);

/** A telephone number that stays on one line. @param {string} phone */
export const unbroken = (phone) => phone.replaceAll(" ", "\u00a0");
