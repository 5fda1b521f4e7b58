"""Greenlets that do not die quietly: one that fails is logged, with its traceback, and started again."""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import Greenlet
from gevent.event import Event

from fsdialer.errors import StaleOwner
from fsdialer.store import REDIS_AWAY

log = logging.getLogger(__name__)

#: Seconds before a failed task starts again; doubled with each failure in a row, up to the second figure. One that
#: had run for longer than that is not in a row with those before it.
RESTART_S, RESTART_MAX_S = 0.2, 5.0


def shout(logger: logging.Logger, error: Exception, words: str, *args: object) -> None:
    """To the log, with where it came from; for what comes from outside, Redis being away or ours no more, one line."""
    if isinstance(error, (*REDIS_AWAY, StaleOwner)):
        logger.error(f"{words} reason=%s", *args, error)
    else:
        logger.error(words, *args, exc_info=error)


class Tasks:
    """The long-running greenlets of a process, and the timers and one-off jobs it spawns."""

    def __init__(self) -> None:
        self._running: set[Greenlet] = set()
        self.stopping = Event()
        #: Failures since the start, by task name: what the metrics and tests look at.
        self.failures: dict[str, int] = {}

    def keep(self, name: str, work: Callable[[], None]) -> None:
        """Run `work` until the process stops; should it return or fail, run it again."""
        self._track(gevent.spawn(self._keep, name, work))

    def every(self, name: str, period_s: float, work: Callable[[], None]) -> None:
        """Call `work` each `period_s`; a failure is logged and the next turn comes as usual."""

        def loop() -> None:
            while not self.stopping.wait(period_s):
                work()

        self.keep(name, loop)

    def spawn(self, name: str, work: Callable[..., None], *args: Any) -> Greenlet:
        """Run `work` once; a failure is logged."""
        return self._track(gevent.spawn(self._once, name, work, *args))

    def later(self, delay_s: float, name: str, work: Callable[..., None], *args: Any) -> Greenlet:
        """Run `work` once, `delay_s` from now; kill the greenlet to call it off."""
        return self._track(gevent.spawn_later(max(0.0, delay_s), self._once, name, work, *args))

    def stop(self, timeout_s: float = 2.0) -> None:
        """Ask everything to end, and end what does not."""
        self.stopping.set()
        gevent.joinall(list(self._running), timeout=min(0.3, timeout_s))
        gevent.killall(list(self._running), timeout=timeout_s)

    def _track(self, greenlet: Greenlet) -> Greenlet:
        self._running.add(greenlet)
        greenlet.rawlink(self._running.discard)
        return greenlet

    def _once(self, name: str, work: Callable[..., None], *args: Any) -> None:
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is counted and shouted; the others go on
            self._failed(name, error)

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        delay = RESTART_S
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                work()
                delay = RESTART_S
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(name, error)
                delay = RESTART_S if time.monotonic() - began > RESTART_MAX_S else delay
                self.stopping.wait(delay)
                delay = min(delay * 2, RESTART_MAX_S)

    def _failed(self, name: str, error: Exception) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1
        shout(log, error, "task=%s failed=%d restarting=yes", name, self.failures[name])
