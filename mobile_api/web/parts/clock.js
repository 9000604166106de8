/**
 * Time: the server's, as far as it can be told, and how times and ages are written.
 */

const KEPT = 20;

/**
 * The server's clock, learnt from the times in its frames. A frame is always late by its way
 * here, so the frame that was least late tells best.
 */
export class ServerClock {
  constructor() {
    /** @type {number[]} */
    this.leads = [];
  }

  /** @param {string | undefined} at when the server sent something, RFC 3339 */
  hear(at) {
    const instant = Date.parse(at ?? "");
    if (Number.isNaN(instant)) return;
    this.leads.push(instant - Date.now());
    if (this.leads.length > KEPT) this.leads.shift();
  }

  /** @returns {number} milliseconds since 1970 */
  now() {
    return Date.now() + (this.leads.length === 0 ? 0 : Math.max(...this.leads));
  }
}

/** @param {string} language */
export function timeWriter(language) {
  const short = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const long = new Intl.DateTimeFormat(language, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  /** @param {Intl.DateTimeFormat} format @param {string | number | null | undefined} at */
  const write = (format, at) => {
    const instant = typeof at === "number" ? at : Date.parse(at ?? "");
    return Number.isFinite(instant) ? format.format(instant) : "";
  };
  return {
    /** @param {string | number | null | undefined} at */
    minute: (at) => write(short, at),
    /** @param {string | number | null | undefined} at */
    second: (at) => write(long, at),
  };
}
