// Who is signed in: password, sign-out, and for an administrator the people who may sign in.

import { h } from "./dom.js";
import { t, tOr } from "./i18n.js";
import { close } from "./link.js";
import { ApiError, ask as request, changePassword, get, session, signOut } from "./session.js";
import { ask, note, show, table, td, th } from "./ui.js";

/** Show the dialog of the person who is signed in. */
export async function person() {
  const now = session();
  if (!now) return;
  const dialog = show(
    t("person.title", { user: now.user }),
    [
      h("p", null, t("person.role", { role: tOr("role", now.role) })),
      h(
        "div",
        { class: "row wrap" },
        h("button", { class: "btn", type: "button", onclick: () => (dialog.close(), void password()) }, t("person.password")),
        now.role === "administrator" ? h("button", { class: "btn", type: "button", onclick: () => (dialog.close(), void people()) }, t("person.people")) : null,
        h("button", { class: "btn danger", type: "button", "data-is": "sign-out", onclick: () => (dialog.close(), void leave()) }, t("person.out")),
      ),
    ],
    false,
  );
}

async function leave() {
  close();
  await signOut().catch(() => undefined);
  location.reload();
}

/** @param {string} name @param {string} label @param {string} [type] @param {[string, string][]} [options] */
function entry(name, label, type = "password", options = undefined) {
  const input = options
    ? h("select", { id: `p-${name}` }, options.map(([value, text]) => h("option", { value }, text)))
    : h("input", { id: `p-${name}`, type, autocomplete: type === "password" ? "new-password" : "off" });
  return {
    name,
    element: h("div", { class: "field" }, h("label", { for: `p-${name}` }, label), input),
    read: () => {
      const { value } = /** @type {HTMLInputElement} */ (input);
      if (!value) throw new Error(t("field.missing"));
      return value;
    },
  };
}

async function password() {
  const given = await ask({ title: t("person.password"), fields: [entry("old", t("door.old")), entry("new", t("door.new"))], yes: t("door.change") });
  if (!given) return;
  await tried(() => changePassword(String(given.args["old"]), String(given.args["new"])), t("person.password"));
}

const ROLES = ["operator", "process", "maintenance", "administrator"];

async function people() {
  /** @type {{name: string, role: string, disabled: boolean, locked: boolean}[]} */
  const users = await get("/api/users");
  const dialog = show(t("person.people"), [
    table(
      [th(t("door.user")), th(t("person.role_head")), th("")],
      users.map((u) =>
        h(
          "tr",
          null,
          td(u.name),
          td(`${tOr("role", u.role)}${u.disabled ? ` · ${t("person.shut")}` : u.locked ? ` · ${t("person.locked")}` : ""}`),
          td(
            u.name === session()?.user
              ? null
              : h(
                  "button",
                  { class: "btn slim", type: "button", onclick: () => (dialog.close(), void tried(() => request("PATCH", `/api/users/${encodeURIComponent(u.name)}`, { disabled: !u.disabled, unlock: true }), u.name).then(people)) },
                  t(u.disabled ? "person.open_do" : "person.shut_do"),
                ),
          ),
        ),
      ),
    ),
    h("button", { class: "btn", type: "button", onclick: () => (dialog.close(), void add()) }, t("person.add")),
  ]);
}

async function add() {
  const given = await ask({
    title: t("person.add"),
    fields: [
      entry("name", t("door.user"), "text"),
      entry("role", t("person.role_head"), "text", ROLES.map((r) => /** @type {[string, string]} */ ([r, tOr("role", r)]))),
      entry("password", t("person.first_password")),
    ],
    yes: t("person.add"),
  });
  if (given) await tried(() => request("POST", "/api/users", given.args), t("person.add"));
}

/** @param {() => Promise<unknown>} act @param {string} what */
async function tried(act, what) {
  try {
    await act();
    note("good", what, t("answer.done"));
  } catch (error) {
    note("bad", what, error instanceof ApiError ? (error.body?.why ?? error.message) : String(error));
  }
}
