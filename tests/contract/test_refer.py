"""REFER: a customer sent to the operator's own PBX, and what the far side makes of it: the same of both switches.

By the last digits: 210 accepts and connects, 211 refuses, 212 says nothing, 213 accepts and says no more, 214 finds
the operator busy, 215 accepts and ends our leg.
"""

import time

import pytest

from fsdialer.esl import commands, marks, refer_commands
from fsdialer.esl.commands import NO_PICKUP
from fsdialer.esl.translate import dumped, task_names
from tests.contract.sides import ANSWERS
from tests.contract.talk import customer

TARGET = "sip:1001@127.0.0.1:5999"


def sent(talk, suffix, **more):
    """A customer who waits, and whose carrier has been asked to send them to the operator."""
    person = talk.ready(talk.call(customer(suffix), **more))
    assert talk.api(refer_commands.remember(person)).startswith("+OK")
    began = time.monotonic()
    assert talk.done(talk.job(refer_commands.refer(person, TARGET))).ok
    assert time.monotonic() - began < 2, "the command waits for the far side"
    return person


def status(talk, command):
    said = talk.api(command).strip()
    return int(said) if said.isdecimal() else None


@pytest.mark.parametrize(
    ("suffix", "answer", "result"), [("210", 202, 200), ("211", 403, None), ("213", 202, None), ("214", 202, 486)]
)
def test_what_the_far_side_said_can_be_asked_for_and_the_customer_goes_on_waiting(talk, suffix, answer, result):
    person = sent(talk, suffix)
    talk.until("an answer", lambda: status(talk, refer_commands.refer_answer(person)) == answer)
    talk.until("a result", lambda: status(talk, refer_commands.refer_result(person)) == result)
    assert talk.exists(person)
    assert talk.variable(person, "current_application") == "playback"


def test_nothing_stands_there_while_the_far_side_is_silent_and_the_limit_holds(talk):
    person = sent(talk, "212", wait_s=1)
    end = talk.gone(person)
    assert (end.cause, end.refer_result) == (NO_PICKUP, None)
    assert end.refer in (None, 100)  # a carrier's stack may say that it is trying
    assert end.at - end.answered_at < 2


def test_a_customer_whose_refer_was_refused_is_bridged(talk):
    operator = talk.ready(talk.ring(ANSWERS))
    person = sent(talk, "211")
    talk.until("the refusal", lambda: status(talk, refer_commands.refer_answer(person)) == 403)
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
    assert talk.story(customer=person, operator=operator)[-1] == "customer talks to operator"


def test_a_far_side_that_takes_the_customer_says_so_in_the_end_of_our_leg(talk):
    end = talk.gone(sent(talk, "215"))
    assert (end.cause, end.by_far_end, end.refer) == ("NORMAL_CLEARING", True, 202)


@pytest.mark.parametrize(
    ("suffix", "said"), [("210", marks.Abandoned(202, 200, False)), ("215", marks.Abandoned(202, None, True))]
)
def test_a_switch_remembers_what_the_far_side_made_of_it_and_shows_it_meanwhile(talk, suffix, said):
    person = sent(talk, suffix, wait_s=1.5)
    if said.result:
        talk.until("a result", lambda: dumped(talk.api(commands.dump(person))).sent_on)
    talk.gone(person)
    talk.until("it to be remembered", lambda: marks.read(person, task_names(talk.api(marks.ASK))) == said)


def test_a_leg_whose_customer_was_connected_is_let_go_of(talk):
    person = sent(talk, "210")
    talk.until("a result", lambda: status(talk, refer_commands.refer_result(person)) == 200)
    assert talk.api(commands.kill(person, "BLIND_TRANSFER")) == "+OK\n"
    end = talk.gone(person)
    assert (end.cause, end.by_far_end, end.refer, end.refer_result) == ("BLIND_TRANSFER", False, 202, 200)


@pytest.mark.parametrize("message", ["", "tone_stream://%(600,100,440)"])
def test_ringing_is_another_limit_for_who_is_being_connected(talk, message):
    person = sent(talk, "213", wait_s=30, message=message)
    assert talk.done(talk.job(refer_commands.let_ring(person, 1.5, message))).ok
    rang_at = talk.at("CHANNEL_EXECUTE", person, Application_Data=f"{commands.RINGING}650,650,440,480)")
    end = talk.gone(person)
    assert end.cause == NO_PICKUP
    assert 1.3 < end.at - rang_at - (0.7 if message else 0) < 2.6
    assert talk.story(customer=person)[-3:] == [
        "customer may be bridged",
        "customer has waited too long",
        f"customer is gone: {NO_PICKUP}, had rung, had answered",
    ]


def test_who_hears_ringing_may_be_bridged(talk):
    operator = talk.ready(talk.ring(ANSWERS))
    person = sent(talk, "213")
    assert talk.done(talk.job(refer_commands.let_ring(person, 20))).ok
    talk.event("CHANNEL_EXECUTE", person, Application_Data=f"{commands.RINGING}1000,3950,440,480);loops=4")
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
