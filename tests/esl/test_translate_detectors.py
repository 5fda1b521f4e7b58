"""What detectors of answering machines say on a real switch (capture ``detectors/answering-machine``), in our words."""

import pytest

from fsdialer.core.events import JobDone, LegReady, MachineHeard
from fsdialer.esl.frames import FrameReader
from fsdialer.esl.translate import to_event
from tests.esl import captures

MACHINE, PERSON, PARKED = (f"11111111-2222-4333-8444-00000000000{n}" for n in (1, 2, 3))


@pytest.fixture(scope="module")
def told():
    frames = FrameReader().feed(captures.sent_by_server("detectors/answering-machine"))
    events = [event for event in (frame.event() for frame in frames) if event is not None]
    return [(event, to_event(event)) for event in events]


def heard(told, leg):
    return [ours for _, ours in told if isinstance(ours, MachineHeard) and ours.leg == leg]


def test_greeting_then_beep_are_heard_and_the_greeting_has_no_time(told):
    greeting, beep = heard(told, MACHINE)
    assert (greeting.beep, greeting.at, beep.beep) == (False, 0.0, True)
    assert beep.at > 1.7e9


def test_person_who_says_a_short_hello_is_not_heard(told):
    assert heard(told, PERSON) == []
    said = [event.get("variable_amd_result") for event, _ in told if event.get("Event-Subclass") == "amd::info"]
    assert said == ["MACHINE", "HUMAN"]


def test_beep_told_twice_is_the_same_both_times(told):
    once, twice = heard(told, PARKED)
    assert once == twice


def test_message_after_the_beep_begins_with_a_pause(told):
    ready = [ours for _, ours in told if isinstance(ours, LegReady) and ours.leg == MACHINE]
    assert len(ready) == 2  # the waiting room's silence, and the second of silence before the message


def test_modules_are_asked_for_and_answered_in_a_word(told):
    answers = {ours.job: ours.text for _, ours in told if isinstance(ours, JobDone)}
    assert (answers["module-3"], answers["module-4"]) == ("true", "false")
