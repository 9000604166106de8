/**
 * Her page: joins the live link, what she asks for, sounds and the view.
 */

import { html, render } from "../parts/html.js";
import { session } from "../parts/http.js";
import { Live } from "../parts/live.js";
import { ServerClock } from "../parts/clock.js";
import { isOn, unlock } from "../parts/sound.js";
import { applyFrame, isDanger, unknownState } from "./model.js";
import { DONE, Outbox } from "./outbox.js";
import { remember, remembered } from "./memory.js";
import { Places } from "./place.js";
import { Siren } from "./siren.js";
import { Page } from "./view.js";

const SOS_PATIENCE_MS = 5000;
const TICK_MS = 2000;

/** @typedef {import("./model.js").State} State */

const clock = new ServerClock();
const siren = new Siren();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));

let state = { ...unknownState(), sos: remembered() };
/** @type {import("./place.js").PlaceState} */
let place = "unsupported";
let covered = false;
let news = false;
/** The last alert the siren spoke of. @type {string | null} */
let sounded = null;

/** @param {Partial<State>} change */
function become(change) {
  state = { ...state, ...change };
  if ("sos" in change) remember(state.sos);
  draw();
}

function draw() {
  render(html`<${Page} ...${{ state, place, covered, news, now: clock.now(), soundOn: isOn(), acts }} />`, root);
}

const live = new Live({
  path: "/api/v1/live/victim",
  page: "/app",
  heard: (at) => clock.hear(at),
  receive: (frame) => {
    state = applyFrame(state, frame);
    if (frame.kind === "help.state" && frame.data.state === "closed" && frame.data.incident_id === state.sos?.incidentId) remember(null);
    if (frame.type === "snapshot" || frame.kind === "alert") heardAlert(frame.type === "snapshot");
    draw();
  },
  changed: (link) => {
    const was = state.link.phase;
    become({ link });
    if (was === link.phase) return;
    if (link.phase === "live") backOnline();
    else if (was === "live") siren.soft("technical");
  },
});

function backOnline() {
  outbox.flush();
  confirmAlert();
}

/** Tell the server what reached this phone, and what she saw; a second time changes nothing. */
function confirmAlert() {
  const alert = state.alert;
  if (alert === null) return;
  live.send({ type: "received", alert_id: alert.alert_id });
  const seen = state.seen[alert.alert_id];
  if (seen === undefined) return;
  const told = live.send({ type: "seen", alert_id: alert.alert_id });
  become({ seen: { ...state.seen, [alert.alert_id]: { ...seen, told } } });
}

/** @param {boolean} again an alert of a snapshot may be one she knows */
function heardAlert(again) {
  const alert = state.alert;
  if (alert === null) return siren.stop();
  confirmAlert();
  if (alert.seen_at || (again && sounded === alert.alert_id)) return;
  sounded = alert.alert_id;
  scrollTo(0, 0);
  if (covered) news = true;
  if (alert.level === "over") {
    siren.stop();
    siren.soft("clear");
  } else if (alert.level === "unknown") {
    siren.soft("technical");
  } else {
    siren.danger(isDanger(alert));
  }
}

const outbox = new Outbox((letter, { state: code, answer }) => {
  const sent = code === DONE;
  if (letter.id === state.sos?.id) toldOfSos(state.sos, code, answer);
  else if (letter.path.endsWith("/sos")) {
    // Asked before this page was opened, and confirmed only now.
    const at = String(letter.body["at"]);
    const placeAt = "lat" in letter.body ? at : null;
    const phase = sent ? "sent" : "failed";
    become({ sos: { id: letter.id, at, phase, placeAt, incidentId: answer?.incident_id ?? null } });
  }
  if (letter.path.endsWith("/safe") && state.safe !== null && sent) {
    become({ safe: { ...state.safe, phase: "sent" } });
  }
});

/** @param {import("./model.js").HelpRequest} sos @param {number} code @param {any} answer */
function toldOfSos(sos, code, answer) {
  if (code === DONE) {
    become({ sos: { ...sos, phase: "sent", incidentId: answer?.incident_id ?? null } });
  } else if (code >= 400 && code < 500 && code !== 429) {
    become({ sos: { ...sos, phase: "refused" } });
  }
}

const places = new Places((found) => {
  place = found;
  draw();
});

/** What she can do. */
const acts = {
  /** @param {string} [wish] what she pressed, for the officer's timeline */
  askForHelp(wish) {
    const at = new Date().toISOString();
    const here = places.fresh();
    const id = crypto.randomUUID();
    const where = here === null ? {} : { lat: here.lat, lon: here.lon, acc: here.acc };
    siren.stop();
    scrollTo(0, 0);
    become({ sos: { id, at, phase: "sending", placeAt: here?.at ?? null, incidentId: null } });
    outbox.add({ id, path: "/api/v1/victim/sos", body: { id, at, ...where, ...(wish ? { wish } : {}) } });
    setTimeout(() => {
      if (state.sos?.id === id && state.sos.phase === "sending") become({ sos: { ...state.sos, phase: "failed" } });
    }, SOS_PATIENCE_MS);
  },
  seen() {
    const alert = state.alert;
    if (alert === null) return;
    siren.stop();
    const told = live.send({ type: "seen", alert_id: alert.alert_id });
    become({ seen: { ...state.seen, [alert.alert_id]: { at: clock.now(), told } } });
  },
  safe() {
    const alert = state.alert;
    if (alert === null) return;
    const id = crypto.randomUUID();
    acts.seen();
    become({ safe: { alertId: alert.alert_id, phase: "sending" } });
    const body = { id, at: new Date().toISOString(), alert_id: alert.alert_id };
    outbox.add({ id, path: "/api/v1/victim/safe", body });
  },
  async soundOn() {
    await unlock();
    draw();
  },
  placeOn() {
    places.start();
  },
  /** @param {boolean} wanted */
  cover(wanted) {
    covered = siren.discreet = wanted;
    news = false;
    draw();
  },
};

// Any touch allows sound from then on; the button is for who wants to be sure.
addEventListener("pointerdown", () => void unlock().then(draw), { once: true });
setInterval(draw, TICK_MS);
session().catch(() => {});
void places.begin();
live.start();
draw();
