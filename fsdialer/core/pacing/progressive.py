"""Progressive: one call for each free operator, so that nobody who answers finds no operator."""

from decimal import Decimal

from fsdialer.core.pacing.multiplier import Multiplier


class Progressive(Multiplier):
    """The multiplier 1."""

    def __init__(self) -> None:
        super().__init__(Decimal(1))
