"""What operators ask of the call they are in: that it ends, or that it is a machine's.

It stands in the feed alone; what was asked while no dialer had the campaign is heeded by the one that takes it over.
"""

from collections.abc import Callable

from fsdialer.core.events import HangUpAsked, MachineSaid
from fsdialer.core.machines import MACHINE_OUTCOME
from fsdialer.engine.switchboard import Switchboard
from fsdialer.store import CompanyStore
from fsdialer.store.clock import redis_time

#: How far back (seconds) one that takes a campaign over looks: longer than a lease and the start of a process. A call
#: that was heeded is over, and one is named, so that nothing is done that was not asked.
MISSED_S = 60.0


class Wishes:
    """Of the calls this dialer has."""

    def __init__(self, switchboard: Switchboard, clock: Callable[[], float]) -> None:
        self._switchboard = switchboard
        self._clock = clock

    def heed(self, entry: dict[str, str]) -> None:
        """An entry of the feed, as it comes."""
        if _says_machine(entry):
            self._switchboard.feed(entry["call"], MachineSaid(entry.get("operator", ""), self._clock()))
        elif self._may_hang_up(entry):
            self._switchboard.hang_up(entry["call"])

    def missed(self, company: CompanyStore) -> None:
        """What is found when a campaign and its calls were taken over. Its switch may not be connected yet, so a call
        is not taken for lost for that. An outcome may have been corrected since: the last one counts."""
        now = self._clock()
        entries = [entry for _, entry in company.feed.since(redis_time(company.redis) - MISSED_S)]
        last = {entry["call"]: entry for entry in entries if entry.get("type") == "call" and entry.get("outcome")}
        for entry in entries:
            if self._may_hang_up(entry):
                self._switchboard.feed(entry["call"], HangUpAsked(now))
            elif _says_machine(entry) and last[entry["call"]] is entry:
                self.heed(entry)

    def _may_hang_up(self, entry: dict[str, str]) -> bool:
        wished = entry.get("type") == "wish" and entry.get("what") == "hangup"
        call = self._switchboard.call(entry.get("call", "")) if wished else None
        return call is not None and call.operator == entry.get("operator")


def _says_machine(entry: dict[str, str]) -> bool:
    return entry.get("type") == "call" and entry.get("outcome") == MACHINE_OUTCOME
