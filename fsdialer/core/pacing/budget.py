"""How many customers may still be lost: the law's formula over its window, and the risk a single call may take.

Abandoned ÷ answered by people, machines excluded, over the day, 24 hours, 30 days or calendar month (16 CFR
310.4(b)(4); Ofcom's 24 hours; CRTC's calendar month). Two locks: the day is steered to its own target, and whatever
the day, the window's rate at the hard limit makes pacing progressive until it has recovered. Counts and compares;
forecasts nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

HOUR_S, DAY_S = 3600.0, 86400.0
WINDOWS = ("day", "24h", "30d", "month")
#: Hours of counts kept: the longest window and a day.
HOURS_KEPT = 32 * 24
#: A window longer than the day is added up this often.
SUMMED_EVERY_S = 5.0
#: One abandoned customer may come before the answers that pay for them, fading over so many answers.
CREDIT_FADES = 60.0
#: Kept back from the target: so many customers, and this share of the budget.
RESERVE, RESERVE_SHARE = 3.0, 0.035
#: So many customers more or fewer in the budget move the threshold e-fold; and so many, unspent, shift it for good.
SWING, DRIFT = 8.0, 24.0
#: The shift for good stays within e^±this.
FARTHEST = 1.0
#: No half hour is to come near 10 %: above this share of the last quarter of an hour's answers, progressive.
BURST, BURST_MEMORY_S = 0.055, 900.0


@dataclass
class Counts:
    """Answered by people, and abandoned of them."""

    answers: float = 0.0
    abandons: float = 0.0

    @property
    def rate(self) -> float:
        """Abandoned ÷ answered."""
        return self.abandons / self.answers if self.answers > 0 else 0.0


class Budget:
    """Counts by the hour, and steers. `target`, `soft` and `hard` are shares (0.03 = 3 %); `zone_s` is local time
    less UTC in seconds, for the windows that end at midnight."""

    def __init__(self, target: float, hard: float, soft: float, window: str, zone_s: float = 0.0) -> None:
        self.target, self.hard, self.soft, self.window, self._zone_s = target, hard, soft, window, zone_s
        self.day = Counts()
        self._hours: dict[int, Counts] = {}
        self._today: int | None = None
        self._recent = Counts()
        self._recent_at = 0.0
        self._shift = 0.0
        self._summed_at, self._summed = -math.inf, Counts()

    def answered(self, t: float, count: int = 1) -> None:
        """People answered; a negative count takes back an answer that was a machine's after all."""
        self._turn(t)
        day, recent = self.day, self._recent
        day.answers = max(0.0, day.answers + count)
        recent.answers = max(0.0, recent.answers + count)
        hour = self._hour(t)
        hour.answers = max(0.0, hour.answers + count)
        if count > 0:
            drift = max(-1.0, min(1.0, self.slack / SWING)) * self.target * count / DRIFT
            self._shift = max(-FARTHEST, min(FARTHEST, self._shift + drift))

    def abandoned(self, t: float, count: int = 1) -> None:
        """Customers found nobody; a negative count takes back one that was a machine after all."""
        self._turn(t)
        for counts in (self.day, self._recent, self._hour(t)):
            counts.abandons = max(0.0, counts.abandons + count)

    def _turn(self, t: float) -> None:
        """Begin a new day at midnight, fade the last quarter of an hour."""
        today = int((t + self._zone_s) // DAY_S)
        if self._today is None or today > self._today:
            self._today, self.day = today, Counts()
        elapsed = t - self._recent_at
        if elapsed > 0:
            fade = math.exp(-elapsed / BURST_MEMORY_S)
            self._recent.answers *= fade
            self._recent.abandons *= fade
            self._recent_at = t

    def _hour(self, t: float) -> Counts:
        hour = int(t // HOUR_S)
        if hour not in self._hours:
            self._hours[hour] = Counts()
            for old in [h for h in self._hours if h < hour - HOURS_KEPT]:
                del self._hours[old]
            while len(self._hours) > HOURS_KEPT:
                del self._hours[min(self._hours)]
        return self._hours[hour]

    def in_window(self, t: float) -> Counts:
        """The legal window's counts at `t`."""
        if self.window == "day":
            self._turn(t)
            return self.day
        if not 0 <= t - self._summed_at < SUMMED_EVERY_S:
            self._summed_at, self._summed = t, self._sum(t)
        return self._summed

    def _sum(self, t: float) -> Counts:
        since = self._window_begins(t) // HOUR_S
        inside = [counts for hour, counts in self._hours.items() if since <= hour <= t // HOUR_S]
        return Counts(sum(c.answers for c in inside), sum(c.abandons for c in inside))

    def _window_begins(self, t: float) -> float:
        if self.window == "24h":
            return t - DAY_S
        if self.window == "30d":
            return t - 30 * DAY_S
        local = datetime.fromtimestamp(t, UTC) + timedelta(seconds=self._zone_s)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first.timestamp() - self._zone_s

    @property
    def slack(self) -> float:
        """Customers that may still be lost today, less the reserve; fractional, negative when overdrawn."""
        day = self.day
        budget = self.target * day.answers
        credit = (1.0 + RESERVE) * math.exp(-day.answers / CREDIT_FADES)
        return budget * (1 - RESERVE_SHARE) - RESERVE + credit - day.abandons

    def locked(self, t: float) -> str:
        """Why nothing above progressive may be placed now; empty when it may."""
        self._turn(t)
        day, recent = self.day, self._recent
        if day.abandons + 1 > self.target * day.answers + math.exp(-day.answers / CREDIT_FADES):
            return "budget"
        if recent.abandons + 1 > BURST * recent.answers + 2:
            return "half hour"
        if self.window != "day" or self.hard < self.target:
            window = self.in_window(t)
            if window.abandons + 1 > self.hard * window.answers + math.exp(-window.answers / CREDIT_FADES):
                return "hard limit"
        return ""

    def threshold(self, t: float, operators: float) -> float:
        """The chance of costing a customer that one more call may have.

        Few operators need a higher one for the same rate: most of their calls are placed at hardly any risk.
        """
        start = 0.5 + 5.0 / max(operators, 4.0)
        steer = max(-1.5, min(1.0, self.slack / SWING))
        threshold = self.target * start * math.exp(self._shift + steer)
        window = self.in_window(t)
        if window.answers >= 100 and window.rate > self.soft:
            # Between the soft and the hard limit, down to a quarter.
            threshold *= max(0.25, 1 - 0.75 * (window.rate - self.soft) / max(1e-9, self.hard - self.soft))
        return threshold

    def recount(self, hours: Mapping[int, tuple[int, int]], t: float) -> None:
        """The true counts, (answered, abandoned) by the hour since 1970, in place of those kept: what a dialer that
        died had not told any more is in them."""
        self._turn(t)
        self._hours = {hour: Counts(*counts) for hour, counts in hours.items()}
        midnight = ((t + self._zone_s) // DAY_S) * DAY_S - self._zone_s
        today = [counts for hour, counts in self._hours.items() if hour * HOUR_S >= midnight]
        self.day = Counts(sum(c.answers for c in today), sum(c.abandons for c in today))
        self._summed_at = -math.inf

    def state(self) -> dict[str, Any]:
        """Counts by the hour and the steering, JSON-able."""
        return {
            "hours": {str(hour): [c.answers, c.abandons] for hour, c in self._hours.items()},
            "today": self._today,
            "day": [self.day.answers, self.day.abandons],
            "shift": self._shift,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave; KeyError, TypeError or ValueError when it makes no sense."""
        hours = {int(hour): Counts(float(a), float(b)) for hour, (a, b) in state["hours"].items()}
        day, shift = Counts(*(float(x) for x in state["day"])), float(state["shift"])
        if not all(c.abandons >= 0 and 0 <= c.answers < 1e12 for c in (*hours.values(), day)) or not abs(shift) < 10:
            raise ValueError("no counts")
        self._today = None if state["today"] is None else int(state["today"])
        self._hours, self.day, self._shift = hours, day, shift
