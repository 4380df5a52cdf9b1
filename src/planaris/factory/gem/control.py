"""The control state: who controls the equipment, moved by the operator and by the host."""

from __future__ import annotations

from collections.abc import Callable

from planaris.factory.gem.core import LOG, Core
from planaris.factory.gem.tables import CONTROL, Control, Machine, Step

# ONLACK.
ONLINE_DONE, ONLINE_NOT_ALLOWED, ONLINE_ALREADY = 0, 1, 2
_EVENTS = {
    Control.ONLINE_LOCAL: "control_local",
    Control.ONLINE_REMOTE: "control_remote",
    Control.EQUIPMENT_OFFLINE: "control_offline",
    Control.HOST_OFFLINE: "control_offline",
}


class ControlState:
    """Moves the control state. ``ask`` sends S1F1 and says whether it could be sent."""

    def __init__(self, core: Core, ask: Callable[[], bool]) -> None:
        self._core, self._ask = core, ask
        self._reporting = False
        self._online_as = core.settings.online_as
        if core.settings.starts_in.online:
            self._online_as = core.settings.starts_in
        self.machine = Machine("control", Control, CONTROL, core.settings.starts_in, self._moved)
        core.computed["tool.control_state"] = lambda: core.declared.dictionary.code(
            "control_state", self.machine.state.value
        )

    @property
    def state(self) -> Control:
        """The control state."""
        return self.machine.state

    def may_report(self) -> bool:
        """Whether events and alarms are sent: online, or just now on the way out of it."""
        return self.machine.state.online or self._reporting

    # -- operator ------------------------------------------------------------------------------------------------

    def go_online(self) -> None:
        """Ask the host to go online. Raises `IllegalTransitionError`."""
        self.machine.move("go_online")
        if not self._ask():
            self.attempt_failed("communication is not established")

    def go_offline(self) -> None:
        """Go to EQUIPMENT OFFLINE. Raises `IllegalTransitionError`."""
        self.machine.move("go_offline")

    def switch(self, to: Control) -> None:
        """Turn the switch to local or remote; what ONLINE begins in where it is turned while offline."""
        self._online_as = to
        if self.machine.state.online and self.machine.state is not to:
            self.machine.move("switch_local" if to is Control.ONLINE_LOCAL else "switch_remote")

    def attempt_failed(self, why: str) -> None:
        """Note that the attempt to go online failed."""
        if self.machine.state is Control.ATTEMPT_ONLINE:
            LOG.warning("not online: %s", why)
            to_host = self._core.settings.fails_to is Control.HOST_OFFLINE
            self.machine.move("attempt_failed_host" if to_host else "attempt_failed_equipment")

    def attempt_answered(self) -> None:
        """Note that the host answered S1F1."""
        if self.machine.state is Control.ATTEMPT_ONLINE:
            self.machine.move(f"answered_{self._sub_state()}")

    # -- host ----------------------------------------------------------------------------------------------------

    def host_offline(self) -> int:
        """Serve S1F15; return OFLACK."""
        if self.machine.can("host_offline"):
            self.machine.move("host_offline")
        return 0

    def host_online(self) -> int:
        """Serve S1F17; return ONLACK."""
        if self.machine.state.online:
            return ONLINE_ALREADY
        trigger = f"host_online_{self._sub_state()}"
        if not self.machine.can(trigger):
            return ONLINE_NOT_ALLOWED
        self.machine.move(trigger)
        return ONLINE_DONE

    def _sub_state(self) -> str:
        return "local" if self._online_as is Control.ONLINE_LOCAL else "remote"

    def _moved(self, before: Control, step: Step, after: Control) -> None:
        LOG.info("control %s -> %s (%s: %s)", before, after, step.number, step.meaning)
        if before.online or after.online:
            self._reporting = True
            try:
                self._core.happen(_EVENTS[after], {})
            finally:
                self._reporting = False
