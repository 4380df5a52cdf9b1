// A wafer's map: what was measured at the sites, spread between them, and the sites themselves.

import { h } from "./dom.js";
import { num } from "./format.js";

/** Ramps of the report, made in OKLab so that lightness rises evenly; the twin's truth has its own. @type {Record<"measured" | "truth", number[][]>} */
const RAMPS = {
  measured: [[19, 28, 103], [12, 60, 114], [0, 89, 125], [0, 119, 129], [32, 148, 125], [59, 177, 117], [129, 198, 108], [189, 217, 93], [244, 235, 67]],
  truth: [[57, 0, 81], [93, 10, 95], [133, 21, 110], [170, 46, 118], [197, 84, 116], [224, 117, 110], [240, 155, 134], [252, 192, 162], [255, 229, 190]],
};
const PIXELS = 132;

/** @param {number[][]} ramp @param {number} at 0 to 1 */
function colourAt(ramp, at) {
  const place = Math.max(0, Math.min(1, at)) * (ramp.length - 1);
  const k = Math.min(ramp.length - 2, Math.floor(place));
  const [a, b] = [/** @type {number[]} */ (ramp[k]), /** @type {number[]} */ (ramp[k + 1])];
  return a.map((v, j) => Math.round(v + (place - k) * (Number(b[j]) - v)));
}

/** @param {"measured" | "truth"} kind */
export const gradient = (kind) => `linear-gradient(to right, ${RAMPS[kind].map((c) => `rgb(${c.join(" ")})`).join(", ")})`;

/**
 * @typedef {object} MapData
 * @property {number[]} x_mm
 * @property {number[]} y_mm
 * @property {(number | null)[]} value
 */

/**
 * Draw a map: between sites by inverse distance squared, so that at a site stands what was measured there.
 * @param {MapData} data
 * @param {object} look
 * @param {"measured" | "truth"} look.kind
 * @param {number} look.radius_mm
 * @param {[number, number]} look.range
 * @param {string} look.label
 * @param {boolean} look.sites
 * @returns {HTMLElement}
 */
export function waferMap(data, look) {
  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "map", width: PIXELS, height: PIXELS, role: "img", "aria-label": look.label }));
  const context = canvas.getContext("2d");
  const ramp = RAMPS[look.kind];
  const sites = data.x_mm.map((x, k) => ({ x, y: Number(data.y_mm[k]), value: data.value[k] ?? null })).filter((s) => s.value !== null);
  if (!context || !sites.length) return canvas;
  const image = context.createImageData(PIXELS, PIXELS);
  const half = PIXELS / 2;
  const [low, high] = look.range;
  for (let row = 0; row < PIXELS; row++) {
    for (let column = 0; column < PIXELS; column++) {
      const x = ((column + 0.5 - half) / (half - 1)) * look.radius_mm;
      const y = -((row + 0.5 - half) / (half - 1)) * look.radius_mm;
      const over = Math.hypot(x, y) / look.radius_mm;
      if (over > 1) continue;
      let [sum, weight] = [0, 0];
      for (const site of sites) {
        const w = 1 / ((x - site.x) ** 2 + (y - site.y) ** 2 + 0.01);
        const w2 = w * w;
        sum += w2 * Number(site.value);
        weight += w2;
      }
      const colour = colourAt(ramp, high > low ? (sum / weight - low) / (high - low) : 0.5);
      const at = 4 * (row * PIXELS + column);
      for (let j = 0; j < 3; j++) image.data[at + j] = Number(colour[j]);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  if (look.sites) {
    for (const site of sites) {
      context.beginPath();
      context.arc(half + (site.x / look.radius_mm) * (half - 1), half - (site.y / look.radius_mm) * (half - 1), 1.6, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.lineWidth = 0.7;
      context.strokeStyle = "#000";
      context.stroke();
    }
  }
  return canvas;
}

/** The scale below a map. @param {"measured" | "truth"} kind @param {[number, number]} range @param {string} unit */
export const scale = (kind, range, unit) =>
  h("div", { class: "scale" }, h("span", null, num(range[0], 1)), h("div", { class: "ramp", style: { background: gradient(kind) } }), h("span", null, `${num(range[1], 1)} ${unit}`));

/** Least and greatest of values that are there. @param {(number | null)[]} values @returns {[number, number]} */
export function extent(values) {
  const there = values.filter((v) => v !== null).map(Number);
  return there.length ? [Math.min(...there), Math.max(...there)] : [0, 1];
}
