// Buttons, dialogs and notes, and the one way by which pages give commands.

import { find, h, patch } from "./dom.js";
import { called, languageNow, placeName, t, tOr } from "./i18n.js";
import { command, isLive } from "./link.js";
import { state, tell, watch } from "./store.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./types.js").VerbEntry} VerbEntry */
/** @typedef {import("./types.js").Parameter} Parameter */
/** @typedef {string | number | boolean} Value */
/** @typedef {import("./link.js").Answer} Answer */

/** The text of a thing that carries both languages. @param {{en: string, zh: string}} both */
export const own = (both) => (languageNow() === "zh" ? both.zh : both.en);

/** @param {string} verb @returns {VerbEntry | undefined} */
export const verbOf = (verb) => state().verbs?.[verb];

/**
 * What a page wants of a command's dialog: arguments that are known, those that a person may change, and choices.
 * @typedef {object} Wish
 * @property {string} [label]
 * @property {Record<string, Value>} [args] given, shown, not asked for
 * @property {Record<string, Value>} [start] what the fields begin with
 * @property {Record<string, [string, string][]>} [choices] value and text
 * @property {string[]} [leave] optional arguments that are not asked for
 * @property {boolean} [danger]
 * @property {boolean} [main]
 * @property {string} [about] what a person should know before
 * @property {string} [title]
 * @property {boolean} [bare] no dialog even where the verb wants to be confirmed: the page has asked by itself
 * @property {string} [reason] reason that the page has asked for
 * @property {string} [key]
 * @property {boolean} [off] no use now
 * @property {(answer: Answer) => void} [then]
 */

/**
 * A button for a command; nothing where this person may not give it.
 * @param {string} verb
 * @param {Wish} [wish]
 * @returns {Child}
 */
export function commandButton(verb, wish = {}) {
  const entry = verbOf(verb);
  if (!entry) return null;
  return h(
    "button",
    {
      class: ["btn", wish.danger && "danger", wish.main && "main"],
      type: "button",
      "data-verb": verb,
      disabled: !isLive() || wish.off === true,
      title: isLive() ? own(entry) : t("link.no_commands"),
      key: wish.key ?? `${verb} ${JSON.stringify(wish.args ?? {})}`,
      onclick: () => void give(verb, wish),
    },
    wish.label ?? tOr("verb", verb),
  );
}

/**
 * Give a command: ask what is missing, for confirmation and reason where the server wants them, then tell the answer.
 * @param {string} verb
 * @param {Wish} [wish]
 * @returns {Promise<Answer | null>} null where the person thought better of it
 */
export async function give(verb, wish = {}) {
  const entry = verbOf(verb);
  if (!entry) return null;
  const open = entry.parameters.filter((p) => !(p.name in (wish.args ?? {})) && !wish.leave?.includes(p.name));
  const asks = open.length > 0 || (!wish.bare && (entry.confirm || entry.reason));
  const given = asks ? await form(verb, entry, open, wish) : { args: {}, reason: wish.reason ?? "" };
  if (!given) return null;
  const answer = await command(verb, { ...wish.args, ...given.args }, given.reason || wish.reason || "");
  report(wish.title ?? wish.label ?? tOr("verb", verb), answer);
  wish.then?.(answer);
  return answer;
}

/**
 * @param {string} what
 * @param {Answer} answer
 */
export function report(what, answer) {
  const why = answer.why === "offline" ? t("link.no_commands") : answer.why;
  const kind = answer.status === "done" ? "good" : answer.status === "unknown" || answer.status === "expired" ? "warn" : "bad";
  const text = answer.status === "unknown" && !why ? t("answer.unknown_more") : why;
  note(kind, `${what}: ${t(`answer.${answer.status}`)}`, text);
}

/**
 * @param {string} verb
 * @param {VerbEntry} entry
 * @param {Parameter[]} open
 * @param {Wish} wish
 * @returns {Promise<{args: Record<string, Value>, reason: string} | null>}
 */
function form(verb, entry, open, wish) {
  return ask({
    title: wish.title ?? wish.label ?? tOr("verb", verb),
    about: [
      h("p", { class: "note" }, own(entry)),
      wish.about ? h("p", null, wish.about) : null,
      wish.args && Object.keys(wish.args).length
        ? h(
            "dl",
            { class: "facts" },
            Object.entries(wish.args)
              .filter(([name]) => entry.parameters.some((p) => p.name === name))
              .map(([name, value]) => [
                h("dt", null, labelOf(entry, name)),
                h("dd", null, typeof value === "string" && value.length > 80 ? `${value.slice(0, 77)}…` : shown(value)),
              ]),
          )
        : null,
    ],
    fields: open.map((p) => parameterField(p, wish.start?.[p.name], wish.choices?.[p.name])),
    reason: entry.reason && !wish.reason,
    yes: wish.label ?? tOr("verb", verb),
    danger: wish.danger === true,
    live: true,
  });
}

/** @param {VerbEntry} entry @param {string} name */
const labelOf = (entry, name) => {
  const found = entry.parameters.find((p) => p.name === name);
  return found ? own(found) : name;
};

/** @param {Value} value */
const shown = (value) => (typeof value === "string" ? placeName(value) : String(value));

/**
 * A field of a dialog; `read` raises a text where the entry makes no sense.
 * @typedef {{name: string, element: HTMLElement, read: () => Value | undefined}} Field
 */

/**
 * @param {Parameter} parameter
 * @param {Value | undefined} start
 * @param {[string, string][] | undefined} choices
 * @returns {Field}
 */
function parameterField(parameter, start, choices) {
  const label = own(parameter) + (parameter.unit ? ` (${parameter.unit})` : "");
  const id = `p-${parameter.name}`;
  const options = choices ?? (parameter.choices.length ? parameter.choices.map((c) => /** @type {[string, string]} */ ([c, placeName(c)])) : null);
  /** @type {HTMLElement} */
  let input;
  if (parameter.dtype === "bool") input = h("input", { type: "checkbox", id, checked: start === true });
  else if (options) {
    input = h(
      "select",
      { id, name: parameter.name },
      parameter.required ? null : h("option", { value: "" }, t("field.none")),
      options.map(([value, text]) => h("option", { value, selected: String(start ?? "") === value }, text)),
    );
  } else {
    const numeric = parameter.dtype === "int" || parameter.dtype === "float";
    input = h("input", {
      id,
      name: parameter.name,
      type: "text",
      inputmode: numeric ? "decimal" : null,
      autocomplete: "off",
      value: start === undefined ? "" : String(start),
      required: parameter.required,
    });
  }
  const box = /** @type {HTMLInputElement} */ (input);
  return {
    name: parameter.name,
    element:
      parameter.dtype === "bool"
        ? h("div", { class: "check" }, input, h("label", { for: id }, label))
        : h("div", { class: "field" }, h("label", { for: id }, label, parameter.required ? "" : ` ${t("field.optional")}`), input),
    read: () => {
      if (parameter.dtype === "bool") return box.checked;
      const text = box.value.trim();
      if (text === "") {
        if (parameter.required) throw new Error(t("field.missing"));
        return undefined;
      }
      if (parameter.dtype === "str") return text;
      const value = Number(text);
      if (!Number.isFinite(value) || (parameter.dtype === "int" && !Number.isInteger(value))) throw new Error(t("field.number"));
      return value;
    },
  };
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {Child} [about]
 * @property {Field[]} [fields]
 * @property {boolean} [reason]
 * @property {string} yes
 * @property {boolean} [danger]
 * @property {boolean} [wide]
 * @property {boolean} [live] only while the link is live
 */

/**
 * Ask in a dialog; null where it was left. Escape leaves it.
 * @param {Question} question
 * @returns {Promise<{args: Record<string, Value>, reason: string} | null>}
 */
export function ask(question) {
  return new Promise((resolve) => {
    const fields = [...(question.fields ?? [])];
    if (question.reason) {
      const box = h("textarea", { id: "p-reason", required: true, maxlength: 400 });
      fields.push({
        name: " reason",
        element: h("div", { class: "field" }, h("label", { for: "p-reason" }, t("field.reason")), box),
        read: () => {
          const text = /** @type {HTMLTextAreaElement} */ (box).value.trim();
          if (!text) throw new Error(t("field.reason_missing"));
          return text;
        },
      });
    }
    const yes = /** @type {HTMLButtonElement} */ (
      h("button", { class: ["btn", "main", question.danger && "danger"], type: "submit", "data-yes": "" }, question.yes)
    );
    const body = h(
      "form",
      { method: "dialog", novalidate: true },
      h("h1", null, question.title),
      question.about,
      fields.map((f) => f.element),
      h(
        "div",
        { class: "ends" },
        h("button", { class: "btn", type: "button", onclick: () => dialog.close() }, t("do.cancel")),
        yes,
      ),
    );
    const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: question.wide ? "wide" : "" }, body));
    /** @type {{args: Record<string, Value>, reason: string} | null} */
    let answer = null;
    const stop = question.live
      ? watch(
          () => isLive(),
          (live) => {
            yes.disabled = !live;
          },
        )
      : () => {};
    body.onsubmit = (event) => {
      event.preventDefault();
      if (yes.disabled) return;
      /** @type {Record<string, Value>} */
      const args = {};
      let reason = "";
      let good = true;
      for (const field of fields) {
        const input = field.element.querySelector("input, select, textarea");
        field.element.querySelector(".fault")?.remove();
        input?.removeAttribute("aria-invalid");
        try {
          const value = field.read();
          if (field.name === " reason") reason = String(value);
          else if (value !== undefined) args[field.name] = value;
        } catch (error) {
          good = false;
          input?.setAttribute("aria-invalid", "true");
          field.element.append(h("p", { class: "fault", role: "alert" }, /** @type {Error} */ (error).message));
        }
      }
      if (!good) {
        /** @type {HTMLElement | null} */ (body.querySelector("[aria-invalid]"))?.focus();
        return;
      }
      answer = { args, reason };
      dialog.close();
    };
    dialog.onclose = () => {
      stop();
      dialog.remove();
      resolve(answer);
    };
    document.body.append(dialog);
    dialog.showModal();
    /** @type {HTMLElement | null} */ (body.querySelector("input:not([type=checkbox]), select, textarea"))?.focus();
  });
}

/** Show something to read in a dialog. @param {string} title @param {Child} content @param {boolean} [wide] */
export function show(title, content, wide = true) {
  const close = () => dialog.close();
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      { class: wide ? "wide" : "" },
      h("form", { method: "dialog" }, h("h1", null, title), content, h("div", { class: "ends" }, h("button", { class: "btn main", type: "button", onclick: close }, t("do.close")))),
    )
  );
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @type {{id: number, kind: string, title: string, text: string}[]} */
let notes = [];
let counted = 0;

/**
 * Tell something at the corner; a good word goes by itself, others stay until they are closed.
 * @param {"good" | "warn" | "bad"} kind
 * @param {string} title
 * @param {string} [text]
 */
export function note(kind, title, text = "") {
  const id = ++counted;
  notes = [...notes, { id, kind, title, text }].slice(-4);
  draw();
  if (kind === "good") setTimeout(() => drop(id), 6000);
}

/** @param {number} id */
function drop(id) {
  notes = notes.filter((n) => n.id !== id);
  draw();
}

function draw() {
  let place = document.querySelector(".toasts");
  if (!place) {
    place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    find("body").append(place);
  }
  const signs = { good: "✓", warn: "▲", bad: "✕" };
  patch(
    place,
    notes.map((n) =>
      h(
        "div",
        { class: ["toast", n.kind], key: n.id },
        h("b", { class: n.kind, "aria-hidden": "true" }, signs[/** @type {"good"} */ (n.kind)]),
        h("p", null, h("b", null, n.title), n.text ? h("br") : null, n.text),
        h("button", { type: "button", "aria-label": t("do.close"), onclick: () => drop(n.id) }, "✕"),
      ),
    ),
  );
}

/** A heading of a page with what stands beside it. @param {string} title @param {...Child} beside */
export const heading = (title, ...beside) => h("div", { class: "head" }, h("h1", null, title), beside);

/** @param {string} title @param {Child} content @param {Child} [beside] @param {string} [more] */
export const card = (title, content, beside, more = "") =>
  h("section", { class: ["card", more] }, h("header", null, h("h2", null, title), beside), content);

/** @param {string} label @param {Child} value @param {string} [unit] @param {string} [more] */
export const tile = (label, value, unit = "", more = "") =>
  h("div", { class: ["tile", more] }, h("small", null, label), h("b", null, value, unit ? h("i", null, unit) : null));

/** A state as a small label: a sign as well as a colour. @param {string} kind @param {string} text */
export const tag = (kind, text) => {
  const signs = /** @type {Record<string, string>} */ ({ good: "✓ ", warn: "▲ ", bad: "✕ ", busy: "▶ ", truth: "◆ " });
  return h("span", { class: ["tag", kind] }, (signs[kind] ?? "") + text);
};

/** What says that values are the twin's truth, not measured. */
export const truthTag = () => tag("truth", t("truth.tag"));

/**
 * A table that scrolls by itself.
 * @param {Child[]} heads
 * @param {Child[]} rows
 * @param {string} [more]
 */
export const table = (heads, rows, more = "") =>
  rows.length
    ? h("div", { class: "scroll", tabindex: "0" }, h("table", { class: more }, h("thead", null, h("tr", null, heads)), h("tbody", null, rows)))
    : h("p", { class: "empty" }, t("list.empty"));

/** @param {Child} text @param {string} [more] */
export const th = (text, more = "") => h("th", { class: more, scope: "col" }, text);
/** @param {Child} text @param {string} [more] */
export const td = (text, more = "") => h("td", { class: more }, text);

/** A group of buttons of which one is pressed. @param {string} label @param {[string, string][]} options @param {string} now @param {(value: string) => void} pick */
export const segments = (label, options, now, pick) =>
  h(
    "div",
    { class: "seg", role: "group", "aria-label": label },
    options.map(([value, text]) =>
      h("button", { class: "btn slim", type: "button", "aria-pressed": String(value === now), onclick: () => (pick(value), tell()) }, text),
    ),
  );

/** The name of a thing in the dictionary; re-exported so that pages need one import. */
export { called, placeName };
