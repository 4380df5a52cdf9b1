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
  /** @type {Record<string, Spot>} */
  const places = {
    dry_robot: at(188 + right, 226),
    dry_robot_b: at(188 + right, 286),
    aligner: at(188 + right, 84),
    metrology: at(290 + right, 84),
    stage: at(302 + right, tool.architecture === "carousel" ? 256 : 226),
    stage_out: at(302 + right, 288),
    wet_robot: at(424 + right / 2, 226),
    wet_robot_b: at(424 + right / 2, 286),
    stage_in: at(302 + right, 226),
  };
  if (tool.architecture === "carousel") {
    places["dry_robot"] = at(188 + right, 256);
    places["wet_robot"] = at(424 + right / 2, 256);
    delete places["dry_robot_b"];
    delete places["wet_robot_b"];
    delete places["stage_out"];
  }
  delete places["stage_in"];
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
    ...spot(k + 1, HUB.arm, HUB.platen),
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
    const y = high * (unit + 0.5);
    places[`exchange${unit + 1}`] = { x: 590, y, r: 30 };
    for (let table = 0; table < 2; table++) {
      const x = 745 + 210 * table;
      platens.push({ id: `platen${2 * unit + table + 1}`, x, y: y - 14, r: Math.min(88, high / 2 - 34), labelX: x, labelY: y + Math.min(88, high / 2 - 34), anchor: "middle" });
    }
  }
  const headAt = (/** @type {number} */ head, /** @type {number} */ station) => {
    const table = platens[2 * (head - 1) + station - 1];
    const cup = /** @type {Spot} */ (places[`exchange${head}`] ?? { x: 590, y: 250, r: 30 });
    return station && table ? { x: table.x - 22, y: table.y, r: 38 } : { x: cup.x, y: cup.y, r: 38 };
  };
  return { ports, places, platens, hub: null, headAt };
}
