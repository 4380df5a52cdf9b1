// Process: what a platen does to a wafer, live: pressures, speeds, temperatures, flows, friction, and the endpoint's call.

import { Buffer, Chart, legend } from "../charts.js";
import { h } from "../dom.js";
import { duration, num, unitOf, withUnit } from "../format.js";
import { t, tOr } from "../i18n.js";
import { toolTime, watchTags } from "../link.js";
import { traces } from "../rest.js";
import { state, tell } from "../store.js";
import { card, commandButton, heading, note, placeName, segments, tag } from "../ui.js";

/** Samples that are kept: what 20 a second make in three minutes. */
const KEPT = 3600;
const WINDOWS_S = [60, 180, 600];

let platen = 1;
let window_s = 60;
/** Also what maintenance looks at: air and drives. */
let all = false;
/** An earlier wafer whose traces lie under the live ones. */
let overlay = "";

/** Charts, and the least span of each one's axis, so that noise does not fill it. @param {number} zones @returns {{id: string, least: number, platen: string[], head: string[]}[]} */
const groups = (zones) => [
  { id: "pressures", least: 5, platen: [], head: [...Array.from({ length: zones }, (_, k) => `zone${k + 1}_pressure_kPa`), "ring_pressure_kPa", "back_pressure_kPa"] },
  { id: "temperatures", least: 2, platen: ["pad_temperature_C", "coolant_temperature_C", "coolant_return_temperature_C", "slurry_temperature_C"], head: ["union_temperature_C"] },
  { id: "friction", least: 5, platen: ["torque_Nm", "motor_current_A"], head: ["torque_Nm", "motor_current_A"] },
  { id: "speeds", least: 10, platen: ["speed_rpm", "conditioner_speed_rpm"], head: ["speed_rpm"] },
  { id: "flows", least: 20, platen: ["slurry_flow_ml_min", "di_flow_ml_min", "drain_flow_ml_min"], head: [] },
  { id: "forces", least: 5, platen: ["conditioner_force_N", "vibration_mm_g"], head: ["downforce_N", "sweep_mm"] },
  ...(all
    ? [
        { id: "air", least: 1, platen: [], head: [...Array.from({ length: zones }, (_, k) => `zone${k + 1}_flow_l_min`), "ring_flow_l_min"] },
        { id: "drives", least: 5, platen: ["motor_temperature_C", "conditioner_torque_Nm", "conditioner_current_A"], head: ["motor_temperature_C"] },
      ]
    : []),
];

export default function process() {
  const { tool } = state();
  const zones = tool.zone_outer_mm.length;
  let head = headOn(platen);
  /** @type {Buffer} */
  let buffer;
  /** @type {{id: string, tags: string[], chart: Chart, series: import("../charts.js").Series[]}[]} */
  let charts = [];
  /** @type {Record<string, {time_s: number[], values: Record<string, (number | null)[]>}>} */
  const earlier = {};
  let asked = false;

  const partsNow = () => groups(zones).map((group) => [...group.head.map((name) => `head.${name}`), ...group.platen.map((name) => `platen.${name}`)]);
  /** Charts for a platen; another head only takes over the head's part in them. */
  const rebuild = () => {
    for (const one of charts) one.chart.stop();
    const parts = partsNow();
    buffer = new Buffer(parts.flat(), KEPT);
    charts = parts.map((own, at) => {
      const series = own.map((name, k) => ({ label: shortName(name), ink: k }));
      const { id, least } = /** @type {{id: string, least: number}} */ (groups(zones)[at]);
      const old = overlay ? own.map((name, k) => ({ label: shortName(name), ink: k, dash: true, hidden: true })) : [];
      const chart = new Chart({ label: t(`process.${id}`), series: [...series, ...old], height: 106, fast: true, least, range: () => ({ x: windowNow() }), xText: (value) => duration(value), marks: markers });
      return { id, tags: own, chart, series };
    });
    ask();
    tell();
  };
  const ask = () => watchTags(buffer.tags.map((name) => name.replace("head.", `head${head}.`).replace("platen.", `platen${platen}.`)), take, 20);
  /** @returns {[number, number] | undefined} */
  const windowNow = () => {
    const last = buffer.end ? buffer.time[buffer.end - 1] : undefined;
    return last === undefined ? undefined : [last - window_s, last];
  };
  const markers = () => {
    const step = state().process[String(platen)];
    /** @type {import("../charts.js").Mark[]} */
    const all = [];
    if (step?.started_s) all.push({ axis: "x", at: step.started_s, kind: "now", text: step.step_name });
    if (step?.endpoint?.called_s && step.endpoint.wafer_id === step.wafer_id) all.push({ axis: "x", at: step.endpoint.called_s, kind: "call", text: tOr("endpoint", step.endpoint.decision) });
    return all;
  };
  const draw = () => {
    asked = false;
    const from = buffer.from(window_s);
    const time = buffer.time.subarray(from, buffer.end);
    for (const { tags, chart } of charts) {
      const live = tags.map((name) => buffer.column(name, from));
      chart.set(overlay ? [time, ...live, ...tags.map((name) => under(name, time))] : [time, ...live]);
    }
  };
  /** @param {import("../link.js").TraceFrame} frame */
  const take = (frame) => {
    if (!frame.tags.includes(`platen${platen}.pad_temperature_C`) || !frame.tags.includes(`head${head}.torque_Nm`)) return;
    buffer.take(frame);
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  };
  /** An earlier wafer's trace at the live times, its step laid over the step that runs. @param {string} name @param {Float64Array} time */
  const under = (name, time) => {
    const old = earlier[overlay];
    const started = state().process[String(platen)]?.started_s;
    const column = old?.values[name];
    if (!old || !column || started === null || started === undefined) return Array.from(time, () => null);
    return Array.from(time, (now) => at(old.time_s, column, now - started));
  };
  const choose = async (/** @type {string} */ wafer) => {
    overlay = wafer;
    if (wafer && !earlier[wafer]) {
      try {
        earlier[wafer] = await earlierTraces(wafer, platen);
      } catch (error) {
        overlay = "";
        note("warn", t("process.overlay"), String(/** @type {Error} */ (error).message));
      }
    }
    rebuild();
  };
  rebuild();
  const tick = setInterval(() => {
    const now = headOn(platen);
    if (now !== head) {
      head = now;
      ask();
    }
    tell();
  }, 500);
  return {
    info: () => [
      heading(
        t("page.process"),
        segments(t("process.platen"), Array.from({ length: tool.platens }, (_, k) => [String(k + 1), placeName(`platen${k + 1}`)]), String(platen), (value) => {
          platen = Number(value);
          head = headOn(platen);
          rebuild();
        }),
        segments(t("process.window"), WINDOWS_S.map((w) => [String(w), duration(w)]), String(window_s), (value) => {
          window_s = Number(value);
        }),
        segments(t("process.signals"), [["main", t("process.main")], ["all", t("process.all")]], all ? "all" : "main", (value) => {
          all = value === "all";
          rebuild();
        }),
        overlayChoice(choose),
      ),
      h(
        "div",
        { class: "process" },
        h("div", { class: "stack" }, stepCard(head), endpointCard()),
        h(
          "div",
          { class: "plots" },
          charts.map(({ id, tags, chart, series }) => h("section", { class: "card plot-card", key: `${id} ${platen} ${overlay}` }, h("header", null, h("h2", null, t(`process.${id}`))), h("div", { class: "live", mount: chart.element, key: `${id} ${platen} ${overlay}` }), h("div", { class: "live" }, legend(series, (k) => valueOf(buffer, tags[k] ?? ""))))),
        ),
      ),
    ],
    commands: () => {
      const wafer = state().process[String(platen)]?.wafer_id;
      return [wafer ? commandButton("wafer.abort", { args: { wafer_id: wafer }, danger: true }) : null];
    },
    stop: () => {
      clearInterval(tick);
      watchTags([], () => {});
      for (const one of charts) one.chart.stop();
      trail?.stop();
      trail = null;
    },
  };
}

/** @param {Buffer} buffer @param {string} name */
const valueOf = (buffer, name) => withUnit(buffer.last(name), unitOf(name), Math.abs(buffer.last(name)) >= 100 ? 0 : 1);

/** @param {string} name */
const shortName = (name) => {
  const zone = /^head\.zone(\d)_(?:pressure_kPa|flow_l_min)$/.exec(name);
  return zone ? t("whatif.zone", { n: zone[1] ?? "" }) : tOr("signal", name);
};

/** The head that works on a platen, or did last. @param {number} n */
const headOn = (n) => state().process[String(n)]?.head || n;

/** @param {number[]} times @param {(number | null)[]} values @param {number} now */
function at(times, values, now) {
  let [low, high] = [0, times.length - 1];
  if (!times.length || now < Number(times[0]) || now > Number(times[high])) return null;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(times[middle]) < now) low = middle + 1;
    else high = middle;
  }
  return values[low] ?? null;
}

/** @param {string} wafer @param {number} on */
async function earlierTraces(wafer, on) {
  const tags = groups(state().tool.zone_outer_mm.length).flatMap((g) => [...g.head.map((name) => `head.${name}`), ...g.platen.map((name) => `platen.${name}`)]);
  return traces(wafer, on, tags);
}

/** @param {(wafer: string) => void} choose */
function overlayChoice(choose) {
  const finished = Object.entries(state().wafers)
    .filter(([, w]) => w.results)
    .sort(([, a], [, b]) => Number(b.results?.finished_s) - Number(a.results?.finished_s))
    .slice(0, 25)
    .map(([id]) => id);
  return h(
    "label",
    { class: "row inline" },
    h("span", { class: "note" }, t("process.overlay")),
    h("select", { "aria-label": t("process.overlay"), onchange: (/** @type {Event} */ e) => choose(/** @type {HTMLSelectElement} */ (e.currentTarget).value) }, h("option", { value: "", selected: overlay === "" }, t("field.none")), finished.map((id) => h("option", { value: id, selected: id === overlay }, id))),
  );
}

/** @param {number} head */
function stepCard(head) {
  const step = state().process[String(platen)];
  if (!step?.wafer_id) return card(placeName(`platen${platen}`), h("p", { class: "empty" }, t("process.idle")));
  const going = !step.ended;
  const passed = going ? toolTime() - Number(step.started_s) : NaN;
  const target = (/** @type {string} */ name) => {
    const value = step.targets[name];
    return Array.isArray(value) ? value.map((v) => num(v, 1)).join(" / ") : num(value, 1);
  };
  return card(
    placeName(`platen${platen}`),
    h(
      "div",
      { class: "live" },
      h(
        "dl",
        { class: "facts" },
        fact(t("wafer.wafer"), step.wafer_id),
        fact(t("process.head"), placeName(`head${step.head || head}`)),
        fact(t("jobs.recipe"), step.recipe),
        fact(t("process.step"), `${step.step + 1} · ${step.step_name}`),
        fact(t("process.time"), going ? `${duration(passed)}${step.time_s ? ` / ${duration(step.time_s)}` : ""}` : `${t("process.ended")}: ${tOr("reason", step.ended)}`),
        Object.keys(step.targets).map((name) => fact(t(`set.${name}`), `${target(name)} ${unitOf(name)}`)),
      ),
    ),
    going ? tag("busy", tOr("step", step.kind)) : null,
  );
}

/** @type {Chart | null} */
let trail = null;
let trailOf = "";

function endpointCard() {
  const end = state().process[String(platen)]?.endpoint;
  if (!end) return card(t("process.endpoint"), h("p", { class: "empty" }, t("process.no_endpoint")));
  const clearing = end.trail_nm.every((v) => v === null);
  const key = `${end.wafer_id}.${end.step_name}.${clearing}.${end.trail_s.length}`;
  if (trailOf !== key || !trail) {
    trail?.stop();
    trailOf = key;
    const begun = end.trail_s[0] ?? 0;
    trail = new Chart({
      label: t("process.endpoint"),
      height: 150,
      y: clearing ? "%" : "nm",
      x: "s",
      series: [{ label: t("process.endpoint"), as: "line" }],
      marks: () => [...(end.called_s ? [/** @type {const} */ ({ axis: "x", at: end.called_s - begun, kind: "call", text: tOr("endpoint", end.decision) })] : []), ...(end.stop_s ? [/** @type {const} */ ({ axis: "x", at: end.stop_s - begun, kind: "limit", text: "" })] : [])],
    });
    trail.set([end.trail_s.map((v) => Number(v) - begun), clearing ? end.trail_pct : end.trail_nm]);
  }
  return card(
    t("process.endpoint"),
    h(
      "div",
      { class: "live" },
      h("div", { key: trailOf, mount: trail.element }),
      h(
        "dl",
        { class: "facts" },
        fact(t("wafer.wafer"), end.wafer_id),
        fact(t("process.thickness"), end.endpoint_nm === null ? "–" : `${num(end.endpoint_nm, 1)} ± ${num(end.sigma_nm, 1)} nm`),
        fact(t("process.rate"), withUnit(end.rate_nm_min, "nm/min", 0)),
        fact(t("process.delay"), end.stop_s !== null && end.called_s !== null ? `${num(1000 * (end.stop_s - end.called_s), 0)} ms` : "–"),
      ),
      end.why ? h("p", { class: "note" }, end.why) : null,
    ),
    tag(end.decision === "call" ? "good" : "warn", tOr("endpoint", end.decision)),
  );
}

/** @param {string} label @param {import("../dom.js").Child} value */
const fact = (label, value) => [h("dt", null, label), h("dd", null, value)];
