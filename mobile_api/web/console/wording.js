/**
 * How the console says things: what happened, how far, how long ago, who did what.
 */

import { timeWriter } from "../parts/clock.js";
import { has, say } from "../parts/words.js";
import { TARGET_S, isUnanswered, waitingSince } from "./model.js";

/** @typedef {import("./model.js").Incident} Incident */

export const times = timeWriter(navigator.language.startsWith("en") ? navigator.language : "en-GB");

/** @param {Incident} incident what happened, in words */
export function headline(incident) {
  const { kind, level, reason } = incident;
  const hers = `handset.${kind}.${level === "clear" ? "clear" : "any"}`;
  if (incident["of_handset"] && has(hers)) return say(hers);
  if (reason === "predicted" && has(`${kind}.predicted`)) return say(`${kind}.predicted`);
  for (const key of [`${kind}.${level}`, `${kind}.any`]) {
    if (has(key)) return say(key);
  }
  return say("incident.other");
}

/** @param {Incident} incident the case, and whom it concerns */
export function caseOf(incident) {
  return [incident["reference"], incident["wearer_name"] ?? incident["protected_name"]]
    .filter(Boolean).join(" · ");
}

/** @param {Incident} incident @returns {string | null} */
export function zoneOf(incident) {
  return incident["condition_name"] ?? null;
}

/** @param {Incident} incident */
export function ownerOf(incident) {
  const owner = incident["owner_name"] ?? incident["owner"];
  return owner ? String(owner) : null;
}

/**
 * @param {number | null | undefined} central
 * @param {number | null | undefined} uncertainty
 */
export function distance(central, uncertainty) {
  if (central === null || central === undefined) return null;
  const inside = central < 0 ? say("distance.inside") : "";
  const about = uncertainty === null || uncertainty === undefined ? "" : ` ± ${metres(uncertainty)}`;
  return `${inside}${metres(Math.abs(central))}${about}`;
}

/** @param {number} value */
export function metres(value) {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} km` : `${Math.round(value)} m`;
}

/** @param {number} ms a count that runs: 0:07, 4:12, 1:04:12 */
export function count(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = `${String(seconds).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** @param {number} ms an age in words */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return say("age.seconds", { n: seconds });
  if (seconds < 3600) return say("age.minutes", { n: Math.floor(seconds / 60) });
  return say("age.hours", { n: Math.floor(seconds / 3600) });
}

/**
 * How long is left to answer, or how late it is.
 * @param {Incident} incident @param {number} now
 * @returns {{text: string, late: boolean} | null} null once somebody answered
 */
export function answerBy(incident, now) {
  if (!isUnanswered(incident)) return null;
  const left = (TARGET_S[incident["priority"]] ?? 0) * 1000 - (now - waitingSince(incident));
  return left >= 0
    ? { text: say("answer.left", { time: count(left) }), late: false }
    : { text: say("answer.late", { time: count(-left) }), late: true };
}

/** @param {import("./model.js").HerPhone | undefined} phone */
export function herPhone(phone) {
  if (phone === undefined) return null;
  const parts = [];
  if (phone.told) parts.push(say("phone.told", { time: times.second(phone.told) }));
  if (phone.seen) parts.push(say("phone.seen", { time: times.second(phone.seen) }));
  else if (phone.received) parts.push(say("phone.received", { time: times.second(phone.received) }));
  return parts.length === 0 ? null : parts.join(", ");
}

/** @param {Record<string, any>} entry of a history */
export function deed(entry) {
  const key = `deed.${entry["kind"]}`;
  const words = has(key) ? say(key) : String(entry["kind"] ?? "").replaceAll("_", " ").replaceAll(".", " ");
  const level = entry["actor"] === "engine" && has(`level.${entry["level"]}`) ? `: ${say(`level.${entry["level"]}`)}` : "";
  return words + level;
}

/** @param {string | null | undefined} reason a constant word */
export function reasonOf(reason) {
  if (!reason) return null;
  return has(`reason.${reason}`) ? say(`reason.${reason}`) : reason.replaceAll("_", " ");
}
