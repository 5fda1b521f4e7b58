"""Policies side by side on the same days, and what each abandon target would give a campaign. Plays and averages;
knows no files: scenarios come parsed or from a campaign's own history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fsdialer.core.pacing.simulation.day import play
from fsdialer.core.pacing.simulation.report import Report
from fsdialer.core.pacing.simulation.scenario import Law, Miss, Scenario
from fsdialer.errors import InvalidSetting

#: Abandon targets that a study tries unless told.
TARGETS = (0.005, 0.01, 0.02, 0.03, 0.05)
#: Durations kept of a history: enough for a shape.
KEPT = 5000


@dataclass(frozen=True)
class Result:
    """Several days of one policy: means, and the worst day. Shares are 0 … 1, counts a day's mean."""

    policy: str
    days: int
    utilisation: float
    abandoned: float
    worst_day: float
    worst_half_hour: float
    answers: float
    connects: float
    dials: float
    waited_s: float


def summary(policy: str, reports: Sequence[Report]) -> Result:
    """The days' means."""
    days = len(reports)

    def mean(number: Callable[[Report], float]) -> float:
        return sum(number(report) for report in reports) / days

    return Result(
        policy,
        days,
        mean(lambda r: r.utilisation),
        mean(lambda r: r.abandon_rate),
        max(r.abandon_rate for r in reports),
        max(r.worst_half_hour for r in reports),
        mean(lambda r: r.answers),
        mean(lambda r: r.connects),
        mean(lambda r: r.dials),
        mean(lambda r: r.waited_s / r.connects if r.connects else 0.0),
    )


def compare(scenario: Scenario, policies: Mapping[str, Callable[[], Any]], seeds: Sequence[int]) -> list[Result]:
    """Every policy on the same days; each day begins with a new policy that knows nothing."""
    if not seeds:
        raise InvalidSetting("days", "at least one")
    return [summary(name, [play(scenario, new(), seed) for seed in seeds]) for name, new in policies.items()]


def simulate_targets(
    scenario: Scenario,
    make: Callable[..., Any],
    targets: Sequence[float] = TARGETS,
    days: int = 3,
    multipliers: Sequence[str] = ("1.2", "1.5", "2"),
) -> list[Result]:
    """What progressive, some multipliers and predictive at each target would give; `make` is `pacing.make`."""
    policies: dict[str, Callable[[], Any]] = {"progressive": partial(make, "progressive")}
    for multiplier in multipliers:
        policies[f"multiplier {multiplier}"] = partial(make, "multiplier", multiplier=multiplier)
    for target in targets:
        policies[f"predictive {100 * target:g} %"] = partial(make, "predictive", target_abandon=target)
    return compare(scenario, policies, range(1, days + 1))


def from_history(
    operators: int,
    answered_after_s: Sequence[float],
    missed: Mapping[str, Sequence[float]],
    talk_s: Sequence[float],
    wrap_up_s: Sequence[float],
    ring_limit_s: float = 25.0,
    base: Scenario | None = None,
) -> Scenario:
    """A campaign's own world, from its finished attempts.

    Seconds from placing to answer of the answered ones; for each cause of the others (``MACHINE`` for machines),
    seconds until they ended; seconds of talk and of wrap-up. The answer rate follows from the counts. InvalidSetting
    when there is too little to draw from.
    """
    answers, misses = len(answered_after_s), sum(len(after) for after in missed.values())
    if answers < 20 or len(talk_s) < 20:
        raise InvalidSetting("history", f"{answers} answers and {len(talk_s)} talks are too few: 20 of each at least")
    ways = tuple(
        Miss(cause, len(after) / misses, _sample(after)) for cause, after in sorted(missed.items()) if len(after)
    )
    return replace(
        base or Scenario(),
        name="history",
        operators=max(1, operators),
        answer_rate=((0.0, answers / (answers + misses)),),
        ring=_sample(answered_after_s),
        ring_limit=max(ring_limit_s, max(answered_after_s) + 1),
        misses=ways or Scenario().misses,
        talk=_sample(talk_s),
        wrap_up=_sample(wrap_up_s) if len(wrap_up_s) else Law("fixed", 0.0),
    )


def _sample(seen: Sequence[float]) -> Law:
    """A law that draws what was seen; of very many, evenly picked ones."""
    step = max(1, len(seen) // KEPT)
    return Law("sample", seen=tuple(max(0.0, float(x)) for x in seen[::step]))
