"""How long a link waits, and what it takes for too long. Pure: times come in, judgements go out.

It refuses to know what is waited for: `link` does the waiting.
"""

import random
from dataclasses import dataclass

#: Heartbeats' intervals without one before they have stopped.
BEATS = 2.5


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. A switch that falls silent is lost after `probe_s` and twice `answer_s` at the latest.

    `refused_s`: before knocking again at a switch that refused us. `steady_s`: up for so long, and pauses are short
    again. `beats_min_s`: heartbeats are not missed before.
    """

    connect_s: float = 3.0
    command_s: float = 5.0
    probe_s: float = 4.0
    answer_s: float = 3.0
    back_off_min_s: float = 0.2
    back_off_max_s: float = 5.0
    refused_s: float = 30.0
    steady_s: float = 5.0
    beats_min_s: float = 10.0

    def pause_s(self, failures: int, rng: random.Random) -> float:
        """How long to wait after `failures` in a row, at least one: doubled each time, by half more or less."""
        doubled = self.back_off_min_s * 2.0 ** min(failures - 1, 30)
        return min(doubled, self.back_off_max_s) * rng.uniform(0.5, 1.5)


class Pulse:
    """Heartbeats: how far apart they come, and whether they have stopped.

    Their interval is the switch's setting (``event-heartbeat-interval``), so it is learnt: until two have come there
    is no saying what would be late.
    """

    def __init__(self, least_s: float) -> None:
        """A silence of up to `least_s` seconds is never too long."""
        self._least_s = least_s
        self._last_at = 0.0
        self._interval_s = 0.0
        self._heard_at = 0.0

    def beat(self, at: float, now: float) -> None:
        """One that happened `at` by the switch's clock and is here `now` by ours (monotonic)."""
        if self._last_at:
            self._interval_s = at - self._last_at
        self._last_at, self._heard_at = at, now

    def late_s(self, now: float) -> float:
        """For how long there has been none, when that is too long; else 0."""
        silent = now - self._heard_at
        return silent if self._interval_s > 0 and silent > max(self._interval_s * BEATS, self._least_s) else 0.0
