/**
 * The button that asks for help.
 *
 * A finger holds it for 2 seconds while a bar fills. A keyboard, a switch or a screen reader
 * presses it once: 3 seconds are counted aloud, and another press cancels.
 */

import { html, useEffect, useRef, useState } from "../parts/html.js";
import { vibrate } from "../parts/sound.js";
import { say } from "../parts/words.js";
import { Glyph } from "./glyphs.js";

const HOLD_MS = 2000;
const COUNT_S = 3;

/** @param {{ask: () => void, announce: (text: string) => void}} props */
export function HoldForHelp({ ask, announce }) {
  const [holding, setHolding] = useState(false);
  const [left, setLeft] = useState(0);
  const [hint, setHint] = useState(false);
  const timer = useRef(/** @type {any} */ (undefined));
  const touched = useRef(false);

  useEffect(() => () => clearTimeout(timer.current), []);

  const fire = () => {
    setHolding(false);
    setLeft(0);
    setHint(false);
    vibrate([200]);
    ask();
  };

  /** @param {PointerEvent} event */
  const press = (event) => {
    if (isVirtual(event) || event.button !== 0) return;
    touched.current = true;
    if (left > 0) return;
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    setHolding(true);
    setHint(false);
    vibrate([60]);
    clearTimeout(timer.current);
    timer.current = setTimeout(fire, HOLD_MS);
  };

  const release = () => {
    if (!holding) return;
    clearTimeout(timer.current);
    setHolding(false);
    setHint(true);
    announce(say("sos.again"));
  };

  const click = () => {
    // A finger's click ends its hold; only what came without one counts.
    const finger = touched.current;
    touched.current = false;
    if (left > 0) return cancel();
    if (!finger) count(COUNT_S);
  };

  /** @param {number} seconds */
  const count = (seconds) => {
    setHint(false);
    setLeft(seconds);
    if (seconds === 0) return fire();
    announce(say("sos.counting", { seconds }));
    timer.current = setTimeout(() => count(seconds - 1), 1000);
  };

  const cancel = () => {
    clearTimeout(timer.current);
    setLeft(0);
    announce(say("sos.cancelled"));
  };

  const label = left > 0
    ? say("sos.counting", { seconds: left })
    : say(holding ? "sos.holding" : "sos.hold");
  return html`
    <div class="hold-place">
      ${hint && html`<p class="hold-hint">${say("sos.again")}</p>`}
      <button type="button" class=${`hold ${holding ? "holding" : ""} ${left > 0 ? "counting" : ""}`}
        aria-describedby="hold-description"
        onPointerDown=${press} onPointerUp=${release} onPointerCancel=${release}
        onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${click}>
        <span class="hold-bar" aria-hidden="true"></span>
        <span class="hold-label"><${Glyph} name="hand" />${label}</span>
      </button>
      <span id="hold-description" hidden>${say("sos.description")}</span>
    </div>`;
}

/**
 * Screen readers make pointer events of their own: without size, or a mouse that presses nothing.
 * @param {PointerEvent} event
 */
function isVirtual(event) {
  if (event.width === 0 && event.height === 0) return true;
  return event.pointerType === "mouse" && event.pressure === 0;
}
