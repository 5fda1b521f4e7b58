"""What answering machines need of a switch: a detector beside the call, and a way out of a bridge. The same of both."""

from fsdialer.esl import commands
from tests.contract.sides import ANSWERS
from tests.contract.talk import customer
from tests.contract.test_bridges import joined

MESSAGE = "tone_stream://%(300,100,660)"


def listened_to(talk):
    """A customer in the waiting room who is listened to."""
    return talk.ready(talk.call(customer("200"), detectors=("beep",)))


def test_a_module_is_there_or_not(talk):
    assert talk.api(commands.module_exists("mod_avmd")).strip() == "true"
    assert talk.api(commands.module_exists("mod_nothing")).strip() == "false"


def test_listening_begins_at_the_answer_before_the_waiting_room_and_can_be_ended(talk):
    person = listened_to(talk)
    ran = [e.get("Application") for e in talk.events if e.name == "CHANNEL_EXECUTE" and e.get("Unique-ID") == person]
    assert ran == ["sched_hangup", "set", "avmd_start", "playback"], "set: what the switch is to remember of it"
    assert talk.api(commands.stop_beeps(person)) == "-ERR no reply\n", "done without a word: report_status is 0"
    assert talk.api(commands.stop_beeps(person)).startswith("+ERR, avmd has not yet been started")
    assert talk.exists(person)


def test_listening_keeps_nobody_from_being_bridged(talk):
    operator, person = talk.ready(talk.ring(ANSWERS, held=True)), listened_to(talk)
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)


def test_a_message_is_left_in_the_waiting_room_and_ends_the_call(talk):
    person = listened_to(talk)
    assert talk.api(commands.leave_message(person, MESSAGE, beeped=True)).startswith("+OK")
    end = talk.gone(person)
    assert (end.cause, end.by_far_end) == ("NORMAL_CLEARING", False)


def test_a_customer_taken_out_of_a_bridge_hears_the_message_and_a_held_operator_is_parked(talk):
    person, operator = joined(talk)
    assert talk.api(commands.leave_message(person, MESSAGE, beeped=False, wait_s=15.0)).startswith("+OK")
    talk.event("CHANNEL_PARK", operator, count=2)
    again = talk.ready(talk.call(customer("200")))
    assert talk.bridge(again, operator).ok
    talk.event("CHANNEL_BRIDGE", again)
    assert talk.exists(person), "the message, and then a wait for the beep"


def test_a_customer_taken_out_of_a_bridge_lives_on_without_an_operator_who_was_rung_for_the_call(talk):
    person, operator = joined(talk, held=False)
    assert talk.api(commands.leave_message(person, MESSAGE, beeped=False, wait_s=15.0)).startswith("+OK")
    assert talk.gone(operator).cause == "NORMAL_CLEARING"
    assert talk.exists(person)
