/**
 * The desk's sound: a P1 sounds again every 15 seconds until any desk has answered it. It can be
 * paused for a minute, never switched off for good.
 */

import { isOn, play, unlock } from "../parts/sound.js";

const AGAIN_MS = 15_000;
const PAUSE_MS = 60_000;

export class Alarm {
  constructor() {
    this.pausedUntil = 0;
    this.soundedAt = 0;
  }

  get state() {
    return { on: isOn(), pausedUntil: this.pausedUntil };
  }

  turnOn() {
    return unlock();
  }

  pause() {
    this.pausedUntil = this.paused ? 0 : Date.now() + PAUSE_MS;
  }

  get paused() {
    return Date.now() < this.pausedUntil;
  }

  /** @param {string} priority of an incident that just came */
  sound(priority) {
    if (this.paused) return;
    if (priority === "P1") this.soundedAt = Date.now();
    play(priority);
  }

  /** @param {number} unanswered how many P1 nobody has answered */
  watch(unanswered) {
    if (unanswered > 0 && Date.now() - this.soundedAt >= AGAIN_MS) this.sound("P1");
  }
}
