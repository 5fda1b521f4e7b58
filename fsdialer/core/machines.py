"""Answering machines: what follows when a detector hears one, or the operator says that there is one.

A detector may be wrong, so it never ends a talk: what it hears after the bridge is a note for the operator's page and
for the table of its mistakes. Before the bridge the operator is freed and the call sent away, except for a sample that
an operator gets all the same. It refuses to know what is said to a machine, and how (`engine.machines`).
"""

import hashlib
from dataclasses import dataclass, replace

from fsdialer.core.call_facts import Call
from fsdialer.core.effects import Effect, FreeOperator, HangUp, SendAway
from fsdialer.core.events import MachineHeard, MachineSaid

Step = tuple[Call, tuple[Effect, ...]]

#: A beep sooner after the answer (seconds) is the network's: ringing that goes on, a call being forwarded. No machine
#: has finished its greeting by then.
BEEP_FROM_S = 1.0
#: The outcome by which an operator says that a machine answered; by every other, that a person did.
MACHINE_OUTCOME = "machine"


def heard(call: Call, event: MachineHeard) -> Step:
    """A detector took the far end for a machine.

    The first time counts. A machine that was known by its greeting, or by the operator's word, and beeps now is to get
    its message anew: it records from here on.
    """
    if event.leg != call.uuid or call.answered_at is None:
        return call, ()
    if event.beep and event.at - call.answered_at < BEEP_FROM_S:
        return call, ()
    if event.beep and call.dismissed_at is not None and call.beeped_at is None:
        return replace(call, machine_at=call.machine_at or event.at, beeped_at=event.at), (SendAway(beeped=True),)
    if call.machine_at is not None:
        return call, ()
    call = replace(call, machine_at=event.at, beeped_at=event.at if event.beep else None, spared=event.spare)
    return send_away_if_free(call, event.at)


def send_away_if_free(call: Call, at: float) -> Step:
    """Send a call that was heard to be a machine's away, unless an operator has it or is just getting it.

    A bridge already asked for may still win on the switch: until it is known, nothing is done. So too for a REFER, and
    for a message or a hang-up that the switch has begun by itself.
    """
    taken = call.bridged_at is not None or call.bridging or call.referring or call.expired_at is not None
    if call.machine_at is None or call.dismissed_at is not None or call.spared or call.cancelled or taken:
        return call, ()
    effects: tuple[Effect, ...] = ()
    if call.operator:
        effects = (FreeOperator(call.operator),)
        if not call.held:
            effects = (HangUp(call.leg, "ORIGINATOR_CANCEL"), *effects)
    call = replace(call, dismissed_at=at, seeking=False, operator="", leg="", held=False, leg_ready=False)
    return call, (*effects, SendAway(beeped=call.beeped_at is not None))


def said(call: Call, event: MachineSaid) -> Step:
    """The operator says so: theirs is the last word. They are free whatever is still said to the machine: at once, or,
    with a phone that was rung for this call, as soon as it has been hung up (`phone_is_free`)."""
    mine = call.operator == event.operator and call.bridged_at is not None
    if not mine or call.dismissed_at is not None:
        return call, ()
    send_away = SendAway(beeped=call.beeped_at is not None)
    call = replace(call, dismissed_at=event.at)
    if not call.held:
        return call, (send_away,)
    return replace(call, leg=""), (send_away, FreeOperator(event.operator))


def phone_is_free(call: Call) -> Step:
    """The phone of the operator who had this machine has been hung up: another customer may ring it."""
    return replace(call, leg=""), (FreeOperator(call.operator),)


def sampled(call: str, percent: int) -> bool:
    """Is this call (its uuid) among the share that an operator gets although a detector took it for a machine's?"""
    return int.from_bytes(hashlib.sha256(call.encode()).digest()[:4], "big") % 100 < percent


@dataclass(frozen=True, slots=True)
class Tally:
    """What a detector heard on a gateway against what operators said, and `unjudged` no operator could say."""

    right: int = 0
    false_machine: int = 0
    false_person: int = 0
    person: int = 0
    unjudged: int = 0

    @property
    def false_machine_rate(self) -> float | None:
        """Of what it took for machines, the share that were people; None before anything was judged."""
        return _share(self.false_machine, self.right)

    @property
    def false_person_rate(self) -> float | None:
        """Of the machines, by the operators' word, the share it let pass for people."""
        return _share(self.false_person, self.right)

    @property
    def people_lost(self) -> float | None:
        """How many of the `unjudged` were people, most likely: by the rate of those that were judged."""
        rate = self.false_machine_rate
        return None if rate is None else rate * self.unjudged


def _share(part: int, other: int) -> float | None:
    return part / (part + other) if part + other else None


def share(rate: float | None) -> str:
    """A rate as people read it: ``4.0 %``, or that it is not known."""
    return "unknown" if rate is None else f"{rate * 100:.1f} %"
