// Factory link: communication, control and spool after GEM, and the last messages as SML.

import { h } from "../dom.js";
import { t, tOr } from "../i18n.js";
import { state } from "../store.js";
import { card, commandButton, heading, tag, tile } from "../ui.js";

export default function factory() {
  return {
    info: () => {
      const { factory: link } = state();
      if (!link.address) return [heading(t("page.factory")), card(t("factory.none"), [h("p", null, t("factory.none_more")), h("pre", null, "planaris serve --hsms 127.0.0.1:5000")])];
      const good = link.communication === "communicating";
      return [
        heading(t("page.factory"), h("p", null, t("factory.about", { address: link.address }))),
        h(
          "div",
          { class: "tiles live" },
          tile(t("factory.communication"), tag(good ? "good" : "warn", tOr("communication", link.communication))),
          tile(t("factory.control"), tag(link.control === "online_remote" ? "good" : "", tOr("control", link.control))),
          tile(t("factory.spool"), tag(link.spool === "inactive" || !link.spool ? "" : "warn", tOr("spool", link.spool))),
          tile(t("factory.spooled"), link.spool_count),
        ),
        card(t("factory.messages"), h("div", { class: "live" }, link.messages.length ? link.messages.map((message, k) => h("pre", { class: "sml", key: `${link.messages.length - k}` }, message)) : h("p", { class: "empty" }, t("factory.silent")))),
      ];
    },
    commands: () => {
      const { factory: link } = state();
      if (!link.address) return [];
      const online = link.control.startsWith("online");
      return [
        link.communication === "disabled" ? commandButton("factory.enable", { main: true }) : commandButton("factory.disable", { danger: true }),
        online ? commandButton("factory.offline", { danger: true }) : commandButton("factory.online", { main: true, off: link.communication === "disabled" }),
        link.control === "online_remote" ? commandButton("factory.local") : commandButton("factory.remote", { off: !online }),
        commandButton("factory.send_text"),
        commandButton("factory.acknowledge_text"),
        commandButton("factory.set_constant"),
      ];
    },
  };
}
