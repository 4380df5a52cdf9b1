"""Texts between the host and the people at the tool (S10F1, F3, F5), and the clock (S2F17, F31)."""

from __future__ import annotations

from planaris.clock import ns_of_utc, utc_of_text
from planaris.factory.gem import shape
from planaris.factory.gem.clock_text import parse_time
from planaris.factory.gem.core import LOG, Core, Table, refused, served
from planaris.factory.gem.declared import ascii_text
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import A, B, L

# The tool has one terminal (TID); ACKC10: 0 shown, 1 refused, 2 no such terminal (SEMI E5).
TERMINAL = 0
SHOWN, NO_TERMINAL = 0, 2
# What the host may set the clock to: an offset to the ends of the calendar could be shown by no later time.
EARLIEST_NS, LATEST_NS = 0, ns_of_utc(utc_of_text("2200-01-01T00:00:00"))
_OFFSET_KEY = "clock_offset_ns"


class Terminal:
    """Hands texts on; each is shown until somebody acknowledges it, of which the host hears by an event."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._shown = False

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {(10, 3): served(_one_text, self._show), (10, 5): served(_texts, self._show)}

    def _show(self, sent: tuple[int, tuple[str, ...]]) -> Item:
        terminal, lines = sent
        if terminal != TERMINAL:
            refused("S10F3 or S10F5", f"there is no terminal {terminal}; the only one is {TERMINAL}")
            return B(NO_TERMINAL)
        LOG.info("the host says: %s", " / ".join(lines))
        self._shown = bool(lines)  # a text without characters clears the terminal
        self._core.ports.show(lines)
        return B(SHOWN)

    def acknowledge(self) -> str:
        """Note that a person has read the host's text; return why not, '' if so."""
        if not self._shown:
            return "the host has sent no text that is not acknowledged"
        self._shown = False
        self._core.ports.show(())
        self._core.happen("terminal_acknowledged", {"terminal": TERMINAL})
        return ""

    def say(self, text: str) -> None:
        """Send a person's text to the host."""
        self._core.post(10, 1, L(B(TERMINAL), A(ascii_text(text))))


class EquipmentClock:
    """The clock that the host reads and sets: the machine's own with an offset that is kept across restarts."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.clock_offset_ns = int(core.store.settings().get(_OFFSET_KEY, "0"))
        core.computed["tool.clock"] = core.stamp

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {
            (2, 17): served(shape.nothing, lambda _: A(self._core.stamp())),
            (2, 31): served(lambda body: shape.text(body, "TIME"), self._set),
        }

    def _set(self, text: str) -> Item:
        try:
            wanted_ns = parse_time(text.strip())
            if not EARLIEST_NS <= wanted_ns < LATEST_NS:
                raise ValueError(f'"{text}" is out of range: the clock shows the years 1970 to 2199')
        except (ValueError, OverflowError) as error:
            refused("S2F31", str(error))
            return B(1)
        offset_ns = wanted_ns - self._core.utc_ns()
        self._core.store.save({_OFFSET_KEY: str(offset_ns)})
        self._core.clock_offset_ns = offset_ns
        LOG.info("the host set the clock to %s", text)
        return B(0)


def _one_text(body: Item | None) -> tuple[int, tuple[str, ...]]:
    terminal, text = shape.listed(body, counts=(2,))
    said = shape.text(text, "TEXT")
    return shape.whole(terminal, "TID"), (said,) if said else ()


def _texts(body: Item | None) -> tuple[int, tuple[str, ...]]:
    terminal, texts = shape.listed(body, counts=(2,))
    lines = tuple(shape.text(text, "TEXT") for text in shape.listed(texts, "texts"))
    return shape.whole(terminal, "TID"), lines
