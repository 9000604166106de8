/** One incident: what is known, who was told, what was done, and what can be done. */

import { html, useEffect, useRef, useState } from "../parts/html.js";
import { list, say } from "../parts/words.js";
import { idOf, isUnanswered, reachOf } from "./model.js";
import { PriorityTag, Reach } from "./queue.js";
import { age, answerBy, caseOf, count, deed, distance, headline, herPhone, metres, ownerOf, reasonOf, times, zoneOf } from "./wording.js";

/** @typedef {import("./model.js").Incident} Incident */
/** @typedef {"note" | "resolve" | null} OpenForm */

/**
 * @param {{incident: Incident | null, phone: import("./model.js").HerPhone | undefined, now: number,
 *   form: OpenForm, message: {text: string, fault: boolean} | null, busy: boolean, me: string | null, acts: any}} props
 */
export function Detail({ incident, phone, now, form, message, busy, me, acts }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const id = incident === null ? null : idOf(incident);
  useEffect(() => {
    if (id !== null) heading.current?.focus({ preventScroll: innerWidth >= 760 });
  }, [id]);
  if (incident === null) {
    return html`<section class="detail detail-none" aria-label=${say("detail.label")}><p>${say("detail.none")}</p></section>`;
  }
  return html`<section class="detail" aria-labelledby="detail-heading">
    <header class="detail-head">
      <p class="detail-tags"><${PriorityTag} priority=${incident.priority} />
        <span class=${`state state-${incident.state}`}>${say(`state.${incident.state ?? "open"}`)}</span>
        <${Clock} incident=${incident} now=${now} /></p>
      <h2 id="detail-heading" tabindex="-1" ref=${heading}>${headline(incident)}</h2>
      <p class="detail-case">${[caseOf(incident), zoneOf(incident)].filter(Boolean).join(" · ")}</p>
    </header>
    ${message !== null && html`<p class=${`message ${message.fault ? "message-fault" : ""}`} role="status">${message.text}</p>`}
    <${Actions} incident=${incident} form=${form} busy=${busy} me=${me} acts=${acts} />
    ${form === "note" && html`<${NoteForm} key=${id} busy=${busy} acts=${acts} />`}
    ${form === "resolve" && html`<${ResolveForm} key=${id} busy=${busy} acts=${acts} />`}
    <${Facts} incident=${incident} phone=${phone} now=${now} />
    <${Timeline} entries=${historyOf(incident, phone)} />
  </section>`;
}

/** @param {{incident: Incident, now: number}} props */
function Clock({ incident, now }) {
  const due = answerBy(incident, now);
  return html`<span class="detail-clock">
    ${due !== null && html`<span class=${`row-due ${due.late ? "late" : ""}`}>${due.text}</span>`}
    <span title=${say("row.open_for")}>${count(now - Date.parse(incident.opened_at))}</span></span>`;
}

/** @param {{incident: Incident, form: OpenForm, busy: boolean, me: string | null, acts: any}} props */
function Actions({ incident, form, busy, me, acts }) {
  const over = incident.state === "resolved";
  const mine = me !== null && ownerOf(incident) === me;
  return html`<div class="actions" role="group" aria-label=${say("act.label")}>
    ${isUnanswered(incident) && html`<button type="button" class="act act-main" disabled=${busy}
      onClick=${acts.acknowledge}>${say("act.acknowledge")}<kbd>A</kbd></button>`}
    ${!over && !mine && html`<button type="button" class="act" disabled=${busy} onClick=${acts.assign}>${say("act.assign")}<kbd>S</kbd></button>`}
    <button type="button" class="act" aria-expanded=${String(form === "note")} onClick=${() => acts.form("note")}>${say("act.note")}<kbd>N</kbd></button>
    ${!over && html`<button type="button" class="act" aria-expanded=${String(form === "resolve")} onClick=${() => acts.form("resolve")}>${say("act.resolve")}<kbd>R</kbd></button>`}
  </div>`;
}

/** @param {{incident: Incident, phone: import("./model.js").HerPhone | undefined, now: number}} props */
function Facts({ incident, phone, now }) {
  const measured = distance(incident.central_m, incident.uncertainty_m);
  const fixAt = incident.fix?.t;
  const reach = reachOf(phone, incident, now);
  const rows = [
    ["fact.distance", measured, fixAt ? say("fact.measured", { time: times.second(fixAt), age: age(now - Date.parse(fixAt)) }) : null],
    ["fact.nearest", nearest(incident), provenOf(incident)],
    ["fact.contact_in", incident.ttc_s === null || incident.ttc_s === undefined ? null : count(incident.ttc_s * 1000), null],
    ["fact.fix", fixAt && measured === null ? times.second(fixAt) : null, fixAt ? age(now - Date.parse(fixAt)) : null],
    ["fact.why", reasonOf(incident.reason), incident.retrospective ? say("fact.retrospective") : null],
    ["fact.wearer", incident.wearer_name ?? null, null],
    ["fact.protected", incident.protected_name ?? null, null],
    ["fact.phone", phone === undefined ? null : (herPhone(phone) ?? ""), reach === null ? null : html`<${Reach} reach=${reach} />`],
    ["fact.owner", ownerOf(incident) ?? say("row.nobody"), null],
    ["fact.opened", times.second(incident.opened_at), null],
    ["fact.outcome", outcomeOf(incident.outcome), null],
  ];
  return html`<dl class="facts">${rows.filter(([, value]) => value !== null && value !== undefined).map(([key, value, more]) => html`
    <div class=${`fact ${key === "fact.distance" ? "fact-large" : ""}`}><dt>${say(/** @type {string} */ (key))}</dt>
      <dd>${value}${more !== null && html` <span class="more">${more}</span>`}</dd></div>`)}</dl>`;
}

/** Whether it is proven that he is too near; of him who is not, nothing is to be proven. */
/** @param {Incident} incident */
function provenOf({ level, central_m, proven }) {
  if (!["breach", "contact"].includes(level) || central_m === null || central_m === undefined) return null;
  return say(proven ? "fact.proven" : "fact.not_proven");
}

/** @param {Incident} incident */
function nearest(incident) {
  const value = incident["nearest_m"];
  if (value === null || value === undefined) return null;
  return value <= 0 ? say("distance.possibly_inside") : metres(value);
}

/** @param {string | null | undefined} outcome */
function outcomeOf(outcome) {
  if (!outcome) return null;
  const known = say(`outcome.${outcome}`);
  return known === `outcome.${outcome}` ? outcome : known;
}

/**
 * The history, with what became of the newest alert on her phone in its place.
 * @param {Incident} incident @param {import("./model.js").HerPhone | undefined} phone
 */
function historyOf(incident, phone) {
  if (!incident["timeline"]) return null;
  const told = new Set(incident["timeline"].map((/** @type {any} */ entry) => entry.kind));
  const answers = [["delivered", phone?.told], ["received", phone?.received], ["seen", phone?.seen], ["failed", phone?.failed]]
    .filter(([kind, at]) => at !== undefined && !told.has(kind))
    .map(([kind, at]) => ({ kind, at, actor: "system" }));
  return [...incident["timeline"], ...answers].sort((one, other) => one.at.localeCompare(other.at));
}

/** @param {{entries: any[] | null}} props */
function Timeline({ entries }) {
  return html`<section aria-labelledby="timeline-heading">
    <h3 id="timeline-heading">${say("timeline.heading")}</h3>
    ${entries === null ? html`<p class="more">${say("timeline.loading")}</p>` : html`<ol class="timeline">
      ${[...entries].reverse().map((entry) => html`<li class=${`deed deed-${entry.actor === "engine" ? "engine" : "human"}`}>
        <time datetime=${entry.at}>${times.second(entry.at)}</time>
        <div><p>${deed(entry)}${who(entry)}</p>
          ${entry.note && html`<p class="deed-note">${entry.note}</p>`}
          ${entry.actor === "engine" && entry.reason && html`<p class="more">${reasonOf(entry.reason)}</p>`}</div>
      </li>`)}</ol>`}
  </section>`;
}

/** @param {any} entry */
function who(entry) {
  const actor = entry.actor_name ?? entry.actor;
  if (!actor || actor === "engine" || actor === "system") return "";
  return html` <span class="more">${String(actor).startsWith("person:") ? say("who.her") : actor}</span>`;
}

/** @param {{busy: boolean, acts: any}} props */
function NoteForm({ busy, acts }) {
  const [note, setNote] = useState("");
  return html`<form class="inline-form" onSubmit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    if (note.trim() !== "") acts.note(note.trim());
  }}>
    <label for="note">${say("note.label")}</label>
    <textarea id="note" rows="3" required autofocus ref=${focusOnce} value=${note}
      onInput=${(/** @type {any} */ event) => setNote(event.target.value)}></textarea>
    <p class="form-buttons"><button type="submit" class="act act-main" disabled=${busy}>${say("note.save")}</button>
      <button type="button" class="act" onClick=${() => acts.form(null)}>${say("form.cancel")}</button></p>
  </form>`;
}

/** @param {{busy: boolean, acts: any}} props */
function ResolveForm({ busy, acts }) {
  const [outcome, setOutcome] = useState("");
  const [note, setNote] = useState("");
  return html`<form class="inline-form" onSubmit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    if (outcome !== "" && note.trim() !== "") acts.resolve(outcome, note.trim());
  }}>
    <label for="outcome">${say("resolve.outcome")}</label>
    <select id="outcome" required ref=${focusOnce} value=${outcome} onChange=${(/** @type {any} */ event) => setOutcome(event.target.value)}>
      <option value="" disabled>${say("resolve.choose")}</option>
      ${list("outcomes").map((key) => html`<option value=${key}>${say(`outcome.${key}`)}</option>`)}
    </select>
    <label for="resolve-note">${say("resolve.note")}</label>
    <textarea id="resolve-note" rows="3" required value=${note}
      onInput=${(/** @type {any} */ event) => setNote(event.target.value)}></textarea>
    <p class="form-buttons"><button type="submit" class="act act-main" disabled=${busy}>${say("resolve.save")}</button>
      <button type="button" class="act" onClick=${() => acts.form(null)}>${say("form.cancel")}</button></p>
  </form>`;
}

/** @type {WeakSet<HTMLElement>} */
const focused = new WeakSet();

/** @param {HTMLElement | null} element */
function focusOnce(element) {
  if (element === null || focused.has(element)) return;
  focused.add(element);
  element.focus();
}
