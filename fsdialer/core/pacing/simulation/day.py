"""Plays one day against a policy through the two methods every policy has. Knows the contract, and that a customer
waits no longer than their patience; knows nothing of how a policy thinks.
"""

import heapq
from collections import deque
from itertools import count
from typing import Any

from fsdialer.core.pacing.simulation.report import Report
from fsdialer.core.pacing.simulation.scenario import Scenario
from fsdialer.core.pacing.simulation.world import Fate, World

TIMELINE_S = 60.0


class Day:
    """The state of the play. `decide_every` None asks at every event and each second, else only that often.

    `start` is the clock's reading when the day begins; `told` events pass through `tell`, so that a test may lose some.
    """

    def __init__(self, scenario: Scenario, policy: Any, seed: int, decide_every: float | None, start: float) -> None:
        self.world, self.policy, self.scenario = World(scenario, seed), policy, scenario
        self.decide_every, self.start = decide_every, start
        self.report = Report(scenario.name, seed=seed)
        self.t = 0.0
        self._heap: list[tuple[float, int, Any, tuple[Any, ...]]] = []
        self._order = count()
        self._paces = self.world.paces()
        self._ringing: dict[int, float] = {}
        self._waiting: deque[tuple[int, float, Fate]] = deque()
        self._gone: set[int] = set()
        self._ready: dict[int, float] = {}
        self._talking: dict[int, float] = {}
        self._wrapping: dict[int, float] = {}
        self._leaving: set[int] = set()
        self._on_line: dict[int, float] = {}
        self._tokens_at, self._tokens = 0.0, 1.0
        #: When each busy operator will be free: nobody but a clairvoyant may look.
        self.free_at: dict[int, float] = {}

    def play(self) -> Report:
        """The whole day, from the first login to the last second."""
        end = self.scenario.hours * 3600
        for t, operator, comes in self.world.comings():
            self._at(t, self._come if comes else self._go, operator)
        self._at(0.0, self._second)
        self._at(0.0, self._minute)
        while self._heap and self._heap[0][0] < end:
            self.t, _, what, args = heapq.heappop(self._heap)
            what(*args)
            if self.decide_every is None:
                self._decide()
        self.t = end
        for operator in list(self._on_line):
            self._count_out(operator)
        for since in (*self._talking.values(), *self._wrapping.values()):
            self.report.busy_s += end - since
        return self.report

    def _at(self, t: float, what: Any, *args: Any) -> None:
        heapq.heappush(self._heap, (t, next(self._order), what, args))

    def _tell(self, kind: str, call: int | None = None, operator: int | None = None, cause: str | None = None) -> None:
        self.policy.observe(
            {"t": self.start + self.t, "type": kind, "cause": cause, "call": call, "operator": operator}
        )

    def _second(self) -> None:
        self._at(self.t + (self.decide_every or 1.0), self._second)
        if self.decide_every is not None:
            self._decide()

    def _minute(self) -> None:
        counts = (len(self._ready), len(self._talking), len(self._wrapping), len(self._ringing))
        self.report.timeline.append((self.t, *counts))
        self._at(self.t + TIMELINE_S, self._minute)

    def state(self) -> dict[str, Any]:
        """What the policy decides on, as the contract has it."""
        t = self.t
        return {
            "t": self.start + t,
            "operators": {
                "ready": len(self._ready),
                "talking": len(self._talking),
                "wrapup": len(self._wrapping),
                "total": len(self._on_line),
            },
            "ringing": len(self._ringing),
            "ringing_ages": [t - since for since in self._ringing.values()],
            "talk_ages": [t - since for since in self._talking.values()],
            "wrapup_ages": [t - since for since in self._wrapping.values()],
            "answered_waiting": len(self._waiting),
        }

    def _decide(self) -> None:
        self.report.decisions += 1
        scenario, wanted = self.scenario, self.policy.decide(self.state())
        if wanted <= 0:
            return
        busy_lines = len(self._ringing) + len(self._waiting) + len(self._talking)
        allowed = min(wanted, scenario.leads - self.report.dials, scenario.lines - busy_lines, self._calls_allowed())
        for _ in range(int(allowed)):
            self._dial()

    def _calls_allowed(self) -> float:
        rate = self.scenario.calls_per_second
        if rate == float("inf"):
            return rate
        self._tokens = min(max(1.0, rate), self._tokens + (self.t - self._tokens_at) * rate)
        self._tokens_at = self.t
        return self._tokens

    def _dial(self) -> None:
        number = self.report.dials
        self.report.dials += 1
        self._tokens -= 1
        self._ringing[number] = self.t
        fate = self.world.fate(number, self.t)
        self._at(self.t + fate.after, self._resolved, number, fate)
        self._tell("originate", number)

    def _resolved(self, number: int, fate: Fate) -> None:
        del self._ringing[number]
        if fate.kind != "answer":
            self.report.machines += fate.kind == "machine"
            self._tell(fate.kind, number, cause=fate.cause)
            return
        self.report.answered(self.t)
        self._tell("answer", number)
        self._waiting.append((number, self.t, fate))
        self._at(self.t + fate.patience, self._impatient, number)
        self._serve()

    def _impatient(self, number: int) -> None:
        for place, (waiting, _, _) in enumerate(self._waiting):
            if waiting == number:
                del self._waiting[place]
                self.report.abandoned(self.t)
                self._tell("abandon", number)
                return

    def _serve(self) -> None:
        while self._waiting and self._ready:
            number, since, fate = self._waiting.popleft()
            operator = next(iter(self._ready))
            del self._ready[operator]
            self.report.connects += 1
            self.report.waited_s += self.t - since
            self._talking[operator] = self.t
            self._tell("connect", number, operator)
            pace = self._paces[operator]
            self.free_at[operator] = self.t + (fate.talk + fate.wrap_up) * pace
            self._at(self.t + fate.talk * pace, self._talk_ended, number, operator, fate.wrap_up * pace)

    def _talk_ended(self, number: int, operator: int, wrap_up: float) -> None:
        self.report.busy_s += self.t - self._talking.pop(operator)
        self._tell("talk_end", number, operator)
        self._wrapping[operator] = self.t
        self._at(self.t + wrap_up, self._wrapped, operator)

    def _wrapped(self, operator: int) -> None:
        self.report.busy_s += self.t - self._wrapping.pop(operator)
        if operator in self._leaving:
            self._leave(operator)
            return
        self._ready[operator] = self.t
        self._tell("ready", operator=operator)
        self._serve()

    def frees(self) -> list[float]:
        """When each operator who stays is free, soonest first (for a clairvoyant)."""
        busy = (free for operator, free in self.free_at.items() if operator not in self._leaving | set(self._ready))
        return sorted([*(self.t for _ in self._ready), *busy])

    def _come(self, operator: int) -> None:
        if operator in self._on_line:
            self._leaving.discard(operator)
            return
        self._on_line[operator] = self.t
        self._ready[operator] = self.t
        self._tell("login", operator=operator)
        self._tell("ready", operator=operator)
        self._serve()

    def _go(self, operator: int) -> None:
        if operator in self._ready:
            del self._ready[operator]
            self._leave(operator)
        elif operator in self._on_line:
            self._leaving.add(operator)

    def _leave(self, operator: int) -> None:
        self._leaving.discard(operator)
        self.free_at.pop(operator, None)
        self._count_out(operator)
        self._tell("logout", operator=operator)

    def _count_out(self, operator: int) -> None:
        self.report.on_line_s += self.t - self._on_line.pop(operator)


def play(
    scenario: Scenario, policy: Any, seed: int = 1, decide_every: float | None = None, start: float = 0.0
) -> Report:
    """One day of `scenario` under `policy`: anything with observe(event) and decide(state).

    A policy with `foresee` is handed the day itself: a bound to measure by, not a way of pacing.
    """
    day = Day(scenario, policy, seed, decide_every, start)
    if hasattr(policy, "foresee"):
        policy.foresee(day)
    return day.play()
