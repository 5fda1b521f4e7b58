"""What operators hear on a held phone between calls. A parked leg is sent nothing at all, and phones and routers take
that for dead: the sound, silence too, keeps the way open.

A bridge ends the sound by itself; one that was asked for while the bridge was being made is ended here.
"""

import logging
from collections.abc import Callable

from fsdialer.core.events import LegReady, LegsBridged, SwitchEvent
from fsdialer.engine.lines import Lines
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import FsdialerError
from fsdialer.esl import comfort_commands as commands
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)

#: A line that was just parked may be bridged again at once: seconds until the sound begins, and after which a bridge is
#: sure to have ended it.
BEGIN_S, SURE_S = 0.3, 3.0


class Comfort:
    """The sounds on held lines."""

    def __init__(self, tasks: Tasks, lines: Lines, clock: Callable[[], float]) -> None:
        self._tasks = tasks
        self._lines = lines
        self._clock = clock
        self._begun: dict[str, float] = {}

    def on_event(self, event: SwitchEvent, company: CompanyStore, operator: str, switch: str, leg: str) -> None:
        """What happened to a held line."""
        if isinstance(event, LegReady):
            self._tasks.later(BEGIN_S, "comfort", self.begin, company, operator, switch, leg)
        elif isinstance(event, LegsBridged):
            begun = self._begun.pop(leg, None)
            if begun is not None and self._clock() - begun < SURE_S:
                self._say(switch, leg, commands.hush(leg))

    def begin(self, company: CompanyStore, operator: str, switch: str, leg: str) -> None:
        """Play the campaign's sound, unless a customer is on the line or promised to it."""
        view = company.operators.view(operator)
        if view.leg != leg or view.state in ("off", "reserved", "on_call"):
            return
        try:
            sound = company.setup.campaign(view.campaign).held_sound
            if sound:
                self._begun[leg] = self._clock()
                self._say(switch, leg, commands.comfort(leg, sound))
        except FsdialerError as error:
            log.warning("operator=%s leg=%s held_sound=refused reason=%s", operator, leg, error)

    def forget(self, leg: str) -> None:
        """The line is gone."""
        self._begun.pop(leg, None)

    def _say(self, switch: str, leg: str, command: str) -> None:
        try:
            self._lines.of(switch).bgapi(command, f"comfort-{leg}")
        except FsdialerError as error:
            log.warning("leg=%s held_sound=failed reason=%s", leg, error)
