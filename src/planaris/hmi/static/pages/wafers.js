// Wafers: map and profile of each, the trend with its limits, two beside each other; a twin's truth stands apart.

import { Chart, legend } from "../charts.js";
import { h } from "../dom.js";
import { duration, num, withUnit } from "../format.js";
import { t, tOr } from "../i18n.js";
import { wafer as askWafer, wafers as askWafers } from "../rest.js";
import { ApiError } from "../session.js";
import { againAfterWafers, state, tell } from "../store.js";
import { card, commandButton, heading, note, segments, table, tag, td, th, tile, truthTag } from "../ui.js";
import { extent, scale, waferMap } from "../wafermap.js";

/** @typedef {import("../rest.js").WaferBody} WaferBody */
/** @typedef {import("../rest.js").WaferRow} WaferRow */
/** @typedef {import("../rest.js").WaferMap} WaferMap */

// Individuals chart: limits at the mean and 2.66 mean moving ranges, 3 over d2 = 1.128 for two (Shewhart; ISO 7870-2).
const MOVING_RANGES = 2.66;
const LEAST_FOR_LIMITS = 8;
/** Wafers and charts that stay here after others were looked at. */
const KEPT_WAFERS = 12;
const KEPT_CHARTS = 8;

let picked = "";
let other = "";
let measure = "removal_nm";

export default function wafers() {
  /** @type {WaferRow[]} */
  let rows = [];
  /** @type {Record<string, {target: number | null, low: number | null, high: number | null}>} */
  let limits = {};
  /** @type {Record<string, WaferBody>} */
  const bodies = {};
  /** @type {Record<string, Chart>} */
  const charts = {};
  /** Limits of the tool's own chart of the measured removal. @type {{low: number, high: number} | null} */
  let own = null;
  const wanted = location.hash.split("/")[2];
  if (wanted) picked = decodeURIComponent(wanted);

  const load = async () => {
    try {
      const body = await askWafers();
      rows = body.wafers.toSorted((a, b) => a.lot_id.localeCompare(b.lot_id) || a.slot - b.slot);
      limits = body.limits;
      own = body.control;
      if (!rows.some((r) => r.wafer_id === picked)) picked = rows.findLast((r) => r.removal_nm !== null)?.wafer_id ?? rows[0]?.wafer_id ?? "";
      if (picked) await fetchOne(picked);
      draw();
    } catch (error) {
      note("bad", t("page.wafers"), error instanceof ApiError ? error.message : String(error));
    }
  };
  const fetchOne = async (/** @type {string} */ id) => {
    if (!id) return;
    bodies[id] = await askWafer(id);
    for (const old of Object.keys(bodies).slice(0, -KEPT_WAFERS)) if (old !== picked && old !== other) delete bodies[old];
    draw();
  };
  const choose = (/** @type {string} */ id) => {
    picked = id;
    draw();
    void fetchOne(id).catch((error) => note("bad", id, String(error.message)));
  };
  /** @param {string} key @param {() => Chart} make @param {any[]} data */
  const chart = (key, make, data) => {
    const kept = Object.keys(charts);
    if (!charts[key] && kept.length >= KEPT_CHARTS) {
      charts[String(kept[0])]?.stop();
      delete charts[String(kept[0])];
    }
    const one = charts[key] ?? make();
    delete charts[key];
    charts[key] = one; // the last one used stands last
    one.set(data);
    return h("div", { key, mount: one.element });
  };
  const draw = () => tell();

  const trend = () => {
    const there = rows.filter((r) => value(r) !== null).sort((a, b) => Number(a.finished_s) - Number(b.finished_s));
    const spec = limits[measure];
    const values = there.map((r) => Number(value(r)));
    const control = (measure === "removal_nm" && own) || controlLimits(values);
    const [low, high] = extent([...values, ...[spec?.low, spec?.high, control?.low, control?.high].map((v) => v ?? null)]);
    const room = 0.1 * (high - low || 1);
    const heads = [...new Set(there.map((r) => r.head))].sort();
    const key = `trend ${measure} ${heads.join()}`;
    const series = heads.map((n, k) => ({ label: `${t("process.head")} ${n}`, ink: k, as: /** @type {const} */ ("points") }));
    /** @type {import("../charts.js").Mark[]} */
    const marks = [
      ...(spec?.target != null ? [/** @type {const} */ ({ axis: "y", at: spec.target, kind: "target", text: t("wafers.target") })] : []),
      ...(spec?.low != null ? [/** @type {const} */ ({ axis: "y", at: spec.low, kind: "limit", text: t("wafers.limit") })] : []),
      ...(spec?.high != null ? [/** @type {const} */ ({ axis: "y", at: spec.high, kind: "limit", text: t("wafers.limit") })] : []),
      ...(control ? [/** @type {const} */ ({ axis: "y", at: control.low, kind: "now", text: t("wafers.lcl") }), /** @type {const} */ ({ axis: "y", at: control.high, kind: "now", text: t("wafers.ucl") })] : []),
    ];
    trendNow = { marks, range: [low - room, high + room], names: there.map((r) => r.wafer_id) };
    const out = control ? there.filter((r) => Number(value(r)) > control.high || Number(value(r)) < control.low) : [];
    return [
      there.length
        ? chart(key, () => new Chart({ label: t("wafers.trend"), height: 190, series, y: measure === "removal_nm" ? "nm" : "%", x: t("wafers.order"), marks: () => trendNow.marks, range: () => ({ y: trendNow.range, x: [0.5, 1.06 * trendNow.names.length + 0.5] }), xText: (v) => (Number.isInteger(v) ? String(v) : "") }), [there.map((_, k) => k + 1), ...heads.map((n) => there.map((r) => (r.head === n ? value(r) : null)))])
        : h("p", { class: "empty" }, t("wafers.none")),
      there.length ? legend(series) : null,
      control ? h("p", { class: out.length ? "bad" : "note" }, out.length ? `▲ ${t("wafers.out", { wafers: out.map((r) => r.wafer_id).join(", ") })}` : `✓ ${inControl(measure === "removal_nm" && own !== null, { low: num(control.low, 2), high: num(control.high, 2) })}`) : there.length ? h("p", { class: "note" }, t("wafers.too_few", { n: LEAST_FOR_LIMITS })) : null,
    ];
  };
  const detail = (/** @type {string} */ id) => {
    const body = bodies[id];
    if (!body) return h("p", { class: "empty" }, t("list.loading"));
    const post = latest(body, "post");
    return [
      h("div", { class: "tiles" }, tile(t("wafers.removal"), num(body.wafer.removal_nm, 1), "nm"), tile("WIWNU", num(body.wafer.wiwnu_pct, 2), "%"), tile(t("wafers.polish"), withUnit(body.wafer.polish_s, "s", 0)), tile(t("process.head"), body.wafer.head || "–")),
      h("div", { class: "maps" }, body.maps.map((map) => figure(map, id))),
      post ? null : h("p", { class: "note" }, t("wafers.not_measured")),
    ];
  };
  const profiles = () => {
    const [a, b] = [bodies[picked]?.profile, other ? bodies[other]?.profile : null];
    if (!a) return h("p", { class: "empty" }, t("wafers.not_measured"));
    const radii = [...new Set([...a.radius_mm, ...(b?.radius_mm ?? [])])].sort((x, y) => x - y);
    const column = (/** @type {import("../rest.js").Profile} */ p) => radii.map((r) => (p.radius_mm.includes(r) ? (p.removal_nm[p.radius_mm.indexOf(r)] ?? null) : null));
    const series = [{ label: picked, ink: 0, as: /** @type {const} */ ("both") }, ...(b ? [{ label: other, ink: 1, as: /** @type {const} */ ("both") }] : [])];
    return [chart(`profile ${picked} ${other} ${Boolean(b)}`, () => new Chart({ label: t("wafers.profile"), height: 190, series, x: t("wafers.radius"), y: "nm" }), [radii, column(a), ...(b ? [column(b)] : [])]), legend(series)];
  };
  const truth = () => {
    const body = bodies[picked];
    if (!body?.truth) return null;
    const range = extent(body.truth.removal_nm);
    return card(
      t("wafers.truth", { wafer: picked }),
      h("div", { class: "row wrap" }, h("figure", { class: "truth-map" }, waferMap({ ...body.truth, value: body.truth.removal_nm }, { kind: "truth", radius_mm: state().tool.wafer_diameter_mm / 2, range, label: t("wafers.truth", { wafer: picked }), sites: false }), scale("truth", range, "nm")), h("div", { class: "grow stack" }, truthProfile(body.truth.profile), h("div", { class: "tiles" }, tile(t("wafers.true_removal"), num(body.truth.removal_mean_nm, 1), "nm"), tile(t("wafers.true_wiwnu"), num(body.truth.wiwnu_pct, 2), "%")))),
      truthTag(),
      "truth",
    );
  };
  const truthProfile = (/** @type {{radius_mm: number[], removal_nm: number[]}} */ p) => chart(`truth ${picked}`, () => new Chart({ label: t("wafers.truth", { wafer: picked }), height: 150, series: [{ label: picked, truth: true }], x: t("wafers.radius"), y: "nm" }), [p.radius_mm, p.removal_nm]);
  const compare = () => {
    const [a, b] = [bodies[picked], bodies[other]];
    if (!a || !b) return null;
    const [x, y] = [latest(a, "post"), latest(b, "post")];
    const same = x && y && x.x_mm.length === y.x_mm.length;
    return card(t("wafers.two", { a: picked, b: other }), [
      table([th(""), th(picked, "n"), th(other, "n"), th(t("wafers.difference"), "n")], [pair(t("wafers.removal"), a.wafer.removal_nm, b.wafer.removal_nm, "nm", 1), pair("WIWNU", a.wafer.wiwnu_pct, b.wafer.wiwnu_pct, "%", 2), pair(t("wafers.polish"), a.wafer.polish_s, b.wafer.polish_s, "s", 0)]),
      same ? h("p", { class: "note" }, t("wafers.sites_differ", { value: num(Math.max(...x.thickness_nm.map((v, k) => Math.abs(Number(v) - Number(y.thickness_nm[k])))), 1) })) : null,
    ]);
  };
  void load();
  const lookAgain = againAfterWafers(load);
  return {
    info: () => {
      lookAgain();
      const measured = rows.filter((r) => r.removal_nm !== null);
      return [
        heading(t("page.wafers"), h("p", null, t("wafers.about"))),
        h(
          "div",
          { class: "wafers" },
          card(t("wafers.list", { n: rows.length }), list(rows, choose), null, "wafer-list"),
          h(
            "div",
            { class: "stack" },
            card(t("wafers.trend"), trend(), segments(t("wafers.measure"), [["removal_nm", t("wafers.removal")], ["wiwnu_pct", "WIWNU"]], measure, (v) => {
              measure = v;
            })),
            picked ? card(picked, detail(picked), h("label", { class: "row inline" }, h("span", { class: "note" }, t("wafers.compare")), h("select", { onchange: (/** @type {Event} */ e) => pickOther(/** @type {HTMLSelectElement} */ (e.currentTarget).value) }, h("option", { value: "", selected: other === "" }, t("field.none")), measured.filter((r) => r.wafer_id !== picked).map((r) => h("option", { value: r.wafer_id, selected: r.wafer_id === other }, r.wafer_id))))) : null,
            picked ? card(t("wafers.profile"), profiles()) : null,
            other ? compare() : null,
            truth(),
          ),
        ),
      ];
    },
    commands: () => [h("button", { class: "btn", type: "button", key: "again", onclick: () => void load() }, t("list.reload")), picked && state().wafers[picked]?.place ? [commandButton("wafer.abort", { args: { wafer_id: picked }, danger: true }), commandButton("wafer.scrap", { args: { wafer_id: picked }, danger: true })] : null],
    stop: () => {
      for (const one of Object.values(charts)) one.stop();
    },
  };
  /** @param {string} id */
  function pickOther(id) {
    other = id;
    draw();
    void fetchOne(id).catch((error) => note("bad", id, String(error.message)));
  }
}

/** @type {{marks: import("../charts.js").Mark[], range: [number, number], names: string[]}} */
let trendNow = { marks: [], range: [0, 1], names: [] };

/** @param {WaferRow} row @returns {number | null} */
const value = (row) => (measure === "removal_nm" ? row.removal_nm : row.wiwnu_pct);

/** @param {number[]} values */
function controlLimits(values) {
  if (values.length < LEAST_FOR_LIMITS) return null;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const moving = values.slice(1).reduce((sum, v, k) => sum + Math.abs(v - Number(values[k])), 0) / (values.length - 1);
  return { low: mean - MOVING_RANGES * moving, high: mean + MOVING_RANGES * moving };
}

/** Whose limits hold: the tool's own, or those of the shown wafers. @param {boolean} own @param {Record<string, string>} within */
const inControl = (own, within) => (own ? t("wafers.in_own", within) : t("wafers.in_control", within));

/** @param {WaferBody} body @param {string} stage */
const latest = (body, stage) => body.maps.findLast((m) => m.stage === stage);

/** @param {WaferMap} map @param {string} id */
function figure(map, id) {
  const range = extent(map.thickness_nm);
  const label = `${tOr("stage", map.stage)} · ${t("wafers.sites", { n: map.x_mm.length })}`;
  return h("figure", { key: `${id} ${map.stage} ${map.instrument}`, keep: true }, h("figcaption", null, h("b", null, label), h("br"), map.instrument), waferMap({ ...map, value: map.thickness_nm }, { kind: "measured", radius_mm: state().tool.wafer_diameter_mm / 2, range, label: `${id} ${label}`, sites: true }), scale("measured", range, "nm"));
}

/** @param {string} name @param {number | null} a @param {number | null} b @param {string} unit @param {number} digits */
const pair = (name, a, b, unit, digits) => h("tr", null, td(name), td(withUnit(a, unit, digits), "n"), td(withUnit(b, unit, digits), "n"), td(a === null || b === null ? "–" : withUnit(b - a, unit, digits), "n"));

/** @param {WaferRow[]} rows @param {(id: string) => void} choose */
const list = (rows, choose) =>
  table(
    [th(t("wafer.wafer")), th(t("process.head"), "n"), th(t("wafers.finished"), "n"), th(t("wafer.removal"), "n"), th("WIWNU %", "n")],
    rows.map((r) =>
      h(
        "tr",
        { class: "pick", key: r.wafer_id, tabindex: "0", "data-wafer": r.wafer_id, "aria-selected": String(r.wafer_id === picked), onclick: () => choose(r.wafer_id), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && choose(r.wafer_id) },
        td([h("b", null, r.wafer_id), r.kind === "product" ? null : [" ", tag("", tOr("kind", r.kind))]], "nowrap"),
        td(r.head || "–", "n"),
        td(duration(r.finished_s), "n"),
        td(num(r.removal_nm, 1), "n"),
        td(num(r.wiwnu_pct, 2), "n"),
      ),
    ),
  );
