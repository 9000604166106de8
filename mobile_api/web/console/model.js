/**
 * What the console knows. Pure: frames and answers come in, a state and the order of the queue
 * come out. The server decides who may see what; nothing is left out or added here.
 *
 * @typedef {Record<string, any>} Incident as `GET /incidents/{id}` and `incident.*` give it
 * @typedef {{told?: string, received?: string, seen?: string, failed?: string}} HerPhone
 * @typedef {{person_id: string, device_id: string, lat: number, lon: number, accuracy_m: number | null,
 *   role?: string, fix: {t: string, received_at?: string}}} Position
 * @typedef {{device_id: string, person_id?: string, state: string, last_fix_at?: string | null,
 *   battery?: number | null, since?: string}} Device
 * @typedef {{link: import("../shared/live.js").LinkState, incidents: Map<string, Incident>,
 *   phones: Map<string, HerPhone>, devices: Map<string, Device>, positions: Map<string, Position>,
 *   system: {ready: boolean, broken?: string[], at?: string} | null, loaded: boolean}} State
 * @typedef {{type: string, kind?: string, at?: string, data?: any, [more: string]: any}} Frame
 */

/** How soon an officer should have answered, seconds. */
export const TARGET_S = /** @type {Record<string, number>} */ ({ P1: 30, P2: 300, P3: 3600 });
const RANK = /** @type {Record<string, number>} */ ({ P1: 0, P2: 1, P3: 2 });
const NOTICE = /** @type {Record<string, keyof HerPhone>} */ ({
  "notice.delivered": "told", "notice.received": "received", "notice.seen": "seen", "notice.failed": "failed",
});
/** The same, as a history tells it. */
const HISTORY = /** @type {Record<string, keyof HerPhone>} */ ({
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
    case "position": return { ...state, positions: with_(state.positions, data.person_id, data) };
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
    positions: new Map([...state.positions, ...byKey(frame["positions"] ?? [], "person_id")]),
    system: frame["system"] ?? null,
    loaded: true,
  };
  return [...incidents.values()].reduce(withTimeline, next);
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
  return withTimeline({ ...state, incidents }, incident);
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
 * Whether her phone was told, and answered; `reached` is null where she was not to be told.
 * @param {HerPhone | undefined} phone
 * @returns {boolean | null}
 */
export function reached(phone) {
  if (phone === undefined || Object.keys(phone).length === 0) return null;
  return phone.seen !== undefined || phone.received !== undefined || phone.failed === undefined;
}

/** @param {Incident} incident @param {number} now @returns {(number | string)[]} */
function queueKey(incident, now) {
  const priority = RANK[incident["priority"]] ?? 2;
  const open = isUnanswered(incident);
  const age = now - Date.parse(incident["opened_at"]);
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
  if (["console", "officers", "desk"].includes(data.audience)) return state;
  const phone = { ...state.phones.get(data.incident_id), [NOTICE[kind] ?? "told"]: data.at ?? at };
  return { ...state, phones: with_(state.phones, data.incident_id, phone) };
}

/** What a history says of her phone. @param {State} state @param {Incident} incident @returns {State} */
function withTimeline(state, incident) {
  const told = incident["her_phone"] ?? {};
  /** @type {HerPhone} */
  const phone = {};
  for (const [name, at] of [["told", told.told_at], ["received", told.received_at], ["seen", told.seen_at], ["failed", told.failed_at]]) {
    if (at) phone[/** @type {keyof HerPhone} */ (name)] = at;
  }
  for (const entry of incident["timeline"] ?? []) {
    const name = HISTORY[entry.kind];
    if (name !== undefined) phone[name] = entry.at;
  }
  if (Object.keys(phone).length === 0) return state;
  const id = idOf(incident);
  return { ...state, phones: with_(state.phones, id, { ...state.phones.get(id), ...phone }) };
}

/** @template T @param {Map<string, T>} map @param {string} key @param {T} value @returns {Map<string, T>} */
function with_(map, key, value) {
  return new Map(map).set(key, value);
}

/** @param {any[]} items @param {string} key @returns {Map<string, any>} */
function byKey(items, key) {
  return new Map(items.map((item) => [item[key], item]));
}
