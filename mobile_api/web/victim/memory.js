/**
 * Her own call for help, remembered until this tab is closed: a page that is loaded again must
 * still say that the centre has it. What was not confirmed yet is kept by the outbox instead.
 */

/** @typedef {import("./model.js").HelpRequest} HelpRequest */

const KEY = "notes.asked";
const LONGEST_MS = 12 * 3_600_000;

/** @param {HelpRequest | null} sos */
export function remember(sos) {
  if (sos === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(sos));
}

/** @returns {HelpRequest | null} */
export function remembered() {
  try {
    const sos = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return sos !== null && Date.now() - Date.parse(sos.at) < LONGEST_MS ? sos : null;
  } catch {
    return null;
  }
}
