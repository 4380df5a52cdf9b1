// Training, on a twin only: something breaks, the trainee acknowledges, finds the remedy and mends it; the remedy of the
// alarm that really came is what answers are held to.

import { h } from "../dom.js";
import { duration, moment, num } from "../format.js";
import { entry, group, t } from "../i18n.js";
import { isLive } from "../link.js";
import { keepScore, scores as askScores } from "../rest.js";
import { ApiError } from "../session.js";
import { state, tell, watch } from "../store.js";
import { card, commandButton, give, heading, note, placeName, table, tag, td, th, tile } from "../ui.js";

/**
 * @typedef {{fault: string, target: string, magnitude: number, label: string}} Exercise
 * @typedef {object} Going
 * @property {Exercise} exercise
 * @property {boolean} blind whether the trainee knows what was broken
 * @property {number} begun_ms
 * @property {string} alarm key of the alarm that came
 * @property {string} name
 * @property {number} came_ms
 * @property {string[]} remedies alarms whose remedies are offered
 * @property {string[]} tried
 * @property {number} acknowledged_ms
 * @property {number} cleared_ms
 */

/** What may break. Every device, input and supply that the world of a twin knows by these names. @type {Exercise[]} */
const EXERCISES = [
  { fault: "jammed", target: "dry_robot", magnitude: 0, label: "jammed" },
  { fault: "silent", target: "wet_robot", magnitude: 0, label: "silent" },
  { fault: "jammed", target: "aligner", magnitude: 0, label: "jammed" },
  { fault: "jammed", target: "brush1", magnitude: 0, label: "jammed" },
  { fault: "jammed", target: "carousel", magnitude: 0, label: "jammed" },
  { fault: "trip", target: "door_open", magnitude: 0, label: "trip" },
  { fault: "trip", target: "leak", magnitude: 0, label: "trip" },
  { fault: "supply", target: "di_pressure_kPa", magnitude: 0.3, label: "supply" },
  { fault: "supply", target: "vacuum_kPa", magnitude: 0.3, label: "supply" },
];
const OFFERED = 4;

/** An exercise goes on while the trainee is on other pages. @type {(() => void) | null} */
let following = null;
/** @type {Going | null} */
let going = null;
/** What the server keeps of all that was trained, newest first. @type {import("../rest.js").Score[]} */
let results = [];

export default function training() {
  following ??= watch(() => state().alarms, follow);
  void told(async () => (results = (await askScores()).scores));
  const tick = setInterval(() => going && tell(), 500);
  return {
    info: () => [heading(t("page.training"), h("p", null, t("training.about"))), going ? exercise(going) : choice(), results.length ? card(t("training.results"), scores()) : null],
    commands: () => [
      going ? h("button", { class: "btn danger", type: "button", key: "end", onclick: () => void end(true) }, t("training.give_up")) : null,
      commandButton("world.press_emo", { danger: true }),
      commandButton("world.reset_emo"),
      commandButton("world.clear_fault", { key: "clear" }),
    ],
    stop: () => clearInterval(tick),
  };
}

/** What an exercise breaks, in words. @param {Exercise} e */
const named = (e) => t(`fault.${e.label}`, { target: entry("places", e.target) ? placeName(e.target) : t(`target.${e.target}`) });

function choice() {
  const there = EXERCISES.filter((e) => e.fault === "trip" || e.fault === "supply" || state().modules[e.target]);
  const may = Boolean(state().verbs["world.inject_fault"]);
  const begin = (/** @type {Exercise} */ e, /** @type {boolean} */ blind) => void start(e, blind);
  return card(t("training.choose"), [
    may ? null : h("p", { class: "note" }, t("training.not_yours")),
    h("p", null, t("training.how")),
    h(
      "div",
      { class: "exercises" },
      h("button", { class: "btn main", type: "button", disabled: !may || !isLive(), onclick: () => begin(/** @type {Exercise} */ (there[Math.floor(Math.random() * there.length)]), true) }, t("training.surprise")),
      there.map((e) => h("button", { class: "btn", type: "button", "data-exercise": `${e.target}.${e.fault}`, disabled: !may || !isLive(), onclick: () => begin(e, false) }, named(e))),
    ),
  ]);
}

/** @param {Exercise} e @param {boolean} blind */
async function start(e, blind) {
  const answer = await give("world.inject_fault", { args: { fault: e.fault, target: e.target, magnitude: e.magnitude }, bare: true, leave: ["duration_s"], title: blind ? t("training.surprise") : named(e) });
  if (answer?.status !== "done") return;
  going = { exercise: e, blind, begun_ms: performance.now(), alarm: "", name: "", came_ms: NaN, remedies: [], tried: [], acknowledged_ms: NaN, cleared_ms: NaN };
  known = new Set(Object.keys(state().alarms.active));
  tell();
}

/** @type {Set<string>} */
let known = new Set();

function follow() {
  if (!going) return;
  const active = state().alarms?.active ?? {};
  if (!going.alarm) {
    const fresh = Object.values(active).find((a) => !known.has(a.key));
    if (!fresh) return;
    going.alarm = fresh.key;
    going.name = fresh.alarm;
    going.came_ms = performance.now();
    going.remedies = offered(fresh.alarm);
  }
  const alarm = active[going.alarm];
  if (alarm && alarm.state !== "set" && Number.isNaN(going.acknowledged_ms)) going.acknowledged_ms = performance.now();
  if (!alarm && Number.isNaN(going.cleared_ms)) going.cleared_ms = performance.now();
  tell();
}

/** The right remedy among those of other alarms, in an order that tells nothing. @param {string} right */
function offered(right) {
  const remedy = (/** @type {string} */ name) => entry("alarms", name)?.remedy ?? "";
  const others = Object.keys(group("alarms")).filter((name) => name !== right && remedy(name) && remedy(name) !== remedy(right));
  const picked = [right];
  while (picked.length < OFFERED && others.length) picked.push(.../** @type {string[]} */ (others.splice(Math.floor(Math.random() * others.length), 1)));
  return picked.sort((a, b) => remedy(a).localeCompare(remedy(b)));
}

/** @param {Going} g */
function exercise(g) {
  const now = performance.now();
  const right = g.tried.at(-1) === g.name;
  return card(g.blind ? t("training.surprise") : named(g.exercise), [
    h(
      "div",
      { class: "tiles" },
      tile(t("training.since"), duration((now - g.begun_ms) / 1000)),
      tile(t("training.alarm"), g.alarm ? tag("bad", entry("alarms", g.name)?.text ?? g.name) : t("training.waiting")),
      tile(t("training.acknowledged"), Number.isNaN(g.acknowledged_ms) ? "–" : duration((g.acknowledged_ms - g.came_ms) / 1000)),
      tile(t("training.cleared"), Number.isNaN(g.cleared_ms) ? "–" : duration((g.cleared_ms - g.came_ms) / 1000)),
    ),
    g.alarm ? null : h("p", { class: "note" }, t("training.need_work")),
    g.alarm
      ? [
          h("h3", { class: "part" }, t("training.which")),
          h(
            "div",
            { class: "stack" },
            g.remedies.map((name) => {
              const tried = g.tried.includes(name);
              return h(
                "button",
                { class: "btn remedy", type: "button", "data-right": String(name === g.name), disabled: tried || right, onclick: () => ((g.tried = [...g.tried, name]), tell()) },
                tried ? (name === g.name ? "✓ " : "✕ ") : "",
                entry("alarms", name)?.remedy ?? name,
              );
            }),
          ),
          right
            ? [
                h("p", { class: "good" }, `✓ ${t("training.now_mend")}`),
                h(
                  "div",
                  { class: "row wrap" },
                  commandButton("world.clear_fault", { args: { fault: g.exercise.fault, target: g.exercise.target }, label: t("training.mend"), bare: true, key: "mend" }),
                  h("a", { class: "btn", href: "#/alarms" }, t("page.alarms")),
                  h("a", { class: "btn", href: "#/maintenance" }, t("page.maintenance")),
                  h("button", { class: "btn main", type: "button", onclick: () => void end(false) }, t("training.done")),
                ),
              ]
            : null,
        ]
      : null,
  ]);
}

/** @param {boolean} gaveUp */
async function end(gaveUp) {
  const g = going;
  if (!g) return;
  going = null;
  if (gaveUp) await give("world.clear_fault", { args: { fault: g.exercise.fault, target: g.exercise.target }, bare: true, title: t("training.mend") });
  const seconds = (/** @type {number} */ from_ms, /** @type {number} */ to_ms) => (Number.isNaN(to_ms - from_ms) ? null : Math.max(0, (to_ms - from_ms) / 1000));
  const { fault, target } = g.exercise;
  const reached = { fault, target, attempt: g.tried.indexOf(g.name) + 1, reaction_s: seconds(g.came_ms, g.acknowledged_ms), total_s: seconds(g.came_ms, g.cleared_ms), gave_up: gaveUp };
  await told(async () => (results = [await keepScore(reached), ...results]));
}

/** Ask the server, and say what went wrong. @param {() => Promise<unknown>} asking */
async function told(asking) {
  try {
    await asking();
  } catch (error) {
    note("bad", t("training.results"), error instanceof ApiError ? error.message : String(error));
  }
  tell();
}

/** @param {import("../rest.js").Score} r */
const exerciseOf = (r) => {
  const known = EXERCISES.find((e) => e.fault === r.fault && e.target === r.target);
  return known ? named(known) : `${r.fault} ${r.target}`;
};

const scores = () =>
  table(
    [th(t("training.exercise")), th(t("training.who")), th(t("training.remedy")), th(t("training.acknowledged"), "n"), th(t("training.cleared"), "n"), th(t("training.points"), "n"), th(t("training.ended"), "n")],
    results.map((r) => h("tr", { "data-score": r.target }, td(exerciseOf(r)), td(r.user), td(r.attempt ? t("training.attempt", { n: r.attempt }) : t("training.not_found")), td(duration(r.reaction_s), "n"), td(duration(r.total_s), "n"), td(h("b", null, num(r.points, 0)), "n"), td(moment(r.ended_utc), "n"))),
  );
