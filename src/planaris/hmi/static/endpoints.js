// The last endpoint of each platen, also after its next step has begun.

import { state, watch } from "./store.js";

/** @typedef {import("./types.js").EndpointState} EndpointState */

/** @type {Record<string, EndpointState>} */
const last = {};

watch(
  () => state().process,
  (process) => {
    for (const [platen, step] of Object.entries(process ?? {})) if (step.endpoint) last[platen] = step.endpoint;
  },
);

/** @param {number} platen @returns {EndpointState | undefined} */
export const endpointOf = (platen) => last[String(platen)];
