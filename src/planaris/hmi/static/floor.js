// Where everything stands on the mimic: a plan of the tool on 1060 by 500, from what the tool says of itself.

/** @typedef {{x: number, y: number, r: number}} Spot */
/** @typedef {Spot & {id: string, labelX: number, labelY: number, anchor: "start" | "middle" | "end"}} Platen */

/**
 * @typedef {object} Floor
 * @property {{id: string, x: number, y: number}[]} ports top left corner of each carrier
 * @property {Record<string, Spot>} places by location of the material map
 * @property {Platen[]} platens
 * @property {(head: number, station: number) => Spot} headAt where a head is that stands over a station, 0 being its load cup
 * @property {{x: number, y: number} | null} hub centre of the carousel
 */

export const WIDTH = 1060;
export const HEIGHT = 500;
export const SLOT = { width: 74, pitch: 7.6, count: 25 };
const WAFER_R = 26;
const LABEL_HIGH = 76;
const HUB = { x: 806, y: 250, arm: 134, platen: 92, head: 104 };

/** @param {import("./types.js").ToolState} tool @returns {Floor} */
export function floorOf(tool) {
  const ports = Array.from({ length: tool.load_ports }, (_, k) => ({
    id: `loadport${k + 1}`,
    x: 24 + 100 * Math.floor(k / 2),
    y: k % 2 ? 286 : 46,
  }));
  const right = 100 * Math.max(0, Math.ceil(tool.load_ports / 2) - 1);
  const at = (/** @type {number} */ x, /** @type {number} */ y, r = WAFER_R) => ({ x, y, r });
  // Robots of two arms and a stage each way stand one above the other, with room for what is written below each.
  const pair = tool.architecture !== "carousel";
  const [upper, lower] = pair ? [169, 276] : [256, 256];
  /** @type {Record<string, Spot>} */
  const places = {
    aligner: at(188 + right, pair ? 66 : 84),
    metrology: at(290 + right, pair ? 66 : 84),
    dry_robot: at(188 + right, upper),
    stage: at(302 + right, upper),
    wet_robot: at(424 + right / 2, upper),
    ...(pair ? { dry_robot_b: at(188 + right, lower), stage_out: at(302 + right, lower), wet_robot_b: at(424 + right / 2, lower) } : {}),
  };
  const from = 460;
  const pitch = Math.min(92, (from - 176 - right) / Math.max(1, tool.stations.length - 1));
  tool.stations.forEach((station, k) => {
    places[station] = at(from - pitch * k, 420);
  });
  return tool.architecture === "carousel" ? carousel(tool, ports, places) : units(tool, ports, places);
}

/**
 * @param {import("./types.js").ToolState} tool
 * @param {Floor["ports"]} ports
 * @param {Record<string, Spot>} places
 * @returns {Floor}
 */
function carousel(tool, ports, places) {
  const stations = tool.platens + 1;
  const spot = (/** @type {number} */ station, /** @type {number} */ distance, /** @type {number} */ r) => {
    const angle = Math.PI + (2 * Math.PI * station) / stations;
    return { x: HUB.x + distance * Math.cos(angle), y: HUB.y + distance * Math.sin(angle), r };
  };
  places["loadcup"] = { ...spot(0, HUB.arm + 4, 30) };
  const labels = [
    { labelX: 912, labelY: 36, anchor: "start" },
    { labelX: 912, labelY: 384, anchor: "start" },
    { labelX: 700, labelY: 400, anchor: "end" },
    { labelX: 700, labelY: 60, anchor: "end" },
  ];
  const platens = Array.from({ length: tool.platens }, (_, k) => ({
    id: `platen${k + 1}`,
    ...spot(k + 1, HUB.arm, Math.min(HUB.platen, 0.95 * HUB.arm * Math.sin(Math.PI / stations))),
    .../** @type {{labelX: number, labelY: number, anchor: "start" | "end"}} */ (labels[k % labels.length]),
  }));
  return { ports, places, platens, hub: HUB, headAt: (_head, station) => spot(station, station ? HUB.head : HUB.arm + 4, 38) };
}

/**
 * @param {import("./types.js").ToolState} tool
 * @param {Floor["ports"]} ports
 * @param {Record<string, Spot>} places
 * @returns {Floor}
 */
function units(tool, ports, places) {
  const rows = Math.max(1, Math.ceil(tool.platens / 2));
  const high = HEIGHT / rows;
  /** @type {Platen[]} */
  const platens = [];
  for (let unit = 0; unit < rows; unit++) {
    // Below a platen stand four lines at most.
    const r = Math.min(88, (high - LABEL_HIGH - 14) / 2);
    const y = high * unit + r + 10;
    places[`exchange${unit + 1}`] = { x: 590, y, r: 30 };
    for (let table = 0; table < 2; table++) {
      const x = 745 + 210 * table;
      platens.push({ id: `platen${2 * unit + table + 1}`, x, y, r, labelX: x, labelY: y + r, anchor: "middle" });
    }
  }
  const headAt = (/** @type {number} */ head, /** @type {number} */ station) => {
    const table = platens[2 * (head - 1) + station - 1];
    const cup = /** @type {Spot} */ (places[`exchange${head}`] ?? { x: 590, y: 250, r: 30 });
    return station && table ? { x: table.x - 22, y: table.y, r: 38 } : { x: cup.x, y: cup.y, r: 38 };
  };
  return { ports, places, platens, hub: null, headAt };
}
