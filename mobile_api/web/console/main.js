/**
 * The console: joins the live link, the calls, sounds, keys and the three panes.
 */

import { html, render } from "../parts/html.js";
import { HttpFault, getJson, postJson, remove, session } from "../parts/http.js";
import { Live } from "../parts/live.js";
import { ServerClock } from "../parts/clock.js";
import { say } from "../parts/words.js";
import { Alarm } from "./alarm.js";
import { Detail } from "./detail.js";
import { zonesOf } from "./geometry.js";
import { moveInQueue, onKeys } from "./keys.js";
import { MapPane } from "./mappane.js";
import { applyFrame, emptyState, idOf, isProtected, isUnanswered, placeOf, queueOf, unansweredP1, withIncident } from "./model.js";
import { Queue } from "./queue.js";
import { Banners, KeysHelp, TopBar } from "./topbar.js";
import { headline, ownerOf } from "./wording.js";

const TICK_MS = 1000;
/** Roles that work on incidents. */
const WORKERS = ["operator", "officer", "supervisor"];

const clock = new ServerClock();
const alarm = new Alarm();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));

let state = emptyState();
/** What this desk looks at; not shared with anybody. */
let desk = {
  selected: /** @type {string | null} */ (null),
  form: /** @type {import("./detail.js").OpenForm} */ (null),
  message: /** @type {{text: string, fault: boolean} | null} */ (null),
  busy: false,
  follow: false,
  help: false,
  keysOn: localStorage.getItem("desk.keys") !== "off",
  theme: /** @type {import("./style.js").Theme} */ (localStorage.getItem("desk.theme")
    ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark")),
  me: /** @type {any} */ (null),
  said: "",
};
/** Orders by id, for the zones they draw. @type {Map<string, any>} */
const orders = new Map();

/** @param {Partial<typeof desk>} change */
function arrange(change) {
  desk = { ...desk, ...change };
  draw();
}

let drawing = false;
/** Draw once a frame, however much arrives. */
function draw() {
  if (drawing) return;
  drawing = true;
  // A hidden page gets no animation frames, and its title must still count.
  (document.hidden ? setTimeout : requestAnimationFrame)(() => {
    drawing = false;
    paint();
  });
}

function paint() {
  const now = clock.now();
  const incidents = queueOf(state, now).map(named);
  const chosen = state.incidents.get(desk.selected ?? "");
  const incident = chosen === undefined ? null : named(chosen);
  const dots = dotsOf();
  const conditions = orders.get(incident?.["order_id"])?.conditions ?? [];
  const waiting = unansweredP1(state).length;
  document.title = waiting > 0 ? `(${waiting}) P1` : say("brand");
  document.documentElement.dataset["theme"] = desk.theme;
  render(html`
    <${TopBar} link=${state.link} now=${now} me=${desk.me} theme=${desk.theme} acts=${acts} />
    <div class="banners"><${Banners} state=${state} stranger=${mayWork(desk.me) ? null : desk.me.role} sound=${alarm.state} now=${now} acts=${acts} /></div>
    <main class="panes">
      <${Queue} incidents=${incidents} state=${state} selected=${desk.selected} now=${now} open=${open} />
      <${MapPane} dots=${dots} zones=${zonesOf(conditions, (person) => placeOf(state, person))} now=${now} theme=${desk.theme}
        lost=${state.link.phase !== "live"} follow=${desk.follow} following=${followed(incident)}
        hidden=${!dots.some((dot) => dot.role === "protected")}
        setFollow=${(/** @type {boolean} */ follow) => arrange({ follow })} />
      <${Detail} incident=${incident} phone=${state.phones.get(desk.selected ?? "")} now=${now} form=${desk.form}
        message=${desk.message} busy=${desk.busy} me=${myName()} acts=${acts} />
    </main>
    <p class="sr-only" role="alert">${desk.said}</p>
    ${desk.help && html`<${KeysHelp} keysOn=${desk.keysOn} setKeys=${setKeys} close=${() => arrange({ help: false })} />`}`, root);
}

/** @returns {import("./map.js").Dot[]} */
function dotsOf() {
  const names = new Map();
  for (const incident of state.incidents.values()) {
    if (incident["wearer_name"]) names.set(incident["wearer_id"], incident["wearer_name"]);
    if (incident["protected_name"]) names.set(incident["protected_id"], incident["protected_name"]);
  }
  return [...state.positions.values()].map((position) => {
    const role = isProtected(state, position) ? "protected" : "wearer";
    const name = names.get(position.person_id) ?? (role === "wearer" ? position.device_id : say("map.protected"));
    const device = state.devices.get(position.device_id);
    return { position, role, name, silent: device !== undefined && device.state === "silent" };
  });
}

/** @param {import("./model.js").Incident | null} incident */
function followed(incident) {
  // Her own call for help names no wearer: there it is she who has to be found.
  return placeOf(state, incident?.["wearer_id"]) ?? placeOf(state, incident?.["protected_id"]);
}

const myName = () => desk.me?.name ?? desk.me?.account_id ?? null;

/**
 * An incident with the words that its order and this desk's account know for its ids.
 * @param {import("./model.js").Incident} incident
 * @returns {import("./model.js").Incident}
 */
function named(incident) {
  const order = orders.get(incident["order_id"]) ?? {};
  const condition = (order.conditions ?? []).find((/** @type {any} */ one) => one.id === incident["condition_id"]);
  return {
    ...incident,
    reference: incident["reference"] ?? order.reference,
    condition_name: incident["condition_name"] ?? condition?.name,
    of_handset: state.devices.get(incident["device_id"])?.kind === "handset",
    ...(incident["owner"] ? { owner_name: incident["owner_name"] ?? officer(incident["owner"]) } : {}),
    ...(incident["timeline"] ? { timeline: incident["timeline"].map((/** @type {any} */ entry) => ({ ...entry, actor_name: entry.actor_name ?? officer(entry.actor) })) } : {}),
  };
}

/** @param {string} id of an account; the server may give a name beside it */
function officer(id) {
  if (id === desk.me?.account_id) return desk.me.name;
  return id.startsWith("account-") ? say("row.other") : id;
}

/** @param {string} id */
function open(id) {
  arrange({ selected: id, form: null, message: null });
  void load(id);
}

/** Incidents being fetched; another change meanwhile asks for one more. @type {Map<string, boolean>} */
const loading = new Map();

/** Fetch an incident whole: events carry only what changed. @param {string} id */
async function load(id) {
  if (loading.has(id)) return void loading.set(id, true);
  loading.set(id, false);
  try {
    const incident = await getJson(`/api/v1/incidents/${encodeURIComponent(id)}`);
    if (idOf(incident) === id) state = withIncident(state, incident);
    void loadOrder(incident.order_id);
  } catch (error) {
    if (error instanceof HttpFault && error.state === 401) location.replace("/login");
  }
  const again = loading.get(id);
  loading.delete(id);
  draw();
  if (again) void load(id);
}

/** @param {string | null | undefined} id */
async function loadOrder(id) {
  if (!id || orders.has(id)) return;
  orders.set(id, {});
  orders.set(id, await getJson(`/api/v1/orders/${encodeURIComponent(id)}`).catch(() => ({})));
  draw();
}

const live = new Live({
  path: "/api/v1/live/console",
  page: "/console",
  heard: (at) => clock.hear(at),
  changed: (link) => {
    state = { ...state, link };
    draw();
  },
  receive: (frame) => {
    const before = state;
    state = applyFrame(state, frame);
    if (frame.type === "snapshot") for (const id of state.incidents.keys()) void load(id);
    else if (frame.kind?.startsWith("incident.")) news(before, frame.data.incident_id);
    draw();
  },
});

/** @param {typeof state} before @param {string} id */
function news(before, id) {
  void load(id);
  const incident = state.incidents.get(id);
  if (incident === undefined || !isUnanswered(incident)) return;
  const known = before.incidents.get(id);
  const worse = known === undefined || known["priority"] !== incident["priority"] || !isUnanswered(known);
  if (!worse) return;
  // What was said of it before, "Acknowledged" above all, is no longer so.
  if (id === desk.selected) desk.message = null;
  alarm.sound(incident["priority"]);
  desk.said = say("said.new", { priority: incident["priority"], what: headline(named(incident)) });
}

/**
 * Do something to the open incident, and say what came of it.
 * @param {string} deed @param {object} body @param {string} done words for success
 */
async function act(deed, body, done) {
  const id = desk.selected;
  if (id === null || desk.busy) return;
  arrange({ busy: true, message: null });
  let message;
  try {
    const answer = await postJson(`/api/v1/incidents/${encodeURIComponent(id)}/${deed}`, body, crypto.randomUUID());
    message = { text: say(answer.pending === true ? "said.pending" : done), fault: false };
  } catch (error) {
    message = { text: faultOf(error), fault: true };
  }
  await load(id);
  const incident = state.incidents.get(id);
  const owner = incident === undefined ? null : ownerOf(named(incident));
  if (deed === "acknowledge" && owner !== null && myName() !== null && owner !== myName()) {
    message = { text: say("said.taken", { owner }), fault: false };
  }
  arrange({ busy: false, message, form: message.fault ? desk.form : null });
}

/** @param {unknown} error */
function faultOf(error) {
  if (!(error instanceof HttpFault) || error.state === 0) return say("fault.unreachable");
  return error.message || say("fault.refused");
}

const acts = {
  acknowledge: () => act("acknowledge", {}, "said.acknowledged"),
  assign: () => act("assign", {}, "said.assigned"),
  /** @param {string} note */
  note: (note) => act("note", { note }, "said.noted"),
  /** @param {string} outcome @param {string} note */
  resolve: (outcome, note) => act("resolve", { outcome, note }, "said.resolved"),
  /** @param {import("./detail.js").OpenForm} form */
  form: (form) => arrange({ form: desk.form === form ? null : form }),
  help: () => arrange({ help: true }),
  sound: () => alarm.turnOn().then(draw),
  pause() {
    alarm.pause();
    draw();
  },
  theme() {
    const theme = desk.theme === "dark" ? "light" : "dark";
    localStorage.setItem("desk.theme", theme);
    arrange({ theme });
  },
  async leave() {
    await remove("/api/v1/session").catch(() => {});
    location.replace("/login");
  },
};

/** @param {boolean} keysOn */
function setKeys(keysOn) {
  localStorage.setItem("desk.keys", keysOn ? "on" : "off");
  arrange({ keysOn });
}

/** The server refuses the others; here they are told why. @param {any} me */
function mayWork(me) {
  return WORKERS.includes(me?.role ?? "operator");
}

const current = () => state.incidents.get(desk.selected ?? "");
onKeys({
  j: () => moveInQueue(1),
  k: () => moveInQueue(-1),
  a: () => {
    const incident = current();
    if (incident !== undefined && isUnanswered(incident)) void acts.acknowledge();
  },
  s: () => void acts.assign(),
  n: () => current() && acts.form("note"),
  r: () => current() && current()?.["state"] !== "resolved" && acts.form("resolve"),
  f: () => arrange({ follow: !desk.follow }),
  m: () => acts.pause(),
  "?": () => acts.help(),
}, () => desk.keysOn);

// The first touch of a shift allows sound.
addEventListener("pointerdown", () => void alarm.turnOn().then(draw), { once: true });
setInterval(() => {
  alarm.watch(unansweredP1(state).length);
  draw();
}, TICK_MS);
live.start();
session().then((me) => {
  arrange({ me });
  if (!mayWork(me)) live.stop();
}, () => {});
draw();
