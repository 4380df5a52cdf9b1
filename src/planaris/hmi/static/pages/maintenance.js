// Maintenance: modules and what they do, work that failed, quarantine, moves by hand with the reason of each refusal.

import { h } from "../dom.js";
import { duration } from "../format.js";
import { entry, t, tOr } from "../i18n.js";
import { toolTime } from "../link.js";
import { state, tell } from "../store.js";
import { card, commandButton, heading, own, placeName, table, tag, td, th } from "../ui.js";
import { changing } from "./consumables.js";
import { questions } from "./overview.js";

/** Under which heading the dictionary declares a module's moves by hand. */
const KIND = /** @type {Record<string, string>} */ ({ dry_robot: "robot", wet_robot: "robot", loadcup: "cup", exchange: "cup", megasonic: "cleaner", brush: "cleaner", brush1: "cleaner", brush2: "cleaner", srd: "cleaner" });
/** Modules that a person may work by hand. */
const BY_HAND = ["loadport", "robot", "aligner", "cup", "carousel", "swing", "platen", "cleaner", "metrology"];

let picked = "";
/** @type {{time_s: number, what: string, status: string, why: string}[]} */
let answers = [];

/** @param {string} id */
const kindOf = (id) => KIND[state().modules[id]?.kind ?? ""] ?? state().modules[id]?.kind ?? "";

export default function maintenance() {
  return {
    info: () => {
      const ids = Object.keys(state().modules).filter((id) => BY_HAND.includes(kindOf(id)) || state().modules[id]?.quarantine);
      if (!ids.includes(picked)) picked = ids.find((id) => state().modules[id]?.state === "failed") ?? ids[0] ?? "";
      return [
        heading(t("page.maintenance"), h("p", null, t("maintenance.about"))),
        ...questions(),
        h("div", { class: "row wrap" }, h("div", { class: "module-list" }, card(t("maintenance.modules"), h("div", { class: "live" }, list(ids)))), h("div", { class: "stack grow" }, picked ? detail(picked) : null, card(t("maintenance.answers"), answerList()))),
        ...Object.entries(state().changes).map(([key, change]) => changing(key, change)),
      ];
    },
    commands: () => {
      const module = state().modules[picked];
      if (!module) return [];
      const args = { module: picked };
      const failed = module.state === "failed";
      const wish = (/** @type {object} */ more) => ({ args, title: `${placeName(picked)}`, then: (/** @type {import("../link.js").Answer} */ a) => remember(placeName(picked), a), ...more });
      return [
        h("h2", { key: "of" }, placeName(picked)),
        module.manual ? commandButton("module.manual_off", wish({ main: true })) : commandButton("module.manual_on", wish({})),
        failed ? commandButton("work.retry", wish({ main: true })) : null,
        failed ? commandButton("work.skip", wish({})) : null,
        failed ? commandButton("work.abort", wish({ danger: true })) : null,
        failed ? commandButton("module.clear", wish({ danger: true })) : null,
        module.quarantine && !["none", "released", ""].includes(module.quarantine) ? [commandButton("quarantine.inspect", wish({})), commandButton("quarantine.release", wish({}))] : null,
        commandButton("wafer.scrap", {}),
      ];
    },
  };
}

/** @param {string} what @param {import("../link.js").Answer} answer */
function remember(what, answer) {
  answers = [{ time_s: toolTime(), what, status: answer.status, why: answer.why }, ...answers].slice(0, 12);
  tell();
}

/** @param {string[]} ids */
const list = (ids) => {
  const used = ids.some((id) => state().modules[id]?.use);
  return table(
    [th(t("maintenance.module")), th(t("maintenance.state")), used ? th(t("maintenance.use")) : null, th(t("maintenance.holds"))],
    ids.map((id) => {
      const m = /** @type {import("../types.js").ModuleState} */ (state().modules[id]);
      return h(
        "tr",
        { class: "pick", key: id, tabindex: "0", "data-module": id, "aria-selected": String(id === picked), onclick: () => pick(id), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && pick(id) },
        td(h("b", null, own(m)), "nowrap"),
        td([m.state === "failed" ? tag("bad", tOr("module", m.state)) : tOr("module", m.state), m.manual ? tag("warn", t("module.manual")) : null]),
        used ? td(tOr("use", m.use)) : null,
        td(m.wafers.length > 3 ? t("maintenance.wafers", { n: m.wafers.length }) : m.wafers.join(", ")),
      );
    }),
  );
};

/** @param {string} id */
function pick(id) {
  picked = id;
  tell();
}

/** @param {string} id */
function detail(id) {
  const module = /** @type {import("../types.js").ModuleState} */ (state().modules[id]);
  const alarms = Object.values(state().alarms.active).filter((a) => a.source === id);
  /** @type {Record<string, {text: string, parameters: {name: string, choices?: string[]}[]}>} */
  const moves = entry("manual", kindOf(id)) ?? {};
  const offered = state().verbs["module.manual"];
  return card(
    t("maintenance.by_hand", { module: own(module) }),
    [
      alarms.map((a) => h("p", { class: "bad" }, `✕ ${entry("alarms", a.alarm)?.text ?? a.alarm}${a.detail ? `: ${a.detail}` : ""}`)),
      !offered ? h("p", { class: "note" }, t("maintenance.not_yours")) : null,
      offered && !module.manual ? h("p", { class: "note" }, t("maintenance.first_manual")) : null,
      offered
        ? h(
            "div",
            { class: "row wrap moves" },
            Object.entries(moves).map(([verb, move]) => moveButton(id, verb, move, module.manual)),
          )
        : null,
    ],
    module.manual ? tag("warn", t("module.manual")) : null,
  );
}

/** @param {string} id @param {string} verb @param {{text: string, parameters: {name: string, choices?: string[]}[]}} move @param {boolean} manual */
function moveButton(id, verb, move, manual) {
  const asked = move.parameters.map((p) => p.name);
  const all = state().verbs["module.manual"]?.parameters.map((p) => p.name) ?? [];
  return commandButton("module.manual", {
    key: `${id}.${verb}`,
    label: move.text,
    title: `${placeName(id)}: ${move.text}`,
    args: { module: id, verb },
    leave: all.filter((name) => !asked.includes(name)),
    choices: Object.fromEntries(move.parameters.filter((p) => p.choices?.length).map((p) => [p.name, (p.choices ?? []).map((c) => /** @type {[string, string]} */ ([c, placeName(c)]))])),
    off: !manual,
    then: (answer) => remember(`${placeName(id)}: ${move.text}`, answer),
  });
}

const answerList = () =>
  answers.length
    ? h(
        "ul",
        { class: "answers" },
        answers.map((a) => h("li", null, tag(a.status === "done" ? "good" : "bad", t(`answer.${a.status}`)), ` ${duration(a.time_s)} · `, h("b", null, a.what), a.why ? h("p", { class: a.status === "done" ? "note" : "bad" }, a.why) : null)),
      )
    : h("p", { class: "empty" }, t("maintenance.no_answers"));

