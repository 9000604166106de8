/** Signing in to the console. */

import { HttpFault, postJson } from "../parts/http.js";
import { say } from "../parts/words.js";
import { onSubmit } from "./form.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));

/** @param {string} id */
const typed = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id)).value;

/** Only accounts that use codes are asked for one. */
function askForCode() {
  const field = /** @type {HTMLElement} */ (document.getElementById("totp-field"));
  field.hidden = false;
}

onSubmit(
  form,
  () => (typed("name").trim() === "" || typed("password") === "" ? say("fault.empty") : null),
  async () => {
    const totp = typed("totp").trim();
    try {
      await postJson("/api/v1/session", {
        name: typed("name").trim(),
        password: typed("password"),
        ...(totp === "" ? {} : { totp }),
      });
    } catch (error) {
      if (error instanceof HttpFault && error.kind.includes("totp")) askForCode();
      throw error;
    }
    location.replace("/console");
  },
);
