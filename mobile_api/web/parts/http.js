/**
 * Calls to our own server: JSON both ways, a deadline on each, faults as one kind of error.
 *
 * A state-changing call carries the token that `GET /api/v1/session` gives to a cookie session.
 * Her phone may have none: then the header is left out.
 */

const DEADLINE_MS = 8000;

/** A call that did not succeed. `state` is the HTTP status, 0 where no answer came. */
export class HttpFault extends Error {
  /**
   * @param {number} state
   * @param {string} detail what the server said, for people
   * @param {string} [kind] the `type` of the problem document
   */
  constructor(state, detail, kind = "") {
    super(detail);
    this.state = state;
    this.kind = kind;
  }
}

/** @type {string | null} */
let token = null;

/**
 * Learn who we are, and the token for what changes something.
 * @returns {Promise<Record<string, any>>}
 */
export async function session() {
  const known = await getJson("/api/v1/session");
  token = known["csrf_token"] ?? null;
  return known;
}

/**
 * @param {string} path
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>}
 */
export function getJson(path, headers = {}) {
  return call("GET", path, undefined, headers);
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {string} [key] the same key twice has one effect
 * @returns {Promise<any>}
 */
export function postJson(path, body, key) {
  return call("POST", path, body, key === undefined ? {} : { "Idempotency-Key": key });
}

/** @param {string} path @returns {Promise<any>} */
export function remove(path) {
  return call("DELETE", path, undefined, {});
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} headers
 */
async function call(method, path, body, headers) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token === null || method === "GET" ? {} : { "X-CSRF-Token": token }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new HttpFault(0, "");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new HttpFault(answer.status, said.detail ?? said.title ?? "", said.type ?? "");
  }
  return said;
}
