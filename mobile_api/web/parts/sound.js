/**
 * Sounds made of plain tones; nothing is fetched. A browser lets a page sound only after the
 * person touched it, so whether sound works is a state that the page shows.
 *
 * @typedef {{frequency: number, seconds: number, gap?: number}} Tone
 */

/** @type {AudioContext | null} */
let context = null;

/** @type {Record<string, Tone[]>} */
export const TUNES = {
  danger: [{ frequency: 620, seconds: 0.22 }, { frequency: 930, seconds: 0.34 }],
  technical: [{ frequency: 440, seconds: 0.25 }],
  clear: [{ frequency: 660, seconds: 0.25 }, { frequency: 495, seconds: 0.4 }],
  P1: [...burst(5, 880), ...burst(5, 880)],
  P2: burst(3, 660),
  P3: burst(1, 520),
};

/** @param {number} count @param {number} frequency @returns {Tone[]} */
function burst(count, frequency) {
  return Array.from({ length: count }, (_, index) => ({
    frequency,
    seconds: 0.13,
    gap: index === count - 1 ? 0.45 : 0.07,
  }));
}

/** Ask for sound. Works only within a touch or a key press. */
export async function unlock() {
  const Context = globalThis.AudioContext;
  if (Context === undefined) return false;
  context ??= new Context();
  await context.resume().catch(() => {});
  return isOn();
}

export function isOn() {
  return context !== null && context.state === "running";
}

/**
 * @param {string} name of a tune
 * @param {number} [volume] 0 to 1
 */
export function play(name, volume = 0.5) {
  if (context === null || context.state !== "running") return;
  let at = context.currentTime + 0.02;
  for (const { frequency, seconds, gap } of TUNES[name] ?? []) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = "triangle";
    oscillator.frequency.value = frequency;
    // Soft edges: a tone cut off hard clicks.
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(volume, at + 0.015);
    gain.gain.setValueAtTime(volume, at + seconds - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + seconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds);
    at += seconds + (gap ?? 0.03);
  }
}

/** @param {number[]} pattern milliseconds on and off */
export function vibrate(pattern) {
  if (typeof navigator.vibrate === "function") navigator.vibrate(pattern);
}
