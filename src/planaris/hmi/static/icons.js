// Small pictures of the navigation, drawn on 24 by 24.

import { s } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  overview: "M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM17.5 14a3.5 3.5 0 1 1-.01 0",
  jobs: "M4 6h2M4 12h2M4 18h2M10 6h10M10 12h10M10 18h10",
  process: "M3 20V4M3 20h18M6 15l4-6 3 4 3-7 4 5",
  whatif: "M5 4v6M5 14v6M12 4v3M12 11v9M19 4v10M19 18v2M3 12h4M10 9h4M17 16h4",
  wafers: "M12 3a9 9 0 1 0 .01 0M12 21v-2M8 9h8M7 13h10M9 17h6",
  control: "M3 4v17h18M5 7h15M5 17h15M6 13l3-2 3 3 3-8 2 5 3-1",
  recipes: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7M9 8h2",
  alarms: "M12 4a6 6 0 0 1 6 6v4l2 3H4l2-3v-4a6 6 0 0 1 6-6zM10 20h4",
  consumables: "M12 4c-5 0-8 1.3-8 3s3 3 8 3 8-1.3 8-3-3-3-8-3zM4 7v10c0 1.7 3 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3 3 8 3s8-1.3 8-3",
  maintenance: "M14.5 6.5a4 4 0 0 1 5-2l-2.6 2.6.5 2 2 .5L22 7a4 4 0 0 1-5.6 4.6L8.5 19.5a2 2 0 0 1-3-3l8-8a4 4 0 0 1 1-2z",
  factory: "M3 21V10l5 3v-3l5 3V6h7v15zM7 17h2M12 17h2M17 17h1",
  training: "M2 9l10-5 10 5-10 5zM6 11v5c2 2.4 10 2.4 12 0v-5M22 9v6",
  audit: "M12 3l8 3v6c0 5-3.4 7.8-8 9-4.6-1.2-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
};

/** @param {string} name */
export const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: PATHS[name] ?? "" }));
