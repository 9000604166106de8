/**
 * A live link that tells the truth about itself.
 *
 * It opens the websocket, resumes after the last cursor it was given, and calls the link lost
 * when nothing, not even a heartbeat, came for 12 seconds: an open socket proves nothing. It then
 * starts over, and goes on until the page is closed.
 *
 * @typedef {"connecting" | "live" | "lost" | "refused"} Phase
 * @typedef {{phase: Phase, heardAt: number | null}} LinkState `heardAt` is the browser's clock
 * @typedef {{type: string, cursor?: string, at?: string, kind?: string, data?: any}} Frame
 */

const SILENCE_MS = 12_000;
const WATCH_MS = 500;
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const REFUSED_RETRY_MS = 30_000;
const SIGNED_OUT = [4401, 4403];
/** Too many links of ours: coming back at once would only push out another. */
const SUPERSEDED = 4408;

export class Live {
  /**
   * @param {object} options
   * @param {string} options.path of the websocket
   * @param {string} options.page this page's address, asked whether we are still signed in
   * @param {(frame: Frame) => void} options.receive snapshots and events, in order
   * @param {(state: LinkState) => void} options.changed
   * @param {(at: string) => void} [options.heard] every time the server names
   */
  constructor({ path, page, receive, changed, heard }) {
    this.path = path;
    this.page = page;
    this.receive = receive;
    this.changed = changed;
    this.heard = heard ?? (() => {});
    /** @type {LinkState} */
    this.state = { phase: "connecting", heardAt: null };
    /** @type {string | null} */
    this.cursor = null;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.failures = 0;
    this.startedAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    this.everOpened = false;
    this.stopped = false;
  }

  start() {
    this.#connect();
    setInterval(() => this.#watch(), WATCH_MS);
    // A phone that wakes up should not wait for a timer to find out.
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      this.#watch();
      if (document.visibilityState === "visible") this.#hurry();
    });
    addEventListener("offline", () => this.#lose());
  }

  /** Give up for good: this page's visitor may not have the link. */
  stop() {
    this.stopped = true;
    clearTimeout(this.retry);
    this.#drop();
  }

  /**
   * Send a frame if the link is live.
   * @param {object} frame
   * @returns {boolean} whether it was handed to a live link; that it arrived is not known
   */
  send(frame) {
    if (this.state.phase !== "live" || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    clearTimeout(this.retry);
    this.retry = undefined;
    if (this.stopped) return;
    this.#drop();
    this.everOpened = false;
    this.startedAt = Date.now();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket = socket;
    socket.onopen = () => {
      this.everOpened = true;
      // Without a cursor this asks for a snapshot, and spares the server its wait for us.
      socket.send(JSON.stringify({ type: "resume", after: this.cursor ?? "" }));
    };
    socket.onmessage = (message) => this.#take(message.data);
    socket.onclose = (event) => this.#closed(event.code);
  }

  /** @param {string} text */
  #take(text) {
    /** @type {Frame} */
    const frame = JSON.parse(text);
    this.failures = 0;
    if (frame.at !== undefined) this.heard(frame.at);
    this.#become({ phase: "live", heardAt: Date.now() });
    if (frame.type !== "snapshot" && frame.type !== "event") return;
    this.receive(frame);
    // Only now: what was not shown must come again.
    if (frame.cursor !== undefined) this.cursor = frame.cursor;
  }

  #watch() {
    const { phase, heardAt } = this.state;
    const silence = Math.abs(Date.now() - Math.max(heardAt ?? 0, this.startedAt));
    if (this.socket !== null && silence > SILENCE_MS) this.#lose();
    else if (phase === "live" && heardAt !== null && Date.now() - heardAt > SILENCE_MS) this.#lose();
  }

  #lose() {
    this.#drop();
    this.#become({ phase: "lost", heardAt: this.state.heardAt });
    this.#again();
  }

  /** @param {number} code */
  async #closed(code) {
    const opened = this.everOpened;
    this.#drop();
    const refused = SIGNED_OUT.includes(code) || (!opened && (await this.#signedOut()));
    if (this.socket !== null) return;
    if (refused) {
      this.#become({ phase: "refused", heardAt: this.state.heardAt });
      this.retry ??= setTimeout(() => this.#connect(), REFUSED_RETRY_MS);
      return;
    }
    this.#become({ phase: "lost", heardAt: this.state.heardAt });
    if (code === SUPERSEDED) this.retry ??= setTimeout(() => this.#connect(), REFUSED_RETRY_MS);
    else this.#again();
  }

  /** A refused handshake does not say why; our own page sends away whoever is not signed in. */
  async #signedOut() {
    try {
      const answer = await fetch(this.page, {
        redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(5000),
      });
      return answer.type === "opaqueredirect";
    } catch {
      return false;
    }
  }

  #again() {
    if (this.retry !== undefined) return;
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 4000;
    this.failures += 1;
    // Spread out, so that a thousand phones do not come back in the same instant.
    this.retry = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #hurry() {
    if (this.socket === null) this.#connect();
  }

  #drop() {
    const socket = this.socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.socket = null;
  }

  /** @param {LinkState} state */
  #become(state) {
    this.state = state;
    this.changed(state);
  }
}
