"""Recording, from the answer to the end: the same of both switches, in events and in the file."""

import uuid

import gevent
import soundfile

from fsdialer.core.recordings import BEEP
from fsdialer.recordings import measure
from tests.contract.sides import ANSWERS, ANSWERS_TOO
from tests.contract.talk import customer

VOICE = 0.02


def recorded(talk, side, **more):
    """A customer's leg, ready, and where it is recorded."""
    talk.client.subscribe(["RECORD_START", "RECORD_STOP"])
    path = side.folder / f"acme/2026-11-23/{uuid.uuid4()}.wav"
    return talk.ready(talk.call(customer("200"), recording=str(path), **more)), path


def names(talk, leg, *wanted):
    return [event.name for event in talk.events if event.get("Unique-ID") == leg and event.name in wanted]


def end(talk, leg, path):
    """The call is ended; the length of its file (seconds), once the switch has written the last of it."""
    talk.api(f"uuid_kill {leg} NORMAL_CLEARING")
    said_s = int(talk.ending(leg).get("variable_record_ms")) / 1000
    talk.until("the file to be whole", lambda: abs(soundfile.info(path).duration - said_s) < 0.1)
    return said_s


def test_recording_begins_after_the_answer_and_is_over_before_the_hang_up(talk, side):
    person, path = recorded(talk, side)
    assert talk.event("RECORD_START", person).get("Record-File-Path") == str(path)
    gevent.sleep(0.7)
    lasted_s = end(talk, person, path)
    events = names(talk, person, "CHANNEL_ANSWER", "RECORD_START", "RECORD_STOP", "CHANNEL_HANGUP_COMPLETE")
    assert events == ["CHANNEL_ANSWER", "RECORD_START", "RECORD_STOP", "CHANNEL_HANGUP_COMPLETE"]
    stop = talk.event("RECORD_STOP", person)
    assert stop.get("Record-File-Path") == str(path) and stop.get("variable_RECORD_STEREO") == "true"
    assert abs(int(stop.get("variable_record_samples")) / 8000 - lasted_s) < 0.05
    assert 0.6 < lasted_s < 3


def test_operators_are_heard_on_the_right_from_the_bridge_on_and_a_second_one_too(talk, side):
    first, second = (talk.ready(talk.ring(extension, held=True)) for extension in (ANSWERS, ANSWERS_TOO))
    person, path = recorded(talk, side)
    gevent.sleep(1)
    for operator in (first, second):
        assert talk.bridge(person, operator).ok
        talk.event("CHANNEL_BRIDGE", person, Other_Leg_Unique_ID=operator)
        gevent.sleep(1.5)
    end(talk, person, path)
    measured = measure(path)
    assert max(measured.right[:8]) < VOICE
    assert all(max(measured.right[at : at + 5]) > VOICE for at in range(12, len(measured.right) - 5))
    assert max(measured.left[15:]) > VOICE
    assert [each.name for each in path.parent.iterdir() if each.stem == path.stem] == [path.name]


def test_notice_is_mixed_in_and_delays_nothing(talk, side):
    operator = talk.ready(talk.ring(ANSWERS, held=True))
    person, path = recorded(talk, side, notice=BEEP)
    assert talk.bridge(person, operator).ok
    talk.event("CHANNEL_BRIDGE", person)
    gevent.sleep(1)
    assert end(talk, person, path) > 0.9
