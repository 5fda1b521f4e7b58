"""How long things take, learned as a hazard over their age: of those that reached an age, which share ended there.

A life table (Kaplan and Meier 1958; Aalen and Johansen 1978 for several ways of ending) over fixed age bins, with
counts that fade, so that it follows a changing day, and a prior, so that it is safe before it knows anything. Lives
still running count for the ages they have passed: leaving them out would make everything look shorter than it is.
Knows ages and ends; nothing of calls or operators. Ages are seconds.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: Weights grow instead of all counts fading; beyond this they are scaled back.
_HEAVIEST = 1e9


class Durations:
    """A life table with `ways` ways of ending over the bins between `edges` (the last one is open).

    `memory` is the number of lives after which one counts 1/e; `prior(age)` gives, for a bin's lower edge and width,
    the probability of ending in it by each way, believed as much as `belief` lives.
    """

    def __init__(
        self,
        edges: Sequence[float],
        memory: float,
        belief: float,
        prior: Callable[[float, float], Sequence[float]],
        ways: int = 1,
    ) -> None:
        self.edges: Numbers = np.asarray(edges, dtype=float)
        self.widths: Numbers = np.append(np.diff(self.edges), self.edges[-1])
        self._growth = 1.0 + 1.0 / memory
        self._belief = belief
        self._prior: Numbers = np.array([prior(lo, w) for lo, w in zip(self.edges, self.widths, strict=True)])
        self._weight = 1.0
        self._reached: Numbers = np.zeros(len(self.edges))
        self._ended: Numbers = np.zeros((len(self.edges), ways))
        self._edge_list = [float(edge) for edge in edges]

    def bin_of(self, age: float) -> int:
        """The bin an age falls in."""
        return max(0, int(np.searchsorted(self.edges, age, side="right")) - 1)

    def ended(self, age: float, way: int = 0) -> None:
        """One life ended at that age; `way` −1 says it was lost sight of."""
        last = self.bin_of(age)
        self._weight *= self._growth
        if self._weight > _HEAVIEST:
            self._reached /= self._weight
            self._ended /= self._weight
            self._weight = 1.0
        if way < 0:
            # Nothing is known of the bin it vanished in.
            self._reached[:last] += self._weight
            return
        self._reached[: last + 1] += self._weight
        self._ended[last, way] += self._weight

    @property
    def lives(self) -> float:
        """How many lives the table rests on, the faded ones counted in part."""
        return float(self._reached[0] / self._weight)

    def hazards(self, running: Numbers | None = None) -> Numbers:
        """Probability of ending in each bin by each way, for those that reach it: bins × ways.

        `running` are the ages of lives still going on; each counts for the bins it has passed.
        """
        reached, ended = self._reached / self._weight, self._ended / self._weight
        if running is not None and len(running):
            passed = np.bincount(np.searchsorted(self.edges, running, side="right") - 1, minlength=len(self.edges))
            reached = reached + passed[::-1].cumsum()[::-1] - passed
        prior_weight = self._belief * self._prior_survival()
        hazards: Numbers = (ended + self._prior * prior_weight[:, None]) / (reached + prior_weight)[:, None]
        return hazards

    def _prior_survival(self) -> Numbers:
        """A prior belief reaches late bins as thinly as lives do, but never vanishes."""
        survival = np.cumprod(1 - self._prior.sum(axis=1))
        reaching: Numbers = np.maximum(np.append(1.0, survival[:-1]), 0.05)
        return reaching

    def state(self) -> dict[str, Any]:
        """What was learned, as JSON-able values."""
        return {
            "reached": [round(float(x), 4) for x in self._reached / self._weight],
            "ended": [[round(float(x), 4) for x in row] for row in self._ended / self._weight],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave; ValueError when it is of another shape."""
        reached, ended = np.array(state["reached"], dtype=float), np.array(state["ended"], dtype=float)
        if reached.shape != self._reached.shape or ended.shape != self._ended.shape:
            raise ValueError("learned by another version")
        if not (np.isfinite(reached).all() and np.isfinite(ended).all() and (reached >= 0).all()):
            raise ValueError("not numbers")
        self._reached, self._ended, self._weight = reached, ended, 1.0


def on_seconds(durations: Durations, hazards: Numbers, seconds: int) -> Numbers:
    """A table's survival S(0), S(1), … S(seconds), its hazard spread evenly over each bin."""
    total = np.minimum(hazards.sum(axis=1), 0.999)
    per_second = -np.log1p(-total) / durations.widths
    middle = np.arange(seconds) + 0.5
    survival: Numbers = np.exp(
        -np.append(0.0, np.cumsum(per_second[np.searchsorted(durations.edges, middle, side="right") - 1]))
    )
    return survival
