/** The queue: a row for each open incident, most urgent first. */

import { html } from "../parts/html.js";
import { say } from "../parts/words.js";
import { idOf, isUnanswered, reachOf } from "./model.js";
import { answerBy, caseOf, count, headline, herPhone, ownerOf, times } from "./wording.js";

/** @typedef {import("./model.js").Incident} Incident */

/**
 * @param {{incidents: Incident[], state: import("./model.js").State, selected: string | null,
 *   now: number, open: (id: string) => void}} props
 */
export function Queue({ incidents, state, selected, now, open }) {
  return html`<section class="queue" aria-labelledby="queue-heading">
    <h2 id="queue-heading" class="pane-heading">${say("queue.heading")}
      <span class="count">${incidents.length}</span></h2>
    ${incidents.length === 0 ? html`<${Empty} state=${state} now=${now} />` : html`<ol class="rows">
      ${incidents.map((incident) => html`<li key=${idOf(incident)}><${Row} incident=${incident}
        phone=${state.phones.get(idOf(incident))} chosen=${idOf(incident) === selected} now=${now} open=${open} /></li>`)}
    </ol>`}
  </section>`;
}

/**
 * @param {{incident: Incident, phone: import("./model.js").HerPhone | undefined, chosen: boolean,
 *   now: number, open: (id: string) => void}} props
 */
function Row({ incident, phone, chosen, now, open }) {
  const due = answerBy(incident, now);
  const owner = ownerOf(incident);
  return html`<button type="button" class=${`row row-${incident.priority} ${isUnanswered(incident) ? "unanswered" : "answered"}`}
    aria-current=${chosen ? "true" : null} onClick=${() => open(idOf(incident))}>
    <${PriorityTag} priority=${incident.priority} />
    <span class="row-what">${headline(incident)}</span>
    <span class="row-age"><span class="sr-only">${say("row.open_for")} </span>${count(now - Date.parse(incident.opened_at))}</span>
    <span class="row-case">${caseOf(incident)}</span>
    ${due !== null && html`<span class=${`row-due ${due.late ? "late" : ""}`}>${due.text}</span>`}
    <span class="row-owner">${owner ?? say("row.nobody")}</span>
    <${PhoneLine} phone=${phone} incident=${incident} now=${now} />
  </button>`;
}

/** @param {{phone: import("./model.js").HerPhone | undefined, incident: Incident, now: number}} props */
function PhoneLine({ phone, incident, now }) {
  const words = herPhone(phone);
  const reach = reachOf(phone, incident, now);
  if (words === null && reach === null) return null;
  return html`<span class="row-phone">${say("phone.hers", { words: words ?? "" })}
    ${" "}<${Reach} reach=${reach} /></span>`;
}

/** @param {{reach: string | null}} props */
export function Reach({ reach }) {
  if (reach === "not_reached") return html`<strong class="not-reached">${say("phone.not_reached")}</strong>`;
  return reach === "not_yet" ? html`<span class="not-yet">${say("phone.not_yet")}</span>` : null;
}

/** Priority by shape, text and colour. @param {{priority: string}} props */
export function PriorityTag({ priority }) {
  return html`<span class=${`tag tag-${priority}`}>
    <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${SHAPES[priority] ?? SHAPES["P3"]} /></svg>${priority}
  </span>`;
}

/** An octagon, a triangle, a circle. */
const SHAPES = /** @type {Record<string, string>} */ ({
  P1: "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
  P2: "M8 1.5L15.5 14.5H.5z",
  P3: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13",
});

/** @param {{state: import("./model.js").State, now: number}} props */
function Empty({ state, now }) {
  if (!state.loaded) return html`<p class="empty">${say("queue.loading")}</p>`;
  const devices = [...state.devices.values()].filter((device) => (device.kind ?? "tag") === "tag");
  const late = devices.filter((device) => device.state !== "reporting").length;
  return html`<div class="empty"><p>${say("queue.empty")}</p>
    <p>${say("queue.devices", { reporting: devices.length - late, late })}
      ${" "}${say("queue.checked", { time: times.second(state.link.phase === "live" ? now : state.link.heardAt) })}</p></div>`;
}
