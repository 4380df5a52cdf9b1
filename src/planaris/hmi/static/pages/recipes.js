// Recipes: the library by version, a form in the units that were typed with all faults at their fields, difference, release.

import { h } from "../dom.js";
import { t, tOr } from "../i18n.js";
import { isLive } from "../link.js";
import { checkRecipe, recipe, recipes as library, recipeSchema, saveRecipe, whatIf } from "../rest.js";
import { fields, resolved, told } from "../schemaform.js";
import { ApiError, session } from "../session.js";
import { state, tell } from "../store.js";
import { ask, card, commandButton, heading, note, segments, table, tag, td, th } from "../ui.js";
import { forms } from "../units.js";

/** @typedef {import("../rest.js").RecipeVersion} RecipeVersion */
/** @typedef {import("../rest.js").RecipeText} RecipeText */
/** @typedef {import("../rest.js").Fault} Fault */

const CHECK_AFTER_MS = 350;
const SHORT = 8;

/** A draft that another page wants to be edited here. @type {{name: string, fields: Record<string, any>, base: string} | null} */
let handed = null;

/** Edit these fields as a change of a version. @param {string} name @param {Record<string, any>} changed @param {string} base */
export function editAsChange(name, changed, base) {
  handed = { name, fields: changed, base };
  location.hash = "#/recipes";
}

export default function recipes() {
  /** @type {RecipeVersion[]} */
  let versions = [];
  /** @type {Record<string, any> | null} */
  let schemas = null;
  /** @type {RecipeText | null} */
  let shown = null;
  /** @type {RecipeText | null} */
  let against = null;
  /** @type {Record<string, any> | null} */
  let draft = null;
  /** @type {Fault[]} */
  let faults = [];
  let checked = false;
  let view = "form";
  let step = 0;
  let text = "";
  /** @type {number | undefined} */
  let later;
  const mayEdit = () => ["process", "administrator"].includes(session()?.role ?? "");

  const failed = (/** @type {unknown} */ error) => note("bad", t("page.recipes"), error instanceof ApiError ? (error.body?.why ?? error.message) : String(error));
  const load = async () => {
    try {
      const [list, known] = await Promise.all([library(), schemas ?? recipeSchema()]);
      versions = list.recipes;
      schemas = known;
      if (handed) {
        const change = handed;
        handed = null;
        const base = versions.find((v) => v.name === change.name && v.hash === change.base) ?? versions.find((v) => v.name === change.name);
        if (base) await open(base);
        draft = change.fields;
        view = "form";
        check();
      } else if (!shown && versions.length) await open(/** @type {RecipeVersion} */ (versions.find((v) => v.state === "released") ?? versions[0]));
      tell();
    } catch (error) {
      failed(error);
    }
  };
  /** Every opening and every change has a number: an answer that comes late must not undo what was begun since. */
  let turn = 0;
  const open = async (/** @type {{name: string, hash: string}} */ version) => {
    const mine = ++turn;
    try {
      const found = await recipe(version.name, version.hash);
      if (mine !== turn) return;
      shown = found;
      against = null;
      draft = null;
      faults = [];
      text = shown.text;
      step = 0;
      tell();
    } catch (error) {
      failed(error);
    }
  };
  const check = () => {
    clearTimeout(later);
    const mine = ++turn;
    checked = false;
    tell();
    later = setTimeout(async () => {
      if (!draft) return;
      try {
        const body = await checkRecipe(draft);
        if (mine !== turn) return;
        faults = body.faults;
        text = body.text || text;
        checked = true;
        tell();
      } catch (error) {
        failed(error);
      }
    }, CHECK_AFTER_MS);
  };
  const save = async () => {
    if (!draft) return;
    const given = await ask({ title: t("verb.recipe.save"), about: h("p", { class: "note" }, t("recipes.save_about")), reason: true, yes: t("do.save"), live: true });
    if (!given) return;
    try {
      const saved = await saveRecipe({ fields: draft }, given.reason);
      note("good", t("verb.recipe.save"), `${saved.name}@${saved.hash.slice(0, SHORT)}`);
      draft = null;
      versions = (await library()).recipes;
      await open(/** @type {RecipeVersion} */ (versions.find((v) => v.hash === saved.hash) ?? versions[0]));
    } catch (error) {
      if (error instanceof ApiError && error.body?.faults) {
        faults = error.body.faults;
        tell();
      }
      failed(error);
    }
  };
  const bring = () => [
    h("button", { class: "btn", type: "button", key: "file", "data-is": "import", disabled: !isLive(), onclick: () => chooser.click() }, t("recipes.import")),
    ...Object.keys(state().jobs).slice(0, 1).map((lot) => h("button", { class: "btn", type: "button", key: `of ${lot}`, disabled: !isLive(), onclick: () => void take(lot) }, t("recipes.of_lot", { lot }))),
  ];
  const chooser = /** @type {HTMLInputElement} */ (h("input", { type: "file", accept: ".toml", hidden: true, "data-is": "file", onchange: async () => keep(await (chooser.files?.[0]?.text() ?? "")) }));
  /** Keep a text as a draft. */
  const keep = async (/** @type {string} */ content) => {
    chooser.value = "";
    if (!content) return;
    const given = await ask({ title: t("recipes.import"), about: h("p", { class: "note" }, t("recipes.save_about")), reason: true, yes: t("do.save"), live: true });
    if (!given) return;
    try {
      const saved = await saveRecipe({ text: content }, given.reason);
      note("good", t("verb.recipe.save"), `${saved.name}@${saved.hash.slice(0, SHORT)}`);
      versions = (await library()).recipes;
      await open(saved);
    } catch (error) {
      const more = error instanceof ApiError ? /** @type {Fault[]} */ (error.body?.faults ?? []) : [];
      note("bad", t("recipes.import"), more.length ? more.map((f) => `${f.path}: ${told(f)}`).join("; ") : String(/** @type {Error} */ (error).message));
    }
  };
  /** The recipe that a job goes by, as a draft. */
  const take = async (/** @type {string} */ lot) => {
    try {
      await keep((await whatIf({ lot_id: lot, step: 0, changes: {}, with_text: true })).text ?? "");
    } catch (error) {
      failed(error);
    }
  };
  void load();

  /** Faults of a path, in whatever unit the field was typed. */
  const faultsAt = (/** @type {string} */ path) => faults.filter((fault) => sameField(fault.path, path));
  const schemaNow = () => schemas?.[shown?.kind ?? "polish"] ?? null;
  const context = () => ({ schema: schemaNow(), faults: faultsAt, changed: check, readOnly: !draft });
  const now = () => draft ?? shown?.fields ?? {};

  const formView = () => {
    const schema = schemaNow();
    if (!schema || !shown) return h("p", { class: "empty" }, t(versions.length ? "list.loading" : "recipes.empty"));
    const inside = shown.kind === "cleaner" ? "stations" : "steps";
    const steps = /** @type {Record<string, any>[]} */ (now()[inside] ?? []);
    const stepSchema = resolved(schema, resolved(schema, schema.properties[inside]).items);
    const at = Math.min(step, Math.max(0, steps.length - 1));
    const count = (/** @type {number} */ k) => faults.filter((f) => f.path.startsWith(`${inside}[${k}]`)).length;
    const apart = faults.filter((f) => !document.querySelector(`[data-path="${CSS.escape(plainPath(f.path))}"]`) && !f.path.startsWith(`${inside}[`));
    return [
      draft ? h("p", { class: faults.length ? "fault" : "note", role: "status", "data-is": "faults" }, faults.length ? t("recipes.faults", { n: faults.length }) : checked ? `✓ ${t("recipes.no_faults")}` : t("recipes.checking")) : null,
      apart.map((f) => h("p", { class: "fault" }, `${f.path}: ${told(f)}`)),
      fields(context(), schema, now(), "", [inside, "schema"]),
      h("div", { class: "row wrap steps" }, segments(t("recipes.steps"), steps.map((one, k) => [String(k), `${k + 1} ${one["name"] ?? one["station"] ?? ""}${count(k) ? ` ▲${count(k)}` : ""}`]), String(at), (value) => {
        step = Number(value);
      })),
      draft ? stepTools(inside, steps, at) : null,
      steps[at] ? h("section", { class: "step", key: `${shown.hash} ${at}` }, faultsAt(`${inside}[${at}]`).map((f) => h("p", { class: "fault" }, told(f))), fields(context(), stepSchema, /** @type {Record<string, any>} */ (steps[at]), `${inside}[${at}]`)) : null,
    ];
  };
  /** @param {string} inside @param {Record<string, any>[]} steps @param {number} at */
  const stepTools = (inside, steps, at) => {
    const put = (/** @type {Record<string, any>[]} */ next, /** @type {number} */ to) => {
      if (!draft) return;
      draft[inside] = next;
      step = Math.max(0, to);
      check();
    };
    const button = (/** @type {string} */ key, /** @type {() => void} */ act, off = false) => h("button", { class: "btn slim", type: "button", disabled: off, onclick: act, key }, t(`recipes.${key}`));
    return h(
      "div",
      { class: "row wrap" },
      button("copy_step", () => put([...steps.slice(0, at + 1), structuredClone(/** @type {Record<string, any>} */ (steps[at])), ...steps.slice(at + 1)], at + 1)),
      button("earlier", () => put(swapped(steps, at - 1), at - 1), at === 0),
      button("later", () => put(swapped(steps, at), at + 1), at >= steps.length - 1),
      button("remove", () => put(steps.filter((_, k) => k !== at), at - 1), steps.length < 2),
    );
  };
  const diffView = () => {
    const others = versions.filter((v) => v.hash !== shown?.hash || draft);
    const base = against ?? (draft ? shown : null);
    const rows = base ? differences(base.fields, now()) : [];
    return [
      h("label", { class: "row inline" }, h("span", null, t("recipes.against")), h("select", { onchange: (/** @type {Event} */ e) => void pickAgainst(/** @type {HTMLSelectElement} */ (e.currentTarget).value) }, h("option", { value: "" }, draft ? t("recipes.before_change") : t("field.none")), others.map((v) => h("option", { value: `${v.name}@${v.hash}`, selected: against?.hash === v.hash && against.name === v.name }, `${v.name} ${v.hash.slice(0, SHORT)} (${tOr("version", v.state)})`)))),
      base ? table([th(t("recipes.field")), th(t("recipes.was")), th(t("recipes.is"))], rows.map(([path, a, b]) => h("tr", { key: path }, td(h("code", null, path)), td(a, "was"), td(b, "is")))) : h("p", { class: "empty" }, t("recipes.choose_against")),
    ];
  };
  const pickAgainst = async (/** @type {string} */ value) => {
    const version = versions.find((v) => `${v.name}@${v.hash}` === value);
    against = version ? await recipe(version.name, version.hash).catch((error) => (failed(error), null)) : null;
    tell();
  };

  return {
    info: () => [
      heading(t("page.recipes"), h("p", null, t("recipes.about"))),
      h("div", { key: "file", hidden: true, mount: chooser }),
      h(
        "div",
        { class: "recipes" },
        card(t("recipes.library"), list(versions, shown, (v) => void open(v))),
        card(
          shown ? `${shown.name} · ${draft ? t("recipes.changing") : shown.hash.slice(0, SHORT)}` : t("recipes.none"),
          view === "form" ? formView() : view === "diff" ? diffView() : h("pre", { class: "toml" }, text),
          [shown && !draft ? stateTag(shown.state) : null, segments(t("recipes.view"), ["form", "diff", "text"].map((v) => [v, t(`recipes.${v}`)]), view, (v) => {
            view = v;
          })],
        ),
      ),
    ],
    commands: () => {
      const again = { then: () => void load().then(() => shown && void open(shown)) };
      if (!shown) return [mayEdit() ? bring() : null];
      const args = { recipe: shown.name, content_hash: shown.hash };
      const title = `${shown.name}@${shown.hash.slice(0, SHORT)}`;
      if (draft) {
        return [
          h("button", { class: "btn main", type: "button", key: "save", disabled: !isLive() || faults.length > 0 || !checked, onclick: () => void save() }, t("recipes.save_draft")),
          h("button", { class: "btn", type: "button", key: "drop", onclick: () => ((draft = null), (faults = []), (text = shown?.text ?? ""), tell()) }, t("recipes.drop")),
        ];
      }
      return [
        mayEdit() ? h("button", { class: "btn main", type: "button", key: "edit", "data-is": "edit", onclick: () => ((draft = structuredClone(shown?.fields ?? {})), (view = "form"), check()) }, t("recipes.edit")) : null,
        shown.state === "draft" ? commandButton("recipe.approve", { args, title, ...again }) : null,
        shown.state === "approved" ? commandButton("recipe.release", { args, title, main: true, ...again }) : null,
        mayEdit() ? bring() : null,
        shown.state !== "obsolete" ? commandButton("recipe.obsolete", { args, title, danger: true, ...again }) : null,
      ];
    },
    stop: () => clearTimeout(later),
  };
}

/** @param {string} name */
const stateTag = (name) => tag({ released: "good", approved: "busy", obsolete: "warn" }[name] ?? "", tOr("version", name));

/** @param {RecipeVersion[]} versions @param {RecipeText | null} shown @param {(version: RecipeVersion) => void} open */
const list = (versions, shown, open) =>
  table(
    [th(t("jobs.recipe")), th(t("recipes.version")), th(t("recipes.state"))],
    versions.map((v) =>
      h(
        "tr",
        { class: "pick", key: `${v.name}@${v.hash}`, tabindex: "0", "data-state": v.state, "aria-selected": String(shown?.hash === v.hash && shown.name === v.name), onclick: () => open(v), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && open(v) },
        td([h("b", null, v.name), h("br"), h("span", { class: "note" }, v.author)]),
        td(h("code", null, v.hash.slice(0, SHORT))),
        td([stateTag(v.state), v.lots.length ? h("span", { class: "note" }, ` ${t("recipes.in_use", { lots: v.lots.join(", ") })}`) : null]),
      ),
    ),
    "tall",
  );

/** A path with the model's own names: steps[0].ring_pressure_psi is steps[0].ring_pressure_kPa. @param {string} path */
export function plainPath(path) {
  return path
    .split(".")
    .map((part) => part.replace(/^(\w+?)_(psi|lbf|A)(?=\[|$)/, (_, stem, unit) => `${stem}_${{ psi: "kPa", lbf: "N", A: "nm" }[/** @type {"psi"} */ (unit)]}`))
    .join(".");
}

/** Whether a fault's path means a field, or one of its numbers. @param {string} fault @param {string} field */
function sameField(fault, field) {
  const plain = plainPath(fault);
  return plain === field || forms(field, "").some((form) => form.key === fault) || (plain.startsWith(`${field}[`) && !plain.slice(field.length).includes("."));
}

/** @template T @param {T[]} list @param {number} at */
function swapped(list, at) {
  const next = [...list];
  [next[at], next[at + 1]] = [/** @type {T} */ (next[at + 1]), /** @type {T} */ (next[at])];
  return next;
}

/** What differs, as typed: path, before, after. @param {Record<string, any>} a @param {Record<string, any>} b @returns {[string, string, string][]} */
export function differences(a, b) {
  const [x, y] = [flat(a, ""), flat(b, "")];
  /** @type {[string, string, string][]} */
  const found = [];
  for (const path of new Set([...Object.keys(x), ...Object.keys(y)])) {
    if (x[path] !== y[path]) found.push([path, x[path] ?? "–", y[path] ?? "–"]);
  }
  return found;
}

/** @param {any} value @param {string} path @returns {Record<string, string>} */
function flat(value, path) {
  if (Array.isArray(value) && value.some((one) => typeof one === "object")) return Object.assign({}, ...value.map((one, k) => flat(one, `${path}[${k}]`)));
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return Object.assign({}, ...Object.entries(value).map(([name, one]) => flat(one, path ? `${path}.${name}` : name)));
  return { [path]: Array.isArray(value) ? value.join(", ") : String(value) };
}
