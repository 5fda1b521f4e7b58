"""What is said when an operator's phone fails a customer: to the operator on their page, to everybody by an alert."""

import logging
from collections.abc import Callable

from fsdialer.core.phones import cut_off_alert, phone_failure
from fsdialer.engine.line import Line
from fsdialer.engine.lines import Lines
from fsdialer.engine.stations import Stations
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)


class PhoneFailures:
    """Blames a phone, unless its switch or the customer's is the one that failed."""

    def __init__(self, lines: Lines, stations: Stations, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._stations = stations
        self._clock = clock

    def not_reached(self, line: Line, operator: str, cause: str) -> None:
        """A phone that was rung, or held, did not take the customer: off the line with its operator."""
        view: OperatorView = line.company.operators.view(operator)
        trouble = self._stations.trouble(view, line.call.switch)  # no fault of the phone's: free again after it
        if trouble:
            line.company.whereabouts.unreachable(operator, trouble, self._clock())
        blameless = trouble or not self._lines.is_up(line.call.switch)  # the customer's is away: no phone was rung
        reason = "" if blameless else phone_failure(view.extension, cause, view.in_browser)
        log.warning("call=%s operator=%s reason=%s", line.call.uuid, operator, reason or trouble)
        line.company.operators.release(operator, line.call.uuid, self._clock(), failure=reason)

    def cut_off(self, line: Line, operator: str, cause: str) -> None:
        """A phone died in a talk, and the customer was cut off."""
        view = line.company.operators.view(operator)
        if self._stations.trouble(view, line.call.switch, listen=True):
            return  # its switch is away, or out of reach: that has an alert of its own
        log.error("call=%s operator=%s cut_off=yes cause=%s", line.call.uuid, operator, cause)
        words = cut_off_alert(view.name or view.id, view.extension, view.in_browser)
        line.company.alerts.say(_alert(operator), words, self._clock())

    def talks(self, line: Line, operator: str) -> None:
        """The phone works: it is in a talk."""
        line.company.alerts.clear(_alert(operator), self._clock(), "dialer")


def _alert(operator: str) -> str:
    return f"phone-cut-off.{operator}"
