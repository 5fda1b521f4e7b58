"""The people of a simulated day: what becomes of each dial, how long each talk takes, when operators come and go.

Each dial's fate is drawn from the seed and the dial's number, so two policies on one seed meet the same people.
"""

import math
import random
from dataclasses import dataclass

from fsdialer.core.pacing.simulation.scenario import Scenario, at

#: The answer rate's random walk takes a step this often.
WALK_STEP_S = 300.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a dial: `kind` is answer, machine or fail, after that many seconds; the rest matters if a person
    answers (talk and wrap-up before the operator's own factor)."""

    kind: str
    cause: str
    after: float
    talk: float = 0.0
    wrap_up: float = 0.0
    patience: float = 0.0


class World:
    """Draws a scenario's people from one seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self._seed = seed
        self._dice = random.Random()
        self._walk = self._walked(random.Random(f"{seed}/walk"))
        total = sum(miss.share for miss in scenario.misses) or 1.0
        self._misses = [(miss, miss.share / total) for miss in scenario.misses]

    def _walked(self, dice: random.Random) -> list[float]:
        step = self.scenario.answer_walk * math.sqrt(WALK_STEP_S / 3600)
        level, levels = 0.0, [0.0]
        for _ in range(int(self.scenario.hours * 3600 / WALK_STEP_S) + 1):
            # Pulled back a little, so that a day stays near the rate its scenario names.
            level = 0.98 * level + dice.gauss(0, step)
            levels.append(level)
        return levels

    def answer_rate(self, t: float) -> float:
        """The share of dials placed at `t` that a person answers."""
        rate = at(self.scenario.answer_rate, t / 3600) * math.exp(self._walk[int(t / WALK_STEP_S)])
        return min(0.95, max(0.0, rate))

    def fate(self, number: int, t: float) -> Fate:
        """What becomes of dial `number`, placed at `t`."""
        scenario, dice = self.scenario, self._dice
        dice.seed(self._seed * 1_000_003 + number)
        chance = dice.random()
        if chance < self.answer_rate(t):
            after = scenario.ring.draw(dice)
            talk = scenario.talk.draw(dice) * at(scenario.talk_factor, t / 3600)
            wrap_up, patience = scenario.wrap_up.draw(dice), min(scenario.patience.draw(dice), scenario.max_wait)
            if after < scenario.ring_limit:
                return Fate("answer", "", after, talk, wrap_up, patience)
            return Fate("fail", "NO_ANSWER", scenario.ring_limit)
        pick, place = dice.random() - self._misses[0][1], 0
        while pick > 0 and place < len(self._misses) - 1:
            place += 1
            pick -= self._misses[place][1]
        miss = self._misses[place][0]
        after = scenario.ring_limit if miss.after is None else min(miss.after.draw(dice), scenario.ring_limit)
        return Fate("machine" if miss.cause == "MACHINE" else "fail", miss.cause, after)

    def paces(self) -> list[float]:
        """Each operator's own factor on talk and wrap-up times; their mean is one."""
        dice = random.Random(f"{self._seed}/paces")
        spread = self.scenario.pace_spread
        return [math.exp(dice.gauss(-(spread**2) / 2, spread)) for _ in range(self.scenario.operators)]

    def comings(self) -> list[tuple[float, int, bool]]:
        """``(seconds, operator, comes)`` in order of time: logins, breaks and the shift's courses."""
        scenario, dice = self.scenario, random.Random(f"{self._seed}/comings")
        end, moves = scenario.hours * 3600, []
        for operator in range(scenario.operators):
            moves.append((dice.uniform(0, scenario.login_within_min * 60), operator, True))
            jitter = scenario.break_jitter_min * 60
            for hour, minutes in scenario.breaks:
                leaves = hour * 3600 + dice.uniform(-jitter, jitter)
                moves += [(leaves, operator, False), (leaves + minutes * 60, operator, True)]
            place, on_line = (operator + 0.5) / scenario.operators, True
            for minute in range(int(end / 60)):
                wanted = at(scenario.staffing, minute / 60) >= place
                if wanted != on_line:
                    moves.append((minute * 60 + dice.uniform(0, 60), operator, wanted))
                    on_line = wanted
        return sorted(move for move in moves if 0 <= move[0] < end)
