"""Predictive: dials ahead of the operators who will be free when the calls are answered, within the abandon limit.

Each decision forecasts who will be there when a call placed now is answered (`forecast`), from what the day has taught
(`learning`), and places calls while the next one's chance of costing a customer stays under a threshold; equal risk
everywhere spends the budget where it buys most talk time. The threshold follows the abandoned share actually seen
(`budget`). At the limit it is progressive. docs/pacing.md has the formulae. Pure: no clock, no randomness.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fsdialer.core.pacing.budget import Budget
from fsdialer.core.pacing.decision import Decision
from fsdialer.core.pacing.durations import Numbers
from fsdialer.core.pacing.forecast import AGES, Forecast, Scene, Tables
from fsdialer.core.pacing.learning import FOLLOWED, TALK_EDGES, Learner

#: Chances by age are learned anew this often; sooner in the first minutes.
TABLES_LAST_S = 15.0
#: How many are on line, before it is known, and how long it takes to be known.
USUAL_OPERATORS, USUAL_S = 20, 300.0
#: No decision places more than this many calls for each operator on line.
MOST_PER_OPERATOR = 10
#: A call placed later than this before calling hours close could not be served inside them.
CLOSING_S = 30.0
#: An age at which ringing calls are often answered.
LIKELY_AGE_S = 6
#: Times beyond these are no epoch seconds.
LATEST = 1e11
#: So many seconds ahead at once are believed when two decisions say so: the day's counts end with its day.
JUMP_S = 3600.0

_TALK_EDGES = np.asarray(TALK_EDGES, dtype=float)


class Predictive:
    """Keeps operators busy while abandoned ÷ answered stays at or below `budget.target`.

    `max_multiplier` caps calls in flight at that many times the operators free now or expected to be.
    """

    def __init__(self, budget: Budget, max_multiplier: float | None = None) -> None:
        self.budget, self.learner = budget, Learner()
        self._max_multiplier = max_multiplier
        #: The last decision, for the wallboard.
        self.last: Decision | None = None
        self._tables: Tables | None = None
        self._tables_at = -math.inf
        self._now = 0.0
        #: The time of the last decision, and what it was told the time was.
        self._decided_at = self._told_at = math.inf
        self._usual, self._usual_at = float(USUAL_OPERATORS), math.inf
        #: What was last heard of a call, so that what is told twice counts once.
        self._calls: OrderedDict[Any, str] = OrderedDict()

    @property
    def why(self) -> str:
        """The last decision in words."""
        return self.last.sentence() if self.last else "no decision yet"

    def observe(self, event: dict[str, Any]) -> None:
        """Learn from what happened; what makes no sense is passed over."""
        t, kind = event.get("t"), event.get("type")
        if not isinstance(t, int | float) or isinstance(t, bool) or not 0 <= t < LATEST:
            return
        if t > self._decided_at + JUMP_S:
            t = self._decided_at
            if kind == "originate":  # the first ones after a night: how long these ring cannot be known
                return
        t = float(t)
        self._now = max(self._now, t)
        call, operator = _name(event.get("call")), _name(event.get("operator"))
        if kind in _OF_CALLS and call is not None:
            self._of_call(str(kind), call, t)
        if operator is None:
            return
        if kind == "connect":
            self.learner.connect(operator, t)
        elif kind == "talk_end":
            self.learner.talk_end(operator, t)
        elif kind == "ready":
            self.learner.ready(operator, t)
        elif kind == "logout":
            self.learner.logout(operator, t)

    def _of_call(self, kind: str, call: Any, t: float) -> None:
        before = self._calls.get(call, "")
        if kind == "machine" and before in ("answer", "connect", "talk_end"):
            # Found out after its answer: it never was one.
            self._calls[call] = kind
            self.budget.answered(t, -1)
            return
        if kind == "machine" and before == "abandon":
            # Nobody was free for it, and nobody was lost.
            self._calls[call] = kind
            self.budget.answered(t, -1)
            self.budget.abandoned(t, -1)
            return
        if _STAGES[kind] <= _STAGES.get(before, -1):
            return
        self._calls[call] = kind
        if len(self._calls) > FOLLOWED:
            self._calls.popitem(last=False)
        if kind == "originate":
            self.learner.originate(call, t)
        elif kind in ("machine", "fail"):
            self.learner.resolved(call, t, answered=False)
        elif before not in ("answer", "connect", "abandon"):
            self.learner.resolved(call, t, answered=True)
            self.budget.answered(t)
        if kind == "abandon":
            self.budget.abandoned(t)

    def decide(self, state: Any) -> int:
        """How many calls to place now.

        Besides what every policy is given, `state` may hold `leads` (left to call), `lines` (free on the trunks),
        `leaving` (operators who go when their customer is done), `closes_in` (seconds until calling hours end) and
        `day_ends_in` (until the day's last ones do; `closes_in` when not given).
        """
        given = _Given(state)
        t = self._time_of(given.t)
        self._now, self._decided_at = max(self._now, t), t
        if given.total <= 0 or given.present <= 0:
            return self._decided(t, given, 0, "nobody")
        if given.closes_in < CLOSING_S:
            return self._decided(t, given, 0, "closing")
        if not given.wrapping:
            self.learner.nobody_wraps_up(t)
        tables = self._fresh_tables(t, given)
        forecast = Forecast(tables, self._scene(given), self.learner.doubt)
        floor = max(0, given.ready - given.waiting - given.ringing)
        usual, answered = self._usual_operators(t, given), float(tables.answer[0, -1])
        self.budget.foresee(t, usual, given.day_ends_in, given.leads * answered if answered > 0 else math.inf)
        limit = self.budget.locked(t)
        calls, allowed = floor, 0.0 if limit else self.budget.threshold(t)
        if not limit:
            most = max(floor, MOST_PER_OPERATOR * given.total)
            calls = forecast.most_calls(allowed, floor, most)
            limit = "most" if calls == most else "risk"
        for name, cap in (("multiplier", self._cap(given, forecast)), ("leads", given.leads), ("lines", given.lines)):
            if calls > cap:
                calls, limit = max(0, int(cap)), name
        return self._decided(t, given, calls, limit, forecast, allowed)

    def _time_of(self, told: float) -> float:
        before, self._told_at = self._told_at, told
        if not 0 <= told < LATEST or (told > self._decided_at + JUMP_S and abs(told - before) > JUMP_S):
            return self._now
        return told

    def _usual_operators(self, t: float, given: "_Given") -> float:
        """How many have been on line lately: not this moment's number, so that one more never means fewer calls."""
        usual, elapsed = self._usual, t - self._usual_at
        if elapsed == -math.inf:
            self._usual_at = t
        elif elapsed > 0:
            self._usual += (given.total - usual) * (1 - math.exp(-min(elapsed, USUAL_S) / USUAL_S))
            self._usual_at = t
        return usual

    def _cap(self, given: "_Given", forecast: Forecast) -> float:
        if self._max_multiplier is None:
            return math.inf
        soon = given.ready + float(forecast.freed[len(forecast.freed) // 3])
        wanted = max(1 if given.ready else 0, math.floor(self._max_multiplier * soon + 1e-9))
        return max(0, wanted - given.ringing - given.waiting)

    def _decided(
        self,
        t: float,
        given: "_Given",
        calls: int,
        limit: str,
        forecast: Forecast | None = None,
        allowed: float = 0.0,
    ) -> int:
        self.last = Decision(
            t=t,
            calls=calls,
            ready=given.ready,
            waiting=given.waiting,
            ringing=given.ringing,
            freed=float(forecast.freed[-1]) if forecast else 0.0,
            answers=float(forecast.answers[-1]) if forecast else 0.0,
            chance=forecast.risk(calls) if forecast else 0.0,
            allowed=allowed,
            budget_used=self.budget.day.rate / self.budget.target if self.budget.target else 0.0,
            limit=limit,
        )
        return calls

    def _fresh_tables(self, t: float, given: "_Given") -> Tables:
        if self._tables is None or not 0 <= t - self._tables_at < TABLES_LAST_S:
            self._tables = self.learner.tables(given.ringing_ages, given.talk_ages, given.wrapup_ages)
            self._tables_at = t
        return self._tables

    def _scene(self, given: "_Given") -> Scene:
        ringing = _by_second(given.ringing_ages)
        # Calls whose age nobody told are taken to be about to be answered.
        ringing[LIKELY_AGE_S] += given.ringing - len(given.ringing_ages)
        wrapping = _by_second(given.wrapup_ages)
        talking = np.zeros(len(_TALK_EDGES))
        if len(given.talk_ages):
            bins = np.searchsorted(_TALK_EDGES, given.talk_ages, side="right") - 1
            talking = np.bincount(bins, minlength=len(_TALK_EDGES)).astype(float)
        gone = self.learner.leaving
        if given.leaving:
            gone = max(gone, min(1.0, given.leaving / max(1, given.talking + given.wrapping)))
        releasing = np.concatenate([wrapping, talking]) * (1 - gone)
        return Scene(given.ready - given.waiting, ringing, releasing)

    def recount(self, hours: Mapping[int, tuple[int, int]], t: float) -> None:
        """The legal counters as they truly stand: see `Budget.recount`."""
        self.budget.recount(hours, t)

    def state(self) -> dict[str, Any]:
        """What was learned and counted, JSON-able: another dialer goes on with it by `restore`."""
        return {"version": 1, "learner": self.learner.state(), "budget": self.budget.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up another's `state`; one that makes no sense leaves everything as it was and raises ValueError."""
        before = self.state()
        try:
            self.learner.restore(state["learner"])
            self.budget.restore(state["budget"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.learner.restore(before["learner"])
            self.budget.restore(before["budget"])
            raise ValueError(f"no state of predictive pacing: {error}") from None
        self._usual, self._tables_at = self.budget.operators, -math.inf


#: How far a call has come; what tells of no progress is told twice or late.
_STAGES = {"originate": 0, "answer": 1, "machine": 4, "fail": 4, "connect": 2, "abandon": 4, "talk_end": 3}
_OF_CALLS = frozenset(_STAGES)


class _Given:
    """A state read with care: counts not negative, ages finite, none missing."""

    def __init__(self, state: Any) -> None:
        operators = state.get("operators") or {}
        self.t = _number(state.get("t"), -1.0)
        self.ready, self.talking, self.wrapping, self.total = (
            _count(operators.get(name)) for name in ("ready", "talking", "wrapup", "total")
        )
        self.present = self.ready + self.talking + self.wrapping
        self.waiting = _count(state.get("answered_waiting"))
        self.ringing_ages = _ages(state.get("ringing_ages"))
        self.talk_ages, self.wrapup_ages = _ages(state.get("talk_ages")), _ages(state.get("wrapup_ages"))
        self.ringing = max(_count(state.get("ringing")), len(self.ringing_ages))
        self.leads, self.lines, self.closes_in = (
            _number(state.get(name), math.inf) for name in ("leads", "lines", "closes_in")
        )
        self.day_ends_in = _number(state.get("day_ends_in"), self.closes_in)
        self.leaving = _count(state.get("leaving"))


def _name(value: Any) -> Any:
    """A call's or operator's id if it can be one."""
    return value if isinstance(value, str | int) else None


def _number(value: Any, otherwise: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return float(value)
    return otherwise


def _count(value: Any) -> int:
    return int(min(1e6, max(0.0, _number(value, 0.0))))


def _ages(values: Sequence[float] | None) -> Numbers:
    given: Numbers = np.asarray(values if values is not None else (), dtype=float)
    # fmax takes the number where the other is none.
    return np.fmin(np.fmax(given, 0.0), 1e6)


def _by_second(ages: Numbers) -> Numbers:
    """How many have each age, in whole seconds."""
    seconds = np.minimum((ages + 0.5).astype(int), AGES - 1)
    counted: Numbers = np.bincount(seconds, minlength=AGES).astype(float)
    return counted
