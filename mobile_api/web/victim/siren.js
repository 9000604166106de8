/**
 * The sound of an alert: danger repeats until she says she has seen it, two minutes at most.
 */

import { play, vibrate } from "../parts/sound.js";

const AGAIN_MS = 4000;
const LONGEST_MS = 120_000;
const SHAKE = [800, 200, 800];

export class Siren {
  constructor() {
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.discreet = false;
  }

  /** @param {boolean} repeated */
  danger(repeated) {
    this.stop();
    this.#once();
    if (!repeated) return;
    const startedAt = Date.now();
    this.timer = setInterval(() => {
      if (Date.now() - startedAt > LONGEST_MS) this.stop();
      else this.#once();
    }, AGAIN_MS);
  }

  /** @param {"technical" | "clear"} tune */
  soft(tune) {
    if (!this.discreet) play(tune, 0.25);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  #once() {
    vibrate(SHAKE);
    // Behind the cover somebody may be standing next to her: the phone shakes and stays silent.
    if (!this.discreet) play("danger");
  }
}
