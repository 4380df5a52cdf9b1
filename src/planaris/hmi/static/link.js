// The live channel: snapshot, numbered differences, beats, trace frames, commands. Whoever shows a number asks `isLive`.

import { session } from "./session.js";
import { change, replace, tell } from "./store.js";

/** @typedef {"connecting" | "live" | "stale" | "closed"} LinkState */
/** @typedef {{status: string, why: string, command_id?: string}} Answer */

/** A value older than this is no live value. The server beats every 0.5 s; looking every 0.2 s keeps it below 2 s. */
const STALE_MS = 1500;
const LOOK_MS = 200;
/** A link that is silent for so long is taken down and made anew. */
const SILENT_MS = 4000;
const RETRY_MS = [250, 500, 1000, 2000, 3000];
const EXPIRES_S = 10;
/** After a command's time has passed the server may still be on its way to say so. */
const GRACE_MS = 1500;
/** How long work may take that the server has taken up. */
const WORK_MS = 120_000;

/** @type {LinkState} */
let status = "closed";
/** @type {WebSocket | null} */
let socket = null;
/** When anything came, and when the controller was last heard through a beat or a snapshot. */
let heard_ms = -Infinity;
let beat_ms = -Infinity;
let opened_ms = 0;
let number = -1;
let tries = 0;
/** @type {number | undefined} */
let again;
/** @type {{tags: string[], hz: number}} */
let watched = { tags: [], hz: 20 };
/** @type {(frame: TraceFrame) => void} */
let onFrame = () => {};
let toolTime_s = NaN;
let timeAt_ms = 0;
let speed = 1;
let bye = "";

/**
 * @typedef {object} Pending
 * @property {string} verb
 * @property {Record<string, unknown>} args
 * @property {string} reason
 * @property {number} until_ms
 * @property {(answer: Answer) => void} settle
 */

/** @type {Map<string, Pending>} */
const pending = new Map();

/** @returns {LinkState} */
export const linkState = () => status;
export const isLive = () => status === "live";
/** Which reason the server gave as it closed the channel, '' if it gave none. */
export const byeReason = () => bye;
/** The verbs that wait for an answer. */
export const waiting = () => [...pending.values()].map((p) => p.verb);

/** Tool time now, in seconds: the last beat's and what has passed since; NaN while nothing is live. */
export function toolTime() {
  if (!isLive()) return NaN;
  return toolTime_s + ((performance.now() - timeAt_ms) / 1000) * (Number.isFinite(speed) ? speed : 0);
}

/** @param {LinkState} now */
function become(now) {
  if (status === now) return;
  status = now;
  document.documentElement.dataset.link = now;
  tell();
}

/** Open the channel and keep it open until `close`. */
export function open() {
  clearTimeout(again);
  if (!session() || socket) return;
  if (status === "closed") become("connecting");
  opened_ms = performance.now();
  const made = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  made.binaryType = "arraybuffer";
  socket = made;
  bye = "";
  made.onopen = () => say({ t: "hello", v: 1, csrf: session()?.csrf ?? "" });
  made.onmessage = (event) => {
    if (socket !== made) return;
    heard_ms = performance.now();
    if (typeof event.data === "string") take(JSON.parse(event.data));
    else onFrame(decode(event.data));
  };
  made.onclose = () => {
    if (socket === made) lost();
  };
}

/** Close the channel for good, as at sign-out. */
export function close() {
  clearTimeout(again);
  const old = socket;
  socket = null;
  old?.close();
  number = -1;
  for (const [key, command] of pending) {
    pending.delete(key);
    command.settle({ status: "unknown", why: "" });
  }
  become("closed");
}

function lost() {
  socket = null;
  number = -1;
  if (status === "closed") return;
  if (status === "live") become("stale");
  clearTimeout(again);
  const wait_ms = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 3000;
  tries += 1;
  again = setTimeout(open, wait_ms);
}

function look() {
  const now = performance.now();
  if (status === "live" && now - beat_ms > STALE_MS) become("stale");
  if (socket && now - Math.max(heard_ms, opened_ms) > SILENT_MS) {
    const dead = socket;
    socket = null;
    dead.onclose = null;
    dead.close();
    lost();
  }
  for (const [key, command] of pending) {
    if (now < command.until_ms + GRACE_MS) continue;
    pending.delete(key);
    command.settle({ status: "unknown", why: "" });
    tell();
  }
}
setInterval(look, LOOK_MS);
document.addEventListener("visibilitychange", look);
addEventListener("pageshow", look);
addEventListener("online", () => {
  tries = 0;
  if (!socket && status !== "closed") open();
});

/** @param {Record<string, unknown>} message */
function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** @param {import("./types.js").ServerMessage} message */
function take(message) {
  switch (message.t) {
    case "snapshot":
      number = message.n;
      tries = 0;
      beat_ms = performance.now();
      take_time(message.state.time.tool_time_s);
      speed = message.state.tool.speed;
      replace(message.state);
      become("live");
      if (watched.tags.length) say({ t: "watch", ...watched });
      for (const [key, command] of pending) send(key, command);
      break;
    case "diff":
      if (message.n !== number + 1) return ask();
      number = message.n;
      change(message.set, message.del);
      break;
    case "beat":
      take_time(message.tool_time_s);
      beat_ms = performance.now();
      if (number < 0) return undefined;
      if (message.n !== number) return ask();
      if (status === "stale") become("live");
      break;
    case "answer": {
      const command = pending.get(message.key);
      if (!command) return undefined;
      if (message.status === "accepted") {
        command.until_ms = performance.now() + WORK_MS;
        return undefined;
      }
      pending.delete(message.key);
      command.settle({ status: message.status, why: message.why, command_id: message.command_id });
      tell();
      break;
    }
    case "watching":
      named = message.tags;
      break;
    case "bye":
      bye = message.code;
      break;
    default:
  }
  return undefined;
}

/** @param {unknown} time_s */
function take_time(time_s) {
  if (typeof time_s !== "number") return;
  toolTime_s = time_s;
  timeAt_ms = performance.now();
}

/** What was shown has a gap: it is no live value until a snapshot has come. */
function ask() {
  number = -1;
  become("stale");
  say({ t: "again" });
}

/** @type {string[]} */
let named = [];

/**
 * Values of one moment for several tags; `values[k]` belongs to `tags[k]`.
 * @typedef {{tags: string[], t0_s: number, dt_s: number, values: Float32Array[]}} TraceFrame
 */

/**
 * Read a binary frame: kind, version, channels, sequence, t0, dt, samples, channel numbers, values; little-endian.
 * @param {ArrayBuffer} buffer
 * @returns {TraceFrame}
 */
export function decode(buffer) {
  const view = new DataView(buffer);
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== 1) throw new Error("a frame of an unknown kind");
  const channels = view.getUint16(2, true);
  const t0_s = view.getFloat64(8, true);
  const dt_s = view.getFloat32(16, true);
  const samples = view.getUint16(20, true);
  const tags = [];
  const values = [];
  let at = 24 + 2 * (channels + (channels % 2));
  for (let k = 0; k < channels; k++) {
    tags.push(named[view.getUint16(24 + 2 * k, true)] ?? "");
    const channel = new Float32Array(samples);
    for (let j = 0; j < samples; j++, at += 4) channel[j] = view.getFloat32(at, true);
    values.push(channel);
  }
  return { tags, t0_s, dt_s, values };
}

/**
 * Have the server send these tags; an empty list ends it.
 * @param {string[]} tags
 * @param {(frame: TraceFrame) => void} listener
 * @param {number} [hz]
 */
export function watchTags(tags, listener, hz = 20) {
  watched = { tags, hz };
  onFrame = listener;
  if (status === "live") say({ t: "watch", ...watched });
}

/**
 * Give a command once. The same key goes again only where an answer may have been lost, so that nothing is done twice.
 * A command whose time has passed without an answer ends as `unknown`: look at the tool before you try again.
 * @param {string} verb
 * @param {Record<string, unknown>} args
 * @param {string} reason
 * @returns {Promise<Answer>}
 */
export function command(verb, args, reason) {
  if (!isLive()) return Promise.resolve({ status: "refused", why: "offline" });
  const key = newKey();
  return new Promise((resolve) => {
    const made = { verb, args, reason, until_ms: performance.now() + 1000 * EXPIRES_S, settle: resolve };
    pending.set(key, made);
    send(key, made);
    tell();
  });
}

/**
 * @param {string} key
 * @param {Pending} given
 */
function send(key, given) {
  const left_s = Math.max(0, (given.until_ms - performance.now()) / 1000);
  say({ t: "command", key, verb: given.verb, args: given.args, reason: given.reason, expires_s: Math.round(left_s * 100) / 100 });
}

/** A random key; `randomUUID` exists only where the page came over TLS or from this machine. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
