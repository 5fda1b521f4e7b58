"""Operators' phones: rung, held, lost, refusing: the same of both switches."""

import uuid

import pytest

from fsdialer.core.events import PhoneGone
from fsdialer.esl import commands
from fsdialer.esl.comfort_commands import HELD_SOUNDS, comfort, hush
from fsdialer.esl.translate import to_event
from tests.contract.sides import ANSWERS, EARLY, NEVER_ANSWERS, NOBODY, NOT_THERE, REFUSES
from tests.contract.talk import customer


@pytest.mark.parametrize("held", [True, False])
def test_a_phone_that_answers_is_parked_and_may_be_bridged(talk, held):
    operator = talk.ready(talk.ring(ANSWERS, held=held))
    assert talk.story(operator=operator) == ["operator rings", "operator answers", "operator may be bridged"]
    assert talk.result(operator) == f"+OK {operator}\n"


def test_a_phone_that_refuses_says_so(talk):
    operator = talk.ring(REFUSES)
    assert talk.result(operator) == "-ERR CALL_REJECTED\n"
    assert talk.gone(operator).sip_status == 603
    assert talk.story(operator=operator)[-1] == ("operator is gone: CALL_REJECTED, sip 603, had rung, by the far end")


def test_a_phone_nobody_picks_up_is_given_up_after_the_ring_time(talk):
    operator = talk.ring(NEVER_ANSWERS, ring_s=2)
    assert talk.result(operator) == "-ERR NO_ANSWER\n"
    end = talk.gone(operator)
    assert talk.story(operator=operator) == ["operator rings", "operator is gone: NO_ANSWER, sip 487, had rung"]
    assert 0.9 < end.at - talk.at("CHANNEL_PROGRESS", operator) < 2.5


def test_a_phone_rung_for_one_call_that_nobody_bridges_is_let_go_by_the_switch(talk):
    leg = str(uuid.uuid4())
    talk.placed.append(leg)
    phone = commands.user_destination(ANSWERS, "127.0.0.1")
    command = commands.originate_operator(
        leg=leg, destination=phone, ring_s=10, caller_name="Spring", caller_number="17", held=False
    )
    talk.job(command.replace(f"park_timeout={commands.UNUSED_LEG_S}:", "park_timeout=2:"), leg)
    end = talk.gone(leg)
    assert (end.cause, end.by_far_end) == (commands.NO_PICKUP, False)
    assert 0.9 < end.at - talk.at("CHANNEL_PARK", leg) < 3.5  # its clock ticks in whole seconds


@pytest.mark.parametrize(("extension", "cause"), [(NOT_THERE, "USER_NOT_REGISTERED"), (NOBODY, "SUBSCRIBER_ABSENT")])
def test_a_phone_that_is_not_there_is_said_at_once_and_there_is_no_leg(talk, extension, cause):
    operator = talk.ring(extension)
    assert talk.result(operator) == f"-ERR {cause}\n"
    assert talk.story(operator=operator) == []


def test_a_phone_that_ends_its_registration_is_said_to_be_gone(talk, side):
    side.comes_and_goes(NOT_THERE)
    gone = talk.until("it to be gone", lambda: [e for e in map(to_event, talk.events) if isinstance(e, PhoneGone)])
    assert [each.extension for each in gone] == [NOT_THERE]


def test_ringback_from_a_phone_is_no_answer(talk):
    """A mobile phone behind a trunk sends sound while it rings: only its answer may be bridged."""
    operator = talk.ready(talk.ring(EARLY))
    assert talk.story(operator=operator) == ["operator rings", "operator answers", "operator may be bridged"]


def test_a_phone_that_hangs_up_is_gone_by_the_far_end(talk, side):
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    side.hang_up_phone(ANSWERS)
    end = talk.gone(operator)
    assert (end.cause, end.sip_status, end.by_far_end) == ("NORMAL_CLEARING", 200, True)


def test_a_phone_under_test_is_answered_heard_and_let_go_at_the_end_of_its_time(talk):
    leg = str(uuid.uuid4())
    phone = commands.user_destination(ANSWERS, "127.0.0.1")
    talk.placed.append(leg)
    talk.job(commands.originate_test(leg=leg, destination=phone, ring_s=10, caller_name="Test", talk_s=2), leg)
    end = talk.gone(leg)
    assert (end.cause, end.by_far_end) == ("NORMAL_CLEARING", False)
    assert 0.9 < end.at - end.answered_at < 3.5  # its clock ticks in whole seconds
    assert end.packets > 25 and end.heard


def test_what_a_held_phone_hears_is_an_application_run_beside_and_ends_when_it_is_hushed_or_bridged(talk):
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    assert talk.api(comfort(operator, "tone")) == "+OK Message sent\n"
    talk.event("CHANNEL_EXECUTE", operator, Application="playback", Application_Data=HELD_SOUNDS["tone"])
    assert talk.api(hush(operator)) == "+OK\n"
    assert talk.api(comfort(operator, "/nowhere/music.wav")) == "+OK Message sent\n"
    talk.event("CHANNEL_EXECUTE", operator, Application="endless_playback", Application_Data="/nowhere/music.wav")
    assert talk.api(comfort(operator, "silence")) == "+OK Message sent\n"
    person = talk.ready(talk.call(customer("200")))
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
    assert talk.exists(operator) and talk.exists(person)
