"""Customer and operator joined and parted, by whom, and who stays: the same of both switches."""

import pytest

from fsdialer.esl import commands
from tests.contract.sides import ANSWERS, ANSWERS_TOO
from tests.contract.talk import customer

UP = ["customer rings", "customer answers", "customer may be bridged"]


def joined(talk, suffix="200", held=True, extension=ANSWERS, **more):
    """A customer and an operator who talk."""
    operator = talk.ring(extension, held=held)
    customer_leg = talk.call(customer(suffix), **more)
    talk.ready(operator), talk.ready(customer_leg)
    assert talk.bridge(customer_leg, operator).ok
    talk.event("CHANNEL_BRIDGE", customer_leg)
    return customer_leg, operator


def test_a_bridge_is_told_once_by_the_leg_that_was_named_first(talk):
    person, operator = joined(talk)
    story = talk.story(customer=person, operator=operator)
    assert [line for line in story if line.startswith("customer")] == [*UP, "customer talks to operator"]
    bridges = [e for e in talk.events if e.name == "CHANNEL_BRIDGE"]
    assert len(bridges) == 1
    assert bridges[0].get("Bridge-A-Unique-ID") == person and bridges[0].get("Bridge-B-Unique-ID") == operator


def test_uuid_bridge_answers_with_the_second_leg(talk):
    operator, person = talk.ready(talk.ring(ANSWERS)), talk.ready(talk.call(customer("200")))
    assert talk.bridge(person, operator).text == operator


def test_a_customer_who_hangs_up_leaves_a_held_operator_parked_for_the_next(talk):
    person, operator = joined(talk, "202")
    end = talk.gone(person)
    assert (end.cause, end.sip_status, end.by_far_end) == ("NORMAL_CLEARING", 200, True)
    talk.event("CHANNEL_PARK", operator, count=2)
    assert talk.exists(operator)
    again = talk.ready(talk.call(customer("200")))
    assert talk.bridge(again, operator).ok
    talk.event("CHANNEL_BRIDGE", again)
    assert talk.story(first=person, operator=operator, second=again)[-1] == "second talks to operator"


def test_a_customer_who_hangs_up_takes_an_operator_rung_for_one_call_along(talk):
    person, operator = joined(talk, "202", held=False)
    assert talk.gone(person).by_far_end
    end = talk.gone(operator)
    assert (end.cause, end.by_far_end, end.sip_status) == ("NORMAL_CLEARING", False, None)


def test_an_operator_who_hangs_up_ends_the_customers_call(talk, side):
    person, operator = joined(talk)
    side.hang_up_phone(ANSWERS)
    assert talk.gone(operator).by_far_end
    end = talk.gone(person)
    assert (end.cause, end.by_far_end, end.sip_status) == ("NORMAL_CLEARING", False, None)
    ending = talk.ending(person)
    assert ending.get("variable_sip_hangup_disposition") == "send_bye"


def test_ending_the_customers_call_leaves_a_held_operator(talk):
    person, operator = joined(talk)
    assert talk.api(f"uuid_kill {person} NORMAL_CLEARING") == "+OK\n"
    assert talk.gone(person).cause == "NORMAL_CLEARING"
    talk.event("CHANNEL_PARK", operator, count=2)
    assert talk.exists(operator) and not talk.exists(person)


def test_the_longest_talk_ends_both_in_the_switchs_own_time(talk):
    person, operator = joined(talk, held=False, max_talk_s=3)
    end = talk.gone(person)
    assert (end.cause, end.by_far_end) == ("ALLOTTED_TIMEOUT", False)
    assert 1.9 < end.at - talk.at("CHANNEL_ANSWER", person) < 5  # its clock ticks in whole seconds
    assert talk.gone(operator).cause == "NORMAL_CLEARING"


def test_bridging_to_a_leg_that_is_gone_is_refused_and_the_customer_waits_on(talk):
    operator, person = talk.ready(talk.ring(ANSWERS, held=True)), talk.ready(talk.call(customer("200")))
    talk.api(f"uuid_kill {operator} NORMAL_CLEARING")
    assert talk.result(talk.job(f"uuid_bridge {person} {operator}")) == "-ERR Invalid uuid\n"
    assert talk.exists(person)


def test_bridging_to_a_leg_that_never_was_is_refused(talk):
    person = talk.ready(talk.call(customer("200")))
    nobody = "00000000-0000-4000-8000-000000000000"
    assert talk.result(talk.job(f"uuid_bridge {person} {nobody}")) == "-ERR Invalid uuid\n"


def test_two_operators_one_after_the_other_talk_to_one_customer(talk):
    """A customer passed on: the first operator's leg stays, the second takes over."""
    person, first = joined(talk)
    second = talk.ready(talk.ring(ANSWERS_TOO, held=True))
    assert talk.bridge(person, second).ok
    talk.event("CHANNEL_BRIDGE", person, count=2)
    talk.event("CHANNEL_PARK", first, count=2)
    there = [talk.exists(leg) for leg in (person, first, second)]
    assert there == [True, True, True], talk.story(customer=person, first=first, second=second)


@pytest.mark.parametrize("held", [True, False], ids=["held", "rung"])
@pytest.mark.parametrize("turned", [False, True], ids=["again", "turned"])
def test_two_who_talk_already_are_bridged_anew_and_neither_is_left_behind(talk, held, turned):
    """By a dialer that does not know how far the one before it got."""
    person, operator = joined(talk, held=held)
    first, second = (operator, person) if turned else (person, operator)
    assert talk.bridge(first, second).ok
    talk.event("CHANNEL_BRIDGE", first, 1 if turned else 2)
    assert talk.exists(person) and talk.exists(operator)
    talk.api(commands.kill(person, "NORMAL_CLEARING"))
    talk.gone(person)
    if held:
        talk.event("CHANNEL_PARK", operator, 2)
    else:
        talk.gone(operator)
    assert len([e for e in talk.events if e.name == "CHANNEL_PARK" and e.get("Unique-ID") == operator]) == 1 + held
