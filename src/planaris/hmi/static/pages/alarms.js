// Alarms: what is wrong now, since when, why, and what to do about it; and what was.

import { h } from "../dom.js";
import { duration } from "../format.js";
import { entry, t, tOr } from "../i18n.js";
import { toolTime } from "../link.js";
import { state, tell } from "../store.js";
import { card, commandButton, give, heading, placeName, segments, table, tag, td, th } from "../ui.js";

/** @typedef {import("../types.js").AlarmEntry} AlarmEntry */

let picked = "";
let only = "all";

const GRAVE = new Set(["fatal", "error"]);
/** @param {AlarmEntry} alarm */
const severityTag = (alarm) => tag(GRAVE.has(alarm.severity) ? "bad" : "warn", tOr("severity", alarm.severity));
/** What the dictionary says of an alarm. @param {AlarmEntry} alarm @returns {{text: string, cause: string, remedy: string, action: string}} */
const told = (alarm) => entry("alarms", alarm.alarm) ?? { text: alarm.alarm, cause: "", remedy: "", action: "" };

export default function alarms() {
  return {
    info: () => {
      const active = Object.values(state().alarms.active).sort((a, b) => b.set_s - a.set_s);
      const recent = state().alarms.recent.filter((a) => only === "all" || a.severity === only);
      const all = [...active, ...state().alarms.recent];
      const shown = all.find((a) => idOf(a) === picked) ?? active[0];
      return [
        heading(t("page.alarms"), h("p", null, t("alarms.about"))),
        h(
          "div",
          { class: "row wrap" },
          h("div", { class: "stack alarm-lists" }, card(t("alarms.active", { n: active.length }), h("div", { class: "live" }, active.length ? list(active, shown) : h("p", { class: "empty" }, `✓ ${t("alarms.none")}`))), card(t("alarms.history"), list(recent, shown), filter())),
          h("div", { class: "alarm-detail" }, shown ? detail(shown) : null),
        ),
      ];
    },
    commands: () => {
      const shown = state().alarms.active[picked.split("@")[0] ?? ""] ?? Object.values(state().alarms.active).sort((a, b) => b.set_s - a.set_s)[0];
      const open = Object.values(state().alarms.active).filter((a) => a.state === "set");
      return [
        shown ? h("h2", { key: "of" }, told(shown).text) : null,
        shown ? commandButton("alarm.acknowledge", { args: { alarm: shown.alarm, source: shown.source }, main: true, off: shown.state !== "set" }) : null,
        shown ? commandButton("alarm.clear", { args: { alarm: shown.alarm, source: shown.source } }) : null,
        open.length > 1 && state().verbs["alarm.acknowledge"] ? h("button", { class: "btn", type: "button", key: "all", onclick: () => void all(open) }, t("alarms.acknowledge_all", { n: open.length })) : null,
      ];
    },
  };
}

/** @param {AlarmEntry} a */
const idOf = (a) => `${a.key}@${a.set_s}`;

/** @param {AlarmEntry[]} open */
async function all(open) {
  for (const a of open) await give("alarm.acknowledge", { args: { alarm: a.alarm, source: a.source }, bare: true, title: told(a).text });
}

const filter = () =>
  segments(t("alarms.severity"), ["all", "fatal", "error", "warning"].map((v) => [v, v === "all" ? t("list.all") : tOr("severity", v)]), only, (value) => {
    only = value;
  });

/** @param {AlarmEntry[]} entries @param {AlarmEntry | undefined} shown */
const list = (entries, shown) =>
  table(
    [th(t("alarms.severity")), th(t("alarms.what")), th(t("alarms.where")), th(t("alarms.since"), "n"), th(t("alarms.state"))],
    entries.map((a) =>
      h(
        "tr",
        { class: "pick", key: idOf(a), tabindex: "0", "data-alarm": a.alarm, "aria-selected": String(shown !== undefined && idOf(a) === idOf(shown)), onclick: () => pick(a), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && pick(a) },
        td(severityTag(a)),
        td(h("b", null, told(a).text)),
        td(placeName(a.source)),
        td(duration(a.set_s), "n"),
        td(stateTag(a)),
      ),
    ),
    "tall",
  );

/** @param {AlarmEntry} a */
const stateTag = (a) => (a.state === "set" ? tag("bad", t("alarms.set")) : a.state === "acknowledged" ? tag("warn", t("alarms.acknowledged")) : tag("good", t("alarms.cleared")));

/** @param {AlarmEntry} a */
function pick(a) {
  picked = idOf(a);
  tell();
}

/** @param {AlarmEntry} a */
function detail(a) {
  const text = told(a);
  const passed = a.cleared_s ?? toolTime();
  return card(
    text.text,
    [
      h(
        "dl",
        { class: "facts" },
        fact(t("alarms.where"), placeName(a.source)),
        a.wafer_id ? fact(t("wafer.wafer"), a.wafer_id) : null,
        fact(t("alarms.since"), `${duration(a.set_s)} (${t("alarms.for", { time: duration(passed - a.set_s) })})`),
        a.acknowledged_s === null ? null : fact(t("alarms.acknowledged"), `${duration(a.acknowledged_s)} · ${a.acknowledged_by}`),
        a.cleared_s === null ? null : fact(t("alarms.cleared"), duration(a.cleared_s)),
        a.detail ? fact(t("alarms.detail"), a.detail) : null,
        fact(t("alarms.code"), h("code", null, `${a.source}.${a.alarm}`)),
      ),
      part(t("alarms.cause"), text.cause),
      part(t("alarms.remedy"), text.remedy),
      part(t("alarms.action"), text.action),
    ],
    severityTag(a),
    "alarm-card",
  );
}

/** @param {string} label @param {import("../dom.js").Child} value */
const fact = (label, value) => [h("dt", null, label), h("dd", null, value)];
/** @param {string} title @param {string} text */
const part = (title, text) => (text ? [h("h3", { class: "part" }, title), h("p", null, text)] : null);
