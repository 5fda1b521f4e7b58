"""Whether this machine's clock agrees with Redis', which is the one that all dialers and the web have in common.

A dialer whose clock is wrong calls back, ends wrap-ups and opens calling hours by it, and takes pages of operators for
gone. It says so; what is right it cannot know.
"""

import logging
import re
from collections.abc import Callable, Iterable

from redis import Redis

from fsdialer.core.times import CLOCK_TOLERANCE_S
from fsdialer.store import CompanyStore
from fsdialer.store.alerts import DIALER
from fsdialer.store.clock import redis_time
from fsdialer.store.ownership import dialers

log = logging.getLogger(__name__)

#: An answer that took longer (seconds) says nothing about a clock.
SOON_S = 0.5
#: How the alert begins; the dialer's name follows.
ALERT = "clock-"


def alert_of(dialer: str) -> str:
    """The name of the alert about its clock; a dialer's own may have characters that an alert's has not."""
    return ALERT + re.sub(r"[^A-Za-z0-9_.-]", "-", dialer)[:100]


class ClockWatch:
    """Of one dialer, called `name`."""

    def __init__(self, redis: Redis, name: str, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._name = name
        self._clock = clock
        self._redis_ahead_s = 0.0
        self._told: dict[str, bool] = {}  # company → does the alert stand?

    def redis_ahead_s(self) -> float:
        """How far Redis' clock was ahead of ours when it was asked last."""
        return self._redis_ahead_s

    def look(self, companies: Iterable[CompanyStore]) -> None:
        """Ask Redis what time it is; the companies whose campaigns we run read it where the clocks are apart."""
        asked = self._clock()
        theirs, now = redis_time(self._redis), self._clock()
        if not 0.0 <= now - asked <= SOON_S:
            return
        self._redis_ahead_s = theirs - (asked + now) / 2
        apart_s = -self._redis_ahead_s
        wrong = abs(apart_s) > CLOCK_TOLERANCE_S
        mine, alive = alert_of(self._name), {alert_of(name) for name in dialers(self._redis)}
        for company in companies:
            for alert in company.alerts.standing():
                # One that runs no more cannot say that it is mended.
                if alert.name.startswith(ALERT) and alert.name not in (mine, *alive):
                    company.alerts.clear(alert.name, now, DIALER)
            if self._told.get(company.id) == wrong:
                continue
            self._told[company.id] = wrong
            if wrong:
                ahead = "ahead of" if apart_s > 0 else "behind"
                words = (
                    f"The clock of dialer {self._name} is {abs(apart_s):.0f} s {ahead} that of Redis: run NTP clients "
                    "on both machines. Until then calls are made again, and wrap-ups end, at the wrong time."
                )
                company.alerts.say(mine, words, now)
                log.error("dialer=%s clock_ahead_of_redis_s=%+.1f", self._name, apart_s)
            else:
                company.alerts.clear(mine, now, DIALER)
