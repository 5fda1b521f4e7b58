"""Phones in pages that are on their way: one that is read anew, or taken over by another window, hangs up, and is there
again some seconds later under a registration of its own. Until then it is not rung, and no operator leaves the line."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fsdialer.engine.registrations import Registrations, ids_or_none
from fsdialer.esl.link import SwitchLink
from fsdialer.store.operators import OperatorView

#: The phone may be the same as before (a page that took it again and stayed connected, or was not closed after all):
#: without a new registration for so long (seconds) the one there is is rung.
SAME_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Awaited:
    """Since when (epoch seconds), when it was rung last, and the registrations it will not come under; None when the
    page may be there all the time."""

    since: float
    tried: float
    stale: frozenset[str] | None


class AwaitedPages:
    """The pages waited for, by company and operator; each for `grace_s` at most."""

    def __init__(self, registrations: Registrations, clock: Callable[[], float], grace_s: float) -> None:
        self._registrations = registrations
        self._clock = clock
        self._grace_s = grace_s
        self._awaited: dict[tuple[str, str], _Awaited] = {}

    def another(self, link: SwitchLink | None, who: tuple[str, str], view: OperatorView) -> None:
        """Another page has taken the phone: from now on it is waited for."""
        now = self._clock()
        self._awaited[who] = _Awaited(now, now, ids_or_none(self._registrations, link, view.extension))

    def anew(self, who: tuple[str, str]) -> None:
        """The page is read anew, and its registrations of before have ended."""
        now = self._clock()
        self._awaited[who] = _Awaited(now, now, frozenset())

    def lost(
        self, link: SwitchLink | None, who: tuple[str, str], view: OperatorView, *, went_away: bool, failed: bool
    ) -> None:
        """A page's line ended. `went_away`: the page hung up, as it does when it is closed. `failed`: it was rung, and
        did not answer; one nobody waits for has no time of grace for that."""
        now, before = self._clock(), self._awaited.get(who)
        if failed and before is None:
            return
        stale = ids_or_none(self._registrations, link, view.extension) if went_away or failed else None
        self._awaited[who] = _Awaited(before.since if failed and before else now, now, stale)

    def may_ring(self, who: tuple[str, str], link: SwitchLink, view: OperatorView) -> bool:
        """Is the page there, or nobody waiting for it?"""
        awaited = self._awaited.get(who)
        if awaited is None or awaited.stale is None:
            return True
        ids = ids_or_none(self._registrations, link, view.extension)
        return bool(ids - awaited.stale) or (bool(ids) and self._clock() - awaited.tried >= SAME_AGAIN_S)

    def still(self, who: tuple[str, str]) -> bool:
        """Is it waited for, and not yet for too long?"""
        return who in self._awaited and not self.too_long(who)

    def too_long(self, who: tuple[str, str]) -> bool:
        """Has its time run out?"""
        awaited = self._awaited.get(who)
        return awaited is not None and self._clock() - awaited.since >= self._grace_s

    def hold_on(self, who: tuple[str, str]) -> None:
        """Its switch is away: its time begins when that is back."""
        awaited = self._awaited.get(who)
        if awaited is not None:
            self._awaited[who] = replace(awaited, since=self._clock())

    def forget(self, who: tuple[str, str]) -> None:
        """It is there, or not waited for any more."""
        self._awaited.pop(who, None)
