// Overview: the tool as a picture, how fast it goes, what is next, and what wants a person.

import { h } from "../dom.js";
import { duration, num } from "../format.js";
import { t, tOr } from "../i18n.js";
import { isLive, toolTime, watchTags } from "../link.js";
import { mimic } from "../mimic.js";
import { state, tell } from "../store.js";
import { card, commandButton, heading, placeName, tag, tile } from "../ui.js";
import { jobCommands, newJob, placeCassette } from "./jobs.js";

export default function overview() {
  /** @type {Record<string, number>} */
  const told = {};
  const { tool } = state();
  const moving = tool.architecture === "carousel" ? ["carousel.position"] : Array.from({ length: tool.heads }, (_, k) => `swing${k + 1}.position`);
  const disks = Array.from({ length: tool.platens }, (_, k) => `conditioner${k + 1}.up`);
  watchTags(
    [...moving, ...disks],
    (frame) => {
      frame.tags.forEach((name, k) => {
        const last = frame.values[k]?.at(-1);
        if (last === undefined || Number.isNaN(last) || told[name] === last) return;
        told[name] = last;
        tell();
      });
    },
    2,
  );
  const clock = setInterval(() => isLive() && tell(), 1000);
  return {
    info: () => [heading(t("page.overview"), h("p", null, t("overview.about"))), questions(), tiles(), card(t("mimic.title"), h("div", { class: "fill live mimic-box" }, mimic(state(), (name) => told[name], toolTime())), legend(), "fill mimic-card")],
    commands: () => [placeCassette(), newJob(), ...jobCommands()],
    stop: () => {
      clearInterval(clock);
      watchTags([], () => {});
    },
  };
}

function tiles() {
  const { throughput, wafers, jobs } = state();
  const all = Object.values(wafers);
  const out = all.filter((w) => w.place && !w.place.startsWith("loadport")).length;
  const next_s = throughput.next_finish_s === null ? NaN : throughput.next_finish_s - toolTime();
  const waiting = Object.values(jobs).filter((j) => j.state === "queued").length;
  return h(
    "div",
    { class: "tiles live" },
    tile(t("overview.throughput"), num(throughput.wafers_h, 1), t("unit.wafers_h")),
    tile(t("overview.next"), duration(next_s)),
    tile(t("overview.finished"), throughput.finished_count),
    tile(t("overview.out"), out),
    tile(t("overview.jobs"), Object.values(jobs).filter((j) => j.state === "running").length, waiting ? t("overview.queued", { n: waiting }) : ""),
  );
}

export function questions() {
  return state().questions.map((question) =>
    h(
      "section",
      { class: "card", key: `question ${question.wafer_id}` },
      h("header", null, h("h2", { class: "warn" }, `▲ ${t("question.title", { wafer: question.wafer_id || t("question.some") })}`), question.wafer_id ? commandButton("wafer.confirm_place", { args: { wafer_id: question.wafer_id }, choices: { location: question.candidates.map((c) => [c, placeName(c)]) }, label: t("question.answer") }) : null),
      h("p", null, question.why),
      question.look_at.length ? h("p", { class: "note" }, t("question.look", { places: question.look_at.map(placeName).join(", ") })) : null,
    ),
  );
}

const legend = () => h("div", { class: "row wrap" }, tag("", t("looks.raw")), tag("busy", t("looks.work")), tag("good", t("looks.done")), tag("bad", t("looks.mark")));

/** @param {string} name */
export const jobTag = (name) => tag(/** @type {Record<string, string>} */ ({ running: "busy", completed: "good", failed: "bad", aborted: "bad", aborting: "warn", stopping: "warn", paused: "warn" })[name] ?? "", tOr("job", name));
