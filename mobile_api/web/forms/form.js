/**
 * What both forms share: words, one fault shown and read out, one request at a time.
 */

import { HttpFault } from "../parts/http.js";
import { say } from "../parts/words.js";

/**
 * Send the form with `send`; show what went wrong, or do what comes after.
 * @param {HTMLFormElement} form
 * @param {() => string | null} lacking the fault of an incomplete form, or null
 * @param {() => Promise<void>} send
 */
export function onSubmit(form, lacking, send) {
  const fault = /** @type {HTMLElement} */ (document.getElementById("fault"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  const label = button.textContent;

  /** @param {string | null} text */
  const show = (text) => {
    fault.textContent = text ?? "";
    fault.hidden = text === null;
    form.querySelector("input")?.toggleAttribute("aria-invalid", text !== null);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = lacking();
    show(missing);
    if (missing !== null) {
      form.querySelector("input")?.focus();
      return;
    }
    button.disabled = true;
    button.textContent = say("working");
    try {
      await send();
    } catch (error) {
      show(say(faultKey(error)));
      form.querySelector("input")?.focus();
      button.disabled = false;
      button.textContent = label;
    }
  });
}

/** @param {unknown} error */
function faultKey(error) {
  if (!(error instanceof HttpFault) || error.state === 0 || error.state >= 500) {
    return "fault.unreachable";
  }
  return error.state === 429 ? "fault.often" : "fault.refused";
}
