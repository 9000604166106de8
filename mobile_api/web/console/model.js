/**
 * What the console knows. Pure: frames and answers come in, a state and the order of the queue
 * come out. The server decides who may see what; nothing is left out or added here.
 *
 * @typedef {Record<string, any>} Incident as `GET /incidents/{id}` and `incident.*` give it
 * @typedef {{alertId?: string, told?: string, received?: string, seen?: string, failed?: string}} HerPhone what became
 *   of the newest alert of an incident on her phone
 * @typedef {{person_id: string, device_id: string, lat: number, lon: number, accuracy_m: number | null,
 *   role?: string, fix: {t: string, received_at?: string}}} Position
 * @typedef {{device_id: string, person_id?: string, state: string, last_fix_at?: string | null,
 *   battery?: number | null, since?: string, kind?: string}} Device
 * @typedef {{link: import("../parts/live.js").LinkState, incidents: Map<string, Incident>,
 *   phones: Map<string, HerPhone>, devices: Map<string, Device>, positions: Map<string, Position>,
 *   system: {ready: boolean, broken?: string[], at?: string} | null, loaded: boolean}} State
 * @typedef {{type: string, kind?: string, at?: string, data?: any, [more: string]: any}} Frame
 */

/** How soon an officer should have answered, seconds. */
export const TARGET_S = /** @type {Record<string, number>} */ ({ P1: 30, P2: 300, P3: 3600 });
/** After how long an alert that no human answered is said to be so, milliseconds. */
const NOT_YET_MS = 15_000;
const NOT_REACHED_MS = 40_000;
const RANK = /** @type {Record<string, number>} */ ({ P1: 0, P2: 1, P3: 2 });
const NOTICE = /** @type {Record<string, "told" | "received" | "seen" | "failed">} */ ({
  "notice.delivered": "told", "notice.received": "received", "notice.seen": "seen", "notice.failed": "failed",
});
/** The same, as a history tells it. */
const HISTORY = /** @type {typeof NOTICE} */ ({
  delivered: "told", received: "received", seen: "seen", failed: "failed", ...NOTICE,
});

/** @returns {State} */
export function emptyState() {
  return {
    link: { phase: "connecting", heardAt: null },
    incidents: new Map(), phones: new Map(), devices: new Map(), positions: new Map(),
    system: null, loaded: false,
  };
}

/** @param {Incident} incident @returns {string} */
export const idOf = (incident) => incident["id"] ?? incident["incident_id"];

/** @param {State} state @param {Frame} frame @returns {State} */
export function applyFrame(state, frame) {
  if (frame.type === "snapshot") return fromSnapshot(state, frame);
  const { kind = "", data = {} } = frame;
  if (kind.startsWith("incident.")) return withIncident(state, fromEvent(kind, data, frame.at));
  if (kind in NOTICE) return withNotice(state, kind, data, frame.at);
  switch (kind) {
    case "position": return { ...state, positions: with_(state.positions, data.device_id, data) };
    case "device.state": return {
      ...state,
      devices: with_(state.devices, data.device_id, { ...state.devices.get(data.device_id), ...data }),
    };
    case "system.state": return { ...state, system: data };
    default: return state;
  }
}

/** @param {State} state @param {Frame} frame @returns {State} */
function fromSnapshot(state, frame) {
  const incidents = new Map();
  for (const incident of frame["incidents"] ?? []) incidents.set(idOf(incident), incident);
  const next = {
    ...emptyState(),
    link: state.link,
    incidents,
    devices: byKey(frame["devices"] ?? [], "device_id"),
    // What was drawn before stays, with its age, until something newer comes.
    positions: new Map([...state.positions, ...byKey(frame["positions"] ?? [], "device_id")]),
    system: frame["system"] ?? null,
    loaded: true,
  };
  return [...incidents.values()].reduce(withTimeline, withoutHidden(next));
}

/**
 * @param {State} state
 * @param {Incident} incident what is known of it; what it does not name stays
 * @returns {State}
 */
export function withIncident(state, incident) {
  const id = idOf(incident);
  const known = state.incidents.get(id) ?? {};
  const incidents = with_(state.incidents, id, { ...known, ...incident });
  return withTimeline(withoutHidden({ ...state, incidents }), incident);
}

/** @param {State} state @returns {Set<string>} protected persons of open incidents */
export function shownProtected(state) {
  const open = [...state.incidents.values()].filter((incident) => incident["state"] !== "resolved");
  return new Set(open.map((incident) => incident["protected_id"]).filter(Boolean));
}

/** @param {State} state @param {Position} position */
export function isProtected(state, position) {
  return position.role === "protected" || state.devices.get(position.device_id)?.kind === "handset"
    || [...state.incidents.values()].some((incident) =>
      (incident["protected_id"]) === position.person_id);
}

/**
 * Where a person is by the newest fix of any of their devices.
 * @param {State} state @param {string | undefined} person @returns {Position | undefined}
 */
export function placeOf(state, person) {
  return [...state.positions.values()].filter((position) => position.person_id === person)
    .sort((one, other) => one.fix.t.localeCompare(other.fix.t)).at(-1);
}

/**
 * Where she is may be seen only while an incident of hers is open: after that it is forgotten.
 * @param {State} state @returns {State}
 */
function withoutHidden(state) {
  const shown = shownProtected(state);
  const positions = [...state.positions].filter(
    ([, position]) => shown.has(position.person_id) || !isProtected(state, position),
  );
  return positions.length === state.positions.size ? state : { ...state, positions: new Map(positions) };
}

/**
 * The queue: what nobody answered first, the most urgent first, then what is late, then by age.
 * @param {State} state @param {number} now milliseconds
 * @returns {Incident[]}
 */
export function queueOf(state, now) {
  return [...state.incidents.values()]
    .filter((incident) => incident["state"] !== "resolved")
    .map((incident) => ({ incident, key: queueKey(incident, now) }))
    .sort((one, other) => compare(one.key, other.key))
    .map(({ incident }) => incident);
}

/** @param {Incident} incident */
export const isUnanswered = (incident) => (incident["state"] ?? "open") === "open";

/** @param {State} state */
export function unansweredP1(state) {
  return [...state.incidents.values()].filter(
    (incident) => isUnanswered(incident) && incident["priority"] === "P1",
  );
}

/**
 * How far an alert has come to her. Only a human's answer counts: a phone that received it may lie
 * in a bag.
 * @param {HerPhone | undefined} phone @param {Incident} incident @param {number} now
 * @returns {"reached" | "not_yet" | "not_reached" | null} null while there is nothing to say
 */
export function reachOf(phone, incident, now) {
  if (phone === undefined || incident["state"] === "resolved") return null;
  if (phone.seen !== undefined) return "reached";
  if (phone.failed !== undefined && phone.failed >= (phone.told ?? "")) return "not_reached";
  // That it has ended is good to know, and nobody has to run because she did not read it.
  if (incident["priority"] !== "P1" || incident["level"] === "clear") return null;
  const waited = now - Date.parse(phone.told ?? incident["decided_at"] ?? incident["opened_at"]);
  if (waited > NOT_REACHED_MS) return "not_reached";
  return waited > NOT_YET_MS ? "not_yet" : null;
}

/**
 * Since when an incident waits for an answer: it opened, became more urgent, or opened
 * again; or she called once more.
 * @param {Incident} incident @returns {number} milliseconds
 */
export function waitingSince(incident) {
  const entries = incident["timeline"] ?? [];
  const again = entries.findLast((/** @type {any} */ entry) => ["reopened", "sos"].includes(entry.kind));
  const urgent = incident["priority"] === "P1"
    ? entries.find((/** @type {any} */ entry) => ["breach", "contact"].includes(entry.level)) : undefined;
  return Date.parse((again ?? urgent)?.at ?? incident["opened_at"]);
}

/** @param {Incident} incident @param {number} now @returns {(number | string)[]} */
function queueKey(incident, now) {
  const priority = RANK[incident["priority"]] ?? 2;
  const open = isUnanswered(incident);
  const age = now - waitingSince(incident);
  const late = open && age > (TARGET_S[incident["priority"]] ?? 0) * 1000;
  return [open && priority === 0 ? 0 : 1, late ? 0 : 1, open ? 0 : 1, priority, incident["opened_at"] ?? "", idOf(incident)];
}

/** @param {(number | string)[]} one @param {(number | string)[]} other */
function compare(one, other) {
  const at = one.findIndex((part, index) => part !== other[index]);
  if (at === -1) return 0;
  return /** @type {any} */ (one[at]) < /** @type {any} */ (other[at]) ? -1 : 1;
}

/** @param {string} kind @param {any} data @param {string | undefined} at @returns {Incident} */
function fromEvent(kind, data, at) {
  const fresh = kind === "incident.opened" ? { state: "open", opened_at: data.decided_at ?? at } : {};
  return {
    ...fresh,
    ...data,
    id: data.incident_id,
    ...(kind === "incident.resolved" ? { state: "resolved" } : {}),
  };
}

/** @param {State} state @param {string} kind @param {any} data @param {string | undefined} at */
function withNotice(state, kind, data, at) {
  const name = NOTICE[kind];
  if (name === undefined || !["protected", undefined].includes(data.audience)) return state;
  const phone = answered(state.phones.get(data.incident_id), name, data.at ?? at, data.alert_id);
  return { ...state, phones: with_(state.phones, data.incident_id, phone) };
}

/**
 * A newer alert begins anew: what was seen of the one before says nothing of it.
 * @param {HerPhone | undefined} phone @param {"told" | "received" | "seen" | "failed"} name
 * @param {string} at @param {string | undefined} alertId
 * @returns {HerPhone}
 */
function answered(phone, name, at, alertId) {
  const same = phone !== undefined && (alertId === undefined || phone.alertId === undefined || phone.alertId === alertId);
  const known = same ? phone : {};
  return { ...known, ...(alertId === undefined ? {} : { alertId }), [name]: known[name] ?? at };
}

/** What a history says of her phone. @param {State} state @param {Incident} incident @returns {State} */
function withTimeline(state, incident) {
  const hers = incident["her_phone"];
  /** @type {HerPhone | undefined} */
  let phone;
  if (hers) {
    const answers = [["told", hers.told_at], ["received", hers.received_at], ["seen", hers.seen_at], ["failed", hers.failed_at]];
    phone = { alertId: hers.alert_id, ...Object.fromEntries(answers.filter(([, at]) => at)) };
  }
  for (const entry of incident["timeline"] ?? []) {
    const name = HISTORY[entry.kind];
    if (name !== undefined && !hers) phone = answered(phone, name, entry.at, entry.alert_id);
  }
  if (phone === undefined) return state;
  const id = idOf(incident);
  const known = state.phones.get(id);
  const newer = known?.alertId !== undefined && phone.alertId !== undefined && known.alertId !== phone.alertId
    && (known.told ?? known.failed ?? "") > (phone.told ?? phone.failed ?? "");
  const same = known?.alertId === phone.alertId || known?.alertId === undefined;
  return newer ? state : { ...state, phones: with_(state.phones, id, { ...(same ? known : {}), ...phone }) };
}

/** @template T @param {Map<string, T>} map @param {string} key @param {T} value @returns {Map<string, T>} */
function with_(map, key, value) {
  return new Map(map).set(key, value);
}

/** @param {any[]} items @param {string} key @returns {Map<string, any>} */
function byKey(items, key) {
  return new Map(items.map((item) => [item[key], item]));
}
