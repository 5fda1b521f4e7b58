"""Answering machines in a call's life: heard before an operator has it, during a talk, said by the operator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.call_facts import CallState
from fsdialer.core.dispositions import Disposition
from fsdialer.core.effects import CloseCall, FreeOperator, HangUp, SendAway
from fsdialer.core.events import (
    BridgeRefused,
    LegHungUp,
    LegReady,
    LegsBridged,
    MachineHeard,
    MachineSaid,
    OperatorReserved,
    WaitExpired,
)
from fsdialer.core.machines import BEEP_FROM_S, Tally, sampled
from fsdialer.core.verdicts import verdict
from tests.core.test_calls import ANN_NAILED, ANN_RUNG, CUSTOMER, IS_READY, PHONE, PICKS_UP, new_call, play

GREETING = MachineHeard(CUSTOMER, PICKS_UP.at + 1.6, beep=False)
BEEP = MachineHeard(CUSTOMER, PICKS_UP.at + 4.0, beep=True)
LEAVES = LegHungUp(CUSTOMER, 60.0, "NORMAL_CLEARING", by_far_end=True)
TALKING = (PICKS_UP, IS_READY, ANN_RUNG, LegReady(PHONE, 5.4), LegsBridged(CUSTOMER, PHONE, 5.5))


def ending(call, *events):
    """The verdict on a call that ends so."""
    call, effects = play(call, *events)
    (close,) = (effect for effect in effects if isinstance(effect, CloseCall))
    return verdict(call, close)


def test_machine_nobody_has_yet_is_sent_away_at_once():
    call, effects = play(new_call(), PICKS_UP, IS_READY, GREETING)
    assert effects[-1] == SendAway(beeped=False) and call.state is CallState.MACHINE and not call.seeking
    assert not call.in_flight


def test_operator_being_rung_for_a_machine_is_freed_and_their_phone_stops_ringing():
    call, effects = play(new_call(), PICKS_UP, IS_READY, ANN_RUNG, BEEP)
    assert effects[-3:] == [HangUp(PHONE, "ORIGINATOR_CANCEL"), FreeOperator("ann"), SendAway(beeped=True)]
    assert call.operator == ""
    late = play(call, LegReady(PHONE, 9.0), OperatorReserved("bob", "leg", True, 9.1), WaitExpired(CUSTOMER, 9.2))
    assert late == (call, [FreeOperator("bob")])


def test_machines_end_is_a_machine_and_no_abandoned_call():
    verdict = ending(new_call(), PICKS_UP, IS_READY, BEEP, LEAVES)
    assert (verdict.disposition, verdict.charged, verdict.final) == (Disposition.MACHINE, True, False)
    assert verdict.detail == "an answering machine: its beep was heard"
    assert ending(new_call(), PICKS_UP, GREETING, LEAVES).detail == "an answering machine: by its greeting"


def test_beep_during_the_campaigns_message_makes_it_a_machine_and_no_abandoned_call():
    expired = WaitExpired(CUSTOMER, 7.0)
    assert ending(new_call(), PICKS_UP, IS_READY, expired, LEAVES).disposition is Disposition.ABANDONED
    call, effects = play(new_call(), PICKS_UP, IS_READY, expired, BEEP)
    assert SendAway not in [type(e) for e in effects], "the switch plays its message and hangs up by itself"
    assert ending(call, LEAVES).disposition is Disposition.MACHINE


def test_who_asks_by_key_not_to_be_called_was_a_person():
    opted_out = LegHungUp(CUSTOMER, 60.0, "NORMAL_CLEARING", opted_out=True)
    verdict = ending(new_call(), PICKS_UP, WaitExpired(CUSTOMER, 7.0), BEEP, opted_out)
    assert verdict.do_not_call
    assert (verdict.disposition, verdict.final) == (Disposition.ABANDONED, True)


def test_talk_is_never_ended_by_a_detector():
    call, effects = play(new_call(), *TALKING, BEEP, BEEP)
    assert call.state is CallState.TALKING and call.machine_at == BEEP.at
    assert not {SendAway, HangUp, FreeOperator} & {type(e) for e in effects}
    assert ending(call, LEAVES).disposition is Disposition.ANSWERED


def test_bridge_under_way_is_waited_for_and_the_machine_sent_away_only_when_it_failed():
    asked = (PICKS_UP, IS_READY, ANN_RUNG, LegReady(PHONE, 5.4))
    call, effects = play(new_call(), *asked, BEEP)
    assert SendAway not in [type(e) for e in effects]
    assert play(call, LegsBridged(CUSTOMER, PHONE, 9.5))[0].state is CallState.TALKING
    _, effects = play(call, BridgeRefused(PHONE, 9.5))
    assert effects[-2:] == [FreeOperator("ann"), SendAway(beeped=True)]


def test_early_beep_is_the_networks_and_not_believed():
    early = MachineHeard(CUSTOMER, PICKS_UP.at + BEEP_FROM_S - 0.01, beep=True)
    call, effects = play(new_call(), PICKS_UP, IS_READY, early)
    assert call.machine_at is None and call.state is CallState.WAITING
    assert play(call, MachineHeard(CUSTOMER, PICKS_UP.at + BEEP_FROM_S, beep=True))[0].machine_at is not None


def test_beep_before_the_answer_says_nothing():
    assert play(new_call(), BEEP) == (new_call(), [])


def test_beep_told_twice_counts_once():
    once = play(new_call(), PICKS_UP, IS_READY, BEEP)
    assert play(new_call(), PICKS_UP, IS_READY, BEEP, BEEP) == once


def test_machine_known_by_its_greeting_gets_its_message_anew_when_it_beeps():
    call, effects = play(new_call(), PICKS_UP, IS_READY, GREETING, BEEP, BEEP)
    assert [e for e in effects if isinstance(e, SendAway)] == [SendAway(beeped=False), SendAway(beeped=True)]


def test_call_of_the_sample_goes_to_an_operator_all_the_same():
    spared = MachineHeard(CUSTOMER, PICKS_UP.at + 1.6, beep=False, spare=True)
    call, effects = play(new_call(), PICKS_UP, IS_READY, spared)
    assert call.seeking and SendAway not in [type(e) for e in effects]
    call, _ = play(call, ANN_RUNG, LegReady(PHONE, 7.4), LegsBridged(CUSTOMER, PHONE, 7.5))
    assert call.state is CallState.TALKING and call.machine_at == spared.at


def test_operators_word_frees_them_at_once_and_sends_the_machine_away():
    talking = (PICKS_UP, IS_READY, ANN_NAILED, LegsBridged(CUSTOMER, PHONE, 5.5))
    call, effects = play(new_call(), *talking, MachineSaid("ann", 9.0))
    assert effects[-2:] == [SendAway(beeped=False), FreeOperator("ann")]
    assert call.state is CallState.MACHINE and call.operator == "ann"
    assert play(call, MachineSaid("ann", 9.1), LegHungUp(PHONE, 9.2, "NORMAL_CLEARING")) == (call, [])
    assert ending(call, LEAVES).disposition is Disposition.ANSWERED


def test_beep_after_the_operators_word_begins_the_message_anew():
    talking = (PICKS_UP, IS_READY, ANN_NAILED, LegsBridged(CUSTOMER, PHONE, 5.5))
    call, effects = play(new_call(), *talking, MachineSaid("ann", 6.0), BEEP, BEEP)
    assert [e for e in effects if isinstance(e, SendAway)] == [SendAway(beeped=False), SendAway(beeped=True)]
    assert call.machine_at == BEEP.at


def test_phone_that_was_rung_is_hung_up_before_its_operator_is_free():
    """Or the next customer would find it busy."""
    call, effects = play(new_call(), *TALKING, MachineSaid("ann", 9.0))
    assert effects[-1] == SendAway(beeped=False) and FreeOperator("ann") not in effects
    call, effects = play(call, LegHungUp(PHONE, 9.1, "NORMAL_CLEARING"), LegHungUp(PHONE, 9.1, "NORMAL_CLEARING"))
    assert effects == [FreeOperator("ann")] and call.state is CallState.MACHINE


@pytest.mark.parametrize("events", [(PICKS_UP, IS_READY, ANN_RUNG), TALKING])
def test_word_of_another_operator_says_nothing(events):
    call, _ = play(new_call(), *events)
    assert play(call, MachineSaid("bob", 9.0)) == (call, [])


@given(st.uuids(), st.integers(0, 100))
def test_larger_sample_holds_the_smaller_one(call, percent):
    assert not sampled(str(call), 0) and sampled(str(call), 100)
    assert sampled(str(call), percent) <= sampled(str(call), min(100, percent + 7))


def test_sample_of_a_quarter_is_about_a_quarter():
    assert 200 < sum(sampled(f"call-{n}", 25) for n in range(1000)) < 300


def test_tally_tells_rates_only_of_what_was_judged():
    assert (Tally(unjudged=9).false_machine_rate, Tally().false_person_rate, Tally(unjudged=9).people_lost) == (
        None,
    ) * 3
    tally = Tally(right=8, false_machine=2, false_person=4, person=80, unjudged=50)
    assert (tally.false_machine_rate, tally.people_lost) == (0.2, 10.0)
    assert tally.false_person_rate == pytest.approx(1 / 3)
