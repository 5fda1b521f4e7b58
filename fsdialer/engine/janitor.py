"""Puts right in Redis what time, people and dead processes leave behind; several times a second, idempotently.

Wrap-ups that are over, retries RQ did not release, operators an administrator removed from (or added to) the
presence set by hand, operators whose browser is gone, operators promised to a call that has another. Channels are
`engine.reconcile`'s case.
"""

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable

from fsdialer.core.campaigns import Campaign
from fsdialer.core.operators import page_gone
from fsdialer.errors import FsdialerError, NotFound
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: RQ has this long (seconds) to release a retry before the janitor does it.
RQ_GRACE_S = 1.0
#: An operator put on the line by a browser leaves it when the browser was last seen so long ago (seconds).
BROWSER_GRACE_S = 20.0
#: Who could not look for so long (seconds) was without Redis, and so were the pages: none could give a sign. They have
#: so long afterwards to give one; also before a first look: the campaign may be another dialer's that lost it so.
AWAY_S, SIGNS_AGAIN_S = 5.0, 10.0
#: An operator who has been promised, or talks, for so long (seconds) is known to that call, if it is still up.
FORGOTTEN_S = 15.0
#: Leads released by one script call: about 10 ms of Redis time.
BATCH = 1000


class Janitor:
    """The chores of one company and its campaigns, `campaigns` being those this dialer owns."""

    def __init__(
        self,
        company: CompanyStore,
        clock: Callable[[], float],
        browser_grace_s: float = BROWSER_GRACE_S,
        redis_ahead_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.company = company
        self._clock = clock
        self._browser_grace_s = browser_grace_s
        self._redis_ahead_s = redis_ahead_s
        self._looked_at = 0.0
        self._signs_count_from = 0.0

    def end_wrap_ups(self) -> None:
        """Whose time is over is available again."""
        self.company.operators.end_wrap_up(self._clock())

    def release_overdue(self, campaign: str) -> int:
        """Leads that should have been made due by RQ; how many were not."""
        overdue_before = self._clock() - RQ_GRACE_S
        total = 0
        while True:
            moved = self.company.leads.release_due(campaign, overdue_before, BATCH)
            total += moved
            if moved < BATCH:
                break
        if total:
            log.info("campaign=%s released=%d by=janitor", campaign, total)
        return total

    def free_forgotten(self, campaigns: Collection[str], views: Iterable[OperatorView]) -> None:
        """An operator whom the death of a dialer left to a call that is over, or has another, is free again."""
        now = self._clock()
        old = [v for v in views if v.call and v.campaign in campaigns and (v.since or now) <= now - FORGOTTEN_S]
        for operator in self.company.operators.free_forgotten(old, now):
            log.warning("operator=%s freed=yes reason=no_call_names_them", operator)

    def heed_presence(self, campaigns: dict[str, Campaign], views: list[OperatorView]) -> None:
        """The presence set is the truth an administrator edits: states follow it. Lost browsers leave it."""
        operators, now = self.company.operators, self._clock()
        if now - self._looked_at > AWAY_S:
            self._signs_count_from = now + SIGNS_AGAIN_S
        self._looked_at = now
        on_line = {campaign: operators.on_line(campaign) for campaign in campaigns}
        for view in views:
            if view.state == "off":
                self._added_by_hand(view, on_line, now)
            elif view.campaign in on_line and view.id not in on_line[view.campaign]:
                if view.wish != "off" and operators.removed_by_hand(view.id, view.campaign, now):
                    log.info("operator=%s campaign=%s off_line=yes reason=removed_by_hand", view.id, view.campaign)
            elif view.campaign in on_line and self._browser_gone(view, now):
                operators.gone(view.id, now, "Your browser was gone. Get on the line again.")
                log.info("operator=%s campaign=%s off_line=yes reason=browser_gone", view.id, view.campaign)

        for campaign, present in on_line.items():
            for stranger in present.difference(view.id for view in views):
                self._put_out(stranger, campaign)

    def _put_out(self, stranger: str, campaign: str) -> None:
        """A name nobody has does not stay among those on the line: a slip of the hand."""
        with contextlib.suppress(NotFound):
            self.company.operators.view(stranger)  # set up a moment ago
            return
        self.company.operators.remove_from_line(stranger, campaign)
        log.warning("operator=%r campaign=%s on_line=refused reason=no_such_operator", stranger, campaign)

    def _added_by_hand(self, view: OperatorView, on_line: dict[str, set[str]], now: float) -> None:
        for campaign, present in on_line.items():
            if view.id in present:
                try:
                    if self.company.operators.added_by_hand(view.id, campaign, now):
                        log.info("operator=%s campaign=%s on_line=yes reason=added_by_hand", view.id, campaign)
                except FsdialerError as error:
                    self.company.operators.remove_from_line(view.id, campaign)
                    log.warning("operator=%s campaign=%s on_line=refused reason=%s", view.id, campaign, error)

    def _browser_gone(self, view: OperatorView, now: float) -> bool:
        if view.via != "web" or view.wish == "off" or now < self._signs_count_from:
            return False
        by_redis = now + self._redis_ahead_s()  # as the web writes them: its clock is another machine's
        return page_gone(view.seen, view.left, by_redis, self._browser_grace_s)
