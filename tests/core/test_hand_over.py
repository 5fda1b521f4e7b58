"""Sending a customer to the operator's own PBX: each thing the far side may say, told as a story; then any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core import hand_over
from fsdialer.core.call_facts import CallState, Refer
from fsdialer.core.calls import advance
from fsdialer.core.dispositions import Disposition
from fsdialer.core.effects import (
    Bridge,
    CloseCall,
    FailOperator,
    FreeOperator,
    HangUp,
    LetRing,
    MarkTalking,
    ReferCustomer,
    ReferOver,
    RingOperator,
    SeekOperator,
    SendAway,
)
from fsdialer.core.events import (
    CallLost,
    HangUpAsked,
    LegAnswered,
    LegHungUp,
    LegReady,
    LegsBridged,
    MachineHeard,
    MachineSaid,
    OperatorReserved,
    ReferAccepted,
    ReferDone,
    ReferFailed,
    WaitExpired,
)
from fsdialer.core.verdicts import verdict
from tests.core.test_calls import CUSTOMER, PHONE, new_call, play

PICKS_UP, IS_READY = LegAnswered(CUSTOMER, 5.0), LegReady(CUSTOMER, 5.02)
ANN = OperatorReserved("ann", PHONE, False, 5.05, refer=True)
ACCEPTED, DONE = ReferAccepted(PHONE, 5.2, 10.2), ReferDone(PHONE, 5.5)
REFUSED = ReferFailed(PHONE, 5.2, "REFER was refused: 403")
SENT = (PICKS_UP, IS_READY, ANN)


def far_side_hangs_up(**more):
    return LegHungUp(CUSTOMER, 5.4, "NORMAL_CLEARING", by_far_end=True, answered_at=5.0, **more)


def test_a_far_side_that_wants_a_password_costs_one_customer_and_no_other():
    call, effects = play(new_call(), *SENT, LegHungUp(CUSTOMER, 5.1, "MANDATORY_IE_MISSING", answered_at=5.0))
    assert call.ended_at == 5.1
    assert [type(effect) for effect in effects[-2:]] == [ReferOver, CloseCall] and "password" in effects[-2].reason


def test_the_customer_is_sent_and_nothing_rings_meanwhile():
    call, effects = play(new_call(), *SENT)
    assert effects == [SeekOperator("", ()), ReferCustomer("ann", PHONE)]
    assert call.state is CallState.CONNECTING and call.referring


def test_connected_customers_talk_away_from_our_switch():
    call, effects = play(new_call(), *SENT, ACCEPTED, DONE)
    assert effects[2:] == [
        LetRing(10.2),
        ReferOver(""),
        MarkTalking("ann", pytest.approx(500.0)),
        HangUp(CUSTOMER, "BLIND_TRANSFER"),
    ]
    assert call.state is CallState.TALKING and call.away


def test_the_end_of_our_leg_is_not_the_end_of_their_talk_but_the_operators_word_is():
    call, _ = play(new_call(), *SENT, ACCEPTED, DONE)
    call, effects = play(call, LegHungUp(CUSTOMER, 5.6, "BLIND_TRANSFER"), CallLost(9.0, "LOST"))
    assert effects == [] and call.state is CallState.TALKING
    call, effects = advance(call, HangUpAsked(65.5))
    assert verdict(call, effects[-1]).disposition is Disposition.ANSWERED
    assert call.ended_at == 65.5


def test_a_refused_customer_is_bridged_to_the_operators_phone_and_the_gateway_is_remembered():
    call, effects = play(new_call(), *SENT, REFUSED)
    assert effects[2:] == [ReferOver("REFER was refused: 403"), RingOperator("ann", PHONE)]
    call, effects = play(call, LegReady(PHONE, 5.9), LegsBridged(CUSTOMER, PHONE, 6.0))
    assert effects[0] == Bridge(PHONE) and call.state is CallState.TALKING and not call.away


def test_an_operator_who_is_busy_is_no_fault_of_the_gateway():
    _, effects = play(new_call(), *SENT, ACCEPTED, ReferFailed(PHONE, 5.5, "busy", by_gateway=False))
    assert effects[3:] == [RingOperator("ann", PHONE)]


def test_an_operator_who_cannot_be_rung_either_is_passed_over():
    _, effects = play(new_call(), *SENT, REFUSED, LegHungUp(PHONE, 5.9, "USER_BUSY"))
    assert effects[4:] == [FailOperator("ann", "USER_BUSY"), SeekOperator("", ("ann",))]


@pytest.mark.parametrize("before", [(), (ACCEPTED,)])
def test_a_far_side_that_ends_our_leg_after_accepting_has_the_customer(before):
    call, effects = play(new_call(), *SENT, *before, far_side_hangs_up(refer=202))
    assert not any(isinstance(e, CloseCall | HangUp) for e in effects)
    assert call.away and call.bridged_at == 5.4


@pytest.mark.parametrize("said", [{}, {"refer": 100}, {"refer": 403}, {"refer": 202, "refer_result": 486}])
def test_who_hangs_up_before_they_were_taken_has_hung_up(said):
    call, effects = play(new_call(), *SENT, far_side_hangs_up(**said))
    assert verdict(call, effects[-1]).disposition is Disposition.ABANDONED
    assert not any(isinstance(e, HangUp) for e in effects), "there is no leg of the operator's"


def test_who_is_said_to_talk_there_does_whoever_ended_our_leg():
    call, _ = play(new_call(), *SENT, LegHungUp(CUSTOMER, 9.0, "NO_PICKUP", refer=202, refer_result=200))
    assert call.away and call.bridged_at == 9.0


def test_an_accepted_customer_may_wait_longer_but_not_for_ever():
    call, effects = play(new_call(), *SENT, ACCEPTED, WaitExpired(CUSTOMER, 7.0))
    assert call.expired_at is None
    call, effects = play(call, WaitExpired(CUSTOMER, 10.3))
    assert effects == [FreeOperator("ann")]
    assert advance(call, DONE) == (call, ()), "too late: they may be with another customer"


def test_a_customer_whose_wait_is_over_before_the_far_side_answers_frees_the_operator():
    call, effects = play(new_call(), *SENT, WaitExpired(CUSTOMER, 7.0))
    assert effects[2:] == [FreeOperator("ann")]
    assert advance(call, REFUSED) == (call, ())


def test_what_was_cancelled_is_not_rung():
    _, effects = play(new_call(), *SENT, HangUpAsked(5.1), REFUSED)
    assert not any(isinstance(e, RingOperator) for e in effects)


def test_a_machine_heard_meanwhile_is_sent_away_when_the_far_side_does_not_take_it():
    beep = MachineHeard(CUSTOMER, 6.5, beep=True)
    call, effects = play(new_call(), *SENT, beep)
    assert not any(isinstance(e, SendAway) for e in effects)
    _, effects = advance(call, REFUSED)
    assert SendAway(beeped=True) in effects and FreeOperator("ann") in effects
    assert not any(isinstance(e, RingOperator) for e in effects)


def test_an_operator_who_says_machine_of_somebody_elsewhere_ends_the_call():
    call, _ = play(new_call(), *SENT, ACCEPTED, DONE)
    call, effects = advance(call, MachineSaid("ann", 7.0))
    assert [type(e) for e in effects] == [CloseCall] and call.ended_at == 7.0


@pytest.mark.parametrize(
    ("answer", "result", "event"),
    [
        (None, None, None),
        (100, None, None),
        (202, None, ReferAccepted(PHONE, 5.0, 9.0)),
        (202, 100, ReferAccepted(PHONE, 5.0, 9.0)),
        (202, 200, ReferDone(PHONE, 5.0)),
        (None, 200, ReferDone(PHONE, 5.0)),
        (403, None, ReferFailed(PHONE, 5.0, "REFER was refused: 403")),
        (202, 486, ReferFailed(PHONE, 5.0, "the PBX could not connect the operator: 486", by_gateway=False)),
        (202, 501, ReferFailed(PHONE, 5.0, "the PBX could not connect the operator: 501")),
    ],
)
def test_what_the_far_side_said_in_our_words(answer, result, event):
    assert hand_over.told(PHONE, answer, result, 5.0, 9.0) == event


@pytest.mark.parametrize(("left", "limit"), [(2.0, 1.0), (60.0, 2.0), (0.1, 0.2), (-1.0, 0.2)])
def test_an_answer_is_awaited_for_half_of_what_is_left_at_the_most(left, limit):
    assert hand_over.answer_limit_s(left) == limit


HAPPENS = st.sampled_from(
    [
        ACCEPTED,
        DONE,
        REFUSED,
        far_side_hangs_up(),
        far_side_hangs_up(refer=202),
        LegHungUp(CUSTOMER, 9.0, "NO_PICKUP", answered_at=5.0),
        LegHungUp(PHONE, 6.0, "USER_BUSY"),
        LegReady(PHONE, 6.0),
        LegsBridged(CUSTOMER, PHONE, 6.1),
        WaitExpired(CUSTOMER, 7.0),
        HangUpAsked(8.0),
        CallLost(9.0, "LOST"),
        OperatorReserved("bob", "other-phone", False, 6.0, refer=True),
    ]
)


@given(st.lists(HAPPENS, max_size=12))
def test_whatever_happens_in_whatever_order_a_call_is_closed_once_and_its_operator_let_go(events):
    call, effects = play(new_call(), *SENT, *events)
    closings = [effect for effect in effects if isinstance(effect, CloseCall)]
    assert len(closings) <= 1
    assert (call.ended_at is not None) == bool(closings)
    assert sum(isinstance(effect, MarkTalking) for effect in effects) <= 1
    if call.refer is Refer.DONE and call.ended_at is None:
        assert call.operator and not call.leg
        _, effects = advance(call, HangUpAsked(99.0))
        assert isinstance(effects[-1], CloseCall), "an operator can always finish"
