"""Robot operators: on the line, and after each talk they choose an outcome like anybody else."""

import random
from dataclasses import dataclass, field

from fsdialer.errors import FsdialerError
from fsdialer.store import CompanyStore

_OUTCOMES = ["sale"] * 3 + ["not_interested"] * 5 + ["interested"] + ["wrong_number", "machine", "callback"]


@dataclass
class Robots:
    """The seats `ids` of a campaign. `think_s`: how long one takes over an outcome at the most."""

    company: CompanyStore
    campaign: str
    ids: tuple[str, ...]
    seed: int
    think_s: float = 6.0
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
            elif view.state != "wrap_up":
                self._decide_at.pop(view.last_call, None)
            elif now >= self._decide_at.setdefault(view.last_call, now + self._random.uniform(0.3, 1) * self.think_s):
                self._choose(robot, view.last_call, now)

    def _choose(self, robot: str, call: str, now: float) -> None:
        outcome = self._random.choice(_OUTCOMES)
        try:
            self.company.operators.save_outcome(robot, call, outcome, "", None, now)
        except FsdialerError:
            self.company.operators.ready(robot, now)  # the wrap-up ended by itself meanwhile
