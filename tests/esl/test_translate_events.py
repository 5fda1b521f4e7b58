"""What each event of a switch is translated to, header by header."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.events import (
    Heartbeat,
    JobDone,
    LegAnswered,
    LegHungUp,
    LegReady,
    LegRinging,
    LegsBridged,
    LineOnHold,
    WaitExpired,
)
from fsdialer.esl.frames import JsonEvent
from fsdialer.esl.translate import SUBSCRIPTION, to_event
from tests.esl.recorded import HANGUP, event_of, events_of


def test_early_media_is_ringing_too():
    told = to_event(event_of(Event_Name="CHANNEL_PROGRESS_MEDIA", Unique_ID="u-1", Event_Date_Timestamp="1500000"))
    assert told == LegRinging("u-1", 1.5)


def test_a_leg_may_be_bridged_from_its_park_or_from_the_silence_of_the_waiting_room():
    at = {"Unique_ID": "u-1", "Event_Date_Timestamp": "1500000"}
    silence = {"Application": "playback", "Application_Data": "silence_stream://10000"}
    assert to_event(event_of(Event_Name="CHANNEL_PARK", **at)) == LegReady("u-1", 1.5)
    assert to_event(event_of(Event_Name="CHANNEL_EXECUTE", **at, **silence)) == LegReady("u-1", 1.5)


@pytest.mark.parametrize(
    ("application", "data"),
    [("playback", "/sounds/sorry.wav"), ("playback", "tone_stream://%(1500,0,440)"), ("hangup", "NO_PICKUP")],
)
def test_the_message_and_the_hangup_of_the_waiting_room_end_the_wait(application, data):
    step = {"Event_Name": "CHANNEL_EXECUTE", "Unique_ID": "u-1", "Application": application, "Application_Data": data}
    assert to_event(event_of(**step, variable_fsdialer_lead="42")) == WaitExpired("u-1", 0.0)
    assert to_event(event_of(**step)) is None  # an operator's leg, or nobody's of ours


@pytest.mark.parametrize(
    ("application", "data"), [("park", ""), ("uuid_bridge", "u-2"), ("hangup", "USER_BUSY"), ("eavesdrop", "u-2")]
)
def test_other_applications_say_nothing(application, data):
    step = {"Event_Name": "CHANNEL_EXECUTE", "Unique_ID": "u-1", "Application": application, "Application_Data": data}
    assert to_event(event_of(**step, variable_fsdialer_lead="42")) is None


@pytest.mark.parametrize(
    ("event", "flow", "on"),
    [
        ("CHANNEL_HOLD", "sendonly", True),
        ("CHANNEL_HOLD", "", True),
        ("CHANNEL_UNHOLD", "sendrecv", False),
        ("CHANNEL_UNHOLD", "sendonly", True),  # the end of a bridge takes the switch's own mark off, not the phone's
        ("CHANNEL_UNHOLD", "inactive", True),
    ],
)
def test_a_line_is_on_hold_until_its_phone_takes_it_off(event, flow, on):
    told = event_of(Event_Name=event, Unique_ID="u-1", variable_remote_audio_media_flow=flow)
    assert to_event(told) == LineOnHold("u-1", 0.0, on)


def test_the_other_leg_of_a_bridge_is_found_from_either():
    pair = {"Event_Name": "CHANNEL_BRIDGE", "Bridge_A_Unique_ID": "a", "Bridge_B_Unique_ID": "b"}
    assert to_event(event_of(**pair, Unique_ID="a")) == LegsBridged("a", "b", 0.0)
    assert to_event(event_of(**pair, Unique_ID="b")) == LegsBridged("b", "a", 0.0)
    assert to_event(event_of(**pair, Unique_ID="a", Other_Leg_Unique_ID="c")) == LegsBridged("a", "c", 0.0)


def test_a_hangup_tells_everything_that_is_known_of_why():
    told = to_event(
        event_of(
            **HANGUP,
            Hangup_Cause="CALL_REJECTED",
            Caller_Channel_Progress_Media_Time="5000000",
            Caller_Channel_Answered_Time="7000000",
            variable_sip_term_status="603",
            variable_sip_hangup_disposition="recv_refuse",
        )
    )
    assert told == LegHungUp("u-1", 9.0, "CALL_REJECTED", 603, rang=True, answered_at=7.0, by_far_end=True)


def test_a_hangup_that_says_little_is_told_as_little():
    told = to_event(event_of(**HANGUP, variable_hangup_cause="NO_ANSWER", Caller_Channel_Answered_Time="0"))
    assert told == LegHungUp("u-1", 9.0, "NO_ANSWER", None, rang=False, answered_at=None, by_far_end=False)


@pytest.mark.parametrize(
    ("term", "failure", "status"),
    [
        ("486", "", 486),
        ("", "480", 480),
        ("503", "480", 503),
        ("904", "904", 407),
        *[(status, "", None) for status in ("", "x", "-1")],
    ],
)
def test_the_carriers_final_answer(term, failure, status):
    told = to_event(event_of(**HANGUP, variable_sip_term_status=term, variable_sip_invite_failure_status=failure))
    assert told.sip_status == status


@pytest.mark.parametrize(
    ("disposition", "by_far_end"), [("recv_bye", True), ("recv_refuse", True), ("send_bye", False), ("", False)]
)
def test_who_ended_it(disposition, by_far_end):
    assert to_event(event_of(**HANGUP, variable_sip_hangup_disposition=disposition)).by_far_end == by_far_end


@pytest.mark.parametrize(("count", "packets"), [("250", 250), ("0", 0), ("", None)])
def test_how_much_was_heard_of_them(count, packets):
    assert to_event(event_of(**HANGUP, variable_rtp_audio_in_media_packet_count=count)).packets == packets


@pytest.mark.parametrize(("silent", "heard"), [("false", True), ("true", False), ("", False)])
def test_whether_a_phone_under_test_was_heard(silent, heard):
    assert to_event(event_of(**HANGUP, variable_detect_audio_timeout=silent)).heard is heard


@pytest.mark.parametrize("where", ["fsdialer_opt_out", "playback_terminator_used"])
@pytest.mark.parametrize(("key", "opted_out"), [("9", True), ("", False)])
def test_whether_they_asked_by_key_not_to_be_called_again(where, key, opted_out):
    assert to_event(event_of(**HANGUP, **{f"variable_{where}": key})).opted_out == opted_out


@pytest.mark.parametrize(
    ("body", "ok", "text"),
    [
        ("+OK 5218c27f\n", True, "5218c27f"),
        ("+OK\n", True, ""),
        ("-ERR USER_BUSY\n", False, "USER_BUSY"),
        ("-ERR\n", False, ""),
        ("-USAGE: <uuid> [cause]\n", False, "-USAGE: <uuid> [cause]"),
        ("true", True, "true"),
        ('{"row_count":0}\n', True, '{"row_count":0}'),
        ("", True, ""),
    ],
)
def test_what_a_job_came_to(body, ok, text):
    job = JsonEvent({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "j-1", "_body": body})
    assert to_event(job) == JobDone("j-1", 0.0, ok, text)


def test_a_heartbeat_tells_who_and_how_busy():
    beat = event_of(Event_Name="HEARTBEAT", Core_UUID="c-1", Session_Count="17", Max_Sessions="5000")
    assert to_event(beat, 1.5) == Heartbeat("c-1", 1.5, 17, 5000)


def test_the_same_conversation_in_json_and_in_plain_is_told_alike():
    in_json = [to_event(event) for event in events_of("event-json")]
    kinds = [type(event) for event in in_json if event is not None]
    plain = [type(event) for each in events_of("api-replies") if (event := to_event(each)) is not None]
    assert kinds[:4] == plain[:4] == [LegRinging, LegAnswered, JobDone, LegReady]


NUMBERS = st.one_of(st.text(max_size=30), st.integers().map(str), st.just("٣"), st.just("9" * 5000))


@given(st.sampled_from(SUBSCRIPTION), NUMBERS, NUMBERS, NUMBERS)
def test_absurd_numbers_are_no_numbers(name, stamp, status, answered):
    told = to_event(
        event_of(
            Event_Name=name,
            Event_Date_Timestamp=stamp,
            variable_sip_term_status=status,
            Caller_Channel_Answered_Time=answered,
            Session_Count=status,
        )
    )
    assert told is None or told.at >= 0


def test_a_hostile_name_reaches_nobody_through_any_header_that_is_read():
    """The recorded name holds a line break and ``Event-Name: …``: it must not appear in what is told."""
    told = [to_event(event) for event in events_of("hostile-caller-name")]
    assert [type(event) for event in told if event] == [LegHungUp, JobDone]
    assert unquote("Bob%0A") not in repr(told) and "Bob" not in repr(told)
