// Process control: the tool's own control charts with what they found, and what run-to-run control decided and why.

import { Chart, legend } from "../charts.js";
import { h } from "../dom.js";
import { duration, num, unitOf, withUnit } from "../format.js";
import { called, entry, t, tOr } from "../i18n.js";
import { chartPoints, processControl } from "../rest.js";
import { ApiError } from "../session.js";
import { againAfterWafers, tell } from "../store.js";
import { card, commandButton, heading, note, placeName, segments, table, tag, td, th } from "../ui.js";
import { extent } from "../wafermap.js";

/** @typedef {import("../rest.js").ChartPoint} ChartPoint */
/** @typedef {import("../rest.js").Decision} Decision */

/** Which chart is looked at; kept while other pages are. */
let key = "";
let feature = "";
let shown = "findings";

export default function control() {
  /** @type {import("../rest.js").ControlBody | null} */
  let body = null;
  /** @type {import("../rest.js").PointsBody | null} */
  let points = null;
  const axis = { marks: /** @type {import("../charts.js").Mark[]} */ ([]), y: /** @type {[number, number]} */ ([0, 1]), names: /** @type {string[]} */ ([]) };
  const series = [
    { label: t("control.within"), ink: 0, as: /** @type {const} */ ("both") },
    { label: t("control.teaches"), ink: 3, as: /** @type {const} */ ("points") },
    { label: t("control.beyond"), stroke: "--bad", as: /** @type {const} */ ("points") },
  ];
  const order = { xText: (/** @type {number} */ v) => (Number.isInteger(v) ? String(v) : ""), x: t("wafers.order") };
  const trend = new Chart({ label: t("control.charts"), height: 230, series, ...order, marks: () => axis.marks, range: () => ({ x: [0.5, 1.06 * axis.names.length + 0.5], y: axis.y }) });
  const moved = [{ label: t("control.expected"), ink: 4, as: /** @type {const} */ ("line"), dash: true }, { label: t("control.measured"), ink: 0, as: /** @type {const} */ ("points") }];
  const off = new Chart({ label: t("control.off"), height: 170, series: moved, ...order, y: "nm", marks: () => [{ axis: "y", at: 0, kind: "target", text: t("wafers.target") }] });

  const load = async () => {
    try {
      const now = await processControl();
      body = now;
      if (!now.charts.some((c) => c.key === key)) key = now.charts.find((c) => c.platen === 0 && c.limits.length)?.key ?? now.charts.find((c) => c.limits.length)?.key ?? now.charts[0]?.key ?? "";
      await follow();
    } catch (error) {
      note("bad", t("page.control"), error instanceof ApiError ? error.message : String(error));
    }
    tell();
  };
  const features = () => body?.charts.find((c) => c.key === key)?.limits.map((one) => one.feature) ?? [];
  const follow = async () => {
    const there = features();
    if (!there.includes(feature)) feature = there.find((name) => found(name)) ?? there[0] ?? "";
    points = key && feature ? await chartPoints(key, feature) : null;
    draw();
    tell();
  };
  const found = (/** @type {string} */ name) => {
    const at = body?.charts.find((c) => c.key === key);
    return body?.violations.filter((v) => v.feature === name && v.step === at?.step && v.platen === at?.platen).length ?? 0;
  };
  const pick = (/** @type {() => void} */ choose) => {
    choose();
    void follow().catch((error) => note("bad", t("control.charts"), String(error.message)));
  };
  const draw = () => {
    if (points) {
      const { limits } = points;
      const all = points.points.map((p) => p.value);
      const [low, high] = extent([...all, limits?.mean ?? null, limits?.low ?? null, limits?.high ?? null]);
      const room = 0.12 * (high - low || 1);
      axis.y = [low - room, high + room];
      axis.names = points.points.map((p) => p.wafer_id);
      axis.marks = limits ? [line(limits.mean, "now", "control.mean"), ...(limits.low === null ? [] : [line(limits.low, "limit", "wafers.lcl")]), ...(limits.high === null ? [] : [line(limits.high, "limit", "wafers.ucl")])] : [];
      trend.set([all.map((_, k) => k + 1), ...["within", "teaches", "beyond"].map((kind) => points?.points.map((p) => (kindOf(p) === kind ? p.value : null)))]);
    }
    const decisions = body?.decisions.toReversed() ?? [];
    off.set([decisions.map((_, k) => k + 1), decisions.map((d) => less(d.expected_nm, d.target_nm)), decisions.map((d) => less(d.learned?.measured_nm, d.target_nm))]);
  };

  const charts = () => {
    if (!body?.charts.length) return card(t("control.charts"), h("p", { class: "empty" }, t(body ? "control.no_charts" : "list.loading")));
    const at = body.charts.find((c) => c.key === key);
    const beyond = points?.points.filter((p) => p.beyond.length) ?? [];
    const choose = (/** @type {string} */ label, /** @type {string} */ id, /** @type {[string, string][]} */ options, /** @type {string} */ now, /** @type {(value: string) => void} */ set) =>
      h("label", { class: "field" }, h("span", null, label), h("select", { id, onchange: (/** @type {Event} */ e) => pick(() => set(/** @type {HTMLSelectElement} */ (e.currentTarget).value)) }, options.map(([value, text]) => h("option", { value, selected: value === now }, text))));
    return card(t("control.charts"), [
      h(
        "div",
        { class: "two" },
        choose(t("process.step"), "control-step", body.charts.map((c) => [c.key, stepName(c)]), key, (value) => (key = value)),
        choose(t("control.feature"), "control-feature", features().map((name) => [name, `${found(name) ? "▲ " : ""}${called("features", name)}`]), feature, (value) => (feature = value)),
      ),
      points && feature
        ? [h("p", { class: "note" }, `${feature}${unitOf(feature) ? ` · ${unitOf(feature)}` : ""}`), h("div", { key: "trend", mount: trend.element }), legend(series), h("p", { class: beyond.length ? "bad" : "note", "data-is": "control-word" }, beyond.length ? `▲ ${t("control.out", { wafers: beyond.map((p) => p.wafer_id).join(", ") })}` : `✓ ${t("control.in")}`)]
        : h("p", { class: "empty" }, t("control.learning", { n: at?.learned_count ?? 0 })),
    ]);
  };
  const findings = () => {
    const now = body;
    if (!now?.charts.length) return null;
    const beside = segments(t("control.found"), [["findings", t("control.faults", { n: now.faults.length })], ["violations", t("control.violations", { n: now.violations.length })]], shown, (v) => (shown = v));
    const faults = now.faults.map((f) => h("tr", null, td(h("b", null, f.wafer_id)), td(f.step_name), td(tag("bad", entry("alarms", `${f.fault === "unknown" ? "unknown_fault" : f.fault}_found`)?.text ?? f.fault)), td(placeName(f.source)), td(f.found_count, "n"), td(tOr("planned", f.planned || "nothing")), td(duration(f.time_s), "n")));
    const violations = now.violations.map((v) => h("tr", null, td(h("b", null, v.wafer_id)), td(v.step_name), td(v.platen || "–", "n"), td(tOr("chart", v.chart)), td(h("span", { class: "details" }, v.feature ? called("features", v.feature) : v.why)), td(num(v.statistic_ratio, 2), "n"), td(num(v.limit_ratio, 2), "n"), td(duration(v.time_s), "n")));
    return card(
      t("control.found"),
      shown === "findings"
        ? table([th(t("wafer.wafer")), th(t("process.step")), th(t("control.fault")), th(t("control.at")), th(t("control.in_a_row"), "n"), th(t("control.planned")), th(t("title.time"), "n")], faults)
        : table([th(t("wafer.wafer")), th(t("process.step")), th(t("process.platen"), "n"), th(t("control.chart")), th(t("control.feature")), th(t("control.statistic"), "n"), th(t("wafers.limit"), "n"), th(t("title.time"), "n")], violations),
      beside,
    );
  };
  const decisions = () => {
    const rows = body?.decisions ?? [];
    if (!rows.length) return card(t("control.run_to_run"), h("p", { class: "empty" }, t(body ? "control.no_decisions" : "list.loading")));
    return card(t("control.run_to_run"), [
      h("h3", { class: "part" }, t("control.off")),
      h("div", { key: "off", mount: off.element }),
      legend(moved),
      table(
        [th(t("wafer.wafer")), th(t("process.head"), "n"), th(t("control.decision")), th(t("control.target_nm"), "n"), th(t("control.expected_nm"), "n"), th(t("control.measured_nm"), "n"), th(t("control.estimate"), "n"), th(t("control.moved")), th(t("control.why"))],
        rows.map((d) => h("tr", { key: d.wafer_id }, td(h("b", null, d.wafer_id)), td(d.head, "n"), td([tag(SIGNS[d.adjustment] ?? "", tOr("adjustment", d.adjustment)), d.mode === "advise" ? h("br") : null, d.mode === "advise" ? t("control.advice") : null], "nowrap"), td(num(d.target_nm, 1), "n"), td(num(d.expected_nm, 1), "n"), td(num(d.learned?.measured_nm, 1), "n"), td(d.labels_count ? `${num(d.estimate_pct, 2)} ± ${num(d.estimate_sigma_pct, 2)}` : "–", "n"), td(steps(d)), td(h("span", { class: "details" }, [d.why, d.learned?.why].filter(Boolean).join("; ") || "–")))),
      ),
    ]);
  };
  void load();
  const lookAgain = againAfterWafers(load);
  return {
    info: () => {
      lookAgain();
      return [heading(t("page.control"), h("p", null, t("control.about"))), charts(), findings(), decisions()];
    },
    commands: () => [h("button", { class: "btn", type: "button", key: "again", onclick: () => void load() }, t("list.reload")), commandButton("run_to_run.switch"), commandButton("run_to_run.forget", { danger: true })],
    stop: () => {
      trend.stop();
      off.stop();
    },
  };
}

/** How a decision looks. @type {Record<string, string>} */
const SIGNS = { adjust: "good", keep: "", hold: "warn" };

/** @param {number} at @param {"now" | "limit"} kind @param {string} text @returns {import("../charts.js").Mark} */
const line = (at, kind, text) => ({ axis: "y", at, kind, text: t(text) });

/** @param {ChartPoint} p */
const kindOf = (p) => (p.beyond.length ? "beyond" : p.teaches ? "teaches" : "within");

/** @param {number | null | undefined} value @param {number | null} target */
const less = (value, target) => (value == null || target === null ? null : value - target);

/** @param {import("../rest.js").StepChart} c */
const stepName = (c) => (c.platen === 0 ? t("control.after") : `${c.step_name || c.step + 1} · ${t("process.platen")} ${c.platen}`) + ` · ${c.recipe.split("@")[0]}`;

/** What a decision moved, from what to what; what stayed is left out. @param {Decision} d */
const steps = (d) => {
  const moves = d.moved.filter((m) => m.before !== m.after);
  return moves.length ? moves.map((m, k) => [k ? h("br") : null, `${m.name} ${num(m.before, 2)} → ${withUnit(m.after, m.unit, 2)}`]) : "–";
};
