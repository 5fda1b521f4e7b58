"""AutoCall's call multiplier: calls in flight = free operators × multiplier.

Exact decimal arithmetic: 1.16 × 25 is 29 calls, where binary floats make 28.999… and so 28.
"""

from decimal import ROUND_FLOOR, Decimal
from typing import Any


class Multiplier:
    """Floor of free operators × multiplier, at least 1 when anybody is free, less what is already in flight."""

    def __init__(self, multiplier: Decimal) -> None:
        self._multiplier = multiplier
        self.why = "no decision yet"

    def observe(self, event: dict[str, Any]) -> None:
        """Nothing to learn."""

    def decide(self, state: Any) -> int:
        """Calls to place now, so that calls ringing and customers waiting make up the wanted number."""
        ready: int = max(0, state["operators"]["ready"])
        in_flight: int = max(0, state["ringing"]) + max(0, state["answered_waiting"])
        if ready == 0:
            self.why = "no operator is free"
            return 0
        wanted = max(1, int((ready * self._multiplier).to_integral_value(ROUND_FLOOR)))
        calls = max(0, wanted - in_flight)
        self.why = f"{ready} free × {self._multiplier.normalize():f} = {wanted} calls, {in_flight} in flight"
        return calls
