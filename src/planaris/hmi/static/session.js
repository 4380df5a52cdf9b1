// Who is signed in, and requests to the server.

/** @typedef {import("./types.js").SessionBody} Session */

/** A silent network answers nothing: then a request ends as if the server could not be reached. */
const LIMIT_MS = 15_000;

/** @type {Session | null} */
let now = null;
/** @type {() => void} */
let onLost = () => {};

/** @returns {Session | null} */
export const session = () => now;

/** @param {() => void} listener called when the server no longer knows the session */
export function whenLost(listener) {
  onLost = listener;
}

/** An answer of the server other than 2xx: its status and what it said. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    super(String(body?.error ?? body?.why ?? `HTTP ${status}`));
    this.status = status;
    this.body = body;
  }
}

/**
 * Ask the server. Raises ApiError; status 0 where it cannot be reached.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (method !== "GET" && now) headers["X-CSRF-Token"] = now.csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  /** @type {RequestInit} */
  const how = { method, headers, credentials: "same-origin" };
  if (body !== undefined) how.body = JSON.stringify(body);
  const limit = AbortSignal.timeout(LIMIT_MS);
  how.signal = signal ? AbortSignal.any([signal, limit]) : limit;
  let response;
  try {
    response = await fetch(path, how);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { error: "offline" });
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const said = await (isJson ? response.json() : response.text()).catch(() => {
    throw new ApiError(0, { error: "offline" });
  });
  if (response.ok) return said;
  if (response.status === 401 && now) {
    now = null;
    onLost();
  }
  const wait = response.headers.get("Retry-After");
  throw new ApiError(response.status, isJson ? { retry_after_s: wait, ...said } : { error: said, retry_after_s: wait });
}

/** @param {string} path @returns {Promise<any>} */
export const get = (path) => ask("GET", path);

/** Ask who is signed in; null for nobody. */
export async function resume() {
  try {
    now = await get("/api/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    now = null;
  }
  return now;
}

/**
 * @param {string} user
 * @param {string} password
 */
export async function signIn(user, password) {
  now = await ask("POST", "/api/sign-in", { user, password });
  return now;
}

export async function signOut() {
  try {
    await ask("POST", "/api/sign-out", {});
  } finally {
    now = null;
  }
}

/**
 * @param {string} old
 * @param {string} fresh
 */
export async function changePassword(old, fresh) {
  await ask("POST", "/api/password", { old, new: fresh });
  if (now) now = { ...now, must_change_password: false };
}
