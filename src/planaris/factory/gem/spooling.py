"""What the host says of the spool: S2F43 chooses what is kept, S6F23 fetches or throws away."""

from __future__ import annotations

from planaris.factory.gem import shape
from planaris.factory.gem.core import Core, Table, refused, served
from planaris.factory.gem.outgoing import Outgoing
from planaris.factory.gem.tables import Spool
from planaris.factory.secs2 import Item
from planaris.factory.secs2.items import U1, B, L

# Primaries of ours that may be kept: never stream 1, never S9.
SPOOLABLE = frozenset({(5, 1), (6, 1), (6, 11), (6, 13), (7, 27), (10, 1)})
_STREAMS = {stream for stream, _ in SPOOLABLE}
# STRACK (SEMI E5, from memory, unverified).
_NOT_ALLOWED, _NO_STREAM, _NO_FUNCTION, _SECONDARY = 1, 2, 3, 4

_Wanted = tuple[tuple[int, tuple[int, ...]], ...]


class Spooling:
    """Serves the two messages and gives the status variables of the spool."""

    def __init__(self, core: Core, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        core.computed.update(
            {
                "tool.spool_count_actual": lambda: core.store.spool_count,
                "tool.spool_count_total": lambda: outgoing.total,
                "tool.spool_start_time": lambda: outgoing.started,
                "tool.spool_full_time": lambda: outgoing.filled,
                "tool.spool_state": lambda: core.declared.dictionary.code("spool_state", self._state()),
            }
        )

    def table(self) -> Table:
        """Return the primaries that are served here."""
        return {(2, 43): served(_wanted, self._choose), (6, 23): served(_request_code, self._request)}

    def _state(self) -> str:
        if self._outgoing.spool.state is Spool.INACTIVE:
            return "inactive"
        return "full" if self._outgoing.full else "active"

    def _request(self, code: int) -> Item:
        answer = self._outgoing.request(code)
        if answer:
            refused("S6F23", "the spool is being sent already" if answer == 1 else "the spool is empty")
        return B(answer)

    def _choose(self, wanted: _Wanted) -> Item:
        chosen: set[tuple[int, int]] = set()
        faults: list[Item] = []
        told: list[str] = []
        for stream, functions in wanted:
            code, bad = _fault(stream, functions)
            if code:
                faults.append(L(U1(stream & 0xFF), B(code), L(*(U1(f & 0xFF) for f in bad))))
                told.append(f"S{stream}{''.join(f'F{f}' for f in bad)} is not kept (STRACK {code})")
            else:
                chosen |= {(s, f) for s, f in SPOOLABLE if s == stream and (not functions or f in functions)}
        if faults:
            refused("S2F43", "; ".join(told))
            return L(B(1), L(*faults))
        self._outgoing.choose(frozenset(chosen))
        return L(B(0), L())


def _fault(stream: int, functions: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    if stream in {1, 9}:
        return _NOT_ALLOWED, functions
    if stream not in _STREAMS:
        return _NO_STREAM, functions
    if secondary := tuple(f for f in functions if f % 2 == 0):
        return _SECONDARY, secondary
    unknown = tuple(f for f in functions if (stream, f) not in SPOOLABLE)
    return (_NO_FUNCTION, unknown) if unknown else (0, ())


def _wanted(body: Item | None) -> _Wanted:
    if body is None:
        return ()
    found: list[tuple[int, tuple[int, ...]]] = []
    for entry in shape.listed(body):
        stream, functions = shape.listed(entry, "stream", counts=(2,))
        found.append((shape.whole(stream, "STRID"), shape.numbers(functions, "FCNIDs")))
    return tuple(found)


def _request_code(body: Item | None) -> int:
    code = shape.whole(body, "RSDC")
    if code not in {0, 1}:
        raise shape.ShapeError("RSDC", "0 (transmit) or 1 (purge)", body)
    return code
