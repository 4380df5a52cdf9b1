// What if: sliders of one polish step, and at once the profile, its uniformity and how sure the law is.

import { Chart, legend } from "../charts.js";
import { h } from "../dom.js";
import { num, unitOf } from "../format.js";
import { t } from "../i18n.js";
import { recipe, recipes, whatIf } from "../rest.js";
import { ApiError } from "../session.js";
import { state, tell } from "../store.js";
import { card, heading, segments, tag, tile } from "../ui.js";
import { inModelUnits, keyIn, scaled, forms } from "../units.js";
import { editAsChange } from "./recipes.js";

/** @typedef {{name: string, index?: number, low: number, high: number, step: number, digits: number}} Slider */

/** Sliders of a step, in kPa or psi as the person likes; ends are the tool's ranges where it has some [design]. @param {number} zones @returns {Slider[]} */
const sliders = (zones) => [
  ...Array.from({ length: zones }, (_, index) => ({ name: "zone_pressure_kPa", index, low: 3.5, high: 48, step: 0.1, digits: 1 })),
  { name: "ring_pressure_kPa", low: 0, high: 69, step: 0.1, digits: 1 },
  { name: "platen_speed_rpm", low: 10, high: 150, step: 1, digits: 0 },
  { name: "head_speed_rpm", low: 10, high: 150, step: 1, digits: 0 },
  { name: "slurry_flow_ml_min", low: 50, high: 500, step: 5, digits: 0 },
  { name: "time_s", low: 1, high: 300, step: 1, digits: 0 },
  { name: "pad_wafers_count", low: 0, high: 2000, step: 10, digits: 0 },
  { name: "disk_h", low: 0, high: 40, step: 0.5, digits: 1 },
];
const PSI = 6.894757293168;

/** @type {Record<string, number | number[]>} */
let now = {};
let psi = false;
let base = { name: "", hash: "", step: 0 };

export default function whatif() {
  const zones = state().tool.zone_outer_mm.length;
  /** @type {import("../rest.js").RecipeText | null} */
  let source = null;
  /** @type {import("../rest.js").WhatIf | null} */
  let answer = null;
  /** @type {import("../rest.js").WhatIf | null} */
  let before = null;
  let took_ms = NaN;
  let why = "";
  let busy = false;
  let again = false;
  const stopped = new AbortController();
  const chart = new Chart({
    label: t("whatif.profile"),
    height: 270,
    x: t("wafers.radius"),
    y: "nm",
    series: [{ label: t("whatif.before"), ink: 7, dash: true }, { label: t("whatif.low"), ink: 0, dash: true }, { label: t("whatif.high"), ink: 0, dash: true }, { label: t("whatif.now"), ink: 0 }, { label: t("whatif.outside"), ink: 5, as: "points" }],
  });

  const begin = async () => {
    try {
      const all = (await recipes()).recipes;
      const version = all.find((v) => v.state === "released" && v.name === base.name) ?? all.find((v) => v.state === "released") ?? all[0];
      if (!version) {
        why = t("whatif.no_recipe");
        return tell();
      }
      source = await recipe(version.name, version.hash);
      take(base.name === version.name ? base.step : mainStep());
    } catch (error) {
      why = error instanceof ApiError ? (error.body?.why ?? error.message) : String(error);
      tell();
    }
    return undefined;
  };
  const steps = () => /** @type {Record<string, any>[]} */ (source?.fields["steps"] ?? []);
  const mainStep = () => Math.max(0, steps().findIndex((s) => (s["kind"] ?? "polish") === "polish"));
  const take = (/** @type {number} */ at) => {
    const step = steps()[at];
    if (!source || !step) return;
    base = { name: source.name, hash: source.hash, step: at };
    const part = (/** @type {string} */ name) => Object.values(state().consumables).find((c) => c.part === name && c.location === `platen${step["platen"]}`);
    now = {
      zone_pressure_kPa: inModelUnits(step, "zone_pressure_kPa"),
      ...Object.fromEntries(["ring_pressure_kPa", "platen_speed_rpm", "head_speed_rpm", "slurry_flow_ml_min"].map((name) => [name, Number(inModelUnits(step, name))])),
      time_s: Number(inModelUnits(step["end"] ?? {}, "time_s")),
      pad_wafers_count: part("pad")?.wafers_count ?? 0,
      disk_h: part("disk")?.use_h ?? 0,
    };
    before = null;
    void compute();
  };
  const compute = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      do {
        again = false;
        const from = performance.now();
        const { pad_wafers_count, disk_h, ...changes } = now;
        answer = await whatIf({ recipe: `${base.name}@${base.hash}`, step: base.step, changes, pad_wafers_count: Number(pad_wafers_count), disk_h: Number(disk_h) }, stopped.signal);
        took_ms = performance.now() - from;
        why = "";
        before ??= answer;
        draw();
      } while (again);
    } catch (error) {
      if (stopped.signal.aborted) return;
      why = error instanceof ApiError ? (error.body?.why ?? error.message) : String(error);
      answer = null;
    } finally {
      busy = false;
      tell();
    }
  };
  const draw = () => {
    if (!answer) return;
    const { radius_mm, removal_nm, low_nm, high_nm, inside } = answer;
    chart.set([radius_mm, before?.removal_nm ?? radius_mm.map(() => null), low_nm, high_nm, removal_nm, removal_nm.map((v, k) => (inside[k] ? null : v))]);
  };
  const save = () => {
    if (!source) return;
    const changed = structuredClone(source.fields);
    const step = changed["steps"][base.step];
    const put = (/** @type {Record<string, any>} */ table, /** @type {string} */ name, /** @type {number | number[]} */ value) => {
      const key = keyIn(table, name);
      const factor = forms(name, "").find((f) => f.key === key)?.factor ?? 1;
      table[key] = scaled(value, 1 / factor);
    };
    for (const [name, value] of Object.entries(now)) if (!["time_s", "pad_wafers_count", "disk_h"].includes(name)) put(step, name, value);
    put(step["end"], "time_s", Number(now["time_s"]));
    editAsChange(base.name, changed, base.hash);
  };
  void begin();

  const slider = (/** @type {Slider} */ s) => {
    const value = s.index === undefined ? Number(now[s.name]) : Number(/** @type {number[]} */ (now[s.name])?.[s.index]);
    const pressure = s.name.endsWith("_kPa");
    const shown = pressure && psi ? value / PSI : value;
    const id = `s-${s.name}${s.index ?? ""}`;
    const label = s.index === undefined ? t(`whatif.${s.name}`) : t("whatif.zone", { n: s.index + 1 });
    return h(
      "div",
      { class: "slider", key: id },
      h("label", { for: id }, label),
      h("output", { for: id }, `${num(shown, pressure && psi ? 2 : s.digits)} ${pressure && psi ? "psi" : unitOf(s.name)}`),
      h("input", {
        id,
        type: "range",
        min: s.low,
        max: s.high,
        step: s.step,
        value,
        "data-slider": s.name + (s.index ?? ""),
        oninput: (/** @type {Event} */ e) => {
          const entered = Number(/** @type {HTMLInputElement} */ (e.currentTarget).value);
          now = { ...now, [s.name]: s.index === undefined ? entered : /** @type {number[]} */ (now[s.name]).map((v, k) => (k === s.index ? entered : v)) };
          void compute();
          tell();
        },
      }),
    );
  };
  return {
    info: () => [
      heading(t("page.whatif"), h("p", null, t("whatif.about"))),
      why ? h("p", { class: "card bad" }, `✕ ${why}`) : null,
      source
        ? h(
            "div",
            { class: "whatif" },
            card(`${base.name} · ${t("process.step")} ${base.step + 1}`, [h("select", { "aria-label": t("process.step"), onchange: (/** @type {Event} */ e) => take(Number(/** @type {HTMLSelectElement} */ (e.currentTarget).value)) }, steps().map((s, k) => h("option", { value: k, selected: k === base.step, disabled: (s["kind"] ?? "polish") !== "polish" }, `${k + 1} ${s["name"]}`))), sliders(zones).map(slider)], segments(t("recipes.unit"), [["kPa", "kPa"], ["psi", "psi"]], psi ? "psi" : "kPa", (v) => {
              psi = v === "psi";
            })),
            h(
              "div",
              { class: "stack" },
              answer
                ? h("div", { class: "tiles" }, tile(t("whatif.mean"), `${num(answer.mean_nm, 1)}`, "nm"), tile("WIWNU", num(answer.wiwnu_pct, 2), "%"), tile(`${t("whatif.interval")}, nm`, h("span", { class: "nowrap" }, `${num(answer.mean_low_nm, 0)}–${num(answer.mean_high_nm, 0)}`)), tile(t("whatif.target"), num(answer.target_nm, 0), "nm"), tile(t("whatif.took"), h("span", { "data-is": "took" }, num(took_ms, 0)), "ms"))
                : null,
              card(t("whatif.profile"), [h("div", { class: ["plot-frame", answer && off(answer).length > 0 && "hatched"] }, h("div", { key: "chart", mount: chart.element })), legend(chart.options.series), answer && off(answer).length ? h("ul", { class: "flags" }, off(answer).map((text) => h("li", { class: "warn" }, `▲ ${text}`))) : answer ? tag("good", t("whatif.inside")) : null]),
              h("p", { class: "note" }, t("whatif.law")),
            ),
          )
        : why
          ? null
          : h("p", { class: "empty" }, t("list.loading")),
    ],
    commands: () => [
      source ? h("button", { class: "btn main", type: "button", key: "save", "data-is": "save-change", onclick: save }, t("whatif.save")) : null,
      source ? h("button", { class: "btn", type: "button", key: "back", onclick: () => take(base.step) }, t("whatif.back")) : null,
    ],
    stop: () => {
      stopped.abort();
      chart.stop();
    },
  };
}

/** What is out of range, in words. @param {import("../rest.js").WhatIf} answer @returns {string[]} */
function off(answer) {
  const ranges = answer.out_of_range.map((one) => t(`whatif.off_${one.of}`, { name: t(`whatif.${one.name.replace(/\[\d+\]$/, "")}`), value: num(one.value, 2), low: num(one.minimum, 2), high: num(one.maximum, 2), step: one.step + 1 }));
  return [...ranges, ...answer.flags, ...(answer.inside.every(Boolean) ? [] : [t("whatif.off_radius")])];
}
