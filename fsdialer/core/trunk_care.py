"""How a gateway is treated after failures of its own: rested for a while, longer each time, while others carry on.

Pure: what a failure is stands in `FAULTS`, when the next try comes in `rested`, who is asked first in `in_order`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
#: So many uncertain failures without a call that rang between them make a fault; after a rest the next one does.
UNCERTAIN = 3
#: Our ring limit was over and nothing had rung: one phone out of reach, or a carrier that answers nothing at all, whom
#: no SIP status betrays and a ping only after a minute.
SILENCE = "NO_ANSWER"
#: So many silent calls with nothing else between them, and for so long (seconds) others are asked before it. It is not
#: left out: the calls may have been silent by chance, and it may be the only one.
SILENT, DOUBTED_S = 3, 300.0
#: Seconds of rest after the first fault, the second, …; the last for all that follow.
RESTS_S = (10.0, 20.0, 40.0, 60.0)


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a gateway. `resting_until` and `doubted_until` are epoch seconds; `reason` the hangup cause that
    made it rest. `mute`: it has connected a call without saying before that it rings, so its silence means nothing."""

    failures: int = 0
    faults: int = 0
    resting_until: float = 0.0
    reason: str = ""
    silent: int = 0
    doubted_until: float = 0.0
    mute: bool = False

    def rests(self, now: float) -> bool:
        """Is it left alone at this moment?"""
        return now < self.resting_until

    def doubted(self, now: float) -> bool:
        """Are others asked before it at this moment?"""
        return now < self.doubted_until


WELL = Health()


def after_call(health: Health, cause: str, rang: bool, answered: bool, now: float) -> Health:
    """The health after a call ended with `cause`, that the carrier had said `rang`, or was `answered`."""
    if rang or answered:
        return replace(WELL, mute=health.mute or not rang)
    if cause == SILENCE:
        return _after_silence(health, now)
    health = replace(health, silent=0)
    if cause not in FAULTS:
        return health
    failures = health.failures + 1
    if not FAULTS[cause] and failures < UNCERTAIN and not health.faults:
        return replace(health, failures=failures)
    rest_s = RESTS_S[min(health.faults, len(RESTS_S) - 1)]
    return replace(health, failures=0, faults=health.faults + 1, resting_until=now + rest_s, reason=cause)


def _after_silence(health: Health, now: float) -> Health:
    if health.mute or health.doubted(now):  # those that were under way when it was found out add nothing
        return health
    silent = health.silent + 1
    if silent < SILENT:
        return replace(health, silent=silent)
    return replace(health, silent=0, doubted_until=now + DOUBTED_S)


def after_look(health: Health, up: bool, now: float) -> Health:
    """The health after the switch was asked whether the gateway is up: down is a fault at once, and up again ends the
    rest of one that was down; a carrier that fails calls although its gateway is up rests on."""
    if not up:
        return health if health.rests(now) else after_call(health, "GATEWAY_DOWN", False, False, now)
    return replace(health, failures=0, faults=0, resting_until=0.0, reason="") if FAULTS.get(health.reason) else health


def in_order(gateways: Sequence[Gateway], health: Mapping[str, Health], now: float, dice: float) -> list[Gateway]:
    """The gateways that do not rest, as they are to be asked: the first by weight with `dice` (0 to 1), the others in
    the campaign's own order, so that one that is full hands on to the next. Those in doubt come last."""
    fit = [gateway for gateway in gateways if not health.get(gateway.name, WELL).rests(now)]
    doubted = [gateway for gateway in fit if health.get(gateway.name, WELL).doubted(now)]
    return [*_by_weight([gateway for gateway in fit if gateway not in doubted], dice), *_by_weight(doubted, dice)]


def _by_weight(fit: list[Gateway], dice: float) -> list[Gateway]:
    mark = dice * sum(gateway.weight for gateway in fit)
    for gateway in fit:
        mark -= gateway.weight
        if mark < 0:
            return [gateway, *(each for each in fit if each is not gateway)]
    return fit
