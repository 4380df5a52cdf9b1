// A form made from a JSON schema: every field with its unit as it was typed, and every fault at its field.

import { h } from "./dom.js";
import { unitOf } from "./format.js";
import { t, tOr } from "./i18n.js";
import { forms, keyIn, scaled } from "./units.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./rest.js").Fault} Fault */
/** @typedef {Record<string, any>} Table */

/**
 * @typedef {object} FormContext
 * @property {any} schema the whole schema, for what it refers to
 * @property {(path: string) => Fault[]} faults by path, whatever unit it was typed in
 * @property {() => void} changed
 * @property {boolean} readOnly
 */

/** Follow references and take null out of what may be null. @param {any} root @param {any} node @returns {any} */
export function resolved(root, node) {
  let at = node;
  if (at?.anyOf) at = { ...at, ...at.anyOf.find((/** @type {any} */ one) => one.type !== "null") };
  if (at?.$ref) at = { ...at, ...root.$defs[at.$ref.split("/").pop()] };
  return at ?? {};
}

/** What a field is called. @param {string} name */
const label = (name) => tOr("recipe", name);

/**
 * Fields of an object in the schema's order; those in `skip` are shown elsewhere.
 * @param {FormContext} form
 * @param {any} schema
 * @param {Table} table
 * @param {string} path
 * @param {string[]} [skip]
 * @returns {Child}
 */
export function fields(form, schema, table, path, skip = []) {
  return h(
    "div",
    { class: "form-grid" },
    Object.entries(schema.properties ?? {})
      .filter(([name]) => !skip.includes(name))
      .map(([name, raw]) => field(form, name, resolved(form.schema, raw), table, path, (schema.required ?? []).includes(name))),
  );
}

/**
 * @param {FormContext} form
 * @param {string} name
 * @param {any} schema
 * @param {Table} table
 * @param {string} path
 * @param {boolean} required
 * @returns {Child}
 */
function field(form, name, schema, table, path, required) {
  const at = path ? `${path}.${name}` : name;
  if (schema.type === "object") return group(form, name, schema, table, at, required);
  if (schema.type === "array" && resolved(form.schema, schema.items).type === "object") return many(form, name, schema, table, at);
  const key = keyIn(table, name);
  const faults = form.faults(at);
  const id = `f-${at}`;
  const value = table[key];
  const set = (/** @type {unknown} */ entered) => {
    if (entered === undefined) delete table[key];
    else table[key] = entered;
    form.changed();
  };
  const invalid = faults.length ? "true" : null;
  const shared = { id, "aria-invalid": invalid, "aria-describedby": faults.length ? `${id}-fault` : null, disabled: form.readOnly };
  /** @type {Child} */
  let input;
  if (schema.enum) {
    const onchange = (/** @type {Event} */ e) => set(/** @type {HTMLSelectElement} */ (e.currentTarget).value || undefined);
    input = h("select", { ...shared, onchange }, required ? null : h("option", { value: "" }, defaultText(schema)), schema.enum.map((/** @type {string} */ one) => h("option", { value: one, selected: one === value }, tOr("choice", one))));
  } else if (schema.type === "array") input = numbers(shared, Array.isArray(value) ? value : [], schema, set, id);
  else {
    const numeric = schema.type === "number" || schema.type === "integer";
    const oninput = (/** @type {Event} */ e) => set(typed(/** @type {HTMLInputElement} */ (e.currentTarget).value, numeric));
    input = h("input", { ...shared, type: "text", inputmode: numeric ? "decimal" : null, value: value ?? "", placeholder: required ? "" : defaultText(schema), oninput });
  }
  return h(
    "div",
    { class: ["field", schema.type === "array" && "wide"], key: at, "data-path": at },
    h("label", { for: id }, label(name)),
    h("div", { class: "row entry" }, input, unit(form, name, table, key)),
    faults.map((fault) => h("p", { class: "fault", id: `${id}-fault` }, told(fault))),
  );
}

/** @param {string} text @param {boolean} numeric @returns {unknown} */
function typed(text, numeric) {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (!numeric) return text;
  const number = Number(trimmed.replace("−", "-"));
  return Number.isFinite(number) ? number : trimmed; // what is no number is sent as it is: the server says so at its field
}

/** @param {any} schema */
const defaultText = (schema) => (schema.default === null || schema.default === undefined ? t("field.none") : String(schema.default));

/** @param {Fault} fault */
export const told = (fault) => [fault.problem, fault.limit ? `(${fault.limit}${fault.unit ? ` ${fault.unit}` : ""})` : "", fault.remedy ? `– ${fault.remedy}` : ""].filter(Boolean).join(" ");

/**
 * @param {Table} shared
 * @param {unknown[]} value
 * @param {any} schema
 * @param {(entered: unknown) => void} set
 * @param {string} id
 */
function numbers(shared, value, schema, set, id) {
  const length = Math.max(value.length, schema.minItems ?? 0, 1);
  const oninput = (/** @type {number} */ k) => (/** @type {Event} */ e) => {
    const entered = typed(/** @type {HTMLInputElement} */ (e.currentTarget).value, true);
    const next = Array.from({ length }, (_, j) => (j === k ? entered : value[j])).filter((one) => one !== undefined);
    set(next.length ? next : undefined);
  };
  return h(
    "div",
    { class: "row numbers" },
    Array.from({ length }, (_, k) => h("input", { ...shared, id: k ? `${id}-${k}` : id, type: "text", inputmode: "decimal", value: value[k] ?? "", "aria-label": `${k + 1}`, oninput: oninput(k) })),
  );
}

/** The unit of a field; a choice where it may be typed in several. @param {FormContext} form @param {string} name @param {Table} table @param {string} key */
function unit(form, name, table, key) {
  const own = unitOf(name);
  if (!own) return null;
  const ways = forms(name, own);
  if (ways.length === 1 || form.readOnly) return h("span", { class: "unit" }, ways.find((w) => w.key === key)?.symbol ?? own);
  const now = /** @type {import("./units.js").Form} */ (ways.find((w) => w.key === key) ?? ways[0]);
  const onchange = (/** @type {Event} */ e) => {
    const next = /** @type {import("./units.js").Form} */ (ways.find((w) => w.key === /** @type {HTMLSelectElement} */ (e.currentTarget).value));
    if (now.key in table) {
      table[next.key] = scaled(table[now.key], now.factor / next.factor);
      if (next.key !== now.key) delete table[now.key];
    }
    form.changed();
  };
  return h("select", { class: "unit", "aria-label": t("recipes.unit"), onchange }, ways.map((w) => h("option", { value: w.key, selected: w === now }, w.symbol)));
}

/** @param {FormContext} form @param {string} name @param {any} schema @param {Table} table @param {string} at @param {boolean} required @returns {Child} */
function group(form, name, schema, table, at, required) {
  const there = table[name] !== undefined;
  const own = form.faults(at);
  return h(
    "fieldset",
    { class: "wide", key: at, "data-path": at },
    h("legend", null, label(name), !required && !form.readOnly ? h("button", { class: "btn slim", type: "button", onclick: () => ((there ? delete table[name] : (table[name] = {})), form.changed()) }, there ? t("recipes.without") : t("recipes.with")) : null),
    own.map((fault) => h("p", { class: "fault" }, told(fault))),
    there || required ? fields(form, schema, there ? table[name] : (table[name] = {}), at) : null,
  );
}

/** @param {FormContext} form @param {string} name @param {any} schema @param {Table} table @param {string} at @returns {Child} */
function many(form, name, schema, table, at) {
  const item = resolved(form.schema, schema.items);
  /** @type {Table[]} */
  const list = table[name] ?? [];
  const put = (/** @type {Table[]} */ next) => {
    if (next.length) table[name] = next;
    else delete table[name];
    form.changed();
  };
  return h(
    "fieldset",
    { class: "wide", key: at, "data-path": at },
    h("legend", null, label(name), form.readOnly ? null : h("button", { class: "btn slim", type: "button", onclick: () => put([...list, {}]) }, t("recipes.add"))),
    form.faults(at).map((fault) => h("p", { class: "fault" }, told(fault))),
    list.map((one, k) => h("div", { class: "item", key: `${at}[${k}]` }, fields(form, item, one, `${at}[${k}]`), form.readOnly ? null : h("button", { class: "btn slim danger", type: "button", onclick: () => put(list.filter((_, j) => j !== k)) }, t("recipes.remove")))),
  );
}
