/**
 * Her page, drawn: calm, short, one thing to do.
 */

import { html, useEffect, useRef, useState } from "../parts/html.js";
import { timeWriter } from "../parts/clock.js";
import { has, say, settings, unbroken } from "../parts/words.js";
import { Cover } from "./cover.js";
import { Glyph } from "./glyphs.js";
import { HelpRequested } from "./help.js";
import { HoldForHelp } from "./hold.js";
import { calmCard, cardOf, helpCardOf } from "./model.js";

/** @typedef {import("./model.js").Card} CardOf */
/** @typedef {import("./model.js").State} State */

const times = timeWriter(settings["language"] ?? "en");
const centre = settings["centre"] ?? { phone: null, text: null, reaches_by: [] };

/**
 * @param {{state: State, place: string, covered: boolean, news: boolean, now: number,
 *   soundOn: boolean, acts: any}} props
 */
export function Page({ state, place, covered, news, now, soundOn, acts }) {
  const [spoken, announce] = useState("");
  if (covered) return html`<${Cover} news=${news} uncover=${() => acts.cover(false)} />`;
  const card = cardOf(state, now);
  const asked = helpCardOf(state);
  const calm = asked !== null && state.alert === null && card.look !== "signed_out";
  return html`
    <div class="app">
      <header class="top">
        <${Link} link=${state.link} />
        <button type="button" class="button hide" onClick=${() => acts.cover(true)}>${say("hide")}</button>
      </header>
      <main class="main">
        ${state.link.phase === "lost" && html`<${Offline} state=${state} />`}
        ${asked !== null && html`<${HelpRequested} card=${asked} centre=${centre} times=${times} />`}
        ${!calm && html`<${Card} card=${card} state=${state} acts=${acts} />`}
        ${["over", "thanks"].includes(card.look) && html`<${Card} card=${calmCard(state, now)} state=${state} acts=${acts} />`}
        <${Extras} place=${place} soundOn=${soundOn} open=${isOpen(state)} acts=${acts} />
      </main>
      <footer class="bar">
        <${HoldForHelp} ask=${() => acts.askForHelp()} announce=${announce} />
        <a class="call" href="tel:999"><${Glyph} name="phone" />${say("call_999")}</a>
      </footer>
      <p class="sr-only" role="status">${spoken}</p>
      <${Announcer} card=${card} asked=${asked?.heading ?? null} link=${state.link.phase} />
    </div>`;
}

/** @param {State} state */
function isOpen(state) {
  return (state.alert !== null && state.alert.level !== "over") || (state.sos !== null);
}

/** What changed is read out at once, whatever has the focus. */
/** @param {{card: CardOf, asked: string | null, link: string}} props */
function Announcer({ card, asked, link }) {
  const [said, setSaid] = useState("");
  const text = [link === "lost" ? say("offline.heading") : "", asked === null ? "" : say(asked),
    say(card.heading, { time: times.minute(card.at) })].filter(Boolean).join(". ");
  const first = useRef(true);
  useEffect(() => {
    if (first.current && card.look === "waiting") return;
    first.current = false;
    setSaid(text);
  }, [text]);
  return html`<p class="sr-only" role="alert">${said}</p>`;
}

/** @param {{link: import("../parts/live.js").LinkState}} props */
function Link({ link }) {
  const words = {
    live: say("connected"), connecting: say("connecting"),
    lost: say("not_connected"), refused: say("not_connected"),
  }[link.phase];
  return html`<p class=${`link link-${link.phase}`}>
    <span class="link-dot" aria-hidden="true"></span>
    <span>${words}${link.phase === "live" && link.heardAt !== null
      ? html` <time>${times.minute(link.heardAt)}</time>` : null}</span>
  </p>`;
}

/** @param {{state: State}} props */
function Offline({ state }) {
  const { heardAt } = state.link;
  const ways = (centre.reaches_by ?? []).filter((/** @type {string} */ way) => has(`ways.${way}`));
  const reached = ways.length > 1 ? "ways.both" : `ways.${ways[0]}`;
  return html`<section class="offline" aria-labelledby="offline">
    <${Glyph} name="offline" />
    <div>
      <h2 id="offline">${say("offline.heading")}</h2>
      <p>${say("offline.text")} ${ways.length === 0
        ? say("offline.alone") : say("offline.reached", { ways: say(reached) })}
      ${" "}${heardAt === null ? say("offline.no_state")
        : say("offline.state_at", { time: times.minute(heardAt) })}</p>
    </div>
  </section>`;
}

/** @param {{card: CardOf, state: State, acts: any}} props */
function Card({ card, state, acts }) {
  const time = times.minute(card.at);
  const text = card.text.map((key) => wordsOf(key, time)).filter(Boolean);
  const alerting = ["area", "close", "unsure"].includes(card.look);
  return html`<section class=${`card card-${card.look} ${card.old ? "old" : ""}`} aria-labelledby=${`heading-${card.look}`}>
    <div class="card-head">
      <${Glyph} name=${card.old && card.look === "ok" ? "waiting" : glyphOf(card.look)} />
      <h1 id=${`heading-${card.look}`}>${say(card.heading, { time })}</h1>
      ${card.trend && html`<p class="trend"><${Glyph} name=${card.trend} />${say(`trend.${card.trend}`)}</p>`}
      ${alerting && html`<p class="told">${bandOf(state)} ${card.look === "unsure" ? text.join(" ") : say("told")}</p>
        <p class="when">${say("since", { time })}</p>`}
    </div>
    ${!alerting && text.map((line) => html`<p>${line}</p>`)}
    ${alerting && html`<${Seen} card=${card} state=${state} acts=${acts} />`}
    ${card.help !== null && html`<${CentreSeen} help=${card.help} />`}
    ${card.steps.length > 0 && html`<${Steps} steps=${card.steps} />`}
    ${card.look === "over" && html`<div class="choices">
      <button type="button" class="button button-main" onClick=${acts.safe}>${say("over.safe")}</button>
      <button type="button" class="button" onClick=${() => acts.askForHelp("ring_me")}>${say("over.ring")}</button>
    </div>`}
    ${card.look === "signed_out" && html`<div class="choices">
      <a class="button button-main" href="/enrol">${say("signed_out.action")}</a>
    </div>`}
  </section>`;
}

/** @param {State} state */
function bandOf({ alert }) {
  const key = `band.${alert?.band}`;
  return has(key) ? say(key) : "";
}

/** @param {string} key @param {string} time */
function wordsOf(key, time) {
  if (has(key)) return say(key, { time });
  // A reason the catalogue does not know yet: shown if it is a sentence, else left out.
  return key.startsWith("reason.") && key.includes(" ") ? key.slice("reason.".length) : "";
}

/** @param {string} look */
function glyphOf(look) {
  return { ok: "tick", thanks: "over", signed_out: "offline" }[look] ?? look;
}

/** @param {{steps: string[]}} props */
function Steps({ steps }) {
  const written = steps.map((step) => (has(`step.${step}`) ? say(`step.${step}`) : step))
    .filter((step) => /\s/.test(step));
  return html`<div class="steps">
    <h2>${say("steps.heading")}</h2>
    <ol>${written.map((step) => html`<li>${step}</li>`)}</ol>
  </div>`;
}

/** @param {{help: import("./model.js").Help}} props */
function CentreSeen({ help }) {
  if (!["acknowledged", "assigned"].includes(help.state)) return null;
  const phone = help.phone ?? centre.phone;
  return html`<div class="note">
    <${Glyph} name="officer" />
    <div>
      <h2>${say("centre.seen")}</h2>
      <p>${phone ? say("centre.ring_from", { phone: unbroken(phone) }) : say("centre.ring")}</p>
      ${help.at && html`<p class="when">${say("centre.at", { time: times.minute(help.at) })}</p>`}
    </div>
  </div>`;
}

/** @param {{card: CardOf, state: State, acts: any}} props */
function Seen({ card, state, acts }) {
  const alert = state.alert;
  const mine = alert === null ? undefined : state.seen[alert.alert_id];
  if (!card.seen) {
    return html`<button type="button" class="button button-main seen" onClick=${acts.seen}>${say("seen.button")}</button>`;
  }
  const time = times.minute(mine?.at ?? alert?.seen_at);
  return html`<p class="seen-done"><${Glyph} name="over" />
    ${say(mine !== undefined && !mine.told ? "seen.sending" : "seen.done", { time })}</p>`;
}

/** @param {{place: string, soundOn: boolean, open: boolean, acts: any}} props */
function Extras({ place, soundOn, open, acts }) {
  const sharing = open ? "place.sharing" : "place.on";
  return html`<ul class="extras">
    <li class=${soundOn ? "" : "wants"}>
      <${Glyph} name="speaker" />
      <p>${say(soundOn ? "sound.on" : "sound.off")}</p>
      ${!soundOn && html`<button type="button" class="button" onClick=${acts.soundOn}>${say("sound.turn_on")}</button>`}
    </li>
    ${place !== "unsupported" && html`<li class=${place === "on" ? "" : "wants"}>
      <${Glyph} name="place" />
      <p>${place === "on" ? say(sharing) : say("place.off")}
        <small>${say(place === "on" ? `${sharing}_text` : place === "denied" ? "place.denied" : "place.off_text")}</small></p>
      ${place === "off" && html`<button type="button" class="button" onClick=${acts.placeOn}>${say("place.turn_on")}</button>`}
    </li>`}
  </ul>`;
}
