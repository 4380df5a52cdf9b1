// What the server said last, as one tree that is never changed in place: what stayed equal stays the same object.

/** @typedef {string[]} Path */

/** @type {any} */
let tree = {};
/** @type {Set<() => void>} */
const listeners = new Set();
let asked = false;

/** @returns {import("./types.js").State} */
export function state() {
  return tree;
}

/**
 * Take a whole state.
 * @param {unknown} fresh
 */
export function replace(fresh) {
  tree = fresh;
  tell();
}

/**
 * Take differences: paths to delete, then values to set.
 * @param {[Path, unknown][]} set
 * @param {Path[]} del
 */
export function change(set, del) {
  for (const path of del) tree = drop(tree, path, 0);
  for (const [path, value] of set) tree = put(tree, path, 0, value);
  tell();
}

/**
 * @param {any} node
 * @param {Path} path
 * @param {number} at
 * @param {unknown} value
 * @returns {any}
 */
function put(node, path, at, value) {
  const key = path[at];
  if (key === undefined) return value;
  const copy = Array.isArray(node) ? [...node] : { ...node };
  /** @type {any} */ (copy)[key] = put(/** @type {any} */ (copy)[key] ?? {}, path, at + 1, value);
  return copy;
}

/**
 * @param {any} node
 * @param {Path} path
 * @param {number} at
 * @returns {any}
 */
function drop(node, path, at) {
  const key = path[at];
  if (key === undefined || node === null || typeof node !== "object" || !(key in node)) return node;
  const copy = Array.isArray(node) ? [...node] : { ...node };
  if (at < path.length - 1) /** @type {any} */ (copy)[key] = drop(/** @type {any} */ (copy)[key], path, at + 1);
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete (/** @type {any} */ (copy)[key]);
  return copy;
}

/** Have everybody look again, at most once a frame; a hidden page is told by a timer. */
export function tell() {
  if (asked) return;
  asked = true;
  const run = () => {
    if (!asked) return;
    asked = false;
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        reportError(error); // one part of the page that fails must not leave the others old
      }
    }
  };
  if (document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(run);
}

/**
 * Call `show` now and whenever what `pick` returns is another value; return what ends it.
 * @template T
 * @param {() => T} pick
 * @param {(value: T) => void} show
 * @returns {() => void}
 */
export function watch(pick, show) {
  /** @type {{value: T} | null} */
  let before = null;
  const look = () => {
    const value = pick();
    if (before && Object.is(value, before.value)) return;
    before = { value };
    show(value);
  };
  listeners.add(look);
  look();
  return () => listeners.delete(look);
}

/** Return what a page calls whenever it is shown: it loads again when another wafer was finished. @param {() => Promise<void>} load */
export function againAfterWafers(load) {
  let finished = -1;
  return () => {
    const now = state().throughput.finished_count;
    if (finished >= 0 && now !== finished) void load();
    finished = now;
  };
}
