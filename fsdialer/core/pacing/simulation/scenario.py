"""What a simulated world is like, read from TOML text. Knows shapes and units; draws nothing and reads no file.

Every duration is in seconds except where the name says minutes or hours. A *course* is a number that changes over the
day: one number, or ``[[hour, value], …]``, straight lines between the points (two points at one hour make a jump).
"""

import math
import random
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field, fields, replace
from typing import Any

from fsdialer.errors import InvalidSetting

Course = tuple[tuple[float, float], ...]
LAWS = ("lognormal", "gamma", "exponential", "uniform", "fixed", "sample")


@dataclass(frozen=True)
class Law:
    """How long something takes. `mean` in seconds; `spread` is σ of the logarithm (lognormal), the coefficient of
    variation (gamma) or half the width (uniform), and nothing to the other laws. `least` is added to each draw."""

    kind: str = "lognormal"
    mean: float = 10.0
    spread: float = 0.5
    least: float = 0.0
    #: Durations seen, of which the law ``sample`` draws one.
    seen: tuple[float, ...] = ()

    def draw(self, dice: random.Random) -> float:
        """One duration in seconds, never negative."""
        if self.kind == "lognormal":
            return self.least + dice.lognormvariate(math.log(self.mean) - self.spread**2 / 2, self.spread)
        if self.kind == "gamma":
            shape = 1 / self.spread**2
            return self.least + dice.gammavariate(shape, self.mean / shape)
        if self.kind == "exponential":
            return self.least + dice.expovariate(1 / self.mean)
        if self.kind == "uniform":
            return self.least + max(0.0, dice.uniform(self.mean - self.spread, self.mean + self.spread))
        if self.kind == "sample" and self.seen:
            return self.least + dice.choice(self.seen)
        return self.least + self.mean


@dataclass(frozen=True)
class Miss:
    """A way for a dial not to reach a person: what the switch says of it, its share, and after how long."""

    cause: str
    share: float
    after: Law | None  # None: rings to the limit


MISSES = (
    Miss("NO_ANSWER", 0.42, None),
    Miss("MACHINE", 0.28, Law("lognormal", 8.0, 0.4, 1.2)),
    Miss("SUBSCRIBER_ABSENT", 0.13, Law("lognormal", 3.0, 0.4)),
    Miss("NORMAL_TEMPORARY_FAILURE", 0.10, Law("lognormal", 1.5, 0.4)),
    Miss("USER_BUSY", 0.07, Law("lognormal", 2.5, 0.4)),
)


@dataclass(frozen=True)
class Scenario:
    """One world. The defaults are the published test bed: docs/pacing.md, "The world"."""

    name: str = "day"
    operators: int = 20
    hours: float = 8.0
    answer_rate: Course = ((0.0, 0.30),)
    #: Slow random walk of the answer rate: standard deviation of its logarithm after one hour.
    answer_walk: float = 0.08
    ring: Law = Law("lognormal", 9.0 * math.exp(0.125), 0.5, 1.2)
    ring_limit: float = 25.0
    misses: tuple[Miss, ...] = MISSES
    talk: Law = Law("lognormal", 120.0, 0.8)
    talk_factor: Course = ((0.0, 1.0),)
    wrap_up: Law = Law("lognormal", 15.0, 0.5)
    patience: Law = Law("uniform", 1.0, 1.0)
    #: The switch gives up a waiting customer after this long, whatever their patience.
    max_wait: float = 60.0
    #: Operators differ: σ of the logarithm of each one's own factor on talk and wrap-up.
    pace_spread: float = 0.15
    login_within_min: float = 10.0
    #: ``(hour, minutes)``; each operator goes within `break_jitter_min` of it.
    breaks: tuple[tuple[float, float], ...] = ((2.0, 10.0), (4.0, 30.0), (6.0, 10.0))
    break_jitter_min: float = 20.0
    #: Share of the operators on line over the day; those over it leave when their customer is done.
    staffing: Course = ((0.0, 1.0),)
    leads: float = math.inf
    lines: float = math.inf
    calls_per_second: float = math.inf


def at(course: Course, hour: float) -> float:
    """The value of a course at that hour; before its first and after its last point it stands still."""
    index = bisect_right(course, (hour, math.inf))
    if index == 0:
        return course[0][1]
    if index == len(course):
        return course[-1][1]
    (left, low), (right, high) = course[index - 1], course[index]
    return low + (high - low) * (hour - left) / (right - left)


@dataclass(frozen=True)
class _Reader:
    """Turns TOML values into a scenario's fields, saying which one is wrong."""

    known: dict[str, Any] = field(default_factory=lambda: {f.name: f for f in fields(Scenario)})

    def read(self, table: dict[str, Any], base: Scenario) -> Scenario:
        """`base` with what the table says; InvalidSetting names the first entry that makes no sense."""
        changes: dict[str, Any] = {}
        for name, value in table.items():
            if name not in self.known:
                raise InvalidSetting("scenario", f"{base.name}: no {name!r}: there are {', '.join(self.known)}")
            try:
                changes[name] = self._value(getattr(base, name), name, value)
            except (TypeError, ValueError, KeyError) as error:
                raise InvalidSetting("scenario", f"{base.name}: {name} = {value!r}: {error}") from None
        return replace(base, **changes)

    def _value(self, old: Any, name: str, value: Any) -> Any:
        if isinstance(old, Law):
            return _law(old, value)
        if name in _COURSES:
            return _course(value, *_COURSES[name])
        if name == "breaks":
            return _pairs(value, (0, 1440), "write [[hour, minutes], …]")
        if name == "misses":
            return _misses(value)
        if name == "name":
            return str(value)
        return type(old)(_number(value, *_LIMITS[name], whole=isinstance(old, int)))


#: What each number may be; `leads` and the like may be infinite.
_LIMITS = {
    "operators": (1, 5000),
    "hours": (0.01, 168),
    "answer_walk": (0, 2),
    "ring_limit": (1, 600),
    "max_wait": (0, 3600),
    "pace_spread": (0, 2),
    "login_within_min": (0, 1440),
    "break_jitter_min": (0, 1440),
    "leads": (0, math.inf),
    "lines": (0, math.inf),
    "calls_per_second": (0.01, math.inf),
}
_COURSES = {"answer_rate": (0, 1), "talk_factor": (0.01, 100), "staffing": (0, 1)}
_DAY_S = 86400


def _number(value: Any, least: float, most: float, whole: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    if not least <= value <= most:
        raise ValueError(f"{value} must be between {least} and {most}")
    if whole and value != int(value):
        raise ValueError(f"{value} must be a whole number")
    return value


def _law(old: Law, value: Any) -> Law:
    if not isinstance(value, dict) or not set(value) <= {f.name for f in fields(Law)}:
        raise ValueError(f"write a table of {', '.join(f.name for f in fields(Law))}")
    law = replace(old, **{**value, "seen": tuple(value.get("seen", old.seen))})
    if law.kind not in LAWS:
        raise ValueError(f"no law {law.kind!r}: one of {', '.join(LAWS)}")
    if law.kind == "sample" and not law.seen:
        raise ValueError("the law sample needs durations seen")
    least_mean = 0 if law.kind in ("fixed", "uniform", "sample") else 0.001
    least_spread = 0.01 if law.kind == "gamma" else 0
    for part, numbers, least in (
        ("mean", (law.mean,), least_mean),
        ("spread", (law.spread,), least_spread),
        ("least", (law.least,), 0),
        ("seen", law.seen, 0),
    ):
        try:
            for seconds in numbers:
                _number(seconds, least, _DAY_S)
        except ValueError as error:
            raise ValueError(f"{part}: {error}") from None
    return law


def _pairs(value: Any, limits: tuple[float, float], shape: str) -> Course:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise ValueError(shape)
    return tuple((float(_number(hour, 0, 168)), float(_number(number, *limits))) for hour, number in value)


def _course(value: Any, least: float, most: float) -> Course:
    shape = "write a number, or [[hour, value], …] with hours that rise"
    course = _pairs(value if isinstance(value, list) else [[0, value]], (least, most), shape)
    hours = [hour for hour, _ in course]
    if not hours or hours != sorted(hours):
        raise ValueError(shape)
    return course


def _misses(value: Any) -> tuple[Miss, ...]:
    if not isinstance(value, list) or not all(
        isinstance(miss, dict) and {"cause", "share"} <= set(miss) <= {"cause", "share", "after"} for miss in value
    ):
        raise ValueError("write a list of { cause, share, after }")
    misses = tuple(
        Miss(str(m["cause"]), _number(m["share"], 0, 100), _law(Law(), m["after"]) if "after" in m else None)
        for m in value
    )
    if not sum(miss.share for miss in misses):
        raise ValueError("no share is above 0")
    return misses


def parse(text: str) -> dict[str, Scenario]:
    """Scenarios of a TOML text, one per table, in its order; ``like = "other"`` starts from an earlier one.

    InvalidSetting for what is no TOML, an unknown entry or a value that makes no sense.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting("scenario", str(error)) from None
    found: dict[str, Scenario] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise InvalidSetting("scenario", f"{name} is no table: write [{name}]")
        like = table.pop("like", None)
        if like is not None and (not isinstance(like, str) or like not in found):
            raise InvalidSetting("scenario", f"{name} is like {like!r}, which does not stand before it")
        base = replace(found[like] if like else Scenario(), name=name)
        found[name] = _Reader().read({**table, "name": name}, base)
    return found
