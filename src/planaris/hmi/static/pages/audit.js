// Audit: every command, answer, acknowledgement and signature of the chain, newest first.

import { h } from "../dom.js";
import { duration } from "../format.js";
import { called, t, tOr } from "../i18n.js";
import { audit as askAudit } from "../rest.js";
import { tell } from "../store.js";
import { card, heading, note, table, tag, td, th } from "../ui.js";

/**
 * @typedef {{sequence: number, time_s: number, run_id: string, event: string, values: Record<string, any>}} AuditEntry
 */

export default function audit() {
  /** @type {AuditEntry[]} */
  let entries = [];
  let more = false;
  let search = "";
  let loaded = false;
  let intact = "";
  /** @param {number} [before] */
  const load = async (before) => {
    try {
      const body = await askAudit(before);
      entries = before ? [...entries, ...body.entries] : body.entries;
      more = body.entries.length === 200;
      intact = body.chain;
      loaded = true;
      tell();
    } catch (error) {
      note("bad", t("page.audit"), String(/** @type {Error} */ (error).message));
    }
  };
  void load();
  const fits = (/** @type {AuditEntry} */ e) => !search || JSON.stringify([e.event, e.values]).toLowerCase().includes(search);
  return {
    info: () => [
      heading(t("page.audit"), h("p", null, t("audit.about"))),
      card(
        t("audit.records", { n: entries.length }),
        loaded
          ? table(
              [th("#", "n"), th(t("audit.time"), "n"), th(t("audit.what")), th(t("audit.who")), th(t("audit.details"))],
              entries.filter(fits).map((e) => h("tr", { key: `${e.run_id}.${e.sequence}`, "data-event": e.event }, td(e.sequence, "n"), td(duration(e.time_s), "n"), td(what(e)), td(who(e)), td(details(e)))),
            )
          : h("p", { class: "empty" }, t("list.loading")),
        [
          intact ? tag(intact === "intact" ? "good" : "bad", t(`audit.${intact}`)) : null,
          h("input", { type: "search", class: "search", "aria-label": t("list.search"), placeholder: t("list.search"), oninput: (/** @type {Event} */ e) => ((search = /** @type {HTMLInputElement} */ (e.currentTarget).value.toLowerCase()), tell()) }),
        ],
      ),
      more ? h("button", { class: "btn", type: "button", onclick: () => void load(entries.at(-1)?.sequence) }, t("list.more")) : null,
    ],
    commands: () => h("button", { class: "btn", type: "button", key: "again", onclick: () => void load() }, t("list.reload")),
  };
}

/** @param {AuditEntry} e */
function what(e) {
  const verb = e.values["verb"];
  const head = h("b", null, called("events", e.event));
  if (!verb) return head;
  const { status } = e.values;
  return [head, h("br"), tOr("verb", verb), status ? [" ", tag(status === "done" ? "good" : status === "accepted" ? "busy" : "bad", t(`answer.${status}`))] : null];
}

/** @param {AuditEntry} e */
const who = (e) => (e.values["principal"] ? `${e.values["principal"]}${e.values["role"] ? ` (${tOr("role", e.values["role"])})` : ""}` : "");

/** Characters of the details; a recipe's whole text is in its version. */
const SHOWN = 180;

/** @param {AuditEntry} e */
function details(e) {
  const { principal, role, verb, status, ...rest } = e.values;
  void [principal, role, verb, status];
  return h(
    "span",
    { class: "note details" },
    Object.entries(rest)
      .filter(([, value]) => value !== "" && value !== null && value !== "{}")
      .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(" · ")
      .slice(0, SHOWN),
  );
}
