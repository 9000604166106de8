/**
 * What she asked of the centre and the centre has not confirmed: kept on the phone, sent again
 * until it is, and never doubled, because every sending of a request carries the same id.
 *
 * @typedef {{id: string, path: string, body: Record<string, unknown>}} Letter
 * @typedef {{state: number, answer: any}} Outcome `state` is the HTTP status, 0 for no answer
 */

import { HttpFault, postJson, session } from "../parts/http.js";

const KEY = "notes.unsent";
const RETRY_MS = 2500;
/** Carried out. Merely written down (202) is not: nobody may have been told of it. */
export const DONE = 200;
const PENDING = 202;

export class Outbox {
  /**
   * @param {(letter: Letter, outcome: Outcome) => void} told what became of a sending
   * @param {Storage} [storage]
   */
  constructor(told, storage = localStorage) {
    this.told = told;
    this.storage = storage;
    this.sending = false;
    setInterval(() => this.flush(), RETRY_MS);
  }

  /** @returns {Letter[]} */
  get letters() {
    try {
      return JSON.parse(this.storage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @param {Letter} letter */
  add(letter) {
    this.#keep([...this.letters.filter((kept) => kept.id !== letter.id), letter]);
    return this.flush();
  }

  /** Send what is waiting, one after the other. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (const letter of this.letters) {
        if (!(await this.#send(letter))) break;
      }
    } finally {
      this.sending = false;
    }
  }

  /** @param {Letter} letter @returns {Promise<boolean>} whether the next may go */
  async #send(letter) {
    const outcome = await this.#post(letter, letter.body);
    if (outcome.state === DONE) this.#keep(this.letters.filter((kept) => kept.id !== letter.id));
    this.told(letter, outcome);
    return outcome.state !== 0;
  }

  /** @param {Letter} letter @param {Record<string, unknown>} body @returns {Promise<Outcome>} */
  async #post(letter, body) {
    const outcome = await attempt(letter, body);
    if (outcome.state === 403) {
      // The token may be of an earlier session: learn it anew, once.
      await session().catch(() => {});
      return attempt(letter, body);
    }
    if (outcome.state === 422 && Object.keys(body).length > 2) {
      // A request for help must not fail for what was added to it.
      return attempt(letter, { id: body["id"], at: body["at"] });
    }
    return outcome;
  }

  /** @param {Letter[]} letters */
  #keep(letters) {
    if (letters.length === 0) this.storage.removeItem(KEY);
    else this.storage.setItem(KEY, JSON.stringify(letters));
  }
}

/** @param {Letter} letter @param {Record<string, unknown>} body @returns {Promise<Outcome>} */
async function attempt(letter, body) {
  try {
    const answer = await postJson(letter.path, body, letter.id);
    return { state: answer.pending === true ? PENDING : DONE, answer };
  } catch (error) {
    return { state: error instanceof HttpFault ? error.state : 0, answer: null };
  }
}
