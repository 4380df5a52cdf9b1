"""The table of transitions: every legal one is made by a link, every other is refused."""

from __future__ import annotations

import itertools

import pytest
from hand_frames import DESELECT_REQ, SELECT_REQ, hand
from hsms_bench import Bench

from planaris.factory.hsms import TRANSITIONS, CloseReason, LinkState, LinkStateError, Trigger
from planaris.factory.hsms.states import after

LEGAL = list(TRANSITIONS.items())
ILLEGAL = sorted(set(itertools.product(LinkState, Trigger)) - set(TRANSITIONS))


@pytest.mark.parametrize(("where", "state"), LEGAL)
def test_a_link_makes_every_legal_transition(where: tuple[LinkState, Trigger], state: LinkState) -> None:
    before, trigger = where
    bench = Bench(selected=before is LinkState.SELECTED)
    if trigger is Trigger.SELECT:
        bench.take(hand(SELECT_REQ, 1))
    elif trigger is Trigger.DESELECT:
        bench.take(hand(DESELECT_REQ, 1))
    elif trigger is Trigger.T7:
        bench.wait(10.0)
    elif trigger is Trigger.END:
        bench.connection.lost(CloseReason.PEER_CLOSED)
    assert bench.connection.state is state


@pytest.mark.parametrize(("before", "trigger"), ILLEGAL)
def test_every_other_transition_is_refused(before: LinkState, trigger: Trigger) -> None:
    with pytest.raises(LinkStateError, match=f"{trigger} has no meaning in {before}"):
        after(before, trigger)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {state for _, state in LEGAL}
    assert reached == {before for (before, _), _ in LEGAL} == set(LinkState)
