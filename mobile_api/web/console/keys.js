/**
 * Single-key shortcuts. They never fire while somebody types, with a modifier, or in a dialog,
 * and can be switched off.
 */

const TYPING = "input, textarea, select, [contenteditable]";

/**
 * @param {Record<string, () => void>} deeds by key, lower case
 * @param {() => boolean} on
 */
export function onKeys(deeds, on) {
  addEventListener("keydown", (event) => {
    if (!on() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    const deed = deeds[event.key.toLowerCase()];
    if (deed === undefined) return;
    event.preventDefault();
    deed();
  });
}

/** Move between the rows of the queue. @param {1 | -1} step */
export function moveInQueue(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".row")]);
  if (rows.length === 0) return;
  const here = rows.findIndex((row) => row === document.activeElement);
  const chosen = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = here !== -1 ? here : chosen;
  const next = from === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, from + step));
  rows[next]?.focus();
}
