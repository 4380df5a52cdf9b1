// Texts of the page in English and Simplified Chinese; texts of the tool come from the dictionary, in the same language.

import { get } from "./session.js";
import { tell } from "./store.js";

/** @typedef {"en" | "zh"} Language */

/** @type {Language} */
let language = "en";
/** @type {Record<string, string>} */
let texts = {};
/** @type {Record<string, Record<string, any>> | null} */
let dictionary = null;

export const languageNow = () => language;

/** The language that was chosen here before, else the browser's. @returns {Language} */
export function preferred() {
  const chosen = localStorage.getItem("planaris.language");
  if (chosen === "en" || chosen === "zh") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Load a language's texts and show them. @param {Language} wanted */
export async function speak(wanted) {
  const loaded = await import(`./i18n/${wanted}.js`);
  texts = loaded.default;
  language = wanted;
  localStorage.setItem("planaris.language", wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
  tell();
}

/** Load what the tool's dictionary calls its things; needs a session. */
export async function learn() {
  dictionary = await get(`/api/dictionary?lang=${language}`);
  tell();
}

/**
 * Return a text, with `{names}` filled in. A key without a text shows itself, so that a test finds it.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values) {
  const text = texts[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}

/**
 * Return a text that may be missing, as of a state that the tool names; the name itself where it is.
 * @param {string} group
 * @param {string} name
 */
export const tOr = (group, name) => texts[`${group}.${name}`] ?? name;

/** The dictionary's entry of a kind by name. @param {string} kind @param {string} name @returns {any} */
export function entry(kind, name) {
  return dictionary?.[kind]?.[name];
}

/** All entries of a kind. @param {string} kind @returns {Record<string, any>} */
export const group = (kind) => dictionary?.[kind] ?? {};

/** What the dictionary calls a thing, or its name. @param {string} kind @param {string} name @returns {string} */
export function called(kind, name) {
  const found = entry(kind, name);
  return typeof found === "string" ? found : (found?.text ?? name);
}

/** What a place is called: "Platen 1", "抛光盘1". @param {string} name */
export function placeName(name) {
  const slot = /^(.+)\.slot(\d+)$/.exec(name);
  if (slot) return t("place.slot", { place: called("places", slot[1] ?? ""), slot: slot[2] ?? "" });
  return called("places", name);
}
