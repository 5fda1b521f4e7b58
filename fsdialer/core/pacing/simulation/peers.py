"""Others to measure against: VICIdial's adaptive dial levels, as read in its source, the same forecast as ours steered
by an integrator alone, and a clairvoyant nobody can be.

Sources: VICIdial's AST_VDadapt.pl and AST_VDauto_dial.pl (2.4 era; docs/pacing.md says what was read). Not for
calling people.
"""

import math
from bisect import bisect_right, insort
from collections import deque
from typing import TYPE_CHECKING, Any

from fsdialer.core.pacing.budget import Budget
from fsdialer.core.pacing.predictive import Predictive

if TYPE_CHECKING:
    from fsdialer.core.pacing.simulation.day import Day

DIAL_LOOP_S, LEVEL_LOOP_S, DROPS_LOOP_S = 2.5, 15.0, 60.0
PLACED_PER_S = 20
HIGHEST_LEVEL = 3.0
#: Drop shares are not looked at below so many calls today, or in the last minute.
LEAST_CALLS, LEAST_CALLS_MINUTE = 50, 20


class Vicidial:
    """ADAPT_HARD_LIMIT, ADAPT_AVERAGE or ADAPT_TAPERED with default intensity and wished difference (0)."""

    def __init__(self, method: str, target: float = 0.03, day_s: float = 8 * 3600.0) -> None:
        self.method, self._target, self._day_s = method, target, day_s
        self.level = 1.0
        self.why = ""
        self._answers = self._drops = 0
        self._share = 0.0
        self._minute: deque[tuple[float, bool]] = deque()
        self._differences: list[float] = []
        self._dial_at = self._level_at = self._drops_at = 0.0

    def observe(self, event: dict[str, Any]) -> None:
        """Counts answers and drops."""
        if event["type"] in ("answer", "abandon"):
            dropped = event["type"] == "abandon"
            self._drops += dropped
            self._answers += not dropped
            self._minute.append((event["t"], dropped))

    def decide(self, state: dict[str, Any]) -> int:
        """Level × (waiting + talking) less the lines up, every 2.5 s."""
        t, operators = state["t"], state["operators"]
        working = operators["ready"] + operators["talking"]
        if working:
            self._differences.append((operators["ready"] - state["answered_waiting"]) / working)
        if t >= self._drops_at:
            self._drops_at = t + DROPS_LOOP_S
            self._share = self._drops / self._answers if self._answers > LEAST_CALLS else 0.0
        if t >= self._level_at:
            self._level_at = t + LEVEL_LOOP_S
            self._adapt(t)
        if t < self._dial_at:
            return 0
        self._dial_at = t + DIAL_LOOP_S
        up: int = state["ringing"] + state["answered_waiting"] + operators["talking"]
        wanted: int = math.floor(self.level * working) - up
        return max(0, min(wanted, int(PLACED_PER_S * DIAL_LOOP_S)))

    def _adapt(self, t: float) -> None:
        if self._differences:
            self.level *= 1 + sum(self._differences) / len(self._differences)
            self._differences.clear()
        if self._share > self._target:
            if self.method == "ADAPT_HARD_LIMIT":
                self.level = 1.0
            elif self.method == "ADAPT_AVERAGE":
                self.level /= 2
            else:
                self.level *= max(0.0, 1 - (t % 86400.0) / self._day_s)
        while self._minute and self._minute[0][0] < t - 60:
            self._minute.popleft()
        drops = sum(dropped for _, dropped in self._minute)
        answers = len(self._minute) - drops
        if answers > LEAST_CALLS_MINUTE and drops > answers / 2:
            self.level /= 2
        self.level = min(HIGHEST_LEVEL, max(1.0, self.level))


class Integrator(Budget):
    """Moves the threshold's logarithm by what is over or missing of the budget so far, and knows neither a plan for the
    day nor a lock: it ends near its aim, above it as often as below."""

    #: e-fold for so many customers times the root of the operators; the factors it stays within.
    GAIN, LEAST, MOST = 1.0, math.exp(-4.0), math.exp(1.2)

    def locked(self, t: float) -> str:
        """Never."""
        return ""

    def threshold(self, t: float) -> float:
        """The target itself while the count is at it."""
        over = self.target * self.day.answers - self.day.abandons
        factor = math.exp(min(20.0, self.GAIN * over / math.sqrt(self.operators)))
        return self.target * min(self.MOST, max(self.LEAST, factor))


def integrated(target: float) -> Predictive:
    """Equal risk for every call, as `predictive` has it, steered by an `Integrator`."""
    return Predictive(Integrator(target, target, target, "day"))


class Clairvoyant:
    """Knows each dial's fate before placing it and when every operator will be free: how far pacing could ever go."""

    #: Dials that reach nobody cost it nothing, so it places at most this many at once.
    AT_ONCE = 200

    def __init__(self) -> None:
        self.why = "foreseen"
        self._coming: list[float] = []
        self._day: Day | None = None

    def foresee(self, day: "Day") -> None:
        """See the whole day."""
        self._day = day

    def observe(self, event: dict[str, Any]) -> None:
        """Nothing it does not know."""

    def decide(self, state: dict[str, Any]) -> int:
        """As many dials as go to nobody or come when an operator is free."""
        day = self._day
        if day is None or not state["operators"]["total"]:
            return 0
        t, frees = day.t, day.frees()
        del self._coming[: bisect_right(self._coming, t)]
        number, calls = day.report.dials, 0
        while calls < self.AT_ONCE:
            fate = day.world.fate(number + calls, t)
            if fate.kind == "answer":
                comes = t + fate.after
                if not self._served([*self._coming, comes], frees, state["answered_waiting"], fate.patience / 2):
                    break
                insort(self._coming, comes)
            calls += 1
        # Dials that go nowhere are not needed once everybody is provided for.
        return calls

    def _served(self, coming: list[float], frees: list[float], waiting: int, patience: float) -> bool:
        left = frees[waiting:]
        return len(coming) <= len(left) and all(
            free <= comes + patience for comes, free in zip(sorted(coming), left, strict=False)
        )
