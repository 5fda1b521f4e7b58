"""Sending an answered customer to the operator's own PBX by SIP REFER: what follows from what the far side says.

One part of `core.calls`, with the same contract: a call and an event in, the call and what is to be done out. Accepted
is not connected: until the far side says how it went, or ends our leg, the customer is still ours, and every failure
falls back to ringing the operator's phone and bridging. Afterwards nothing on our switch tells of the talk's end: the
operator says so on their page, or the longest talk is over.
"""

from dataclasses import replace

from fsdialer.core import machines
from fsdialer.core.call_facts import Call, Refer
from fsdialer.core.effects import (
    CloseCall,
    Effect,
    HangUp,
    LetRing,
    MarkTalking,
    ReferCustomer,
    ReferOver,
    RingOperator,
)
from fsdialer.core.events import CallEvent, LegHungUp, ReferAccepted, ReferDone, ReferFailed

Step = tuple[Call, tuple[Effect, ...]]

#: The cause a leg ends with whose customer was sent on, as FreeSWITCH has it.
SENT_ON = "BLIND_TRANSFER"
#: The cause a leg ends with whose REFER was answered 401 or 407, when the switch has no password for that.
_CHALLENGED = "MANDATORY_IE_MISSING"
#: What the operator's phone may have answered, rather than the PBX: no fault of the gateway's.
_PERSONS = frozenset({408, 480, 486, 487, 600, 603})
#: Seconds the far side has to answer a REFER, and then to connect the operator. A PBX answers at once; the first is
#: further cut to half of what is left of the customer's wait, so that a phone can still be rung.
ANSWER_S, CONNECT_S = 2.0, 3.0


def answer_limit_s(time_left_s: float) -> float:
    """Seconds a REFER may stay unanswered when the customer may still wait `time_left_s`."""
    return max(0.2, min(ANSWER_S, time_left_s / 2))


def connect_limit_s(operator_ring_s: float) -> float:
    """Seconds an accepted REFER may take to connect: longer where the campaign lets phones ring longer."""
    return max(CONNECT_S, operator_ring_s)


def told(leg: str, answer: int | None, result: int | None, now: float, until: float) -> CallEvent | None:
    """The event in a REFER's `answer` (SIP status) and in the `result` of its last NOTIFY; None while there is none.

    `until`: how long the customer may wait once a REFER was accepted.
    """
    if result is not None and result >= 200:
        if result < 300:
            return ReferDone(leg, now)
        return ReferFailed(leg, now, f"the PBX could not connect the operator: {result}", result not in _PERSONS)
    if answer is not None and answer >= 300:
        return ReferFailed(leg, now, f"REFER was refused: {answer}")
    if answer is not None and answer >= 200:
        return ReferAccepted(leg, now, until)
    return None


def send(call: Call, operator: str, leg: str) -> Step:
    """The operator promised to `call` is one the customer is sent to."""
    return replace(call, refer=Refer.SENT), (ReferCustomer(operator, leg),)


def accepted(call: Call, event: ReferAccepted) -> Step:
    """The far side is ringing the operator: so it sounds to the customer, for a little longer than they would wait."""
    if call.refer is not Refer.SENT or event.leg != call.leg or call.expired_at is not None:
        return call, ()
    return replace(call, refer=Refer.ACCEPTED, wait_until=event.until), (LetRing(event.until),)


def done(call: Call, leg: str, at: float, gone: bool = False) -> Step:
    """They talk, elsewhere: our leg is let go of, unless it is `gone` already."""
    if not call.referring or leg != call.leg:
        return call, ()
    answered_at = at if call.answered_at is None else call.answered_at
    effects: tuple[Effect, ...] = (
        ReferOver(""),
        MarkTalking(call.operator, max(0.0, (at - answered_at) * 1000)),
    )
    call = replace(call, refer=Refer.DONE, answered_at=answered_at, bridged_at=at, leg="")
    return call, effects if gone else (*effects, HangUp(call.uuid, SENT_ON))


def failed(call: Call, event: ReferFailed) -> Step:
    """Back to our own means: the operator's phone is rung, and bridged when it is up."""
    if not call.referring or event.leg != call.leg:
        return call, ()
    call, sent_away = machines.send_away_if_free(replace(call, refer=Refer.FAILED), event.at)
    effects: tuple[Effect, ...] = (ReferOver(event.reason),) if event.by_gateway else ()
    if call.cancelled or call.dismissed_at is not None:
        return call, (*effects, *sent_away)
    return call, (*effects, RingOperator(call.operator, call.leg))


def taken(call: Call, event: LegHungUp) -> bool:
    """Does the far side have the customer? It said so; or it ended their leg, had accepted, and said nothing of a
    failure. A customer who hangs up in that second looks the same: their operator finds nobody and says so."""
    if call.referring and event.refer_result is not None and 200 <= event.refer_result < 300:
        return True
    accepted = call.refer is Refer.ACCEPTED or (event.refer is not None and 200 <= event.refer < 300)
    refused = event.refer_result is not None and event.refer_result >= 300
    return call.referring and event.by_far_end and accepted and not refused


def challenged(call: Call, event: LegHungUp) -> tuple[Effect, ...]:
    """Did the far side want a password? The switch hangs up on the customer for it, so that no other must follow."""
    if call.referring and event.cause == _CHALLENGED:
        return (ReferOver("the PBX wants a password for a REFER (401 or 407): it cost a customer their call"),)
    return ()


def unless_away(call: Call, effects: tuple[Effect, ...], at: float) -> Step:
    """What was decided about a leg of ours; a customer who talks elsewhere has none, and the call is simply over."""
    return ended(call, at) if call.away and effects else (call, effects)


def ended(call: Call, at: float) -> Step:
    """The operator has finished, or the longest talk is over."""
    return replace(call, ended_at=at), (CloseCall(SENT_ON, None, rang=call.rang_at is not None, by_customer=False),)
