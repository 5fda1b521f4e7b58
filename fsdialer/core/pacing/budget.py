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
#: One abandoned customer may come before the answers that pay for it, fading over so many answers.
WINDOW_CREDIT_FADES = 60.0
#: Hours of counts kept: the longest window and a day.
HOURS_KEPT = 32 * 24
#: A window longer than the day is added up this often.
SUMMED_EVERY_S = 5.0
#: A day is planned to last, from its first answer, as long as the last one that had so many answers (so many seconds
#: when there was none, so many at least), or until calling ends; in its last minutes nothing can be made good any more.
USUAL_ANSWERS, USUAL_DAY_S, SHORTEST_DAY_S, TOO_LATE_S = 50, 8 * HOUR_S, HOUR_S, 300.0
#: Before a day's pace is known: answers an operator and hour, believed as much as so many seconds of counting.
USUAL_PACE, PACE_BELIEF_S = 20.0, 1800.0
#: The target that the numbers of customers below were found at.
TUNED_AT = 0.03
#: Kept back for good: this share of the target, and so many customers at 3 %, with so many more ÷ operators, for a
#: small team loses two or three at once; at a lower target more of them, by the root of how much lower it is, for where
#: few may be lost one is much.
KEPT_BACK, RESERVE, RESERVE_OF_FEW = 0.035, 1.25, 2.0
#: Kept back besides: so many customers times the root of the operators (at 3 %), let go of with the root of the time
#: that is left.
RESERVE_BY_ROOT = 0.5
#: What is over, or missing, is spent over the customers still to come today and so many more; the rate aimed at stays
#: within these factors of the target.
SPREAD, LEAST_AIM, MOST_AIM = 1.0, 0.1, 2.5
#: How far a day may stand above its target before it is locked: this share of what the answers still to come will pay
#: for, and never more than so many customers times the root of the operators (at 3 %).
MADE_GOOD, MOST_BY_ROOT = 0.5, 2.0
#: Towards the lock the rate aimed at falls by this power of how much of that is used.
SLOWER_BY = 2.0
#: How believed the threshold's usual yield is, in customers, how many it takes to forget, and how far it may be off.
YIELD_BELIEF, YIELD_MEMORY, YIELD_FARTHEST = 40.0, 300.0, 3.0
#: No half hour is to come near 10 %: above this share of the last quarter of an hour's answers, and so many customers
#: (two more in the smallest teams, whose quarters of an hour have too few answers to say much), progressive.
BURST, BURST_MORE, BURST_MEMORY_S = 0.06, 2.0, 900.0


@dataclass
class Yield:
    """What a threshold yields: customers lost at the thresholds set so far, against those they were meant to cost.

    Worlds differ in it (how people talk, how long they wait); the feedback on the day's count alone would stand off the
    target by as much.
    """

    meant: float = 0.0
    lost: float = 0.0

    def answer(self, rate: float) -> None:
        """A person answered while that rate was aimed at."""
        fade = math.exp(-rate / YIELD_MEMORY)
        self.meant, self.lost = self.meant * fade + rate, self.lost * fade

    @property
    def correction(self) -> float:
        """By how much to raise a threshold for it to cost what it is meant to."""
        ratio = (self.meant + YIELD_BELIEF) / (self.lost + YIELD_BELIEF)
        return max(1 / YIELD_FARTHEST, min(YIELD_FARTHEST, ratio))


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
        #: When today's first and last answer came, and how many seconds today is planned to last.
        self._began: float | None = None
        self._last_answer, self._planned_s = 0.0, USUAL_DAY_S
        self._recent = Counts()
        self._recent_at = 0.0
        self._yield = Yield()
        #: The rate the last threshold was meant to cost; how many operators are usually on line.
        self._aim, self.operators = 0.0, 20.0
        #: What is known of the rest of the day: seconds and answers at most.
        self._ends_at, self._answers_left = math.inf, math.inf
        self._summed_at, self._summed = -math.inf, Counts()

    def answered(self, t: float, count: int = 1) -> None:
        """People answered; a negative count takes back an answer that was a machine's after all."""
        self._turn(t)
        if self._began is None:
            self._began = t
        day, recent = self.day, self._recent
        day.answers = max(0.0, day.answers + count)
        recent.answers = max(0.0, recent.answers + count)
        hour = self._hour(t)
        hour.answers = max(0.0, hour.answers + count)
        if count > 0:
            self._last_answer = t
            self._yield.answer(self._aim * count)

    def abandoned(self, t: float, count: int = 1) -> None:
        """Customers found nobody; a negative count takes back one that was a machine after all."""
        self._turn(t)
        for counts in (self.day, self._recent, self._hour(t)):
            counts.abandons = max(0.0, counts.abandons + count)
        self._yield.lost = max(0.0, self._yield.lost + count)

    def _turn(self, t: float) -> None:
        """Begin a new day at midnight, fade the last quarter of an hour."""
        today = self._day_of(t)
        if self._today is None or today > self._today:
            if self._began is not None and self.day.answers >= USUAL_ANSWERS:
                self._planned_s = min(DAY_S, max(SHORTEST_DAY_S, self._last_answer - self._began))
            self._today, self.day, self._began = today, Counts(), None
        elapsed = t - self._recent_at
        if elapsed > 0:
            fade = math.exp(-elapsed / BURST_MEMORY_S)
            self._recent.answers *= fade
            self._recent.abandons *= fade
            self._recent_at = t

    def _day_of(self, t: float) -> int:
        """Local days since 1970."""
        return int((t + self._zone_s) // DAY_S)

    def _midnight_before(self, day: int) -> float:
        return day * DAY_S - self._zone_s

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

    def foresee(self, t: float, operators: float, ends_in: float = math.inf, answers: float = math.inf) -> None:
        """What is known of the rest of the day: how many are usually on line, in how many seconds calling ends, how
        many answers the list can still give."""
        self.operators = max(operators, 4.0)
        # At midnight the count begins anew: what is over then cannot be made good any more.
        midnight = self._midnight_before(self._day_of(t) + 1)
        self._ends_at, self._answers_left = min(t + ends_in, midnight), answers

    def to_come(self, t: float) -> float:
        """Customers that the answers of the rest of the day will pay for, at the day's pace."""
        believed = USUAL_PACE * self.operators * PACE_BELIEF_S / HOUR_S
        pace = (self.day.answers + believed) / (self._elapsed_s(t) + PACE_BELIEF_S)
        return self.target * min(pace * self._left_s(t), self._answers_left)

    def _left_s(self, t: float) -> float:
        return max(0.0, min(self._planned_s - self._elapsed_s(t), self._ends_at - t) - TOO_LATE_S)

    def _elapsed_s(self, t: float) -> float:
        return 0.0 if self._began is None else max(0.0, t - self._began)

    def slack(self, t: float) -> float:
        """Customers that may still be lost today beside those the answers to come will pay for, less what is kept
        back; fractional, negative when overdrawn."""
        in_all = (RESERVE + RESERVE_OF_FEW / self.operators) * math.sqrt(TUNED_AT / self.target)
        for_luck = RESERVE_BY_ROOT * self._luck * math.sqrt(self._left_s(t) / self._planned_s)
        return (1 - KEPT_BACK) * self.target * self.day.answers - in_all - for_luck - self.day.abandons

    @property
    def _luck(self) -> float:
        """How far a day's count strays by chance grows with the root of the customers it may lose."""
        return math.sqrt(self.operators * self.target / TUNED_AT)

    def _lent(self, to_come: float) -> float:
        """By how many customers the day may stand above its target: what the rest of it can make good."""
        return min(MADE_GOOD * to_come, MOST_BY_ROOT * self._luck)

    def room(self, t: float) -> float:
        """Customers that may still be lost before pacing is locked; fractional. One that the rest of the day cannot
        make good must fit into the budget as it stands."""
        return self.target * self.day.answers + self._lent(self.to_come(t)) - self.day.abandons

    def locked(self, t: float) -> str:
        """Why nothing above progressive may be placed now; empty when it may."""
        self._turn(t)
        why = self._lock(t)
        if why:
            self._aim = 0.0
        return why

    def _lock(self, t: float) -> str:
        recent = self._recent
        if self.room(t) < 1:
            return "budget"
        more = BURST_MORE + max(0.0, 2 - self.operators / 10)
        if recent.abandons + 1 > BURST * recent.answers + more:
            return "half hour"
        if self._window_counts:
            window = self.in_window(t)
            if window.abandons + 1 > self.hard * window.answers + math.exp(-window.answers / WINDOW_CREDIT_FADES):
                return "hard limit"
        return ""

    @property
    def _window_counts(self) -> bool:
        """Are the window's limits more than the day's target, which the plan of the day sees to?"""
        return self.window != "day" or min(self.soft, self.hard) < self.target

    def threshold(self, t: float) -> float:
        """The chance of costing a customer that one more call may have.

        Few operators need a higher one for the same rate: most of their calls are placed at hardly any risk.
        """
        self._turn(t)
        self._aim = self._rate_aimed_at(t)
        return (0.62 + 4.4 / self.operators) * self._yield.correction * self._aim

    def _rate_aimed_at(self, t: float) -> float:
        to_come = self.to_come(t)
        spent_evenly = 1 + self.slack(t) / (to_come + SPREAD)
        rate = self.target * max(LEAST_AIM, min(MOST_AIM, spent_evenly))
        above = self.day.abandons - self.target * self.day.answers
        if above > 0:
            # Gently at first, down to a quarter where the lock is: that costs most, the more operators the more.
            rate *= 1 - 0.75 * min(1.0, above / max(1e-9, self._lent(to_come))) ** SLOWER_BY
        window = self.in_window(t)
        if self._window_counts and window.answers >= 100 and window.rate > self.soft:
            # Between the soft and the hard limit, down to a quarter.
            rate *= max(0.25, 1 - 0.75 * (window.rate - self.soft) / max(1e-9, self.hard - self.soft))
        return rate

    def recount(self, hours: Mapping[int, tuple[int, int]], t: float) -> None:
        """The true counts, (answered, abandoned) by the hour since 1970, in place of those kept: what a dialer that
        died had not told any more is in them."""
        self._turn(t)
        self._today = self._day_of(t)
        self._recent_at = min(self._recent_at, t)  # of a clock that was ahead: it would not fade until then
        self._hours = {hour: Counts(*counts) for hour, counts in hours.items()}
        midnight = self._midnight_before(self._today)
        today = {hour: counts for hour, counts in self._hours.items() if hour * HOUR_S >= midnight}
        self.day = Counts(sum(c.answers for c in today.values()), sum(c.abandons for c in today.values()))
        if self._began is None and today:
            self._began = HOUR_S * min(today)
        self._summed_at = -math.inf

    def state(self) -> dict[str, Any]:
        """Counts by the hour and the steering, JSON-able."""
        return {
            "hours": {str(hour): [c.answers, c.abandons] for hour, c in self._hours.items()},
            "today": self._today,
            "began": self._began,
            "last_answer": self._last_answer,
            "planned_s": self._planned_s,
            "day": [self.day.answers, self.day.abandons],
            "recent": [self._recent.answers, self._recent.abandons, self._recent_at],
            "yield": [self._yield.meant, self._yield.lost],
            "operators": self.operators,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave; KeyError, TypeError or ValueError when it makes no sense."""
        hours = {int(hour): Counts(float(a), float(b)) for hour, (a, b) in state["hours"].items()}
        day = Counts(*(float(x) for x in state["day"]))
        meant, lost = (float(x) for x in state.get("yield", (0.0, 0.0)))
        *recent, recent_at = (float(x) for x in state.get("recent", (0.0, 0.0, 0.0)))
        operators = float(state.get("operators", 20.0))
        began = None if state.get("began") is None else float(state["began"])
        last_answer, planned_s = (
            float(state.get("last_answer", began or 0.0)),
            float(state.get("planned_s", USUAL_DAY_S)),
        )
        if not all(c.abandons >= 0 and 0 <= c.answers < 1e12 for c in (*hours.values(), day, Counts(*recent))):
            raise ValueError("no counts")
        if not 0 <= recent_at < 1e12:
            raise ValueError("no time")
        if not (0 <= meant < 1e9 and 0 <= lost < 1e9 and 4 <= operators < 1e6 and SHORTEST_DAY_S <= planned_s <= DAY_S):
            raise ValueError("no steering")
        self._today = None if state["today"] is None else int(state["today"])
        self._hours, self.day = hours, day
        self._recent, self._recent_at = Counts(*recent), recent_at
        self._began, self._last_answer, self._planned_s = began, last_answer, planned_s
        self._yield, self.operators = Yield(meant, lost), operators
