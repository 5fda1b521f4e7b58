"""From a real FreeSWITCH's events to what a dialer is told: each recorded conversation as a story."""

from textwrap import dedent

import pytest

from fsdialer.core.events import LegAnswered, LegReady, LegRinging
from fsdialer.esl.translate import SUBSCRIPTION, to_event
from tests.esl import captures
from tests.esl.recorded import event_of, events_of
from tests.esl.story import Storyteller

#: What is told of each conversation, in wire order. Legs are named by the letter of their first appearance.
STORIES = {
    "api-replies": """
        A rings
        A answers
        job done: A
        A may be bridged
        B is gone: BLIND_TRANSFER, had rung, had answered
        job failed: INVALID_GATEWAY
    """,
    "cancel-while-ringing": """
        A rings
        A is gone: ORIGINATOR_CANCEL, sip 487, had rung
        job failed: ORIGINATOR_CANCEL
    """,
    "carrier-503": """
        A is gone: NORMAL_TEMPORARY_FAILURE, sip 503, by the far end
        job failed: NORMAL_TEMPORARY_FAILURE
    """,
    "customer-answers-and-hangs-up": """
        A answers
        job done: A
        A may be bridged
        A is gone: NORMAL_CLEARING, sip 200, had answered, by the far end
    """,
    "customer-busy": """
        A is gone: USER_BUSY, sip 486, by the far end
        job failed: USER_BUSY
    """,
    "customer-declines-603": """
        A rings
        A is gone: CALL_REJECTED, sip 603, had rung, by the far end
        job failed: CALL_REJECTED
    """,
    "customer-no-answer": """
        A rings
        job failed: NO_ANSWER
        A is gone: NO_ANSWER, sip 487, had rung
    """,
    "customer-unallocated-404": """
        A is gone: UNALLOCATED_NUMBER, sip 404, by the far end
        job failed: UNALLOCATED_NUMBER
    """,
    "customer-unavailable-480": """
        A is gone: NO_USER_RESPONSE, sip 480, by the far end
        job failed: NO_USER_RESPONSE
    """,
    "event-json": """
        A rings
        A answers
        job done: A
        A may be bridged
        job done
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "filter-by-variable": """
        A rings
        A answers
        A may be bridged
        job done
        job done
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "gateway-refused": """
        job failed: NORMAL_TEMPORARY_FAILURE
        A is gone: NORMAL_TEMPORARY_FAILURE, sip 503, by the far end
    """,
    "heartbeat": """
        alive, 0 of 5000 sessions
    """,
    "hostile-caller-name": """
        A is gone: USER_BUSY, sip 486, by the far end
        job failed: USER_BUSY
    """,
    "nailed-up-operator-two-customers": """
        A rings
        A answers
        job done: A
        A may be bridged
        B answers
        job done: B
        B may be bridged
        B talks to A
        A may be bridged
        B is gone: NORMAL_CLEARING, sip 200, had answered, by the far end
        C answers
        job done: C
        C may be bridged
        C talks to A
        A is gone: NORMAL_CLEARING, had rung, had answered
        C is gone: NORMAL_CLEARING, had answered
    """,
    "ondemand-bridge-customer-hangs-up": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        B answers
        job done: B
        B may be bridged
        A talks to B
        B is gone: NORMAL_CLEARING, had rung, had answered
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "ondemand-bridge-op-hangs-up": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        B answers
        job done: B
        B may be bridged
        A talks to B
        B is gone: NORMAL_CLEARING, had rung, had answered
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "operator-bridged-before-the-message": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        B answers
        job done: B
        B may be bridged
        job done: A
        B talks to A
        job done
        A may be bridged
        B is gone: NORMAL_CLEARING, had rung, had answered
        job done
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "operator-leg-no-answer": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        job failed: NO_ANSWER
        B is gone: NO_ANSWER, sip 487, had rung
        job done
        A is gone: NO_ANSWER, had rung, had answered
    """,
    "operator-not-registered": """
        A rings
        A answers
        job done: A
        A may be bridged
        job failed: USER_NOT_REGISTERED
        A is gone: NO_ROUTE_DESTINATION, had rung, had answered
    """,
    "originate-refused": """
        A rings
        A answers
        job done: A
        A may be bridged
        job failed: DESTINATION_OUT_OF_ORDER
        job failed: DESTINATION_OUT_OF_ORDER
        job failed: DESTINATION_OUT_OF_ORDER
        job failed: DESTINATION_OUT_OF_ORDER
        job failed: DESTINATION_OUT_OF_ORDER
        job failed: DESTINATION_OUT_OF_ORDER
        job done
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "park-timeout": """
        A rings
        A answers
        job done: A
        A may be bridged
        A is gone: NO_PICKUP, had rung, had answered
    """,
    "record-and-eavesdrop": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        B answers
        job done: B
        B may be bridged
        B talks to A
        C rings
        C answers
        job done: C
        C is gone: NORMAL_CLEARING, had rung, had answered
        A may be bridged
        B is gone: NORMAL_CLEARING, had rung, had answered
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "refer-to-operator": """
        A rings
        A answers
        job done: A
        A may be bridged
    """,
    "transfer-inline-bridge-to-operator": """
        A rings
        A answers
        job done: A
        A may be bridged
        job done
        B rings
        B answers
        A talks to B
        B is gone: NORMAL_CLEARING, had rung, had answered
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "unattended-answer-message-then-hangup": """
        A rings
        A answers
        job done: A
        A may be bridged
        A has waited too long
        A has waited too long
        A is gone: NO_PICKUP, had rung, had answered
    """,
    "uuid-bridge-partner-gone": """
        A rings
        B rings
        A answers
        job done: A
        A may be bridged
        B answers
        job done: B
        B may be bridged
        job failed: Invalid uuid
        B is gone: NORMAL_CLEARING, had rung, had answered
        A is gone: NORMAL_CLEARING, had rung, had answered
    """,
    "uuid-bridge-while-ringing": """
        A rings
        A answers
        job done: A
        A may be bridged
        B rings
        job done: A
        job failed: ORIGINATOR_CANCEL
        B is gone: DESTINATION_OUT_OF_ORDER, sip 487, had rung
        A is gone: ORIGINATOR_CANCEL, had rung, had answered
        job failed: No such channel!
        job failed: No such channel!
    """,
}
#: Conversations in which nothing happens that a dialer is told of.
SILENT = {"auth-refused"}


@pytest.mark.parametrize("name", STORIES)
def test_what_is_told_of_a_conversation(name):
    teller = Storyteller()
    told = [teller.tell(event) for each in events_of(name) if (event := to_event(each)) is not None]
    assert told == dedent(STORIES[name]).strip().splitlines()


def test_every_conversation_is_told():
    assert set(STORIES) | SILENT == set(captures.NAMES)
    assert all(to_event(event) is None for name in SILENT for event in events_of(name))


@pytest.mark.parametrize("name", sorted(STORIES))
def test_no_hangup_no_answer_and_no_job_is_left_out_nor_changed(name):
    """Against the recorded text itself, read in another way."""
    for event in events_of(name):
        told, at = to_event(event), int(event.get("Event-Date-Timestamp")) / 1e6
        match event.name:
            case "CHANNEL_ANSWER":
                assert told == LegAnswered(event.get("Unique-ID"), at)
            case "CHANNEL_PARK":
                assert told == LegReady(event.get("Unique-ID"), at)
            case "CHANNEL_PROGRESS":
                assert told == LegRinging(event.get("Unique-ID"), at)
            case "CHANNEL_HANGUP_COMPLETE":
                answered = int(event.get("Caller-Channel-Answered-Time"))
                assert (told.leg, told.at, told.cause) == (event.get("Unique-ID"), at, event.get("Hangup-Cause"))
                assert told.answered_at == (answered / 1e6 if answered else None)
                assert told.rang == (event.get("Caller-Channel-Progress-Time") not in ("", "0"))
            case "BACKGROUND_JOB":
                assert (told.job, told.at) == (event.get("Job-UUID"), at)
                assert told.ok == event.body.startswith("+OK") and told.text in event.body
            case "CHANNEL_BRIDGE":
                assert {told.leg, told.other} == {event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID")}


def test_what_is_subscribed_to_is_what_is_told():
    """Nothing that says nothing is asked for, and nothing that says something is not."""
    told = {event.name for name in captures.NAMES for event in events_of(name) if to_event(event) is not None}
    # Not recorded here: early media, the carrier sent none; a phone's hold; modules' own: test_translate_detectors, the
    # contract.
    own = {"CUSTOM", "avmd::beep", "amd::info", "sofia::unregister"}
    assert told | own | {"CHANNEL_PROGRESS_MEDIA", "CHANNEL_HOLD", "CHANNEL_UNHOLD"} == set(SUBSCRIPTION)


@pytest.mark.parametrize(
    "name",
    ["CHANNEL_CREATE", "CHANNEL_STATE", "CHANNEL_UNBRIDGE", "CHANNEL_UNPARK", "PLAYBACK_START", "CUSTOM", "LOG", ""],
)
def test_events_that_say_nothing_to_a_dialer_are_dropped(name):
    assert to_event(event_of(Event_Name=name, Unique_ID="u-1")) is None
