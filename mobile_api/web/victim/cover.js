/**
 * The cover: an everyday list over the page, one touch away. It comes off by holding its title,
 * or by pressing it with a keyboard, a switch or a screen reader.
 */

import { html, useEffect, useRef } from "../parts/html.js";
import { list, say } from "../parts/words.js";

const HOLD_MS = 900;

/** @param {{news: boolean, uncover: () => void}} props */
export function Cover({ news, uncover }) {
  const timer = useRef(/** @type {any} */ (undefined));
  const title = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    return () => clearTimeout(timer.current);
  }, []);

  const press = () => {
    timer.current = setTimeout(uncover, HOLD_MS);
  };
  const release = () => clearTimeout(timer.current);
  /** A click without a finger is a keyboard's, a switch's or a screen reader's. @param {MouseEvent} event */
  const click = (event) => {
    if (event.detail === 0) uncover();
  };

  return html`
    <main class="cover">
      <h1><button type="button" ref=${title} class="cover-title" aria-describedby="cover-hint"
        onPointerDown=${press} onPointerUp=${release} onPointerCancel=${release} onPointerLeave=${release}
        onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}
        onClick=${click}>${say("cover.title")}</button></h1>
      <span id="cover-hint" hidden>${say("cover.hint")}</span>
      ${news && html`<p class="cover-news" role="status">${say("cover.message")}</p>`}
      <ul>
        ${list("cover.items").map((item) => html`<li><label><input type="checkbox" /> ${item}</label></li>`)}
      </ul>
    </main>`;
}
