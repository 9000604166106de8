/** The bar above: is this desk connected, does it sound, who sits here; and what is wrong. */

import { html, useEffect, useRef } from "../parts/html.js";
import { list, say } from "../parts/words.js";
import { times } from "./wording.js";

/** @param {{link: import("../parts/live.js").LinkState, now: number, me: any, theme: string, acts: any}} props */
export function TopBar({ link, now, me, theme, acts }) {
  return html`<header class="topbar">
    <h1><img src="/static/icons/desk.svg" alt="" width="26" height="26" />${say("brand")}</h1>
    <p class=${`desk-link desk-${link.phase}`}><span class="dot" aria-hidden="true"></span>${say(`link.${link.phase}`)}
      ${link.phase === "live" && html` <time>${times.second(now)}</time>`}</p>
    <nav class="desk-tools" aria-label=${say("tools.label")}>
      <button type="button" class="act act-quiet" onClick=${acts.theme}>${say(theme === "dark" ? "tools.light" : "tools.dark")}</button>
      <button type="button" class="act act-quiet act-keys" onClick=${acts.help}>${say("tools.keys")}<kbd>?</kbd></button>
      ${me !== null && html`<span class="me">${me.name ?? ""}${me.role ? html` <span class="more">${say(`role.${me.role}`)}</span>` : null}</span>`}
      <button type="button" class="act act-quiet" onClick=${acts.leave}>${say("tools.leave")}</button>
    </nav>
  </header>`;
}

/**
 * @param {{state: import("./model.js").State, stranger: string | null, sound: {on: boolean, pausedUntil: number}, now: number, acts: any}} props
 */
export function Banners({ state, stranger, sound, now, acts }) {
  const { link, system } = state;
  const left = Math.ceil((sound.pausedUntil - Date.now()) / 1000);
  if (stranger !== null) {
    return html`<p class="banner banner-system" role="alert">${say("banner.stranger", { role: say(`role.${stranger}`) })}</p>`;
  }
  return html`
    ${link.phase === "lost" && html`<p class="banner banner-lost" role="alert">${link.heardAt === null
      ? say("banner.never") : say("banner.lost", { time: times.second(link.heardAt) })}</p>`}
    ${link.phase === "refused" && html`<p class="banner banner-lost" role="alert">${say("banner.refused")} <a href="/login">${say("banner.sign_in")}</a></p>`}
    ${system !== null && system.ready === false && html`<p class="banner banner-system" role="status">${say("banner.system", { parts: (system.broken ?? []).join(", ") || say("banner.unknown_part") })}
      ${system.at && html` <time>${times.second(system.at)}</time>`}</p>`}
    ${!sound.on && html`<p class="banner banner-sound">${say("sound.off")}
      <button type="button" class="act" onClick=${acts.sound}>${say("sound.turn_on")}</button></p>`}
    ${sound.on && left > 0 && html`<p class="banner banner-sound" role="status">${say("sound.paused", { seconds: left })}
      <button type="button" class="act" onClick=${acts.pause}>${say("sound.resume")}</button></p>`}`;
}

/** @param {{keysOn: boolean, setKeys: (on: boolean) => void, close: () => void}} props */
export function KeysHelp({ keysOn, setKeys, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  return html`<dialog class="keys" ref=${dialog} onClose=${close} aria-labelledby="keys-heading">
    <h2 id="keys-heading">${say("keys.heading")}</h2>
    <dl>${list("keys").map((/** @type {any} */ [key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>
    <label class="switch"><input type="checkbox" checked=${keysOn}
      onChange=${(/** @type {any} */ event) => setKeys(event.target.checked)} /> ${say("keys.on")}</label>
    <p class="form-buttons"><button type="button" class="act act-main" onClick=${() => dialog.current?.close()}>${say("keys.close")}</button></p>
  </dialog>`;
}
