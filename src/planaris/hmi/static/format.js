// Numbers, units and times as people read them.

import { languageNow } from "./i18n.js";

/** What stands where there is no value: never a zero. */
export const NONE = "–";

/**
 * @param {unknown} value
 * @param {number} [digits] behind the point
 */
export function num(value, digits = 1) {
  if (typeof value !== "number" || !Number.isFinite(value)) return NONE;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "−");
}

/**
 * @param {unknown} value
 * @param {string} unit
 * @param {number} [digits]
 */
export const withUnit = (value, unit, digits) => (num(value, digits) === NONE ? NONE : `${num(value, digits)} ${unit}`);

/** Seconds as 1:02:03 or 2:03. @param {unknown} time_s */
export function duration(time_s) {
  if (typeof time_s !== "number" || !Number.isFinite(time_s)) return NONE;
  const whole = Math.max(0, Math.floor(time_s));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** An ISO time as date and time here. @param {unknown} iso */
export function moment(iso) {
  const at = new Date(String(iso));
  if (Number.isNaN(at.getTime())) return NONE;
  return new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", {
    dateStyle: "short",
    timeStyle: "medium",
  }).format(at);
}

const SUFFIXES = /** @type {[string, string][]} */ ([
  ["_ml_min", "ml/min"],
  ["_l_min", "l/min"],
  ["_per_min", "1/min"],
  ["_nm_min", "nm/min"],
  ["_per_s", "1/s"],
  ["_m_s", "m/s"],
  ["_mm_g", "m g"],
  ["_kPa", "kPa"],
  ["_psi", "psi"],
  ["_lbf", "lbf"],
  ["_rpm", "rpm"],
  ["_deg", "°"],
  ["_pct", "%"],
  ["_nm", "nm"],
  ["_mm", "mm"],
  ["_um", "µm"],
  ["_Nm", "N m"],
  ["_C", "°C"],
  ["_A", "A"],
  ["_N", "N"],
  ["_W", "W"],
  ["_V", "V"],
  ["_h", "h"],
  ["_s", "s"],
]);

/** The unit that a name's suffix says, '' for none. @param {string} name */
export function unitOf(name) {
  for (const [suffix, unit] of SUFFIXES) if (name.endsWith(suffix)) return unit;
  return "";
}
