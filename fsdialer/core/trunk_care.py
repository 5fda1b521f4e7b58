"""How a gateway is treated after failures of its own: rested for a while, longer each time, while others carry on.

Pure: what a failure is stands in `FAULTS`, when the next try comes in `after_call`, who is asked in `to_ask` and whose
turn it is in `whose_turn`.
"""

from collections.abc import Container, Mapping, Sequence
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
    "INCOMPATIBLE_DESTINATION": False,
    "INTERWORKING": False,
    "REQUESTED_CHAN_UNAVAIL": False,
    "ACCOUNT_REFUSED": False,
}
#: Answers by which a carrier refuses us and not the lead: credentials, credit, address. For FreeSWITCH they are one
#: cause with a person's rejection (603).
REFUSALS = frozenset({401, 402, 403, 407})
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


def cause_of(cause: str, sip_status: int | None) -> str:
    """The hangup cause, ACCOUNT_REFUSED for a carrier that refuses us."""
    return "ACCOUNT_REFUSED" if sip_status in REFUSALS else cause


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


def to_ask(
    gateways: Sequence[Gateway], health: Mapping[str, Health], now: float, full: Container[str] = ()
) -> list[Gateway]:
    """The gateways among which the next call is shared by weight: those that do not rest and are not `full`; of weight
    0 only when there are no others, in doubt only when there are none without."""
    fit = [g for g in gateways if g.name not in full and not health.get(g.name, WELL).rests(now)]
    doubted = [g for g in fit if health.get(g.name, WELL).doubted(now)]
    well = [g for g in fit if g not in doubted]
    tier = well or doubted
    return [g for g in tier if g.weight > 0] or tier[:1]


def whose_turn(asked: Sequence[Gateway], credit: Mapping[str, float]) -> Gateway:
    """The one of them that has the next call: each earns its weight a call and pays for those it has (`after_turn`), so
    that nine calls in ten of 9 : 1 go the first way, evenly spread."""
    return max(asked, key=lambda gateway: credit.get(gateway.name, 0.0) + gateway.weight)


def after_turn(asked: Sequence[Gateway], taken: Gateway, credit: Mapping[str, float]) -> dict[str, float]:
    """The credits after that call."""
    after = {gateway.name: credit.get(gateway.name, 0.0) + gateway.weight for gateway in asked}
    after[taken.name] -= sum(gateway.weight for gateway in asked)
    return after
