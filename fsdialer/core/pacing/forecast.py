"""Who will be there when a call placed now is answered: the chance that its customer finds nobody.

For each second τ of the horizon compare the answers expected before τ (from calls ringing, at their ages, and from
calls placed now) with the operators free now and those released by τ plus the customer's patience. The counts are
sums of independent yes-or-no events, so their difference has an exact distribution (Poisson binomial; its
characteristic function is a product and is inverted by a discrete Fourier sum: Hong 2013). Where it is wide the
normal one does as well and costs less. Knows probabilities only; learns nothing and decides nothing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: Ages of ringing calls and of wrap-ups are told apart up to this many seconds.
AGES = 64
#: Seconds looked ahead, and seconds of patience beyond that.
HORIZON = 32
PATIENCE = 5
#: Points of the Fourier sum; the difference must lie within ± half of it.
POINTS = 32
#: Above this variance the normal distribution is used.
WIDE = 6.0

#: The moments at which the difference is looked at, in seconds from now.
MOMENTS = np.arange(2, HORIZON + 1, 2)

_OMEGA = 2 * np.pi * np.arange(POINTS // 2 + 1) / POINTS
_TURN = np.exp(1j * _OMEGA)


#: log(1 − p + p·turn) for p in steps of 1/STEPS: looking up is a hundred times cheaper than complex logarithms.
_STEPS = 2048
_P = np.minimum(np.arange(_STEPS + 1) / _STEPS, 1 - 1e-6)[:, None]
_FACTOR = 1 + _P * (_TURN - 1)
_LOG_UP = np.log(np.where(np.abs(_FACTOR) < 1e-4, 1e-4, _FACTOR))
_LOG_DOWN = _LOG_UP.conj()


def _logs(chances: Numbers, table: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The logarithm for each chance and frequency: ages × (times · frequencies)."""
    logs: NDArray[np.complex128] = table[np.rint(chances * _STEPS).astype(int)].reshape(len(chances), -1)
    return logs


class Tables:
    """Chances by age, rebuilt now and then from what was learned.

    `answer`: ages × seconds 0…HORIZON, chance that a ringing call is answered within. `wrap_up`, `talk`: ages (talk:
    bins) × seconds 0…HORIZON+PATIENCE, chance that an operator is free within. `patience`: weights of customers who
    wait about 0, 1, … seconds for an operator.
    """

    def __init__(self, answer: Numbers, wrap_up: Numbers, talk: Numbers, patience: Numbers) -> None:
        self.answer = answer[:, MOMENTS]
        releases = np.vstack([wrap_up, talk])
        self.free = sum(w * releases[:, MOMENTS + i] for i, w in enumerate(patience))
        # One product with a scene's counts gives answers, releases and the spread of both, side by side.
        self.expected = np.vstack(
            [
                np.hstack([self.answer, np.zeros_like(self.answer), self.answer * (1 - self.answer)]),
                np.hstack([np.zeros_like(self.free), self.free, self.free * (1 - self.free)]),
            ]
        )
        new = self.answer[0]
        arrival = np.diff(new, prepend=0.0)
        total = arrival.sum()
        # When a call placed now is answered, if it is: weight of each moment.
        self.arrival = arrival / total if total > 0 else np.append(np.zeros(len(MOMENTS) - 1), 1.0)
        # Plain numbers: over sixteen moments a loop is faster than numpy.
        self.new, self.new_spread = new.tolist(), (new * (1 - new)).tolist()
        self.answer_logs = _logs(self.answer, _LOG_UP)
        self.free_logs = _logs(self.free, _LOG_DOWN)
        self._turns = [np.ones((len(MOMENTS), len(_TURN)), dtype=complex)]
        self._turn = 1 + new[:, None] * (_TURN - 1)

    def turns(self, calls: int) -> NDArray[np.complex128]:
        """The characteristic function of the answers to so many calls placed now, moments × frequencies."""
        while len(self._turns) <= calls:
            self._turns.append(self._turns[-1] * self._turn)
        return self._turns[calls]


@dataclass
class Scene:
    """What is going on, counted by age: rows of the tables."""

    free: int
    ringing: Numbers
    releasing: Numbers


class Forecast:
    """The difference between answers and operators over the horizon, for one scene."""

    def __init__(self, tables: Tables, scene: Scene, doubt: float = 0.0) -> None:
        self._tables, self._scene = tables, scene
        counts = np.concatenate([scene.ringing, scene.releasing])
        self.answers, self.freed, spread = (counts @ tables.expected).reshape(3, -1)
        self._mean: list[float] = (self.answers - self.freed).tolist()
        self._spread: list[float] = (spread + doubt * self.answers**2).tolist()
        self._turn = self._characteristic() if self._narrow(0) else None
        self._risks: dict[int, float] = {}

    def _difference(self, calls: int) -> Iterable[tuple[float, float]]:
        """Mean and variance of answers less operators released at each moment, `calls` placed now."""
        if not calls:
            return zip(self._mean, self._spread, strict=True)
        tables = self._tables
        each = zip(self._mean, self._spread, tables.new, tables.new_spread, strict=True)
        return [(mean + calls * new, spread + calls * new_spread) for mean, spread, new, new_spread in each]

    def _narrow(self, calls: int) -> bool:
        """Whether the difference stays within the Fourier sum's points, which would otherwise wrap around."""
        return all(
            spread < WIDE and abs(mean) + 4.5 * math.sqrt(spread) < POINTS // 2
            for mean, spread in self._difference(calls)
        )

    def _characteristic(self) -> NDArray[np.complex128]:
        tables, scene = self._tables, self._scene
        ringing, releasing = scene.ringing.nonzero()[0], scene.releasing.nonzero()[0]
        logs = scene.ringing[ringing] @ tables.answer_logs[ringing]
        logs += scene.releasing[releasing] @ tables.free_logs[releasing]
        turn: NDArray[np.complex128] = np.exp(logs.reshape(len(MOMENTS), -1))
        return turn

    def shortage(self, calls: int) -> Numbers:
        """At each moment of the horizon, the chance that one more answer finds nobody, `calls` placed now before it."""
        if self._turn is not None and self._narrow(calls):
            chances: Numbers = ((self._turn * self._tables.turns(calls)) @ _window(self._scene.free)).real
            return np.minimum(np.maximum(chances, 0.0), 1.0)
        least, tails = self._scene.free - 0.5, []
        for mean, spread in self._difference(calls):
            tails.append(0.5 * math.erfc((least - mean) / math.sqrt(2 * spread + 1e-9)))
        return np.array(tails)

    def risk(self, calls: int) -> float:
        """The chance that the customer of one more call placed now, if it is answered, finds nobody."""
        if calls not in self._risks:
            self._risks[calls] = float(self._tables.arrival @ self.shortage(calls))
        return self._risks[calls]

    def most_calls(self, threshold: float, least: int, most: int) -> int:
        """How many calls, of `least` … `most`, to place so that the last one's risk is within the threshold."""
        low, step = least, 1
        while low < most and self.risk(min(low + step, most) - 1) <= threshold:
            low, step = min(low + step, most), step * 2
        high = min(low + step, most + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.risk(middle - 1) <= threshold else (low, middle)
        return low


_WINDOWS: dict[int, NDArray[np.complex128]] = {}


def _window(least: int) -> NDArray[np.complex128]:
    """Weights that turn a characteristic function at our frequencies into P(difference ≥ least)."""
    least = max(-POINTS // 2, min(POINTS // 2, least))
    if least not in _WINDOWS:
        values = np.arange(least, POINTS // 2)
        weights = np.exp(-1j * np.outer(_OMEGA, values)).sum(axis=1) / POINTS
        weights[1:-1] *= 2
        _WINDOWS[least] = weights
    return _WINDOWS[least]
