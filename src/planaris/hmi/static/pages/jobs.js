// Jobs: what is to be done with which lot, how far it is, and the commands that steer it.

import { h } from "../dom.js";
import { num } from "../format.js";
import { t, tOr } from "../i18n.js";
import { isLive } from "../link.js";
import { recipes } from "../rest.js";
import { state, tell } from "../store.js";
import { ask, card, commandButton, give, heading, table, tag, td, th, verbOf } from "../ui.js";
import { jobTag } from "./overview.js";
import { looks, waferLabel } from "../mimic.js";

/** @typedef {import("../dom.js").Child} Child */

const ACTIVE = ["queued", "running", "paused", "stopping", "aborting"];
let picked = "";

export default function jobs() {
  return {
    info: () => {
      const all = Object.entries(state().jobs);
      if (!state().jobs[picked]) picked = all[0]?.[0] ?? "";
      return [
        heading(t("page.jobs"), h("p", null, t("jobs.about"))),
        card(t("jobs.title"), h("div", { class: "live" }, list(all))),
        h("div", { class: "cols" }, picked ? card(t("jobs.wafers", { lot: picked }), h("div", { class: "live" }, wafersOf(picked))) : null, card(t("jobs.lots"), lots())),
      ];
    },
    commands: () => [placeCassette(), removeCassette(), newJob(), ...jobCommands(picked)],
  };
}

/** @param {[string, import("../types.js").JobEntry][]} all */
const list = (all) =>
  table(
    [th(t("jobs.lot")), th(t("jobs.state")), th(t("jobs.port"), "n"), th(t("jobs.recipe")), th(t("jobs.priority"), "n"), th(t("jobs.progress"))],
    all.map(([lot, job]) =>
      h(
        "tr",
        { class: "pick", key: lot, tabindex: "0", "aria-selected": String(lot === picked), onclick: () => pick(lot), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && pick(lot) },
        td(h("b", null, lot)),
        td([jobTag(job.state), job.why ? h("span", { class: "note" }, ` ${job.why}`) : null, job.failures.map((f) => h("p", { class: "bad" }, `✕ ${f}`))]),
        td(job.load_port, "n"),
        td(job.recipe),
        td(job.priority, "n"),
        td(progress(job)),
      ),
    ),
    "tall",
  );

/** @param {string} lot */
function pick(lot) {
  picked = lot;
  tell();
}

/** @param {import("../types.js").JobEntry} job */
const progress = (job) =>
  h("div", { class: "row" }, h("div", { class: "life grow", role: "img", "aria-label": `${job.finished_count} / ${job.wafers_count}`, style: { "--w": `${(100 * job.finished_count) / Math.max(1, job.wafers_count)}%` } }), h("span", { class: "nowrap" }, `${job.finished_count} / ${job.wafers_count}`));

/** @param {string} lot */
function wafersOf(lot) {
  const rows = Object.entries(state().wafers)
    .filter(([, w]) => w.lot_id === lot)
    .sort(([, a], [, b]) => a.slot - b.slot);
  const kinds = { mark: "bad", done: "good", raw: "", work: "busy" };
  return table(
    [th(t("wafer.slot"), "n"), th(t("wafer.wafer")), th(t("wafer.state")), th(t("wafer.removal"), "n"), th("WIWNU", "n")],
    rows.map(([id, w]) =>
      h("tr", { key: id }, td(waferLabel(w), "n"), td(h("a", { href: `#/wafers/${id}` }, id)), td(tag(kinds[looks(w)], w.marks.length ? w.marks.map((m) => tOr("mark", m)).join(", ") : tOr("wafer", w.state))), td(num(w.results?.removal_nm, 1), "n"), td(num(w.results?.wiwnu_pct, 2), "n")),
    ),
  );
}

const lots = () =>
  table(
    [th(t("jobs.lot")), th(t("jobs.product")), th(t("jobs.recipe")), th(t("jobs.port"), "n"), th(t("jobs.count"), "n")],
    Object.entries(state().lots).map(([id, lot]) => h("tr", { key: id }, td(id), td(lot.product), td(lot.recipe), td(lot.load_port, "n"), td(lot.wafers_count, "n"))),
  );

/** Commands for a job in the state it is in; without a lot, for the one that is at work or next. @param {string} [lot] @returns {Child[]} */
export function jobCommands(lot) {
  const all = Object.entries(state().jobs).filter(([, j]) => ACTIVE.includes(j.state));
  const id = lot ?? all.find(([, j]) => j.state !== "queued")?.[0] ?? all[0]?.[0];
  const job = id ? state().jobs[id] : undefined;
  if (!id || !job || !ACTIVE.includes(job.state)) return [];
  const wish = (/** @type {boolean} */ danger) => ({ args: { lot_id: id }, danger, title: `${id}` });
  return [
    h("h2", { key: "job" }, t("jobs.of", { lot: id })),
    job.state === "queued" ? commandButton("job.start", { args: { lot_id: id }, main: true }) : null,
    job.state === "running" ? commandButton("job.pause", wish(false)) : null,
    job.state === "paused" ? commandButton("job.resume", { args: { lot_id: id }, main: true }) : null,
    job.state === "stopping" || job.state === "aborting" ? null : commandButton("job.stop", wish(true)),
    job.state === "aborting" ? null : commandButton("job.abort", wish(true)),
  ];
}

/** @returns {[string, string][]} */
const lotChoices = () => Object.keys(state().lots).map((id) => [id, id]);

export const placeCassette = () =>
  verbOf("world.place_cassette")
    ? h("button", { class: "btn", type: "button", key: "place", "data-verb": "world.place_cassette", disabled: !isLive(), onclick: () => void bring() }, t("verb.world.place_cassette"))
    : null;

async function bring() {
  const lot = await chooseLot(t("verb.world.place_cassette"), () => true);
  const known = lot ? state().lots[lot] : undefined;
  if (lot && known) await give("world.place_cassette", { args: { lot_id: lot, load_port: known.load_port }, bare: true });
}

/** @param {string} title @param {(lot: string) => boolean} fits @returns {Promise<string | null>} */
async function chooseLot(title, fits) {
  const options = lotChoices().filter(([id]) => fits(id));
  const select = h(
    "select",
    { id: "p-lot_id" },
    options.map(([value, text]) => h("option", { value }, `${text} · ${t("jobs.port")} ${state().lots[value]?.load_port ?? ""}`)),
  );
  const read = () => {
    const { value } = /** @type {HTMLSelectElement} */ (select);
    if (!value) throw new Error(t("jobs.none_known"));
    return value;
  };
  const given = await ask({ title, fields: [{ name: "lot", element: h("div", { class: "field" }, h("label", { for: "p-lot_id" }, t("jobs.lot")), select), read }], yes: t("do.next"), live: true });
  return given ? String(given.args["lot"]) : null;
}

const removeCassette = () => {
  const ports = Object.keys(state().carriers);
  return ports.length ? commandButton("world.remove_cassette", { choices: { load_port: ports.map((p) => [p, p]) }, leave: [] }) : null;
};

/** The button that makes a job: of a lot that the tool knows, or of one that is described now. */
export const newJob = () =>
  verbOf("job.create")
    ? h("button", { class: "btn", type: "button", key: "new", "data-verb": "job.create", disabled: !isLive(), onclick: () => void create() }, t("jobs.new"))
    : null;

async function create() {
  const known = Object.keys(state().lots).filter((id) => !ACTIVE.includes(state().jobs[id]?.state ?? ""));
  const library = await recipes().catch(() => ({ recipes: [] }));
  const released = library.recipes.filter((r) => r.state === "released" && r.kind === "polish").map((r) => r.name);
  const first = known.length ? await chooseLot(t("jobs.new"), (id) => known.includes(id)) : "";
  if (first === null) return;
  const lot = state().lots[first];
  const names = [...new Set([...(lot ? [lot.recipe] : []), ...released])];
  const ports = Array.from({ length: state().tool.load_ports }, (_, k) => /** @type {[string, string]} */ ([String(k + 1), String(k + 1)]));
  /** @type {import("../ui.js").Wish} */
  const wish = { title: t("jobs.new"), label: t("jobs.new"), leave: lot ? ["slots", "film_thickness_nm", "cleaner_recipe"] : [] };
  if (lot) wish.args = { lot_id: first, load_port: lot.load_port };
  wish.start = lot ? { recipe: lot.recipe } : {};
  wish.choices = { recipe: names.map((r) => [r, r]), ...(lot ? {} : { load_port: ports }) };
  await give("job.create", wish);
}
