/** Her request for help, from sending to an officer's answer. */

import { html } from "../parts/html.js";
import { say, unbroken } from "../parts/words.js";
import { Glyph } from "./glyphs.js";

const GLYPHS = { sending: "sent", sent: "over", failed: "close", seen: "officer", closed: "over" };

/**
 * @param {{card: import("./model.js").HelpCard, centre: any,
 *   times: ReturnType<typeof import("../parts/clock.js").timeWriter>}} props
 */
export function HelpRequested({ card, centre, times }) {
  return html`<section class=${`card request request-${card.look}`} aria-labelledby="request">
    <div class="card-head">
      <${Glyph} name=${GLYPHS[card.look]} />
      <h1 id="request">${say(card.heading)}</h1>
    </div>
    ${textOf(card, centre, times)}
  </section>`;
}

/**
 * @param {import("./model.js").HelpCard} card @param {any} centre
 * @param {ReturnType<typeof import("../parts/clock.js").timeWriter>} times
 */
function textOf(card, centre, times) {
  const phone = card.help?.phone ?? centre.phone;
  switch (card.look) {
    case "sending": return null;
    case "failed": return html`
      <p>${say(card.refused ? "sos.refused_text" : "sos.failed_text")}
        ${" "}<strong>${say("sos.failed_danger")}</strong> ${say("sos.failed_phone")}</p>
      <div class="choices">
        <a class="button button-danger" href="tel:999"><${Glyph} name="phone" />${say("call_999")}</a>
        ${centre.text && html`<a class="button" href=${`sms:${centre.text}`}>${say("sos.text_centre")}</a>`}
        ${centre.phone && html`<a class="button" href=${`tel:${centre.phone}`}>${say("call_centre")}</a>`}
      </div>`;
    case "seen": return html`<p>${phone ? say("centre.ring_from", { phone: unbroken(phone) }) : say("centre.ring")}</p>
      ${card.help?.at ? html`<p class="when">${say("centre.at", { time: times.minute(card.help.at) })}</p>` : null}`;
    case "closed": return html`<p>${say("sos.closed_text")}</p>`;
    default: return html`<p>${card.placeAt === null
      ? say("sos.sent_no_place") : say("sos.sent_place", { time: times.minute(card.placeAt) })}</p>
      ${card.at === null ? null : html`<p class="when">${say("sos.at", { time: times.minute(card.at) })}</p>`}`;
  }
}
