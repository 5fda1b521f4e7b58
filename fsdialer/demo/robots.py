"""Robot operators: on the line, and after each talk they choose an outcome like anybody else.

They know a machine when they hear one, within seconds, and press the key for it during the call: what the simulated
people are is known to them (`fsdialer.lab.people`), so that the table of detectors has a truth to be held against.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from fsdialer.core.machines import MACHINE_OUTCOME
from fsdialer.errors import FsdialerError
from fsdialer.store import CompanyStore

_OUTCOMES = ["sale"] * 3 + ["not_interested"] * 5 + ["interested"] + ["wrong_number", "callback"]
#: How long a robot listens before it knows that it is a machine (seconds, at least and at most).
_LISTENS_S = (2.0, 7.0)


@dataclass
class Robots:
    """The seats `ids` of a campaign. `think_s`: how long one takes over an outcome at the most. `is_machine` says of a
    number and the attempt at it what answered."""

    company: CompanyStore
    campaign: str
    ids: tuple[str, ...]
    seed: int
    think_s: float = 6.0
    is_machine: Callable[[str, int], bool] = lambda number, attempt: False
    _decide_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(f"robots-{self.seed}")

    def sit_down(self, now: float) -> None:
        """All get on the line."""
        for robot in self.ids:
            self.company.operators.go_on_line(robot, self.campaign, now, via="cli")

    def look(self, now: float) -> None:
        """One look at each screen; to be called a few times a second."""
        for robot in self.ids:
            view = self.company.operators.view(robot)
            if view.state == "off":
                self.company.operators.go_on_line(robot, self.campaign, now, via="cli")
            elif view.state == "on_call":
                self._listen(robot, view.call, now)
            elif view.state != "wrap_up":
                for key in (view.last_call, f"listen {view.last_call}"):
                    self._decide_at.pop(key, None)
            elif now >= self._decide_at.setdefault(view.last_call, now + self._random.uniform(0.3, 1) * self.think_s):
                self._choose(robot, view.last_call, now)

    def _listen(self, robot: str, call: str, now: float) -> None:
        """A machine is told as one while it still talks."""
        if now < self._decide_at.setdefault(f"listen {call}", now + self._random.uniform(*_LISTENS_S)):
            return
        self._decide_at[f"listen {call}"] = math.inf
        if self._hears_a_machine(call):
            self._save(robot, call, MACHINE_OUTCOME, now)

    def _hears_a_machine(self, call: str) -> bool:
        record = self.company.calls.get(call)
        return bool(record) and self.is_machine(record["number"], int(record["attempt"]))

    def _choose(self, robot: str, call: str, now: float) -> None:
        outcome = MACHINE_OUTCOME if self._hears_a_machine(call) else self._random.choice(_OUTCOMES)
        if not self._save(robot, call, outcome, now):
            self.company.operators.ready(robot, now)  # the wrap-up ended by itself meanwhile

    def _save(self, robot: str, call: str, outcome: str, now: float) -> bool:
        try:
            self.company.operators.save_outcome(robot, call, outcome, "", None, now)
        except FsdialerError:
            return False
        return True
