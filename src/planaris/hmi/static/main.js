// Start: language, theme, who is there; then the screen, until the session ends.

import { find } from "./dom.js";
import { learn, preferred, speak, t } from "./i18n.js";
import { byeReason, close, open } from "./link.js";
import { ApiError, resume, session, whenLost } from "./session.js";
import { openScreen } from "./shell.js";
import { door } from "./signin.js";
import { replace, state, tell, watch } from "./store.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => localStorage.getItem("planaris.theme") ?? (dark.matches ? "dark" : "light");
document.documentElement.dataset.theme = theme();
dark.addEventListener("change", () => {
  document.documentElement.dataset.theme = theme();
  dispatchEvent(new Event("themechange"));
  tell();
});

/** Wait for the first snapshot, so that no page has to ask whether there is a state. */
const firstState = () =>
  new Promise((/** @type {(value: null) => void} */ resolve) => {
    const stop = watch(
      () => Boolean(state().tool),
      (there) => {
        if (there) {
          setTimeout(() => stop(), 0);
          resolve(null);
        }
      },
    );
  });

async function live() {
  let why = "";
  for (;;) {
    if (!session() || session()?.must_change_password) await door(find("#app"), why);
    /** @type {(why: string) => void} */
    let end = () => {};
    const ended = new Promise((/** @type {(why: string) => void} */ resolve) => {
      end = resolve;
    });
    whenLost(() => end("ended"));
    const stopBye = watch(
      () => byeReason(),
      (code) => {
        if (code === "expired" || code === "signed_out") end("ended");
        if (code === "password") end("password");
      },
    );
    open();
    void learn().catch((error) => {
      if (!(error instanceof ApiError)) throw error;
    });
    await Promise.race([firstState(), ended]);
    const stop = openScreen();
    const code = await ended;
    stop();
    stopBye();
    close();
    replace({});
    await resume().catch(() => null);
    why = t(code === "password" ? "door.changed_elsewhere" : "door.ended");
  }
}

await speak(preferred());
await resume().catch(() => null);
await live();
