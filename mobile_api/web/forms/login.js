/** Signing in to the console. */

import { postJson } from "../shared/http.js";
import { onSubmit, words } from "./form.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));

/** @param {string} id */
const typed = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id)).value;

onSubmit(
  form,
  () => (typed("name").trim() === "" || typed("password") === "" ? words["fault.empty"] : null),
  async () => {
    const totp = typed("totp").trim();
    await postJson("/api/v1/session", {
      name: typed("name").trim(),
      password: typed("password"),
      ...(totp === "" ? {} : { totp }),
    });
    location.replace("/console");
  },
);
