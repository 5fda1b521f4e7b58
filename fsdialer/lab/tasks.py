"""What a switch is told by ``sched_api`` to do later. Nothing comes of it here, but that it waits, and then is gone."""

import heapq
import time
from collections.abc import Callable


class Tasks:
    """Those that wait, by their groups."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, str]] = []  # a heap: when its time comes, group

    def add(self, said: str) -> None:
        """As ``sched_api`` takes it: ``+SECONDS GROUP COMMAND``."""
        delay_s, group, _ = said.split(" ", 2)
        self._forget()
        heapq.heappush(self._waiting, (self._clock() + float(delay_s), group))

    def groups(self) -> list[str]:
        """Those whose time has not come."""
        self._forget()
        return [group for _, group in sorted(self._waiting)]

    def clear(self) -> None:
        """The switch is another one now."""
        self._waiting.clear()

    def _forget(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._clock():
            heapq.heappop(self._waiting)
