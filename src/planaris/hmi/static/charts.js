// Line charts by uPlot that follow theme and size, and a buffer for traces that go on.

import { h } from "./dom.js";
import { t } from "./i18n.js";


/** @type {Promise<any> | null} */
let loading = null;

/** Load uPlot once. @returns {Promise<any>} */
export function preload() {
  loading ??= new Promise((resolve, reject) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/static/vendor/uPlot.min.css" }));
    const script = document.createElement("script");
    script.src = "/static/vendor/uPlot.iife.min.js";
    script.onload = () => resolve(/** @type {any} */ (globalThis).uPlot);
    script.onerror = () => reject(new Error("uPlot did not load"));
    document.head.append(script);
  });
  return loading;
}

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** The colour of a series; series are told apart by their dash too. @param {number} k */
export const colour = (k) => `var(--c${k % 8})`;
const DASHES = [[], [], [], [6, 3], [2, 3], [8, 3, 2, 3], [10, 4], [1, 2]];

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {number} [ink] number of its colour
 * @property {"line" | "points" | "both"} [as]
 * @property {boolean} [dash] of an earlier wafer, or foreseen
 * @property {boolean} [truth]
 * @property {string} [stroke] token of another colour
 * @property {boolean} [hidden] of the legend
 */

/**
 * @typedef {object} ChartOptions
 * @property {string} label what a screen reader says
 * @property {Series[]} series
 * @property {number} height
 * @property {string} [x] label of the x axis
 * @property {string} [y] label of the y axis
 * @property {(value: number) => string} [xText]
 * @property {() => {x?: [number, number] | undefined, y?: [number, number] | undefined}} [range]
 * @property {() => Mark[]} [marks] lines across the chart
 * @property {number} [least] least span of the y axis
 * @property {boolean} [fast] drawn often: no cursor, no points
 */

/** @typedef {{at: number, axis: "x" | "y", text?: string, kind?: "limit" | "target" | "now" | "call", to?: number}} Mark */

/** A chart: put `element` on the page once; `set` gives it data: x, then one column a series. */
export class Chart {
  /** @param {ChartOptions} options */
  constructor(options) {
    this.options = options;
    /** @type {any} */
    this.plot = null;
    /** @type {any[]} */
    this.data = [[], ...options.series.map(() => [])];
    this.box = h("div", { class: "plot" });
    this.box.style.height = `${options.height}px`;
    this.element = h("div", { class: "chart", role: "img", "aria-label": options.label }, this.box);
    this.width = 0;
    this.dirty = false;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.box);
    this.again = () => this.make();
    addEventListener("themechange", this.again);
  }

  fit() {
    const width = Math.floor(this.box.clientWidth);
    if (!width || width === this.width) return;
    this.width = width;
    if (this.plot) this.plot.setSize({ width, height: this.options.height });
    else void this.make();
  }

  async make() {
    const UPlotClass = await preload();
    if (!this.width || !this.observer) return;
    this.plot?.destroy();
    const { options } = this;
    const [ink, soft, grid, line] = ["--ink", "--soft", "--grid", "--line"].map(token);
    const font = `12px ${token("--font")}`;
    const series = options.series.map((one, k) => ({
      label: one.label,
      stroke: token(one.stroke ?? (one.truth ? "--truth" : `--c${(one.ink ?? k) % 8}`)),
      width: one.dash ? 1 : options.fast ? 1 : 1.6,
      dash: one.dash ? [4, 3] : one.truth ? [6, 3] : (DASHES[(one.ink ?? k) % 8] ?? []),
      points: { show: one.as === "points" || one.as === "both", size: 6, width: 1.5, fill: token("--card") },
      ...(one.as === "points" ? { paths: () => null } : {}),
      spanGaps: false,
      alpha: one.dash ? 0.75 : 1,
    }));
    const axis = { stroke: soft, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    const { range } = options;
    this.plot = new UPlotClass(
      {
        width: this.width,
        height: options.height,
        pxAlign: false,
        cursor: options.fast ? { show: false } : { points: { show: false }, y: false, drag: { x: false, y: false } },
        legend: { show: false },
        scales: {
          x: { time: false, ...(range ? { range: (/** @type {any} */ _u, /** @type {number} */ a, /** @type {number} */ b) => range().x ?? [a, b] } : {}) },
          y: { range: (/** @type {any} */ _u, /** @type {number | null} */ a, /** @type {number | null} */ b) => options.range?.().y ?? roomy(a, b, options.least) },
        },
        axes: [
          { ...axis, size: options.x ? 42 : 24, gap: 3, space: 70, label: options.x, labelSize: 16, labelFont: font, labelGap: 0, values: options.xText ? (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map(/** @type {(value: number) => string} */ (options.xText)) : undefined },
          { ...axis, size: 52, gap: 4, space: 28, label: options.y, labelSize: 18, labelFont: font, labelGap: 0 },
        ],
        series: [{}, ...series],
        hooks: options.marks ? { draw: [(/** @type {any} */ u) => marks(u, options.marks?.() ?? [], { ink: ink ?? "", soft: soft ?? "", font })] } : {},
        padding: [8, 10, 0, 0],
      },
      this.data,
      this.box,
    );
  }

  /** @param {any[]} data */
  set(data) {
    this.data = data;
    if (this.plot && this.box.isConnected) this.plot.setData(data);
  }

  stop() {
    this.observer.disconnect();
    removeEventListener("themechange", this.again);
    this.plot?.destroy();
    this.plot = null;
  }
}

/** Some room around the values; a flat line is no full-height noise. @param {number | null} a @param {number | null} b @param {number} [span] @returns {[number, number]} */
function roomy(a, b, span = 0) {
  if (a === null || b === null || !Number.isFinite(a) || !Number.isFinite(b)) return [0, 1];
  const least = Math.max(0.02 * Math.max(Math.abs(a), Math.abs(b)), 1e-6);
  const room = Math.max(0.08 * (b - a), least, (span - (b - a)) / 2);
  return [a >= 0 && a - room < 0 ? 0 : a - room, b + room];
}

/** @param {any} u @param {Mark[]} all @param {{ink: string, soft: string, font: string}} look */
function marks(u, all, look) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  let row = 0;
  /** Where names of horizontal marks stand already. @type {{left: number, right: number, y: number}[]} */
  const named = [];
  /** @type {(() => void)[]} */
  const names = [];
  /** Written on a ground of the card, so that no line runs through it. @param {string} text @param {number} x @param {number} y */
  const write = (text, x, y) => {
    ctx.setLineDash([]);
    ctx.lineJoin = "round";
    ctx.strokeStyle = token("--card");
    ctx.lineWidth = 4 * ratio;
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  };
  for (const mark of all) {
    const at = u.valToPos(mark.at, mark.axis, true);
    const [low, high] = mark.axis === "x" ? [bbox.left, bbox.left + bbox.width] : [bbox.top, bbox.top + bbox.height];
    if (!(at >= low && at <= high)) continue;
    ctx.strokeStyle = token(mark.kind === "limit" ? "--bad" : mark.kind === "target" ? "--good" : mark.kind === "call" ? "--c1" : "--edge");
    ctx.lineWidth = (mark.kind === "call" ? 2 : 1.3) * ratio;
    ctx.setLineDash(mark.kind === "target" ? [8 * ratio, 4 * ratio] : mark.kind === "limit" ? [3 * ratio, 3 * ratio] : []);
    ctx.beginPath();
    if (mark.axis === "x") {
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
    } else {
      ctx.moveTo(bbox.left, at);
      ctx.lineTo(bbox.left + bbox.width, at);
    }
    ctx.stroke();
    if (mark.text) {
      ctx.fillStyle = look.ink;
      ctx.font = look.font.replace("12px", `${12 * ratio}px`);
      const wide = ctx.measureText(mark.text).width;
      // Each on a line of its own: marks of one moment would lie on each other.
      if (mark.axis === "x") write(mark.text, Math.min(at + 4 * ratio, high - wide), bbox.top + (11 + 13 * row++) * ratio);
      else {
        // From the right end on to the left, past names of marks that are near.
        let right = bbox.left + bbox.width - 4 * ratio;
        const y = at - 4 * ratio < low + 10 * ratio ? at + 12 * ratio : at - 4 * ratio;
        for (const other of named.toSorted((a, b) => b.left - a.left)) if (Math.abs(other.y - y) < 14 * ratio && other.left < right && other.right > right - wide) right = other.left - 8 * ratio;
        named.push({ left: right - wide, right, y });
        names.push(() => write(String(mark.text), right - wide, y));
      }
    }
  }
  // Names last: a line that comes later runs through none.
  for (const name of names) {
    ctx.fillStyle = look.ink;
    ctx.font = look.font.replace("12px", `${12 * ratio}px`);
    name();
  }
  ctx.restore();
}

/** What the colours of a chart mean, with the last values. @param {Series[]} series @param {(k: number) => string} [value] */
export const legend = (series, value) =>
  h(
    "div",
    { class: "legend" },
    series.map((one, k) =>
      one.hidden ? null : h("span", { key: one.label }, h("i", { class: one.dash || one.truth ? "dash" : "", style: { "--c": one.stroke ? `var(${one.stroke})` : one.truth ? "var(--truth)" : colour(one.ink ?? k) } }), one.label, value ? h("b", null, value(k)) : null),
    ),
  );

/** A place's part in a process, whichever of its kind it is: head3.torque_Nm is head.torque_Nm. @param {string} tag */
export const partOf = (tag) => tag.replace(/^(\D+)\d+\./, "$1.");

/** Traces that go on: times and one column for each part; the oldest go. Another head may take over a part. */
export class Buffer {
  /** @param {string[]} tags parts, as head.torque_Nm @param {number} size */
  constructor(tags, size) {
    this.tags = tags;
    this.size = size;
    // Twice as long as needed, so that the window is one view and is moved only when the end is reached.
    this.time = new Float64Array(2 * size);
    this.values = tags.map(() => new Float64Array(2 * size));
    this.end = 0;
  }

  /** @param {import("./link.js").TraceFrame} frame */
  take(frame) {
    const count = frame.values[0]?.length ?? 0;
    const parts = frame.tags.map(partOf);
    const from = this.tags.map((tag, k) => (parts[k] === tag ? k : parts.indexOf(tag)));
    for (let j = 0; j < count; j++) {
      const time_s = frame.t0_s + j * frame.dt_s;
      if (this.end && time_s <= /** @type {number} */ (this.time[this.end - 1])) continue;
      if (this.end === 2 * this.size) {
        this.time.copyWithin(0, this.size);
        for (const column of this.values) column.copyWithin(0, this.size);
        this.end = this.size;
      }
      this.time[this.end] = time_s;
      for (let k = 0; k < this.tags.length; k++) {
        /** @type {Float64Array} */ (this.values[k])[this.end] = frame.values[Number(from[k])]?.[j] ?? NaN;
      }
      this.end += 1;
    }
  }

  /** From which index on times are within the last `window_s`. @param {number} window_s */
  from(window_s) {
    const least = Math.max(0, this.end - this.size);
    if (!this.end) return 0;
    const after_s = /** @type {number} */ (this.time[this.end - 1]) - window_s;
    let [low, high] = [least, this.end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {number} */ (this.time[middle]) < after_s) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A part's values between two indices, as uPlot takes them: gaps are null, for which NaN will not do. @param {string} tag @param {number} from */
  column(tag, from) {
    const all = /** @type {Float64Array} */ (this.values[this.tags.indexOf(tag)]);
    for (let k = from; k < this.end; k++) {
      if (Number.isNaN(all[k])) return Array.from(all.subarray(from, this.end), (v) => (Number.isNaN(v) ? null : v));
    }
    return all.subarray(from, this.end);
  }

  /** The last value of a tag. @param {string} tag */
  last(tag) {
    const k = this.tags.indexOf(tag);
    return k < 0 || !this.end ? NaN : /** @type {number} */ (/** @type {Float64Array} */ (this.values[k])[this.end - 1]);
  }
}

/** Shown while a chart has nothing to show. */
export const noData = () => h("p", { class: "empty" }, t("list.empty"));
