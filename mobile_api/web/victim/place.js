/**
 * Where her phone is: asked of the browser only when she agreed, sent to the centre while the
 * page is open. Nothing of it is kept on the phone.
 *
 * @typedef {{lat: number, lon: number, acc: number, at: string}} Place
 * @typedef {"unsupported" | "off" | "on" | "denied"} PlaceState
 */

import { postJson } from "../parts/http.js";

const SEND_MS = 15_000;
const FRESH_MS = 120_000;

export class Places {
  /** @param {(state: PlaceState) => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Place | null} */
    this.last = null;
    /** @type {number | null} */
    this.watch = null;
    this.sentAt = 0;
  }

  /** Start at once where she agreed before; else wait until she asks for it. */
  async begin() {
    if (navigator.geolocation === undefined) return this.changed("unsupported");
    const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
    if (allowed?.state === "granted") return this.start();
    this.changed(allowed?.state === "denied" ? "denied" : "off");
  }

  /** Ask the browser. It asks her. */
  start() {
    if (this.watch !== null) return;
    this.watch = navigator.geolocation.watchPosition(
      (found) => this.#take(found),
      (fault) => {
        if (fault.code === fault.PERMISSION_DENIED) this.#stop();
      },
      { enableHighAccuracy: true, maximumAge: 5000, timeout: 30_000 },
    );
    this.changed("on");
  }

  /** @returns {Place | null} where she was within the last two minutes */
  fresh() {
    return this.last !== null && Date.now() - Date.parse(this.last.at) < FRESH_MS ? this.last : null;
  }

  #stop() {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
    this.changed("denied");
  }

  /** @param {GeolocationPosition} found */
  #take({ coords, timestamp }) {
    this.last = {
      lat: coords.latitude,
      lon: coords.longitude,
      acc: coords.accuracy,
      at: new Date(timestamp).toISOString(),
    };
    if (Date.now() - this.sentAt < SEND_MS) return;
    this.sentAt = Date.now();
    const id = crypto.randomUUID();
    // A place that did not arrive is replaced by the next one: it is not worth keeping.
    postJson("/api/v1/victim/position", { id, ...this.last }, id).catch(() => {
      this.sentAt = 0;
    });
  }
}
