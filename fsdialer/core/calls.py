"""The life of a call: what is known of it, and what follows from each thing that happens.

`advance(call, event) -> (call, effects)` is the whole of it. FreeSWITCH promises no order between a background job
and a hang-up, repeats some events and, after a cut, leaves some out; so a `Call` is a set of facts that only ever
grows, one rule for each kind of event says which fact it adds, and the effects follow from the facts, never from the
order in which they came. Whatever the order and however often an event is repeated, a call is closed exactly once.

It refuses to know how any effect is carried out (`engine.switchboard`) and what a hangup cause means
(`core.dispositions`).
"""

from dataclasses import replace

from fsdialer.core import hand_over, machines
from fsdialer.core.call_facts import Call, Refer
from fsdialer.core.effects import (
    AwaitHangUp,
    Bridge,
    CheckLegs,
    CloseCall,
    Effect,
    FailOperator,
    FreeOperator,
    HangUp,
    MarkTalking,
    RingOperator,
    SeekOperator,
    TellCutOff,
)
from fsdialer.core.events import (
    BridgeRefused,
    CallEvent,
    CallLost,
    GraceOver,
    HangUpAsked,
    JobDone,
    LegAnswered,
    LegHungUp,
    LegReady,
    LegRinging,
    LegsBridged,
    MachineHeard,
    MachineSaid,
    OperatorGone,
    OperatorReserved,
    OperatorSlow,
    ReferAccepted,
    ReferDone,
    ReferFailed,
    WaitExpired,
)
from fsdialer.core.phones import CUT_OFF, PARTNER_GONE

Step = tuple[Call, tuple[Effect, ...]]


def advance(call: Call, event: CallEvent) -> Step:
    """The call after `event`, and what is to be done about it, in this order.

    An event about a leg that is not this call's, or about a call that has ended, changes nothing; one exception:
    an operator promised too late is freed.
    """
    if call.ended_at is not None and not isinstance(event, OperatorReserved):
        return call, ()
    match event:
        case LegRinging():
            return _ringing(call, event)
        case LegAnswered():
            return _answered(call, event)
        case LegReady():
            return _ready(call, event)
        case OperatorReserved():
            return _reserved(call, event)
        case ReferAccepted():
            return hand_over.accepted(call, event)
        case ReferDone():
            return hand_over.done(call, event.leg, event.at)
        case ReferFailed():
            return hand_over.failed(call, event)
        case OperatorSlow():
            return _slow(call, event)
        case OperatorGone():
            return _lose_operator(call, event.leg, event.reason)
        case BridgeRefused():
            return _bridge_refused(call, event)
        case LegsBridged():
            return _bridged(call, event)
        case WaitExpired():
            return _expired(call, event)
        case MachineHeard():
            return machines.heard(call, event)
        case MachineSaid():
            return hand_over.unless_away(*machines.said(call, event), event.at)
        case JobDone():
            return _job_done(call, event)
        case LegHungUp():
            return _hung_up(call, event)
        case GraceOver():
            return _grace_over(call, event)
        case CallLost():
            return _lost(call, event)
        case HangUpAsked():
            return _hang_up_asked(call, event)


def time_left_s(call: Call, max_wait_s: float, now: float) -> float:
    """Seconds the answered customer may still wait, by the dialer's clock (the switch keeps its own)."""
    return max_wait_s if call.answered_at is None else call.answered_at + max_wait_s - now


# -- the rules: one per kind of event ----------------------------------------------------------------------------


def _ringing(call: Call, event: LegRinging) -> Step:
    if event.leg != call.uuid or call.rang_at is not None:
        return call, ()
    return replace(call, rang_at=event.at), ()


def _answered(call: Call, event: LegAnswered) -> Step:
    if event.leg != call.uuid:
        return call, ()
    return _note_answer(call, event.at)


def _note_answer(call: Call, at: float) -> Step:
    """Start looking for an operator, once; a call that is being cancelled gets none."""
    if call.answered_at is not None:
        return call, ()
    call = replace(call, answered_at=at)
    if call.cancelled or call.expired_at is not None:
        return call, ()
    return _seek(call)


def _seek(call: Call) -> Step:
    return replace(call, seeking=True), (SeekOperator(call.preferred, call.passed_over),)


def _ready(call: Call, event: LegReady) -> Step:
    if event.leg == call.uuid:
        call, effects = _note_answer(call, event.at)
        if call.ready_at is None:
            call = replace(call, ready_at=event.at)
        return _then_bridge(call, effects)
    if event.leg == call.leg:
        return _then_bridge(replace(call, leg_ready=True, seeking=False), ())
    return call, ()


def _then_bridge(call: Call, effects: tuple[Effect, ...]) -> Step:
    """Both sides up and nothing against it: join them, once."""
    wanted = (
        call.ready_at is not None
        and call.operator
        and call.leg_ready
        and not call.bridging
        and call.bridged_at is None
        and call.expired_at is None
        and call.dismissed_at is None
        and not call.cancelled
    )
    if not wanted:
        return call, effects
    return replace(call, bridging=True), (*effects, Bridge(call.leg))


def _reserved(call: Call, event: OperatorReserved) -> Step:
    taken = (
        call.ended_at is not None
        or call.expired_at is not None
        or call.dismissed_at is not None
        or call.bridged_at is not None
        or call.cancelled
        or not call.seeking
        or call.answered_at is None
    )
    if event.operator == call.operator:
        return call, ()
    if taken:
        return call, (FreeOperator(event.operator),)
    call, effects = _pass_over(call, "did not answer in time") if call.operator else (call, ())
    call = replace(call, operator=event.operator, leg=event.leg, held=event.held, leg_ready=event.held, seeking=False)
    if event.refer:
        call, more = hand_over.send(call, event.operator, event.leg)
        return call, (*effects, *more)
    if not event.held:
        return call, (*effects, RingOperator(event.operator, event.leg))
    return _then_bridge(call, effects)


def _pass_over(call: Call, reason: str) -> Step:
    """This operator's phone failed the customer: off the line with it, and never for this call again."""
    effects: tuple[Effect, ...] = (FailOperator(call.operator, reason),)
    if not call.held and not call.referring:
        effects = (HangUp(call.leg, "ORIGINATOR_CANCEL"), *effects)
    passed_over = (*call.passed_over, call.operator)
    return replace(_without_operator(call), passed_over=passed_over), effects


def _without_operator(call: Call) -> Call:
    refer = Refer.FAILED if call.referring else call.refer
    return replace(call, operator="", leg="", held=False, leg_ready=False, bridging=False, refer=refer)


def _slow(call: Call, event: OperatorSlow) -> Step:
    """Keep the phone ringing, but let the next free operator have the customer."""
    if event.leg != call.leg or call.leg_ready or call.seeking or call.expired_at is not None:
        return call, ()
    call = replace(call, seeking=True)
    return call, (SeekOperator("", (*call.passed_over, call.operator)),)


def _lose_operator(call: Call, leg: str, reason: str) -> Step:
    """The operator's channel ended. Talking: so does the call. Before: the customer goes to the next one."""
    if not leg or leg != call.leg:
        return call, ()
    if call.dismissed_at is not None:
        return machines.phone_is_free(call)
    if call.bridged_at is not None:
        call, effects = _cut_off(call, reason)
        return call, (*effects, HangUp(call.uuid, "NORMAL_CLEARING"))
    call = replace(call, held=True)  # nothing is left to hang up
    if call.bridging and reason == PARTNER_GONE:  # no fault of the phone's, unless the customer is there after all
        return replace(call, bridging=False, leg_ready=False), (CheckLegs(leg),)
    call, effects = _pass_over(call, reason)
    call, seek = _seek(call) if call.expired_at is None and not call.cancelled else (call, ())
    return call, (*effects, *seek)


def _cut_off(call: Call, cause: str) -> Step:
    """Did the operator's phone end the talk by having died? The first event that says so is enough."""
    if call.cut_off or cause not in CUT_OFF:
        return call, ()
    return replace(call, cut_off=True), (TellCutOff(call.operator, cause),)


def _bridged(call: Call, event: LegsBridged) -> Step:
    if {event.leg, event.other} != {call.uuid, call.leg} or call.bridged_at is not None:
        return call, ()
    answered_at = event.at if call.answered_at is None else call.answered_at
    call = replace(
        call,
        answered_at=answered_at,
        ready_at=call.ready_at or event.at,
        bridged_at=event.at,
        leg_ready=True,
        bridging=True,
        seeking=False,
    )
    return call, (MarkTalking(call.operator, max(0.0, (event.at - answered_at) * 1000)),)


def _bridge_refused(call: Call, event: BridgeRefused) -> Step:
    if event.leg != call.leg or call.bridged_at is not None or not call.bridging:
        return call, ()
    call = replace(call, bridging=False)
    if call.expired_at is not None:
        return _let_go(call)
    sent_away, effects = machines.send_away_if_free(call, event.at)
    return (sent_away, effects) if effects else (call, (CheckLegs(call.leg),))


def _let_go(call: Call) -> Step:
    """Take the promise back, without blame."""
    effects: tuple[Effect, ...] = (FreeOperator(call.operator),)
    if not call.held and not call.referring:
        effects = (HangUp(call.leg, "ORIGINATOR_CANCEL"), *effects)
    return _without_operator(call), effects


def _expired(call: Call, event: WaitExpired) -> Step:
    """Too late: the customer hears the message or is hung up on by the switch; the operator is free again.

    A bridge already asked for may still win on the switch, so its operator stays promised until it is known. A
    phone that rang all that time without being picked up has failed.
    """
    over = call.bridged_at is not None or call.expired_at is not None or call.dismissed_at is not None
    if event.leg != call.uuid or over:
        return call, ()
    if call.wait_until is not None and event.at < call.wait_until:
        return call, ()
    answered_at = call.answered_at or event.answered_at or event.at
    was_slow = call.seeking and call.operator
    call = replace(call, answered_at=answered_at, expired_at=event.at, seeking=False)
    if not call.operator or call.bridging:
        return call, ()
    if was_slow:
        return _pass_over(call, "did not answer in time")
    return _let_go(call)


def _job_done(call: Call, event: JobDone) -> Step:
    if event.job == call.uuid:
        if event.ok:
            return _note_answer(call, event.at)
        if call.failed_with or call.answered_at is not None:
            return call, ()
        return replace(call, failed_with=event.text or "NORMAL_UNSPECIFIED"), (AwaitHangUp(),)
    if event.job == call.leg and not event.ok and not call.leg_ready:
        return _lose_operator(call, call.leg, event.text)
    return call, ()


def _hung_up(call: Call, event: LegHungUp) -> Step:
    if event.leg == call.uuid:
        if call.away:
            return call, ()
        if hand_over.taken(call, event):
            return hand_over.done(call, call.leg, event.at, gone=True)
        if call.answered_at is None and event.answered_at is not None:
            call = replace(call, answered_at=event.answered_at)
        effect = CloseCall(event.cause, event.sip_status, event.rang, event.by_far_end, event.opted_out)
        told = hand_over.challenged(call, event)
        if call.bridged_at is not None and not event.by_far_end:
            call, told = _cut_off(call, event.bridge_cause)
        call, effects = _close(call, event.at, effect)
        return call, (*told, *effects)
    return _lose_operator(call, event.leg, event.cause)


def _grace_over(call: Call, event: GraceOver) -> Step:
    if not call.failed_with:
        return call, ()
    return _close(call, event.at, CloseCall(call.failed_with, None, rang=False, by_customer=False))


def _lost(call: Call, event: CallLost) -> Step:
    """No leg on our switch: the end, unless that is where a customer who was sent on should be."""
    if call.away:
        return call, ()
    return _close(call, event.at, CloseCall(event.reason, None, rang=False, by_customer=False))


def _hang_up_asked(call: Call, event: HangUpAsked) -> Step:
    if call.away:
        return hand_over.ended(call, event.at)
    if call.bridged_at is not None:
        return call, (HangUp(call.uuid, "NORMAL_CLEARING"),)
    return replace(call, cancelled=True), (HangUp(call.uuid, "ORIGINATOR_CANCEL"),)


def _close(call: Call, at: float, closing: CloseCall) -> Step:
    """The customer is gone: end a phone that still rings for them, and close. Closing frees the operator."""
    effects: list[Effect] = []
    if call.leg and not call.held and not call.referring:
        effects.append(HangUp(call.leg, "NORMAL_CLEARING" if call.bridged_at else "ORIGINATOR_CANCEL"))
    effects.append(replace(closing, rang=closing.rang or call.rang_at is not None))
    return replace(call, ended_at=at, seeking=False), tuple(effects)
