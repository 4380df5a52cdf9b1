// Units that people may type, as the files have them: a key's ending is its unit.

/** What may be typed, what it stands for, factor to it, how it is shown. @type {[string, string, number, string][]} */
const ENTRY = [
  ["_psi", "_kPa", 6.894757293168, "psi"],
  ["_A_min", "_nm_min", 0.1, "Å/min"],
  ["_A", "_nm", 0.1, "Å"],
  ["_lbf", "_N", 4.4482216152605, "lbf"],
  ["_min", "_s", 60, "min"],
];

/** A way in which a field may be typed. @typedef {{key: string, factor: number, symbol: string}} Form */

/**
 * The ways in which a field of the model may be typed, its own first.
 * @param {string} name
 * @param {string} symbol of its own unit
 * @returns {Form[]}
 */
export function forms(name, symbol) {
  const others = ENTRY.filter(([, own]) => name.endsWith(own) && !name.endsWith("_per_s")).map(([typed, own, factor, text]) => ({ key: name.slice(0, -own.length) + typed, factor, symbol: text }));
  return [{ key: name, factor: 1, symbol }, ...others];
}

/**
 * Which key of a table holds a field of the model; its own where none does.
 * @param {Record<string, unknown>} table
 * @param {string} name
 */
export const keyIn = (table, name) => forms(name, "").find((form) => form.key in table)?.key ?? name;

/**
 * Numbers in another unit, rounded to what a person would type.
 * @param {unknown} value
 * @param {number} factor
 * @returns {unknown}
 */
export function scaled(value, factor) {
  if (Array.isArray(value)) return value.map((one) => scaled(one, factor));
  return typeof value === "number" ? Number((value * factor).toPrecision(5)) : value;
}

/** A number of a table in the model's unit. @param {Record<string, any>} table @param {string} name @returns {any} */
export function inModelUnits(table, name) {
  const form = forms(name, "").find((one) => one.key in table);
  const value = form ? table[form.key] : undefined;
  const factor = form?.factor ?? 1;
  return Array.isArray(value) ? value.map((v) => Number(v) * factor) : typeof value === "number" ? value * factor : value;
}
