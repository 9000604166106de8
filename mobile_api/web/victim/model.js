/**
 * What her page knows, and what it may say. Pure: frames, answers and the time come in, a
 * description of the screen comes out.
 *
 * The rule that lives here: claim only what the server has proved, with its time. "Your alerts
 * are working" needs a live link, `protected: true`, and a proof that is not old.
 *
 * @typedef {import("../parts/live.js").LinkState} LinkState
 * @typedef {{alert_id: string, level: string, band?: string, trend?: string | null,
 *   steps?: string[], help?: Help | null, decided_at: string, last_known_at?: string,
 *   seen_at?: string | null}} Alert
 * @typedef {{alert_id?: string | null, incident_id?: string, state: string, text_key?: string,
 *   at?: string, phone?: string}} Help
 * @typedef {{protected: boolean, reason?: string | null, checked_at?: string | null}} Protection
 * @typedef {{id: string, at: string, phase: "sending" | "sent" | "failed" | "refused",
 *   placeAt: string | null, incidentId: string | null}} HelpRequest
 * @typedef {{link: LinkState, alert: Alert | null, protection: Protection | null,
 *   helps: Record<string, Help>, seen: Record<string, {at: number, told: boolean}>,
 *   safe: {alertId: string, phase: string} | null, sos: HelpRequest | null}} State
 * @typedef {{type: string, kind?: string, data?: any, [more: string]: any}} Frame
 */

/** A proof older than this proves nothing any more; the server gives one every 10 seconds. */
export const PROOF_MS = 45_000;
const DANGER = ["breach", "contact"];

/** @returns {State} */
export function unknownState() {
  return {
    link: { phase: "connecting", heardAt: null },
    alert: null, protection: null, helps: {}, seen: {}, safe: null, sos: null,
  };
}

/**
 * @param {State} state
 * @param {Frame} frame
 * @returns {State}
 */
export function applyFrame(state, frame) {
  if (frame.type === "snapshot") {
    return withHelp({
      ...state,
      alert: frame["alert"] ?? null,
      protection: frame["protection"] ?? null,
      helps: {},
    }, frame["alert"]?.help, frame["help"]);
  }
  switch (frame.kind) {
    case "alert": return withHelp({ ...state, alert: frame.data }, frame.data.help);
    case "help.state": return withHelp(state, frame.data);
    case "protection.state": return { ...state, protection: frame.data };
    default: return state;
  }
}

/**
 * Help is told for each incident on its own: an officer may answer her call before the alert.
 * @param {State} state
 * @param {...(Help | null | undefined)} told
 * @returns {State}
 */
function withHelp(state, ...told) {
  const helps = { ...state.helps };
  for (const help of told) {
    if (help?.incident_id !== undefined) helps[help.incident_id] = help;
  }
  return { ...state, helps };
}

/** @param {Alert | null} alert */
export function isDanger(alert) {
  return alert !== null && DANGER.includes(alert.level);
}

/**
 * @typedef {"ok" | "area" | "close" | "unsure" | "over" | "unproven" | "waiting" | "thanks"
 *   | "signed_out"} Look
 * @typedef {{look: Look, heading: string, text: string[], at: string | null,
 *   trend: string | null, steps: string[], help: Help | null, seen: boolean, old: boolean}} Card
 */

/**
 * @param {State} state
 * @param {number} now the server's clock, milliseconds
 * @returns {Card} keys and times; the words are the view's
 */
export function cardOf(state, now) {
  if (state.link.phase === "refused") return card("signed_out", "signed_out.heading", ["signed_out.text"]);
  const old = state.link.phase !== "live";
  if (state.alert !== null) return { ...alertCard(state, state.alert), old };
  return { ...calmCard(state, now), old };
}

/** @param {State} state @param {Alert} alert @returns {Card} */
function alertCard(state, alert) {
  if (alert.level === "over") return overCard(state, alert);
  const shared = {
    at: alert.decided_at,
    trend: trendOf(alert),
    help: helpFor(state, alert),
    seen: alert.alert_id in state.seen || Boolean(alert.seen_at),
  };
  if (alert.level === "unknown") {
    return { ...card("unsure", "unknown.heading", ["unknown.text"]), ...shared };
  }
  const close = isDanger(alert);
  const usual = close ? ["go_inside_now", "call_999"] : ["follow_plan", "go_inside"];
  return {
    ...card(close ? "close" : "area", `${alert.level}.heading`, ["told"]),
    ...shared,
    steps: alert.steps?.length ? alert.steps : usual,
  };
}

/** @param {State} state @param {Alert} alert @returns {Card} */
function overCard(state, alert) {
  if (state.safe?.alertId !== alert.alert_id) {
    return { ...card("over", "over.heading", ["over.text"]), at: alert.decided_at };
  }
  const told = state.safe.phase === "sent" ? "over.thanks_text" : "over.thanks_sending";
  return { ...card("thanks", "over.thanks", [told]), at: alert.decided_at };
}

/** @param {Alert} alert */
function trendOf(alert) {
  return alert.trend === "closer" || alert.trend === "away" ? alert.trend : null;
}

/** @param {State} state @param {Alert} alert @returns {Help | null} */
function helpFor(state, alert) {
  const told = Object.values(state.helps).find((help) => help.alert_id === alert.alert_id);
  return state.helps[alert.help?.incident_id ?? ""] ?? told ?? null;
}

/**
 * How things stand apart from any alert.
 * @param {State} state @param {number} now @returns {Card}
 */
export function calmCard(state, now) {
  const { protection, link } = state;
  if (protection === null) return card("waiting", "waiting.heading", ["waiting.text"]);
  const checked = protection.checked_at ?? null;
  if (!protection.protected) return unprovenCard(protection, checked);
  if (link.phase !== "live") return { ...card("ok", "ok.was_heading", ["ok.was_text"]), at: checked };
  if (checked === null || now - Date.parse(checked) > PROOF_MS) {
    return { ...card("unproven", "unproven.heading", ["unproven.stale"]), at: checked };
  }
  return { ...card("ok", "ok.heading", ["ok.text"]), at: checked };
}

/** @param {Protection} protection @param {string | null} checked @returns {Card} */
function unprovenCard(protection, checked) {
  const reason = protection.reason ? [`reason.${protection.reason}`] : [];
  const ending = checked === null ? "unproven.text_untimed" : "unproven.text";
  return { ...card("unproven", "unproven.heading", [...reason, ending]), at: checked };
}

/** @param {Look} look @param {string} heading @param {string[]} text @returns {Card} */
function card(look, heading, text) {
  return { look, heading, text, at: null, trend: null, steps: [], help: null, seen: true, old: false };
}

/**
 * @typedef {{look: "sending" | "sent" | "failed" | "seen" | "closed", heading: string,
 *   at: string | null, placeAt: string | null, refused: boolean, help: Help | null}} HelpCard
 */

/**
 * Her own request for help: this phone's, or what the centre says of one made before.
 * @param {State} state
 * @returns {HelpCard | null}
 */
export function helpCardOf(state) {
  const { sos } = state;
  const help = helpOfRequest(state);
  if (help !== null && ["acknowledged", "assigned"].includes(help.state)) {
    return helpCard("seen", "centre.seen_sos", sos, help);
  }
  if (help !== null && help.state === "closed") {
    return sos === null ? null : helpCard("closed", "sos.closed", sos, help);
  }
  if (sos === null) return help === null ? null : helpCard("sent", "sos.sent", sos, help);
  if (sos.phase === "failed" || sos.phase === "refused") return helpCard("failed", "sos.failed", sos, help);
  return sos.phase === "sent"
    ? helpCard("sent", "sos.sent", sos, help)
    : helpCard("sending", "sos.sending", sos, help);
}

/**
 * This phone knows its own call by its incident; of a call made elsewhere the text key tells.
 * @param {State} state
 * @returns {Help | null}
 */
function helpOfRequest({ sos, helps, alert }) {
  if (sos !== null) return helps[sos.incidentId ?? ""] ?? null;
  const others = Object.values(helps).filter(
    (help) => help.text_key?.startsWith("sos") && help.incident_id !== alert?.help?.incident_id && help.state !== "closed",
  );
  return others.at(-1) ?? null;
}

/**
 * @param {HelpCard["look"]} look @param {string} heading
 * @param {HelpRequest | null} sos @param {Help | null} help
 * @returns {HelpCard}
 */
function helpCard(look, heading, sos, help) {
  return { look, heading, at: sos?.at ?? null, placeAt: sos?.placeAt ?? null, refused: sos?.phase === "refused", help };
}
