"""How a gateway is treated after failures of its own: rested for a while, longer each time, while others carry on.

Pure: what a failure is stands in `FAULTS`, when the next try comes in `rested`, who is asked first in `in_order`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fsdialer.core.campaigns import Gateway

#: Hangup causes that speak of the gateway and not of the lead; True: certain at the first.
FAULTS = {
    "GATEWAY_DOWN": True,
    "INVALID_GATEWAY": True,
    "INVALID_PROFILE": True,
    "NETWORK_OUT_OF_ORDER": False,
    "NORMAL_CIRCUIT_CONGESTION": False,
    "NORMAL_TEMPORARY_FAILURE": False,
    "SWITCH_CONGESTION": False,
    "SERVICE_UNAVAILABLE": False,
    "RECOVERY_ON_TIMER_EXPIRE": False,
    "EXCHANGE_ROUTING_ERROR": False,
}
#: So many uncertain failures without a call that rang between them make a fault.
UNCERTAIN = 3
#: Seconds of rest after the first fault, the second, …; the last for all that follow.
RESTS_S = (10.0, 20.0, 40.0, 60.0)


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a gateway. `resting_until` is epoch seconds; `reason` the hangup cause that made it rest."""

    failures: int = 0
    faults: int = 0
    resting_until: float = 0.0
    reason: str = ""

    def rests(self, now: float) -> bool:
        """Is it left alone at this moment?"""
        return now < self.resting_until


WELL = Health()


def after_call(health: Health, cause: str, went_through: bool, now: float) -> Health:
    """The health after a call ended with `cause`; `went_through`: it rang or was answered, whatever came then."""
    if went_through:
        return WELL
    if cause not in FAULTS:
        return health
    failures = health.failures + 1
    if not FAULTS[cause] and failures < UNCERTAIN:
        return Health(failures, health.faults, health.resting_until, health.reason)
    rest_s = RESTS_S[min(health.faults, len(RESTS_S) - 1)]
    return Health(0, health.faults + 1, now + rest_s, cause)


def after_look(health: Health, up: bool, now: float) -> Health:
    """The health after the switch was asked whether the gateway is up: down is a fault at once, and up again ends the
    rest of one that was down; a carrier that fails calls although its gateway is up rests on."""
    if not up:
        return health if health.rests(now) else after_call(health, "GATEWAY_DOWN", False, now)
    return WELL if FAULTS.get(health.reason) else health


def in_order(gateways: Sequence[Gateway], health: Mapping[str, Health], now: float, dice: float) -> list[Gateway]:
    """The gateways that do not rest, as they are to be asked: the first by weight with `dice` (0 to 1), the others in
    the campaign's own order, so that one that is full hands on to the next."""
    fit = [gateway for gateway in gateways if not health.get(gateway.name, WELL).rests(now)]
    mark = dice * sum(gateway.weight for gateway in fit)
    for gateway in fit:
        mark -= gateway.weight
        if mark < 0:
            return [gateway, *(each for each in fit if each is not gateway)]
    return fit
