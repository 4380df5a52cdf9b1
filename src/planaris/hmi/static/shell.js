// The screen that stays: title panel, navigation panel, command panel; pages come and go in its middle.

import { find, h, patch } from "./dom.js";
import { duration, NONE } from "./format.js";
import { languageNow, learn, speak, t, tOr } from "./i18n.js";
import { icon } from "./icons.js";
import { isLive, linkState, toolTime, waiting } from "./link.js";
import { person } from "./person.js";
import { session } from "./session.js";
import { state, tell, watch } from "./store.js";
import { preload } from "./charts.js";
import { commandButton, note } from "./ui.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * A page: what it shows, which commands stand beside it, and what ends it.
 * @typedef {object} Page
 * @property {() => Child} info
 * @property {() => Child} [commands]
 * @property {() => void} [stop]
 */

/** Pages in the order of the navigation. */
export const PAGES = [
  "overview", "jobs", "process", "whatif", "wafers", "control", "recipes", "alarms", "consumables", "maintenance", "factory", "training", "audit",
];
/** Pages of what was recorded or is worked out: it does not age while the link is down. All others show what is now. */
const RECORDS = new Set(["whatif", "wafers", "control", "recipes", "audit"]);
/** What a page shows is drawn anew at most so often. */
const DRAW_MS = 120;

/** @type {Page | null} */
let page = null;
let pageId = "";
let drawn_ms = -Infinity;
/** @type {number | undefined} */
let later;

const isTwin = () => state().tool?.port_kind === "twin";
export const pagesNow = () => PAGES.filter((id) => id !== "training" || isTwin());

/** Show the screen and go where the address says. Returns what takes it down. */
export function openScreen() {
  const app = find("#app");
  patch(
    app,
    h(
      "div",
      { class: "screen", key: "screen" },
      h("a", { class: "skip", href: "#info", onclick: (/** @type {Event} */ e) => (e.preventDefault(), find("#info").focus()) }, t("skip")),
      h("header", { class: "title", "aria-label": "title", keep: true }),
      h("div", { class: "middle" }, h("div", { class: "offline", role: "alert", keep: true }), h("main", { class: "info", id: "info", tabindex: "-1", keep: true })),
      h("aside", { class: "command", "aria-label": "commands", keep: true }),
      h("nav", { class: "nav", "aria-label": "pages", keep: true }),
    ),
  );
  const stop = watch(() => ({}), draw);
  const tick = setInterval(clock, 200);
  addEventListener("hashchange", go);
  addEventListener("keydown", keys);
  void go().then(loadPages);
  return () => {
    stop();
    clearInterval(tick);
    removeEventListener("hashchange", go);
    removeEventListener("keydown", keys);
    page?.stop?.();
    page = null;
    pageId = "";
  };
}

async function go() {
  const wanted = location.hash.replace(/^#\/?/, "").split("/")[0] ?? "";
  const id = PAGES.includes(wanted) ? wanted : "overview";
  if (id === pageId) return tell();
  const before = pageId;
  pageId = id;
  let loaded;
  try {
    loaded = await import(`./pages/${id}.js`);
  } catch {
    if (pageId !== id) return undefined;
    pageId = before;
    note("warn", t(`page.${id}`), t("link.no_page"));
    return tell();
  }
  if (pageId !== id) return undefined;
  page?.stop?.();
  patch(find("#info"));
  page = loaded.default();
  drawn_ms = -Infinity;
  find("#info").scrollTop = 0;
  document.title = `${t(`page.${id}`)} · Planaris`;
  return tell();
}

/** Have every page here before it is asked for: while the network is cut, people still look around. */
async function loadPages() {
  for (const id of PAGES) await import(`./pages/${id}.js`).catch(() => null);
  await preload().catch(() => null);
  document.documentElement.dataset.pages = "loaded";
}

/** @param {KeyboardEvent} event */
function keys(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const at = "1234567890".indexOf(event.key);
  const id = pagesNow()[at];
  if (at < 0 || !id) return;
  event.preventDefault();
  location.hash = `#/${id}`;
  find("#info").focus();
}

function draw() {
  const wait_ms = DRAW_MS - (performance.now() - drawn_ms);
  if (wait_ms > 0) {
    later ??= setTimeout(() => {
      later = undefined;
      draw();
    }, wait_ms);
    return;
  }
  clearTimeout(later);
  later = undefined;
  drawn_ms = performance.now();
  const screen = document.querySelector(".screen");
  if (!screen || !state().tool) return;
  screen.classList.toggle("twin", isTwin());
  patch(find(".title"), title());
  patch(find(".nav"), navigation());
  if (!page) return;
  patch(find(".offline"), "✕ ", t(linkState() === "connecting" ? "link.connecting_more" : "link.stale_more"));
  find("#info").classList.toggle("live", !RECORDS.has(pageId));
  patch(find("#info"), page.info());
  patch(
    find(".command"),
    h("h2", null, t("commands")),
    page.commands?.() ?? null,
    h("div", { class: "push", key: "push" }),
    waiting().length ? h("p", { class: "note", role: "status" }, t("command.waiting", { verbs: waiting().map((v) => tOr("verb", v)).join(", ") })) : null,
    state().tool.halted ? commandButton("tool.resume", { main: true }) : commandButton("tool.halt", { danger: true }),
  );
}

/** @returns {Child} */
function title() {
  const { tool, alarms, jobs, factory } = state();
  const active = Object.values(alarms.active);
  const grave = active.some((a) => a.severity !== "warning" && a.severity !== "info");
  const open = active.filter((a) => a.state === "set").length;
  const running = Object.entries(jobs).filter(([, j]) => ["running", "paused", "stopping", "aborting"].includes(j.state));
  const lots = running.map(([lot, j]) => `${lot} ${tOr("job", j.state)} ${j.finished_count}/${j.wafers_count}`).join(" · ");
  return [
    h(
      "div",
      { class: ["banner", isTwin() && "twin"] },
      h("strong", null, tool.banner),
      h("small", null, isTwin() ? `${tool.name} · ${t("banner.twin", { speed: speedText() })}` : tool.name),
    ),
    h("div", { class: "fact live" }, h("small", null, t("title.state")), h("b", { "data-is": "tool-state" }, tool.halted ? t("title.halted") : tOr("e10", tool.state || "unknown"))),
    h("div", { class: "fact grow live" }, h("small", null, t("title.lots")), h("b", { title: lots }, lots || t("title.no_lot"))),
    factory.address ? h("div", { class: "fact live" }, h("small", null, t("title.host")), h("b", null, tOr("control", factory.control))) : null,
    h(
      "button",
      { class: ["alarm-button live", active.length > 0 && (grave ? "alarmed" : "warned")], type: "button", onclick: () => (location.hash = "#/alarms"), "data-is": "alarms" },
      h("small", null, t("title.alarms")),
      h("br"),
      h("b", null, active.length ? `${grave ? "✕" : "▲"} ${active.length}` : "✓ 0", open ? ` · ${t("title.unacknowledged", { n: open })}` : ""),
    ),
    h("div", { class: "fact live" }, h("small", null, t("title.time")), h("b", { id: "clock", keep: true }, NONE)),
    h("div", { class: "fact" }, h("small", null, t("title.link")), h("b", { class: isLive() ? "linked" : "unlinked", "data-is": "link" }, t(`link.${linkState()}`))),
    h("button", { type: "button", onclick: () => void person(), "data-is": "person", "aria-label": t("title.person") }, h("small", null, tOr("role", session()?.role ?? "")), h("br"), h("b", null, session()?.user ?? "")),
    h("button", { type: "button", onclick: () => void switchLanguage(), "data-is": "language", lang: languageNow() === "zh" ? "en" : "zh" }, languageNow() === "zh" ? "EN" : "中文"),
    h("button", { type: "button", onclick: switchTheme, "data-is": "theme", "aria-label": t("title.theme") }, themeNow() === "dark" ? "☀" : "☾"),
  ];
}

const speedText = () => (state().tool.speed === 1 ? "1×" : `${state().tool.speed}×`);

function clock() {
  const place = document.querySelector("#clock");
  if (place) place.textContent = duration(toolTime());
}

/** @returns {Child} */
function navigation() {
  const open = Object.values(state().alarms.active).length;
  const questions = state().questions.length;
  return pagesNow().map((id, k) => {
    const count = id === "alarms" ? open : id === "maintenance" ? questions : 0;
    return h(
      "a",
      { href: `#/${id}`, "aria-current": id === pageId ? "page" : null, "aria-keyshortcuts": k < 10 ? `Alt+${(k + 1) % 10}` : null, key: id },
      icon(id),
      h("span", null, t(`page.${id}`)),
      count ? h("span", { class: "count" }, count) : null,
    );
  });
}

async function switchLanguage() {
  await speak(languageNow() === "zh" ? "en" : "zh");
  document.title = `${t(`page.${pageId}`)} · Planaris`;
  drawn_ms = -Infinity;
  tell();
  await learn();
}

export const themeNow = () => document.documentElement.dataset.theme ?? "light";

function switchTheme() {
  setTheme(themeNow() === "dark" ? "light" : "dark");
}

/** @param {string} theme */
export function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("planaris.theme", theme);
  dispatchEvent(new Event("themechange"));
  tell();
}
