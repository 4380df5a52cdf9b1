// The tool as a picture: carriers slot by slot, robots, heads over platens, cleaner, and every wafer where it is.

import { s } from "./dom.js";
import { duration, num } from "./format.js";
import { floorOf, HEIGHT, SLOT, WIDTH } from "./floor.js";
import { placeName, t, tOr } from "./i18n.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").WaferState} WaferState */
/** @typedef {import("./dom.js").Child} Child */

/** How far a wafer is, which is how it looks. @param {WaferState} wafer @returns {"mark" | "done" | "raw" | "work"} */
export function looks(wafer) {
  if (wafer.marks.length) return "mark";
  if (wafer.state === "finished") return "done";
  return wafer.place.startsWith("loadport") ? "raw" : "work";
}

/** Letters before the slot of wafers that are no product. */
const KINDS = /** @type {Record<string, string>} */ ({ monitor: "M", dummy: "D", qualification: "Q" });
/** @param {WaferState} wafer */
export const waferLabel = (wafer) => `${KINDS[wafer.kind] ?? ""}${wafer.slot}`;
const SIGNS = { mark: "!", done: "✓", raw: "", work: "" };

/**
 * @param {State} state
 * @param {(tag: string) => number | undefined} told the last value of a watched tag
 * @param {number} now_s tool time
 * @returns {SVGElement}
 */
export function mimic(state, told, now_s) {
  const floor = floorOf(state.tool);
  const { modules } = state;
  const failed = (/** @type {string} */ id) => modules[id]?.state === "failed";
  const busy = (/** @type {string} */ id) => !["", "idle", "mapped", "failed", "holding", "finished"].includes(modules[id]?.state ?? "");
  const edge = (/** @type {string} */ id) => (failed(id) ? "fail" : busy(id) ? "on" : "");
  const stateText = (/** @type {string} */ id) => {
    const module = modules[id];
    if (!module) return "";
    const extra = module.manual ? ` · ${t("module.manual")}` : module.quarantine && module.quarantine !== "none" && module.quarantine !== "released" ? ` · ${tOr("quarantine", module.quarantine)}` : "";
    return `${failed(id) ? "✕ " : ""}${tOr("module", module.state)}${extra}`;
  };
  /** @type {(number: number) => number} */
  const station = (head) => {
    const process = Object.entries(state.process).find(([, p]) => p.head === head && !p.ended);
    const turned = told("carousel.position");
    const swung = told(`swing${head}.position`);
    if (floor.hub && turned !== undefined) return (head - 1 + turned) % state.tool.heads;
    if (!floor.hub && swung !== undefined) return swung;
    return process ? (floor.hub ? Number(process[0]) : ((Number(process[0]) - 1) % 2) + 1) : floor.hub ? head - 1 : 0;
  };
  const heads = Array.from({ length: state.tool.heads }, (_, k) => ({ id: `head${k + 1}`, n: k + 1, ...floor.headAt(k + 1, station(k + 1)) }));
  /** @type {Record<string, import("./floor.js").Spot>} */
  const spots = { ...floor.places, ...Object.fromEntries(heads.map((head) => [head.id, { ...head, r: 29 }])) };

  /** @type {Child[]} */
  const arms = [];
  for (const wafer of Object.values(state.wafers)) {
    const [from, to] = [spots[wafer.place], spots[wafer.going]];
    if (from && to && wafer.place !== wafer.going) arms.push(s("line", { class: "go", x1: from.x, y1: from.y, x2: to.x, y2: to.y }));
  }
  return s(
    "svg",
    { class: "mimic", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid meet", role: "img", "aria-label": t("mimic.title") },
    s("path", { class: "room", d: "M12 4H356q8 0 8 8V336q0 8-8 8H140q-8 0-8 8V488q0 8-8 8H12q-8 0-8-8V12q0-8 8-8z" }),
    s("rect", { class: "room", x: 140, y: 352, width: 376, height: 144, rx: 8 }),
    s("path", { class: "room", d: "M380 4H1048q8 0 8 8V488q0 8-8 8H532q-8 0-8-8V352q0-8-8-8H380q-8 0-8-8V12q0-8 8-8z" }),
    s("text", { class: "soft", x: 150, y: 22 }, t("mimic.dry")),
    s("text", { class: "soft", x: 384, y: 22 }, t("mimic.wet")),
    s("text", { class: "soft", x: 150, y: 370 }, t("mimic.cleaner")),
    floor.ports.map((port) => carrier(state, port)),
    floor.platens.map((platen) => [
      s("circle", { class: ["platen", edge(platen.id)], cx: platen.x, cy: platen.y, r: platen.r }),
      conditioner(state, platen, told),
    ]),
    floor.hub
      ? [
          heads.map((head) => s("line", { class: "arm", x1: floor.hub?.x, y1: floor.hub?.y, x2: head.x, y2: head.y, key: `arm${head.n}` })),
          s("circle", { class: ["body", edge("carousel")], cx: floor.hub.x, cy: floor.hub.y, r: 26 }),
        ]
      : heads.map((head) => s("line", { class: "arm", x1: spots[`exchange${head.n}`]?.x, y1: spots[`exchange${head.n}`]?.y, x2: head.x, y2: head.y })),
    Object.entries(floor.places).map(([id, spot]) => station_(id, spot, edge(id), stateText(id))),
    heads.map((head) =>
      s(
        "g",
        { key: head.id, class: "wafer", transform: `translate(${head.x.toFixed(1)},${head.y.toFixed(1)})` },
        s("circle", { class: ["ring", edge(head.id)], r: 36 }),
        s("text", { class: "soft", x: 38, y: -18 }, t("mimic.head", { n: head.n })),
      ),
    ),
    floor.platens.map((platen) => platenText(state, platen, stateText(platen.id), now_s)),
    arms,
    Object.entries(state.wafers)
      .filter(([, wafer]) => spots[wafer.place])
      .map(([id, wafer]) => disc(id, wafer, /** @type {import("./floor.js").Spot} */ (spots[wafer.place]))),
  );
}

/** @param {string} id @param {WaferState} wafer @param {import("./floor.js").Spot} spot */
function disc(id, wafer, spot) {
  const kind = looks(wafer);
  return s(
    "g",
    { key: `wafer ${id}`, class: "wafer", transform: `translate(${spot.x.toFixed(1)},${spot.y.toFixed(1)})`, "data-wafer": id, "data-place": wafer.place },
    s("title", null, `${id} · ${placeName(wafer.place)} · ${tOr("wafer", wafer.state)}`),
    s("circle", { class: `w w-${kind}`, r: Math.min(26, spot.r - 2) }),
    s("text", { class: `wt w-${kind}`, y: 4 }, `${waferLabel(wafer)}${SIGNS[kind]}`),
  );
}

/** @param {string} id @param {import("./floor.js").Spot} spot @param {string} edge @param {string} text */
function station_(id, spot, edge, text) {
  const robot = id.includes("robot");
  const shape = robot
    ? s("circle", { class: ["body", edge], cx: spot.x, cy: spot.y, r: spot.r + 8 })
    : s("rect", { class: ["body", edge], x: spot.x - spot.r - 6, y: spot.y - spot.r - 6, width: 2 * spot.r + 12, height: 2 * spot.r + 12, rx: 8 });
  const below = spot.y + spot.r + (robot ? 24 : 21);
  return s("g", { key: id }, shape, s("text", { class: "mid", x: spot.x, y: below }, short(id)), s("text", { class: "soft mid", x: spot.x, y: below + 16 }, text));
}

/** @param {string} id */
const short = (id) => {
  const named = tOr("short", id);
  return named === id ? placeName(id) : named;
};

/** @param {State} state @param {import("./floor.js").Platen} platen @param {(tag: string) => number | undefined} told */
function conditioner(state, platen, told) {
  const id = platen.id.replace("platen", "conditioner");
  const module = state.modules[id];
  if (!module) return null;
  const down = told(`${id}.up`) === 0;
  const away = platen.x >= 806 ? 1 : -1;
  const [x, y] = [platen.x + away * platen.r * (down ? 0.55 : 0.96), platen.y - platen.r * (down ? 0.35 : 0.62)];
  return s("g", { key: id }, s("title", null, `${placeName(id)}: ${t(down ? "conditioner.down" : "conditioner.up")}`), s("circle", { class: ["body", module.state === "failed" ? "fail" : down ? "on" : ""], cx: x, cy: y, r: 11 }));
}

/** @param {State} state @param {import("./floor.js").Platen} platen @param {string} text @param {number} now_s */
function platenText(state, platen, text, now_s) {
  const step = state.process[platen.id.replace("platen", "")];
  const going = step && !step.ended && step.started_s !== null;
  const passed = going && Number.isFinite(now_s) ? duration(now_s - Number(step.started_s)) : "";
  const lines = [placeName(platen.id), text, going ? `${step.step_name} ${passed}${step.time_s ? ` / ${duration(step.time_s)}` : ""}` : "", endpointText(step)];
  return s(
    "g",
    { key: `${platen.id} text` },
    lines.filter(Boolean).map((line, k) => s("text", { class: k ? "soft" : "", x: platen.labelX, y: platen.labelY + 18 * (k + 1), "text-anchor": platen.anchor }, line)),
  );
}

/** @param {import("./types.js").ProcessState | undefined} step */
function endpointText(step) {
  const end = step?.endpoint;
  if (!end || !step || end.wafer_id !== step.wafer_id) return "";
  return `◉ ${tOr("endpoint", end.decision)}${end.endpoint_nm === null ? "" : ` ${num(end.endpoint_nm, 0)} nm`}`;
}

/** @param {State} state @param {{id: string, x: number, y: number}} port */
function carrier(state, port) {
  const number = port.id.replace("loadport", "");
  const there = state.carriers[number];
  const placed = there ?? Object.keys(state.material).some((place) => place.startsWith(`${port.id}.`));
  const head = s("text", { x: port.x, y: port.y - 10 }, short(port.id), there ? s("tspan", { class: "soft", dx: 6 }, there.carrier_id) : null);
  if (!placed) {
    return s(
      "g",
      { key: port.id },
      head,
      s("rect", { class: "slot", x: port.x, y: port.y, width: SLOT.width, height: SLOT.pitch * SLOT.count, rx: 4, "stroke-dasharray": "5 4" }),
      s("text", { class: "soft mid", x: port.x + SLOT.width / 2, y: port.y + 100 }, t("mimic.no_carrier")),
    );
  }
  /** @type {Record<string, [string, WaferState]>} */
  const home = {};
  for (const [id, wafer] of Object.entries(state.wafers)) if (wafer.place && lotOf(state, number) === wafer.lot_id) home[wafer.slot] = [id, wafer];
  const rows = Array.from({ length: SLOT.count }, (_, k) => {
    const slot = SLOT.count - k;
    const y = port.y + k * SLOT.pitch;
    const inside = state.material[`${port.id}.${String(slot).padStart(2, "0")}`];
    const wafer = inside ? state.wafers[inside] : undefined;
    const label = slot % 5 === 0 || slot === 1 ? s("text", { class: "soft", x: port.x - 4, y: y + 6, "text-anchor": "end" }, slot) : null;
    if (wafer && inside) {
      const kind = looks(wafer);
      const wide = kind === "done" ? SLOT.width : kind === "mark" ? SLOT.width * 0.6 : SLOT.width;
      return [
        label,
        s("rect", { class: `w w-${kind}`, x: port.x + 1, y: y + 0.8, width: wide - 2, height: SLOT.pitch - 2, rx: 2, "data-wafer": inside, "data-place": wafer.place, "data-looks": kind }, s("title", null, `${inside} · ${tOr("wafer", wafer.state)}`)),
        kind === "done" ? s("line", { class: "w w-done", x1: port.x + 8, x2: port.x + SLOT.width - 8, y1: y + 3.6, y2: y + 3.6 }) : null,
      ];
    }
    const out = home[slot];
    return [label, s("line", { class: "slot", x1: port.x + 2, x2: port.x + SLOT.width - 2, y1: y + 3.8, y2: y + 3.8, "stroke-dasharray": out ? "3 3" : null })];
  });
  return s("g", { key: port.id }, head, s("rect", { class: "frame", x: port.x - 3, y: port.y - 4, width: SLOT.width + 6, height: SLOT.pitch * SLOT.count + 6, rx: 4 }), rows);
}

/** @param {State} state @param {string} port */
const lotOf = (state, port) => state.carriers[port]?.lot_id || Object.entries(state.jobs).find(([, j]) => String(j.load_port) === port)?.[0];
