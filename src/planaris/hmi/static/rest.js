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
/** @returns {Promise<{wafers: WaferRow[], limits: Record<string, {target: number | null, low: number | null, high: number | null}>, control: {mean: number, low: number, high: number} | null}>} */
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

/**
 * @typedef {object} FeatureLimits what a feature is held against; null on a side where it may go as far as it will
 * @property {string} feature
 * @property {number} mean
 * @property {number | null} low
 * @property {number | null} high
 *
 * @typedef {object} StepChart the charts of one step of a recipe on a platen; platen 0 is what was measured afterwards
 * @property {string} key
 * @property {string} recipe
 * @property {number} step
 * @property {string} step_name
 * @property {number} platen
 * @property {number} learned_count
 * @property {FeatureLimits[]} limits none while wafers still teach them
 *
 * @typedef {object} Decision of run-to-run control on one wafer
 * @property {string} wafer_id
 * @property {number} head
 * @property {string} mode
 * @property {string} adjustment adjust, keep or hold
 * @property {string} why
 * @property {number | null} target_nm
 * @property {number | null} expected_nm
 * @property {number | null} estimate_pct
 * @property {number | null} estimate_sigma_pct
 * @property {number} labels_count
 * @property {{name: string, unit: string, before: number, after: number}[]} moved
 * @property {{measured_nm: number | null, why: string} | null} learned
 *
 * @typedef {object} ControlBody newest first
 * @property {StepChart[]} charts
 * @property {{time_s: number, wafer_id: string, platen: number, step: number, step_name: string, chart: string, feature: string, statistic_ratio: number | null, limit_ratio: number | null, why: string}[]} violations
 * @property {{time_s: number, wafer_id: string, step_name: string, fault: string, source: string, found_count: number, planned: string}[]} faults
 * @property {Decision[]} decisions
 *
 * @typedef {object} ChartPoint
 * @property {string} wafer_id
 * @property {number} head
 * @property {number | null} value
 * @property {boolean} teaches whether limits were learned from it
 * @property {string[]} beyond charts whose limit it is beyond
 *
 * @typedef {object} PointsBody
 * @property {FeatureLimits | null} limits
 * @property {ChartPoint[]} points
 *
 * @typedef {object} Score of an exercise
 * @property {string} user
 * @property {string} ended_utc
 * @property {string} fault
 * @property {string} target
 * @property {number} attempt with which the remedy was found, 0 for not
 * @property {number | null} reaction_s
 * @property {number | null} total_s
 * @property {number} points
 */

/** @returns {Promise<ControlBody>} */
export const processControl = () => get("/api/control");
/** @param {string} key @param {string} feature @returns {Promise<PointsBody>} */
export const chartPoints = (key, feature) => get(`/api/control/points?key=${encodeURIComponent(key)}&feature=${encodeURIComponent(feature)}`);
/** @returns {Promise<{scores: Score[]}>} */
export const scores = () => get("/api/training");
/** @param {{fault: string, target: string, attempt: number, reaction_s: number | null, total_s: number | null, gave_up: boolean}} told @returns {Promise<Score>} */
export const keepScore = (told) => ask("POST", "/api/training", told);
