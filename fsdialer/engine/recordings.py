"""Sees to it that recordings are looked at after their calls, and cleared when their time is over: RQ does it, this
asks for it, and says so when nobody does. It refuses to know what is in a recording."""

from collections.abc import Callable

from fsdialer.core.recordings import SETTLED_S
from fsdialer.store import CompanyStore, Store

#: How often it looks (seconds).
LOOK_S = 5.0
#: Jobs for what ended within one such slot are one job (seconds), and clearing is asked for once in so long; and when
#: recording begins, for it readies the day's folder.
SLOT_S, CLEAR_S = 5, 3600
#: Recordings nobody looked at for so long are an alert (seconds), said again at most this often.
LATE_S, SAY_AGAIN_S = 600.0, 60.0
ALERT = "recordings-unverified"


class RecordingChores:
    """For all companies, those without a campaign too: what was recorded must go in time.

    `enqueue(what, company, slot)` hands a job to RQ, `what` being verify or clear.
    """

    def __init__(
        self,
        store: Store,
        enqueue: Callable[[str, str, int], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._enqueue = enqueue
        self._clock = clock
        self._cleared: dict[str, tuple[int, bool]] = {}  # company → the hour it was asked for last, and recording?
        self._said: dict[str, float] = {}  # company → when the alert was said last

    def run(self) -> None:
        """Called every `LOOK_S`."""
        for company in self._store.companies():
            self._look(self._store.company(company))

    def _look(self, company: CompanyStore) -> None:
        now = self._clock()
        waiting = company.recordings.unverified(now - SETTLED_S, 1)
        self._tell(company, bool(waiting) and now - waiting[0][1] > LATE_S, now)
        if waiting:
            self._enqueue("verify", company.id, int(now // SLOT_S))
        hour = int(now // CLEAR_S)
        wanted = (hour, any(campaign.record for campaign in company.setup.campaigns()))
        if self._cleared.get(company.id) != wanted:
            self._enqueue("clear", company.id, int(now // SLOT_S))
            self._cleared[company.id] = wanted

    def _tell(self, company: CompanyStore, late: bool, now: float) -> None:
        if late and now - self._said.get(company.id, 0.0) >= SAY_AGAIN_S:
            self._said[company.id] = now
            text = "Nobody looks at finished recordings: is `fsdialer worker` running, with FSDIALER_RECORDINGS set?"
            company.alerts.say(ALERT, text, now)
        elif not late and self._said.pop(company.id, None) is not None:
            company.alerts.clear(ALERT, now)
