// Small trees of elements, and a patch that changes what is on the page as little as it can.

/**
 * What may stand inside an element; null and false leave nothing.
 * @typedef {Node | string | number | null | undefined | false | ReadonlyArray<any>} Child
 */

/** @typedef {Record<string, unknown>} Props */

/**
 * What is remembered of an element: its key, listeners, whether it looks after itself, what is mounted in it, whether the
 * page ticks its box.
 * @typedef {{key: unknown, listeners: Record<string, unknown>, kept: boolean, mount: Node | null, checks: boolean}} Note
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `class` may be a list with falsy members; `on…` are listeners; `key` tells siblings apart in a patch;
 * `mount` is an element that lives on by itself, as a chart: it is put in once the place stands on the page.
 * `style` is a table of custom properties (the page's policy forbids style texts).
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  return /** @type {HTMLElement} */ (fill(document.createElement(tag), props, children));
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function s(tag, props, ...children) {
  return /** @type {SVGElement} */ (fill(document.createElementNS(SVG, tag), props, children));
}

/** @type {WeakMap<Node, Note>} */
const notes = new WeakMap();

/**
 * @param {Element} element
 * @param {Props | null | undefined} props
 * @param {Child[]} children
 */
function fill(element, props, children) {
  /** @type {Note} */
  const note = { key: undefined, listeners: {}, kept: false, mount: null, checks: props !== null && props !== undefined && "checked" in props };
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === "key") note.key = value;
    else if (name === "keep") note.kept = Boolean(value);
    else if (name === "mount") note.mount = /** @type {Node} */ (value);
    else if (name.startsWith("on")) {
      note.listeners[name] = value;
      /** @type {any} */ (element)[name] = value;
    } else if (name === "style") {
      for (const [property, text] of Object.entries(/** @type {Record<string, string>} */ (value))) {
        /** @type {HTMLElement} */ (element).style.setProperty(property, text);
      }
    } else if (name === "class") {
      const names = Array.isArray(value) ? value.filter(Boolean).join(" ") : String(value ?? "");
      if (names) element.setAttribute("class", names);
    } else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
    if (name === "value" || name === "checked" || name === "selected") /** @type {any} */ (element)[name] = value;
  }
  notes.set(element, note);
  put(element, children);
  return element;
}

/**
 * @param {Node} parent
 * @param {Child[]} children
 */
function put(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === "") continue;
    if (Array.isArray(child)) put(parent, child);
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Make what stands inside `parent` equal to `children`, keeping elements (with focus, scroll and typed text) where they match.
 * An element made with `keep` is left as it is once it stands there: charts and forms look after themselves.
 * @param {Element} parent
 * @param {...Child} children
 */
export function patch(parent, ...children) {
  const wanted = document.createDocumentFragment();
  put(wanted, children);
  level(parent, [...wanted.childNodes]);
}

/** @param {Node} node */
const keyOf = (node) => notes.get(node)?.key;

/**
 * @param {Node} old
 * @param {Node} fresh
 */
function alike(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);
}

/**
 * @param {Node} parent
 * @param {Node[]} wanted
 */
function level(parent, wanted) {
  /** @type {Map<unknown, Node>} */
  const keyed = new Map();
  for (const child of parent.childNodes) if (keyOf(child) !== undefined) keyed.set(keyOf(child), child);
  let at = parent.firstChild;
  for (const fresh of wanted) {
    const key = keyOf(fresh);
    let match = key === undefined ? at : (keyed.get(key) ?? null);
    if (match && match !== fresh && !alike(match, fresh)) match = null;
    if (!match) {
      parent.insertBefore(fresh, at);
      mounted(fresh);
      continue;
    }
    if (match !== at) parent.insertBefore(match, at);
    else at = at.nextSibling;
    if (match !== fresh) become(match, fresh);
  }
  while (at) {
    const next = at.nextSibling;
    parent.removeChild(at);
    at = next;
  }
}

/** Put in what is to be mounted in an element or below it. @param {Node} fresh */
function mounted(fresh) {
  const mount = notes.get(fresh)?.mount;
  if (mount) fresh.appendChild(mount);
  else for (const child of fresh.childNodes) mounted(child);
}

/**
 * @param {Node} old
 * @param {Node} fresh
 */
function become(old, fresh) {
  if (!(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  const [was, is] = [notes.get(old), notes.get(fresh)];
  if (is?.mount) {
    if (old.firstChild !== is.mount) old.replaceChildren(is.mount);
    return;
  }
  if (is?.kept) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    // A style text as an attribute is what the page's policy forbids; by the object model it may be set.
    if (name === "style") /** @type {HTMLElement} */ (old).style.cssText = value;
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of Object.keys(was?.listeners ?? {})) if (!is?.listeners[name]) /** @type {any} */ (old)[name] = null;
  for (const [name, value] of Object.entries(is?.listeners ?? {})) /** @type {any} */ (old)[name] = value;
  if (is) notes.set(old, is);
  level(old, [...fresh.childNodes]);
  // What a person is typing or has typed stays; only what the page gave a value follows the page.
  if (old === document.activeElement) return;
  if (old instanceof HTMLInputElement && fresh instanceof HTMLInputElement) {
    if (fresh.hasAttribute("value") && old.value !== fresh.value) old.value = fresh.value;
    if (notes.get(fresh)?.checks) old.checked = fresh.checked;
  }
  if (old instanceof HTMLSelectElement && fresh instanceof HTMLSelectElement && fresh.querySelector("[selected]")) {
    old.value = fresh.value;
  }
}

/**
 * Return the element that a selector finds; raise where there is none.
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}
