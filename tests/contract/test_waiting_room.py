"""The customer's limit, kept by the switch with nobody commanding: the same of both switches."""

import gevent
import pytest

from fsdialer.esl import commands, marks
from fsdialer.esl.commands import NO_PICKUP
from fsdialer.esl.translate import dumped, task_names
from tests.contract.sides import ANSWERS
from tests.contract.talk import Talk, customer

WAITED = ["customer rings", "customer answers", "customer may be bridged", "customer has waited too long"]
GONE = "customer is gone: NO_PICKUP, had rung, had answered"
MESSAGE = "tone_stream://%(600,100,440)"


def test_without_a_message_the_customer_is_let_go_at_the_limit(talk):
    person = talk.call(customer("200"), wait_s=1)
    end = talk.gone(person)
    assert talk.story(customer=person) == [*WAITED, GONE]
    assert 0.9 < end.at - end.answered_at < 1.6
    assert end.cause == NO_PICKUP and not end.by_far_end


def test_the_message_is_played_at_the_limit_and_then_the_call_is_over(talk):
    person = talk.call(customer("200"), wait_s=1, message=MESSAGE)
    end = talk.gone(person)
    assert talk.story(customer=person) == [*WAITED, GONE]
    heard = talk.at("CHANNEL_EXECUTE", person, Application_Data=MESSAGE) - end.answered_at
    assert 0.9 < heard < 1.6
    assert 1.5 < end.at - end.answered_at < 2.6


@pytest.mark.parametrize(
    ("keys", "opted_out"), [("9", True), ("59", True), ("99", True), ("5", False), ("*", False), ("", False)]
)
@pytest.mark.parametrize("late", [False, True])
def test_the_opt_out_key_pressed_during_the_message_or_soon_after_is_kept_until_the_end(talk, keys, opted_out, late):
    person = talk.call(customer("200"), wait_s=0.5, message=MESSAGE, opt_out_key="9")
    said = {"Application": "sleep"} if late else {"Application_Data": MESSAGE}
    began_at = talk.at("CHANNEL_EXECUTE", person, **said)
    for key in keys:
        talk.api(f"uuid_recv_dtmf {person} {key}")
    end = talk.gone(person)
    assert end.opted_out is opted_out
    assert talk.story(customer=person)[-1] == GONE
    if not opted_out:  # no other key cuts the message off, nor the time after it
        assert end.at - began_at > (1.4 if late else 2.0)


@pytest.mark.parametrize("key", ["", "9"])
@pytest.mark.parametrize("late", [False, True])
def test_a_switch_remembers_who_waited_in_vain_and_their_key_however_often_it_is_asked(talk, key, late):
    person = talk.call(customer("200"), wait_s=0.5, message=MESSAGE, opt_out_key="9")
    talk.at("CHANNEL_EXECUTE", person, **({"Application": "sleep"} if late else {"Application_Data": MESSAGE}))
    if key:
        talk.api(f"uuid_recv_dtmf {person} {key}")
    talk.gone(person)
    said = marks.Abandoned(by_key=bool(key))
    talk.until("it to be remembered", lambda: marks.read(person, remembered(talk)) == said)
    assert marks.read(person, remembered(talk)) == said, "asking has taken it away"


def test_a_switch_remembers_who_hung_up_while_waiting_and_not_who_was_joined_to_somebody_or_never_answered(talk):
    operator, person = talk.ready(talk.ring(ANSWERS, held=True)), talk.ready(talk.call(customer("202"), wait_s=1.5))
    assert talk.bridge(person, operator).ok
    busy, left = talk.call(customer("486")), talk.call(customer("201"), wait_s=20)
    talk.gone(person), talk.gone(busy), talk.gone(left)
    talk.until("it to be remembered", lambda: marks.read(left, remembered(talk)) == marks.Abandoned())
    talk.until("the talk to be", lambda: marks.talked(person) in remembered(talk))
    assert not any(marks.read(leg, remembered(talk)) for leg in (person, busy))


def remembered(talk):
    return task_names(talk.api(marks.ASK))


def test_a_switch_shows_whether_a_customer_still_waits(talk):
    person = talk.ready(talk.call(customer("200"), wait_s=1, message=MESSAGE, opt_out_key="9"))
    assert not dumped(talk.api(commands.dump(person))).waited
    for what in ({"Application_Data": MESSAGE}, {"Application": "sleep"}):
        talk.event("CHANNEL_EXECUTE", person, **what)
        assert dumped(talk.api(commands.dump(person))).waited


@pytest.mark.parametrize("key", ["9", "*", "#"])
def test_a_key_pressed_while_waiting_ends_neither_the_wait_nor_the_wish_to_be_called(talk, key):
    person = talk.ready(talk.call(customer("200"), wait_s=2, message=MESSAGE, opt_out_key="9"))
    assert talk.api(f"uuid_recv_dtmf {person} {key}").startswith("+OK")
    end = talk.gone(person)
    assert talk.at("CHANNEL_EXECUTE", person, Application_Data=MESSAGE) - end.answered_at > 1.8
    assert not end.opted_out


def test_a_message_that_is_not_there_is_no_silence_waited_through_for_a_key(talk):
    person = talk.call(customer("200"), wait_s=1, message="/no/such/message.wav", opt_out_key="9")
    end = talk.gone(person)
    assert end.cause == NO_PICKUP and end.at - end.answered_at < 1.5


def test_a_key_does_not_cut_off_a_message_without_one(talk):
    person = talk.call(customer("200"), wait_s=0.5, message="tone_stream://%(1500,0,440)")
    began_at = talk.at("CHANNEL_EXECUTE", person, Application_Data="tone_stream://%(1500,0,440)")
    assert talk.api(f"uuid_recv_dtmf {person} *").startswith("+OK")
    assert talk.gone(person).at - began_at > 1.4


def test_a_bridge_in_time_takes_the_customer_out_for_good(talk):
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    person = talk.ready(talk.call(customer("200"), wait_s=1, message=MESSAGE))
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
    later = talk.ready(talk.call(customer("200"), wait_s=1.5))
    talk.gone(later)  # by then the first one's limit has long been over
    assert talk.story(customer=person, operator=operator)[-1] == "customer talks to operator"
    assert talk.exists(person)


def test_a_bridge_finds_the_customer_there_even_if_the_silence_is_over_before_it(talk):
    """FreeSWITCH ends the sound first and moves the channel after that. A hang-up in between has lost a customer."""
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    person = talk.ready(talk.call(customer("200"), wait_s=6))
    assert talk.api(f"uuid_break {person}").startswith("+OK")
    talk.until("the silence to be over", lambda: talk.api(f"uuid_getvar {person} playback_ms").strip().isdecimal())
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
    assert talk.exists(person)
    assert talk.story(customer=person, operator=operator)[-1] == "customer talks to operator"


def test_a_customer_whose_operators_leg_goes_while_they_are_joined_hears_the_message_and_not_silence(talk):
    for late in range(16):  # on a real switch both may also be hung up, when the leg goes in the very last moment
        operator = talk.ready(talk.ring(ANSWERS, held=True))
        person = talk.ready(talk.call(customer("200"), wait_s=3, message=MESSAGE))
        talk.job(commands.bridge(person, operator))
        gevent.sleep(0.004 * (late % 8))  # the moment is the switch's: met by trying
        talk.job(commands.kill(operator, "NORMAL_CLEARING"))
        end = talk.gone(person)
        assert end.at - end.answered_at < 3
        if end.cause == NO_PICKUP:
            assert talk.at("CHANNEL_EXECUTE", person, Application_Data=MESSAGE) - end.answered_at < 3
            break
        assert end.cause in ("DESTINATION_OUT_OF_ORDER", "NORMAL_CLEARING")
    else:
        raise AssertionError("never heard a message")
    talk.until("it to be remembered", lambda: marks.read(person, remembered(talk)))


def test_who_hangs_up_while_waiting_is_gone_by_themselves(talk):
    person = talk.call(customer("201"))
    assert talk.gone(person).cause == "NORMAL_CLEARING"
    assert talk.story(customer=person)[-1] == (
        "customer is gone: NORMAL_CLEARING, sip 200, had rung, had answered, by the far end"
    )


def test_the_originates_answer_may_be_bridged_only_after_its_application_began(talk):
    """The silence of the waiting room is executed after the answer, never before."""
    person = talk.ready(talk.call(customer("200")))
    assert talk.at("CHANNEL_ANSWER", person) <= talk.at("CHANNEL_EXECUTE", person, Application="playback")


def test_somebody_who_never_answers_is_given_up_after_the_ring_time(talk):
    person = talk.call(customer("408"), ring_s=2)
    assert talk.result(person) == "-ERR NO_ANSWER\n"
    end = talk.gone(person)
    assert talk.story(customer=person) == ["customer rings", "customer is gone: NO_ANSWER, sip 487, had rung"]
    assert 0.9 < end.at - talk.at("CHANNEL_PROGRESS", person) < 2.5


def test_a_slow_ring_is_no_answer_when_the_ring_time_is_shorter(talk):
    person = talk.call(customer("206"), ring_s=1)
    assert talk.result(person) == "-ERR NO_ANSWER\n"


def test_a_call_taken_back_while_it_rings_was_cancelled(talk):
    person = talk.call(customer("408"))
    talk.event("CHANNEL_PROGRESS", person)
    assert talk.api(f"uuid_kill {person} ORIGINATOR_CANCEL") == "+OK\n"
    assert talk.result(person) == "-ERR ORIGINATOR_CANCEL\n"
    assert not talk.gone(person).by_far_end
    assert talk.story(customer=person) == ["customer rings", "customer is gone: ORIGINATOR_CANCEL, sip 487, had rung"]


def test_a_message_played_over_the_wait_does_not_end_it(talk):
    person = talk.ready(talk.call(customer("200")))
    assert talk.api(f"uuid_broadcast {person} tone_stream://%(100,10,440) aleg") == "+OK Message sent\n"
    talk.event("CHANNEL_EXECUTE", person, Application="playback", Application_Data="tone_stream://%(100,10,440)")
    assert talk.exists(person)


def test_the_limit_holds_when_who_made_the_call_is_gone(talk, side):
    """The dialer dies between the answer and the bridge: the switch plays the message and lets the customer go."""
    gone = Talk(side.address, side.password)
    person = gone.ready(gone.call(customer("200"), wait_s=1, message=MESSAGE))
    gone.client.stop(goodbye=False)
    end = talk.gone(person)
    assert end.cause == NO_PICKUP
    assert 1.5 < end.at - end.answered_at < 2.6


def test_who_hangs_up_during_the_message_is_gone_by_themselves_and_had_waited_too_long(talk):
    person = talk.call(customer("202"), wait_s=1, message="tone_stream://%(5000,100,440)")
    assert talk.gone(person).by_far_end
    assert talk.story(customer=person)[-2:] == [
        "customer has waited too long",
        "customer is gone: NORMAL_CLEARING, sip 200, had rung, had answered, by the far end",
    ]


def test_a_bridge_to_somebody_who_still_rings_ends_both(talk):
    """Why nobody is bridged before they are ready."""
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    person = talk.call(customer("408"))
    talk.event("CHANNEL_PROGRESS", person)
    assert talk.done(talk.job(f"uuid_bridge {operator} {person}")).ok
    assert talk.gone(person).cause == "DESTINATION_OUT_OF_ORDER"
    assert talk.result(person).startswith("-ERR")
