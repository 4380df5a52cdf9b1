// What the page asks over HTTP, and how it reads the answers. The live state comes over the channel, see link.js.

import { ask, get } from "./session.js";

/**
 * @typedef {object} Fault one fault of what was entered
 * @property {string} path field, as steps[0].ring_pressure_psi
 * @property {string} value
 * @property {string} problem
 * @property {string} limit
 * @property {string} unit
 * @property {string} remedy
 *
 * @typedef {object} RecipeVersion
 * @property {string} name
 * @property {string} hash
 * @property {string} state draft, approved, released or obsolete
 * @property {string} author
 * @property {string} kind polish or cleaner
 * @property {string} approved_by
 * @property {string} released_by
 * @property {string[]} lots that use it now
 *
 * @typedef {object} RecipeText a version with its content: as typed (TOML), and as fields with the keys that were typed
 * @property {string} name
 * @property {string} hash
 * @property {string} kind
 * @property {string} state
 * @property {string} text
 * @property {Record<string, any>} fields
 *
 * @typedef {object} Profile radial means and what stands at each site
 * @property {number[]} radius_mm
 * @property {(number | null)[]} removal_nm
 *
 * @typedef {object} WaferMap
 * @property {string} stage incoming or post
 * @property {string} instrument
 * @property {number[]} x_mm
 * @property {number[]} y_mm
 * @property {(number | null)[]} thickness_nm
 *
 * @typedef {object} WaferRow
 * @property {string} wafer_id
 * @property {string} lot_id
 * @property {number} slot
 * @property {number} head
 * @property {string} kind
 * @property {number | null} finished_s
 * @property {number | null} removal_nm
 * @property {number | null} wiwnu_pct
 * @property {number | null} polish_s
 *
 * @typedef {object} TruthMap what only the twin knows: on a grid
 * @property {number[]} x_mm
 * @property {number[]} y_mm
 * @property {(number | null)[]} removal_nm
 * @property {number} removal_mean_nm
 * @property {number} wiwnu_pct
 * @property {{radius_mm: number[], removal_nm: number[]}} profile
 *
 * @typedef {object} WaferBody
 * @property {WaferRow} wafer
 * @property {WaferMap[]} maps
 * @property {Profile | null} profile
 * @property {TruthMap | null} truth
 *
 * @typedef {object} Traces
 * @property {number[]} time_s since the wafer's first step on the platen
 * @property {Record<string, (number | null)[]>} values by name without the place's number, as head.zone1_pressure_kPa
 */

/** @returns {Promise<{recipes: RecipeVersion[]}>} */
export const recipes = () => get("/api/recipes");
/** @param {string} name @param {string} hash @returns {Promise<RecipeText>} */
export const recipe = (name, hash) => get(`/api/recipes/${encodeURIComponent(name)}@${hash}`);
/** @returns {Promise<Record<string, any>>} JSON schemas of what a recipe's file may say, by its kind */
export const recipeSchema = () => get("/api/recipes/schema");
/** @param {Record<string, any>} fields @returns {Promise<{faults: Fault[], text: string}>} */
export const checkRecipe = (fields) => ask("POST", "/api/recipes/check", { fields });
/** @param {{fields: Record<string, any>} | {text: string}} content @param {string} reason @returns {Promise<{name: string, hash: string}>} */
export const saveRecipe = (content, reason) => ask("POST", "/api/recipes", { ...content, reason });
/** @returns {Promise<{wafers: WaferRow[], limits: Record<string, {target: number | null, low: number | null, high: number | null}>}>} */
export const wafers = () => get("/api/wafers");
/** @param {string} id @returns {Promise<WaferBody>} */
export const wafer = (id) => get(`/api/wafers/${encodeURIComponent(id)}`);
/** @param {string} id @param {number} platen @param {string[]} tags @returns {Promise<Traces>} */
export const traces = (id, platen, tags) => get(`/api/wafers/${encodeURIComponent(id)}/traces?platen=${platen}&tags=${tags.join(",")}`);

/**
 * @typedef {object} WhatIf what one step would do
 * @property {number[]} radius_mm
 * @property {number[]} removal_nm
 * @property {number[]} low_nm of the interval
 * @property {number[]} high_nm
 * @property {boolean[]} inside whether the law's data cover the radius
 * @property {number} mean_nm
 * @property {number} mean_low_nm
 * @property {number} mean_high_nm
 * @property {number} wiwnu_pct
 * @property {number} wiwnu_low_pct
 * @property {number} wiwnu_high_pct
 * @property {number} target_nm
 * @property {string[]} flags of the models
 * @property {{step: number, name: string, value: number, minimum: number, maximum: number, of: "tool" | "law"}[]} out_of_range
 * @property {number} took_ms in the server
 * @property {string} [text] the changed recipe, where it was asked for
 */

/** @param {{recipe?: string, lot_id?: string, step: number, changes: Record<string, number | number[]>, pad_wafers_count?: number, disk_h?: number, with_text?: boolean}} settings @param {AbortSignal} [signal] @returns {Promise<WhatIf>} */
export const whatIf = (settings, signal) => ask("POST", "/api/what-if", settings, signal);
/** @param {number} [before] @returns {Promise<{entries: {sequence: number, time_s: number, run_id: string, event: string, values: Record<string, any>}[], chain: string}>} */
export const audit = (before) => get(`/api/audit?limit=200${before ? `&before=${before}` : ""}`);
