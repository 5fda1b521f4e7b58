"""What happened, turned into chances by age: when dials are answered, when talks and wrap-ups end, how patient people
are.

Follows events by call and operator; events may come late, twice or not at all, so nothing here relies on a pair being
complete and everything kept is bounded. Knows no limits and decides nothing.
"""

import math
from collections import OrderedDict
from typing import Any

import numpy as np

from fsdialer.core.pacing.durations import Durations, Numbers, on_seconds
from fsdialer.core.pacing.forecast import AGES, HORIZON, PATIENCE, Tables

TALK_EDGES = (0, 2, 4, 7, 10, 15, 20, 30, 45, 60, 80, 100, 130, 160, 200, 250, 300, 400, 500, 700, 1000, 1500, 2500)
#: Lives remembered: dials for the shape of ringing, talks and wrap-ups for theirs.
DIALS_REMEMBERED, TALKS_REMEMBERED = 4000.0, 600.0
#: Answers remembered for the level of the answer rate, when it stands still and when it moves.
SLOW, FAST = 400.0, 50.0
#: A prior believed as much as this many expected answers: 10 % more answers than the ring table's prior has.
BELIEF, PRIOR_LEVEL = 15.0, 1.1
#: So many dials in a row that nobody answers are a trunk that is down, and those after them say nothing of how calls
#: ring once it is up, nor of how many are answered: learned, they would let hundreds of calls out into a trunk that
#: connects again. Where one dial in a hundred is answered, a list is taken for a better one than it is.
OUTAGE = 100
#: Calls or operators followed at a time; the oldest is forgotten beyond it.
FOLLOWED = 20_000
#: Releases remembered when judging which share of operators leaves instead of coming back.
RELEASES_REMEMBERED = 12.0


def _ring_prior(age: float, width: float) -> tuple[float, float]:
    """Before anything is known: four dials in ten are answered, half of those within ten seconds: safely many."""

    def answered(by: float) -> float:
        return 0.5 * (1 + math.erf(math.log(max(by, 1e-6) / 10.0) / (0.6 * math.sqrt(2))))

    def left(by: float) -> float:
        return max(0.03, 1 - 0.42 * answered(by) - 0.3 * min(1.0, by / 4)) if by < 25 else 0.03

    answers = 0.42 * (answered(age + width) - answered(age)) / left(age)
    ends = max(0.0, (left(age) - left(age + width)) / left(age) - answers)
    return min(answers, 0.45), min(ends, 0.5)


class Level:
    """Answers that came ÷ answers the ring table expected, over a fading memory of so many expected answers."""

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.came, self.expected = BELIEF * PRIOR_LEVEL, BELIEF

    def add(self, came: float, expected: float) -> None:
        """One dial ended: whether answered, and how many answers its ringing should have brought."""
        fade = math.exp(-expected / self.memory)
        self.came, self.expected = self.came * fade + came, self.expected * fade + expected

    @property
    def value(self) -> float:
        """The ratio; 1 when the table is right."""
        return max(0.02, self.came / self.expected)


class Learner:
    """Follows a campaign's events; `tables` gives what a forecast needs."""

    def __init__(self) -> None:
        self.ring = Durations(range(AGES), DIALS_REMEMBERED, 30, _ring_prior, ways=2)
        self.talk = Durations(TALK_EDGES, TALKS_REMEMBERED, 8, lambda age, width: (1 - math.exp(-width / 150),))
        self.wrap_up = Durations(range(AGES), TALKS_REMEMBERED, 3, lambda age, width: (0.06,))
        self.slow, self.fast = Level(SLOW), Level(FAST)
        #: Share of released operators who leave the line, of the last few.
        self.leaving = 0.0
        #: Dials ended since the last answer.
        self._unanswered = 0
        self._placed: OrderedDict[Any, float] = OrderedDict()
        self._talking: OrderedDict[Any, float] = OrderedDict()
        self._wrapping: OrderedDict[Any, float] = OrderedDict()
        self._expected: Numbers = np.zeros(AGES + 1)
        self._learn_expected(self.ring.hazards())

    def originate(self, call: Any, t: float) -> None:
        """A dial began."""
        _follow(self._placed, call, t)

    def resolved(self, call: Any, t: float, answered: bool) -> None:
        """A dial ended: a person answered, or not."""
        since = self._placed.pop(call, None)
        if since is None or t < since:
            return
        age = t - since
        self._unanswered = 0 if answered else self._unanswered + 1
        if self._unanswered > OUTAGE:
            return
        self.ring.ended(age, 0 if answered else 1)
        expected = float(self._expected[min(int(age) + 1, AGES)])
        for level in (self.slow, self.fast):
            level.add(float(answered), expected)

    def connect(self, operator: Any, t: float) -> None:
        """An operator got a customer."""
        # A wrap-up whose end was never told: this operator was free some time before now.
        self._wrapping.pop(operator, None)
        _follow(self._talking, operator, t)

    def talk_end(self, operator: Any, t: float) -> None:
        """The talk is over; wrap-up begins."""
        since = self._talking.pop(operator, None)
        if since is not None and t >= since:
            self.talk.ended(t - since)
        _follow(self._wrapping, operator, t)

    def ready(self, operator: Any, t: float) -> None:
        """The operator is free."""
        since = self._wrapping.pop(operator, None)
        if since is not None and t >= since:
            self.wrap_up.ended(t - since)
            self.leaving *= 1 - 1 / RELEASES_REMEMBERED

    def logout(self, operator: Any, t: float) -> None:
        """The operator is gone; at the end of a wrap-up that is a release nobody gets."""
        if self._wrapping.pop(operator, None) is not None or self._talking.pop(operator, None) is not None:
            self.leaving += (1 - self.leaving) / RELEASES_REMEMBERED

    def nobody_wraps_up(self, t: float) -> None:
        """Nobody is in wrap-up now: those whose talk ended were free at once, or their `ready` was lost."""
        while self._wrapping:
            _, since = self._wrapping.popitem()
            if 0 <= t - since < 1.0:
                self.wrap_up.ended(t - since)

    @property
    def level(self) -> float:
        """The answer rate's level: the long memory's, unless the short one disagrees by more than luck. A rise is
        believed sooner than a fall, being the dangerous side."""
        slow, fast = self.slow.value, self.fast.value
        surprise = (fast - slow) / (slow / math.sqrt(max(1.0, self.fast.came)))
        trust = surprise - 1.0 if surprise > 0 else -surprise - 1.5
        trust = min(1.0, max(0.0, trust / 1.5))
        return slow * (1 - trust) + fast * trust

    @property
    def doubt(self) -> float:
        """Variance of the level's logarithm."""
        return 1.0 / (self.slow.came + 20.0)

    def _learn_expected(self, hazards: Numbers) -> None:
        self._expected = np.append(0.0, np.cumsum(hazards[:, 0]))

    def tables(self, ringing: Numbers, talking: Numbers, wrapping: Numbers) -> Tables:
        """Chances by age, given the ages of all that is going on now."""
        hazards = self.ring.hazards(ringing)
        self._learn_expected(hazards)
        wrap_up = on_seconds(self.wrap_up, self.wrap_up.hazards(wrapping), AGES + HORIZON + PATIENCE)
        return Tables(
            _answers_within(hazards, self.level),
            _ends_within(wrap_up),
            _released_within(self.talk, self.talk.hazards(talking), wrap_up),
            np.array([0.5, 0.35, 0.15]),
        )

    def state(self) -> dict[str, Any]:
        """What was learned, JSON-able; what is under way is not kept, the next events tell it."""
        return {
            "ring": self.ring.state(),
            "talk": self.talk.state(),
            "wrap_up": self.wrap_up.state(),
            "levels": [[level.came, level.expected] for level in (self.slow, self.fast)],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave; KeyError, TypeError or ValueError when it makes no sense."""
        levels = [(float(came), float(expected)) for came, expected in state["levels"]]
        if len(levels) != 2 or not all(0 <= came < 1e9 and 0 < expected < 1e9 for came, expected in levels):
            raise ValueError("no levels")
        for table, name in ((self.ring, "ring"), (self.talk, "talk"), (self.wrap_up, "wrap_up")):
            table.restore(state[name])
        for level, (came, expected) in zip((self.slow, self.fast), levels, strict=True):
            level.came, level.expected = came, expected
        self._learn_expected(self.ring.hazards())


def _follow(followed: OrderedDict[Any, float], key: Any, t: float) -> None:
    followed[key] = t
    if len(followed) > FOLLOWED:
        followed.popitem(last=False)


def _answers_within(hazards: Numbers, level: float) -> Numbers:
    """Ages × seconds 0…HORIZON: the chance that a call ringing that long is answered within."""
    answer = np.minimum(hazards[:, 0] * level, 0.9)
    end = np.minimum(hazards[:, 1], 0.999 - answer)
    answer, end = (np.append(x, np.full(HORIZON, x[-1])) for x in (answer, end))
    ringing = np.append(1.0, np.cumprod(1 - answer - end))
    answered = np.append(0.0, np.cumsum(ringing[:-1] * answer))
    ahead = np.arange(AGES)[:, None] + np.arange(HORIZON + 1)[None, :]
    within: Numbers = (answered[ahead] - answered[:AGES, None]) / np.maximum(ringing[:AGES, None], 1e-12)
    return np.clip(within, 0.0, 1.0)


def _ends_within(survival: Numbers) -> Numbers:
    """Ages × seconds 0…HORIZON+PATIENCE: the chance to end within, having lasted so long."""
    ahead = np.arange(AGES)[:, None] + np.arange(HORIZON + PATIENCE + 1)[None, :]
    within: Numbers = 1 - survival[ahead] / np.maximum(survival[:AGES, None], 1e-12)
    return np.clip(within, 0.0, 1.0)


def _released_within(talk: Durations, hazards: Numbers, wrap_up: Numbers) -> Numbers:
    """Talk bins × seconds 0…HORIZON+PATIENCE: the chance that talk and wrap-up are both over within."""
    seconds = HORIZON + PATIENCE
    per_second = 1 - (1 - np.minimum(hazards[:, 0], 0.999)) ** (1 / talk.widths)
    age = talk.edges + talk.widths * 0.4
    ahead = np.searchsorted(talk.edges, age[:, None] + np.arange(seconds)[None, :] + 0.5, side="right") - 1
    chance = per_second[ahead]
    lasting = np.cumprod(1 - chance, axis=1)
    ends = np.concatenate([np.ones((len(chance), 1)), lasting[:, :-1]], axis=1) * chance
    wrapped = 1 - wrap_up
    wrapped = (wrapped[:seconds] + wrapped[1 : seconds + 1]) / 2
    later = np.arange(seconds + 1)[None, :] - 1 - np.arange(seconds)[:, None]
    released: Numbers = ends @ np.where(later >= 0, wrapped[np.maximum(later, 0)], 0.0)
    return np.clip(released, 0.0, 1.0)
