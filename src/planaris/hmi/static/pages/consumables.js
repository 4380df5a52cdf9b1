// Consumables: how far each part's life is used, and the change of a part step by step.

import { h } from "../dom.js";
import { num } from "../format.js";
import { entry, t, tOr } from "../i18n.js";
import { state, tell } from "../store.js";
import { card, commandButton, heading, placeName, table, tag, td, th } from "../ui.js";

let picked = "";

/** From this share of a life on a part is announced, and from this on it must be changed (limits of the tool). */
const WARN_PCT = 90;
const END_PCT = 100;

export default function consumables() {
  return {
    info: () => [heading(t("page.consumables"), h("p", null, t("consumables.about"))), card(t("consumables.parts"), h("div", { class: "live" }, list())), ...Object.entries(state().changes).map(([key, change]) => changing(key, change))],
    commands: () => {
      const part = state().consumables[picked] ?? Object.values(state().consumables)[0];
      if (!part) return [];
      const where = { location: part.location, part: part.part };
      return [h("h2", { key: "of" }, `${placeName(part.location)} · ${tOr("part", part.part)}`), commandButton("maintenance.start", { args: where, main: true, off: `${part.location}.${part.part}` in state().changes }), commandButton("consumable.change", { args: where }), commandButton("world.change_part", { args: where })];
    },
  };
}

const list = () =>
  table(
    [th(t("consumables.place")), th(t("consumables.part")), th(t("consumables.serial")), th(t("consumables.wafers"), "n"), th(t("consumables.hours"), "n"), th(t("consumables.life")), th("", "n")],
    Object.entries(state().consumables)
      .sort(([, a], [, b]) => b.life_pct - a.life_pct)
      .map(([key, part]) => {
        const kind = part.life_pct >= END_PCT ? "bad" : part.life_pct >= WARN_PCT ? "warn" : "";
        return h(
          "tr",
          { class: "pick", key, tabindex: "0", "aria-selected": String(key === picked), onclick: () => pick(key), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && pick(key) },
          td(placeName(part.location)),
          td(h("b", null, tOr("part", part.part))),
          td(part.serial || "–"),
          td(part.wafers_count, "n"),
          td(num(part.use_h, 2), "n"),
          td(h("div", { class: ["life", kind], style: { "--w": `${Math.min(100, part.life_pct)}%` } })),
          td(kind ? tag(kind, `${num(part.life_pct, 1)} %`) : `${num(part.life_pct, 1)} %`, "n"),
        );
      }),
  );

/** @param {string} key */
function pick(key) {
  picked = key;
  tell();
}

/** @param {string} key @param {import("../types.js").ChangeState} change */
export function changing(key, change) {
  const sequence = entry("maintenance", change.part);
  const step = sequence?.steps?.find((/** @type {{name: string}} */ s) => s.name === change.step);
  const where = { location: change.location, part: change.part };
  return card(
    t("consumables.changing", { part: tOr("part", change.part), place: placeName(change.location) }),
    [h("p", null, h("b", null, step?.text ?? change.step)), change.passed_count ? h("p", { class: "note" }, t("consumables.passed", { n: change.passed_count })) : null, change.why ? h("p", { class: "note" }, change.why) : null],
    h("div", { class: "row wrap" }, commandButton("maintenance.confirm_step", { args: { ...where, step: change.step }, main: true }), commandButton("maintenance.enter_result", { args: where }), commandButton("maintenance.abort", { args: where, danger: true })),
    `change ${key}`,
  );
}
