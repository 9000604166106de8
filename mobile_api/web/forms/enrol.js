/**
 * Setting up her phone. The code may come in the address; it is taken out of there at once, and
 * used only when she presses the button, so that a preview of the link cannot spend it.
 */

import { postJson } from "../parts/http.js";
import { say } from "../parts/words.js";
import { onSubmit } from "./form.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("enrol"));
const code = /** @type {HTMLInputElement} */ (document.getElementById("code"));

const given = new URLSearchParams(location.search).get("code");
if (given !== null) {
  code.value = given;
  history.replaceState(null, "", location.pathname);
}

onSubmit(
  form,
  () => (code.value.trim() === "" ? say("fault.empty") : null),
  async () => {
    await postJson("/api/v1/enrol", { code: code.value.trim() });
    location.replace("/app");
  },
);
