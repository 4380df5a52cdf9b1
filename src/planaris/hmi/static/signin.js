// The door: sign-in, and the first change of a password.

import { h, patch } from "./dom.js";
import { languageNow, speak, t } from "./i18n.js";
import { ApiError, changePassword, session, signIn } from "./session.js";

/** The least length of a password that the server takes. */
const LEAST_LENGTH = 10;

/**
 * Show the sign-in until somebody is in.
 * @param {HTMLElement} place
 * @param {string} why what to tell first
 * @returns {Promise<void>}
 */
export function door(place, why) {
  return new Promise((resolve) => {
    let fault = why;
    let busy = false;
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (busy) return;
      const data = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
      busy = true;
      fault = "";
      draw();
      try {
        if (session()?.must_change_password) {
          if (data.get("new") !== data.get("again")) throw new Error(t("door.unequal"));
          if (String(data.get("new")).length < LEAST_LENGTH) throw new Error(t("door.short", { n: LEAST_LENGTH }));
          await changePassword(String(data.get("password")), String(data.get("new")));
        } else await signIn(String(data.get("user")), String(data.get("password")));
        if (!session()?.must_change_password) return resolve();
      } catch (error) {
        fault = told(error);
      } finally {
        busy = false;
        draw();
      }
      return undefined;
    };
    const draw = () => {
      const change = session()?.must_change_password === true;
      patch(
        place,
        h(
          "main",
          { class: "door" },
          h(
            "form",
            { onsubmit: submit, key: change ? "change" : "sign-in" },
            h("h1", null, h("img", { src: "/static/icon.svg", alt: "" }), "Planaris"),
            h("p", { class: "note" }, change ? t("door.change_why") : t("door.what")),
            change ? null : field("user", t("door.user"), "text", "username"),
            field("password", change ? t("door.old") : t("door.password"), "password", "current-password"),
            change ? [field("new", t("door.new"), "password", "new-password"), field("again", t("door.again"), "password", "new-password")] : null,
            fault ? h("p", { class: "fault", role: "alert" }, fault) : null,
            h("button", { class: "btn main", type: "submit", disabled: busy }, change ? t("door.change") : t("door.enter")),
            h(
              "div",
              { class: "row" },
              [/** @type {const} */ (["en", "English"]), /** @type {const} */ (["zh", "简体中文"])].map(([code, name]) =>
                h("button", { class: "btn slim", type: "button", lang: code, "aria-pressed": String(languageNow() === code), onclick: () => void speak(code).then(draw) }, name),
              ),
            ),
          ),
        ),
      );
    };
    draw();
    /** @type {HTMLElement | null} */ (place.querySelector("input"))?.focus();
  });
}

/** @param {string} name @param {string} label @param {string} type @param {string} fill */
const field = (name, label, type, fill) =>
  h("div", { class: "field" }, h("label", { for: `in-${name}` }, label), h("input", { id: `in-${name}`, name, type, autocomplete: fill, required: true }));

/** @param {unknown} error */
function told(error) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const wait = Math.ceil(Number(error.body?.retry_after_s ?? 0));
  if (error.status === 401) return t("door.wrong");
  if (error.status === 423) return t("door.locked", { n: wait });
  if (error.status === 429) return t("door.busy", { n: wait });
  if (error.status === 0) return t("door.unreachable");
  return error.body?.why ?? error.message;
}
