"""Asks RQ to make leads due again: one job for each campaign and second, whatever the number of leads.

RQ only nudges. The truth is the `waiting` queue; should RQ be slow, down or wiped, the janitor finds what is
overdue. So a failure here is logged and forgotten, and never holds up a call.
"""

import logging
import math
from collections.abc import Callable

from gevent.queue import Full, Queue

log = logging.getLogger(__name__)

#: Jobs waiting to be handed to RQ; more are dropped (the janitor has them).
BACKLOG = 10_000


class Retries:
    """The one greenlet that talks to RQ. `enqueue(company, campaign, second)` does the talking."""

    def __init__(self, enqueue: Callable[[str, str, int], None]) -> None:
        self._enqueue = enqueue
        self._wanted: Queue = Queue(BACKLOG)
        self._asked: dict[tuple[str, str], set[int]] = {}

    def schedule(self, company: str, campaign: str, at: float) -> None:
        """A lead of the campaign waits until `at` (epoch seconds); returns at once."""
        second = math.ceil(at)
        asked = self._asked.setdefault((company, campaign), set())
        if second in asked:
            return
        asked.add(second)
        try:
            self._wanted.put_nowait((company, campaign, second))
        except Full:
            log.warning("campaign=%s retries=dropped reason=rq_is_slow", campaign)

    def forget_before(self, now: float) -> None:
        """Seconds that have passed need no remembering."""
        for asked in self._asked.values():
            asked.difference_update([second for second in asked if second < now])

    def run(self) -> None:
        """Hand over what is wanted, for ever."""
        while True:
            company, campaign, second = self._wanted.get()
            try:
                self._enqueue(company, campaign, second)
            except Exception as error:  # noqa: BLE001 - RQ away is the janitor's case, not a reason to stop
                log.warning("campaign=%s second=%d rq=unreachable reason=%s", campaign, second, error)
                self._asked[(company, campaign)].discard(second)
