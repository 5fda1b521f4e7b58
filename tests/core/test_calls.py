"""The state table of a call: each ending told as a story, then any order and repetition of events."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.core.call_facts import Call, CallState
from fsdialer.core.calls import advance
from fsdialer.core.dispositions import Disposition
from fsdialer.core.effects import (
    AwaitHangUp,
    Bridge,
    CheckLegs,
    CloseCall,
    FailOperator,
    FreeOperator,
    HangUp,
    MarkTalking,
    RingOperator,
    SeekOperator,
)
from fsdialer.core.events import (
    BridgeRefused,
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
    WaitExpired,
)
from fsdialer.core.phones import PARTNER_GONE
from fsdialer.core.verdicts import verdict

CUSTOMER, PHONE, OTHER_PHONE = "customer", "phone", "other-phone"


def new_call(**facts):
    return Call(
        uuid=CUSTOMER,
        company="acme",
        campaign="spring",
        lead="17",
        number="+15550100000",
        gateway="trunk",
        switch="fs1",
        attempt=1,
        placed_at=0.0,
        **facts,
    )


def play(call, *events):
    """The call after the events, and all effects in order."""
    effects = []
    for event in events:
        call, more = advance(call, event)
        effects += more
    return call, effects


RINGS = LegRinging(CUSTOMER, 1.0)
PICKS_UP = LegAnswered(CUSTOMER, 5.0)
IS_READY = LegReady(CUSTOMER, 5.02)
ANN_NAILED = OperatorReserved("ann", PHONE, True, 5.01)
ANN_RUNG = OperatorReserved("ann", PHONE, False, 5.01)
BOB_NAILED = OperatorReserved("bob", OTHER_PHONE, True, 5.5)
TALKING = LegsBridged(CUSTOMER, PHONE, 5.1)
CUSTOMER_LEAVES = LegHungUp(CUSTOMER, 60.0, "NORMAL_CLEARING", rang=True, answered_at=5.0, by_far_end=True)


def test_answered_customer_is_given_an_operator_at_once_and_bridged_when_both_are_ready():
    call, effects = play(new_call(), RINGS, PICKS_UP, ANN_NAILED)
    assert effects == [SeekOperator("", ())]
    assert call.state is CallState.CONNECTING
    call, effects = play(call, IS_READY, TALKING)
    assert effects == [Bridge(PHONE), MarkTalking("ann", pytest.approx(100.0))]
    assert call.state is CallState.TALKING


def test_phone_that_has_to_be_rung_is_bridged_when_it_is_up():
    _, effects = play(new_call(), PICKS_UP, IS_READY, ANN_RUNG, LegReady(PHONE, 5.4))
    assert effects == [SeekOperator("", ()), RingOperator("ann", PHONE), Bridge(PHONE)]


def test_customer_is_never_bridged_on_the_answer_alone():
    _, effects = play(new_call(), PICKS_UP, ANN_NAILED)
    assert Bridge(PHONE) not in effects


def test_talk_ended_by_the_customer_closes_the_call_and_leaves_a_nailed_phone_up():
    call, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, TALKING, CUSTOMER_LEAVES)
    assert isinstance(effects[-1], CloseCall)
    assert not any(isinstance(e, HangUp) for e in effects)
    assert verdict(call, effects[-1]).disposition is Disposition.ANSWERED


def test_talk_ended_by_the_operators_phone_ends_the_customers_leg():
    _, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, TALKING, LegHungUp(PHONE, 30.0, "NORMAL_CLEARING"))
    assert effects[-1] == HangUp(CUSTOMER, "NORMAL_CLEARING")


def test_who_served_the_lead_before_is_asked_for_first():
    _, effects = play(new_call(preferred="bob"), PICKS_UP)
    assert effects == [SeekOperator("bob", ())]


@pytest.mark.parametrize(
    "failure",
    [
        JobDone(PHONE, 5.2, False, "USER_NOT_REGISTERED"),
        LegHungUp(PHONE, 5.2, "CALL_REJECTED"),
        OperatorGone(PHONE, 5.2, "was hung up"),
    ],
    ids=["not registered", "refuses", "gone"],
)
def test_failed_phone_passes_the_customer_on_and_takes_its_operator_off_the_line(failure):
    call, effects = play(new_call(), PICKS_UP, IS_READY, ANN_RUNG, failure)
    assert isinstance(effects[-2], FailOperator) and effects[-2].operator == "ann"
    assert effects[-1] == SeekOperator("", ("ann",))
    call, effects = play(call, BOB_NAILED)
    assert effects == [Bridge(OTHER_PHONE)]


def test_slow_phone_keeps_ringing_until_somebody_else_is_free():
    call, effects = play(new_call(), PICKS_UP, IS_READY, ANN_RUNG, OperatorSlow(PHONE, 6.2))
    assert effects[-1] == SeekOperator("", ("ann",))
    assert call.operator == "ann"
    answered_late, effects = play(call, LegReady(PHONE, 6.4))
    assert effects == [Bridge(PHONE)] and not answered_late.seeking
    passed_on, effects = play(call, BOB_NAILED)
    assert effects == [
        HangUp(PHONE, "ORIGINATOR_CANCEL"),
        FailOperator("ann", "did not answer in time"),
        Bridge(OTHER_PHONE),
    ]
    assert passed_on.operator == "bob"


def test_nobody_free_in_time_is_abandoned_and_named_no_free_operators():
    call, effects = play(
        new_call(), PICKS_UP, IS_READY, WaitExpired(CUSTOMER, 7.0), LegHungUp(CUSTOMER, 8.0, "NO_PICKUP")
    )
    said = verdict(call, effects[-1])
    assert (said.disposition, said.detail) == (Disposition.ABANDONED, "No free operators")


def test_who_is_found_hearing_the_message_is_given_no_operator_and_abandoned_since_their_answer():
    call, effects = play(new_call(), WaitExpired(CUSTOMER, 7.0, 4.5), LegAnswered(CUSTOMER, 4.5), IS_READY)
    assert effects == []
    assert (call.answered_at, call.expired_at, call.state) == (4.5, 7.0, CallState.ABANDONED)


def test_operator_promised_too_late_is_freed():
    _, effects = play(new_call(), PICKS_UP, WaitExpired(CUSTOMER, 7.0), ANN_NAILED)
    assert effects[-1] == FreeOperator("ann")
    _, effects = play(new_call(), PICKS_UP, CUSTOMER_LEAVES, ANN_NAILED)
    assert effects[-1] == FreeOperator("ann")


def test_operator_whose_phone_still_rings_at_the_end_of_the_wait_is_freed_and_their_phone_stopped():
    _, effects = play(new_call(), PICKS_UP, ANN_RUNG, WaitExpired(CUSTOMER, 7.0))
    assert effects[-2:] == [HangUp(PHONE, "ORIGINATOR_CANCEL"), FreeOperator("ann")]


def test_operator_whose_phone_rang_all_the_wait_long_is_taken_off_the_line():
    _, effects = play(new_call(), PICKS_UP, ANN_RUNG, OperatorSlow(PHONE, 6.2), WaitExpired(CUSTOMER, 7.0))
    assert FailOperator("ann", "did not answer in time") in effects


def test_bridge_already_asked_for_may_still_win_over_the_limit():
    call, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, WaitExpired(CUSTOMER, 7.0), TALKING)
    assert call.state is CallState.TALKING
    assert not any(isinstance(e, FreeOperator) for e in effects)


def test_refused_bridge_after_the_limit_frees_the_operator():
    _, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, WaitExpired(CUSTOMER, 7.0), BridgeRefused(PHONE, 7.1))
    assert effects[-1] == FreeOperator("ann")


def test_refused_bridge_asks_the_switch_which_leg_is_gone():
    _, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, BridgeRefused(PHONE, 5.2))
    assert effects[-1] == CheckLegs(PHONE)


def test_phone_that_ended_because_the_customer_had_is_not_blamed():
    """The switch tells the end of the phone first: the bridge it was to make found nobody on the other side."""
    rung = (new_call(), PICKS_UP, IS_READY, ANN_RUNG, LegReady(PHONE, 5.9), LegHungUp(PHONE, 6.0, PARTNER_GONE))
    call, effects = play(*rung)
    assert effects[-1] == CheckLegs(PHONE)
    _, effects = play(call, CUSTOMER_LEAVES)
    assert [type(effect) for effect in effects] == [CloseCall]
    _, effects = play(call, OperatorGone(PHONE, 6.1, "was hung up"))  # the customer is there: the phone is not
    assert effects == [FailOperator("ann", "was hung up"), SeekOperator("", ("ann",))]


def test_busy_customer_is_closed_with_the_carriers_status_whichever_event_comes_first():
    hangup = LegHungUp(CUSTOMER, 1.0, "USER_BUSY", sip_status=486, by_far_end=True)
    job = JobDone(CUSTOMER, 1.0, False, "USER_BUSY")
    for order in ([hangup, job], [job, hangup]):
        _, effects = play(new_call(), *order, GraceOver(1.5))
        assert [e for e in effects if isinstance(e, CloseCall)] == [CloseCall("USER_BUSY", 486, False, True)]


def test_dead_gateway_has_only_its_job_to_say_so():
    call, effects = play(new_call(), JobDone(CUSTOMER, 1.0, False, "GATEWAY_DOWN"))
    assert effects == [AwaitHangUp()]
    call, effects = play(call, GraceOver(1.5))
    said = verdict(call, effects[-1])
    assert (said.disposition, said.charged) == (Disposition.TECHNICAL, False)


def test_missed_answer_event_is_made_good_by_the_job():
    _, effects = play(new_call(), JobDone(CUSTOMER, 5.0, True, CUSTOMER))
    assert effects == [SeekOperator("", ())]


def test_missed_answer_event_is_made_good_by_the_hang_up():
    call, effects = play(new_call(), CUSTOMER_LEAVES)
    assert verdict(call, effects[-1]).disposition is Disposition.ABANDONED


def test_customer_who_leaves_while_a_phone_rings_stops_that_phone():
    _, effects = play(new_call(), PICKS_UP, ANN_RUNG, CUSTOMER_LEAVES)
    assert effects[-2] == HangUp(PHONE, "ORIGINATOR_CANCEL")


def test_cancelled_while_ringing_pays_no_attempt():
    call, effects = play(
        new_call(),
        RINGS,
        HangUpAsked(2.0),
        LegHungUp(CUSTOMER, 2.1, "ORIGINATOR_CANCEL", sip_status=487, rang=True),
    )
    assert effects[0] == HangUp(CUSTOMER, "ORIGINATOR_CANCEL")
    said = verdict(call, effects[-1])
    assert (said.disposition, said.charged) == (Disposition.CANCELLED, False)


def test_call_lost_with_its_switch_pays_no_attempt_unless_it_was_answered():
    call, effects = play(new_call(), RINGS, CallLost(3.0, "SWITCH_RESTARTED"))
    assert verdict(call, effects[-1]).charged is False
    call, effects = play(new_call(), PICKS_UP, ANN_NAILED, IS_READY, TALKING, CallLost(9.0, "SWITCH_RESTARTED"))
    assert verdict(call, effects[-1]).disposition is Disposition.ANSWERED


def test_events_of_other_legs_change_nothing():
    call = new_call()
    for event in (LegAnswered("x", 1.0), LegHungUp("x", 1.0, "USER_BUSY"), LegsBridged("x", "y", 1.0)):
        assert advance(call, event) == (call, ())


# -- any order, any repetition -------------------------------------------------------------------------------------

EVENTS = st.sampled_from(
    [
        RINGS,
        PICKS_UP,
        IS_READY,
        ANN_NAILED,
        ANN_RUNG,
        BOB_NAILED,
        OperatorReserved("cid", "third-phone", False, 5.6),
        LegReady(PHONE, 5.4),
        LegReady(OTHER_PHONE, 5.4),
        OperatorSlow(PHONE, 6.2),
        MachineHeard(CUSTOMER, 6.4, beep=False),
        MachineHeard(CUSTOMER, 7.0, beep=True),
        MachineHeard(CUSTOMER, 7.0, beep=True, spare=True),
        MachineSaid("ann", 8.0),
        OperatorGone(PHONE, 6.0, "was hung up"),
        BridgeRefused(PHONE, 5.3),
        TALKING,
        LegsBridged(OTHER_PHONE, CUSTOMER, 5.7),
        WaitExpired(CUSTOMER, 7.0),
        JobDone(CUSTOMER, 5.0, True, CUSTOMER),
        JobDone(CUSTOMER, 5.0, False, "USER_BUSY"),
        JobDone(PHONE, 5.3, False, "NO_ANSWER"),
        LegHungUp(PHONE, 6.0, "NORMAL_CLEARING"),
        CUSTOMER_LEAVES,
        GraceOver(6.0),
        CallLost(9.0, "LOST"),
        HangUpAsked(8.0),
    ]
)


@given(st.lists(EVENTS, max_size=30))
@settings(max_examples=400)
def test_whatever_happens_a_call_is_closed_once_and_no_operator_is_kept(events):
    call, effects = play(new_call(), *events, CUSTOMER_LEAVES, CUSTOMER_LEAVES)
    assert [type(e) for e in effects].count(CloseCall) == 1
    assert call.state is CallState.ENDED

    # Everyone promised to the call was let go again, or is the one whom closing it frees.
    promised = [e.operator for e in events if isinstance(e, OperatorReserved)]
    let_go = [e.operator for e in effects if isinstance(e, FreeOperator | FailOperator)]
    assert set(promised) <= {*let_go, call.operator}


@given(st.lists(EVENTS, max_size=30))
@settings(max_examples=400)
def test_whatever_happens_nobody_is_talked_to_twice_and_nothing_starts_after_the_end(events):
    call = new_call()
    for event in events:
        before, (call, effects) = call, advance(call, event)
        kinds = [type(e) for e in effects]
        if before.ended_at is not None:
            assert set(kinds) <= {FreeOperator}
        if before.expired_at is not None or before.bridged_at is not None or before.dismissed_at is not None:
            assert Bridge not in kinds and RingOperator not in kinds and SeekOperator not in kinds
        assert kinds.count(Bridge) <= 1


@given(st.lists(EVENTS, max_size=20))
def test_repeating_an_event_changes_nothing_more(events):
    for event in events:
        once = play(new_call(), *events, event)[0]
        twice = play(new_call(), *events, event, event)[0]
        assert (once.state, once.operator, once.ended_at) == (twice.state, twice.operator, twice.ended_at)


@pytest.mark.parametrize(
    "order", list(itertools.permutations([PICKS_UP, IS_READY, JobDone(CUSTOMER, 5.0, True, CUSTOMER)]))
)
def test_answer_ready_and_job_lead_to_one_bridge_in_any_order(order):
    call, effects = play(new_call(), *order)
    assert [type(e) for e in effects] == [SeekOperator]
    _, effects = play(call, ANN_NAILED)
    assert effects == [Bridge(PHONE)]
