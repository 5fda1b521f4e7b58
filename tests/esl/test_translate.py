"""From a real FreeSWITCH's events to what a dialer is told: each recorded conversation as a story, then the details."""

import json
from textwrap import dedent
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
    WaitExpired,
)
from fsdialer.esl.frames import FrameReader, JsonEvent
from fsdialer.esl.translate import SUBSCRIPTION, ChannelSnapshot, ClockShift, channel_rows, dumped, to_event
from tests.esl import captures
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


def events_of(name):
    """A conversation's events, as FreeSWITCH's."""
    frames = FrameReader().feed(captures.sent_by_server(name))
    return [event for frame in frames if (event := frame.event()) is not None]


def event_of(**headers):
    """An event with these headers; underscores stand for hyphens, except in variables."""
    return JsonEvent({k if k.startswith("variable_") else k.replace("_", "-"): v for k, v in headers.items()})


# -- stories ---------------------------------------------------------------------------------------------------
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
    assert told | {"CHANNEL_PROGRESS_MEDIA"} == set(SUBSCRIPTION)  # early media: not recorded, the carrier sent none


@pytest.mark.parametrize(
    "name",
    ["CHANNEL_CREATE", "CHANNEL_STATE", "CHANNEL_UNBRIDGE", "CHANNEL_UNPARK", "PLAYBACK_START", "CUSTOM", "LOG", ""],
)
def test_events_that_say_nothing_to_a_dialer_are_dropped(name):
    assert to_event(event_of(Event_Name=name, Unique_ID="u-1")) is None


# -- details ---------------------------------------------------------------------------------------------------
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
    [("playback", "/sounds/sorry.wav"), ("playback", "tone_stream://%(1500,0,440)"), ("hangup", "NO_PICKUP")]
    + [("play_and_get_digits", "1 1 1 1500 # /sounds/sorry.wav silence_stream://1 fsdialer_opt_out 9")],
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


def test_the_other_leg_of_a_bridge_is_found_from_either():
    pair = {"Event_Name": "CHANNEL_BRIDGE", "Bridge_A_Unique_ID": "a", "Bridge_B_Unique_ID": "b"}
    assert to_event(event_of(**pair, Unique_ID="a")) == LegsBridged("a", "b", 0.0)
    assert to_event(event_of(**pair, Unique_ID="b")) == LegsBridged("b", "a", 0.0)
    assert to_event(event_of(**pair, Unique_ID="a", Other_Leg_Unique_ID="c")) == LegsBridged("a", "c", 0.0)


HANGUP = {"Event_Name": "CHANNEL_HANGUP_COMPLETE", "Unique_ID": "u-1", "Event_Date_Timestamp": "9000000"}


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
    [("486", "", 486), ("", "480", 480), ("503", "480", 503), ("", "", None), ("x", "", None), ("-1", "", None)],
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


@pytest.mark.parametrize(("key", "opted_out"), [("9", True), ("", False)])
def test_whether_they_asked_by_key_not_to_be_called_again(key, opted_out):
    assert to_event(event_of(**HANGUP, variable_fsdialer_opt_out=key)).opted_out == opted_out


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


# -- clocks ----------------------------------------------------------------------------------------------------
def stamped(at):
    return event_of(Event_Date_Timestamp=str(round(at * 1e6)))


def test_every_time_in_an_event_is_told_by_our_clock():
    hangup = event_of(**HANGUP, Caller_Channel_Answered_Time="7000000")
    told = to_event(hangup, clock_shift_s=100.0)
    assert (told.at, told.answered_at) == (109.0, 107.0)
    never = to_event(event_of(**HANGUP, Caller_Channel_Answered_Time="0"), clock_shift_s=100.0)
    assert never.answered_at is None


def test_the_switchs_clock_is_as_far_from_ours_as_its_quickest_event():
    shift = ClockShift()
    assert shift.seen(stamped(1000), now=1003.0) == 3.0
    assert shift.seen(stamped(1001), now=1003.5) == 2.5  # this one took less time to come
    assert shift.seen(stamped(1002), now=1009.0) == 2.5  # and this one more


def test_a_switch_ahead_of_us_is_shifted_back():
    assert ClockShift().seen(stamped(2000), now=1500.0) == -500.0


def test_a_drifting_clock_is_followed():
    shift = ClockShift()
    for beat in range(600):  # one in twenty seconds, while ours gains ten milliseconds a minute
        now, ahead = 10_000 + beat * 20.0, beat * 0.01 / 3
        assert shift.seen(stamped(now - ahead), now) == pytest.approx(ahead, abs=0.025)


def test_an_event_that_was_long_on_its_way_is_not_taken_for_a_change_of_clocks():
    shift = ClockShift()
    for second in range(60):
        shift.seen(stamped(1000 + second), now=1000.0 + second)
    assert shift.seen(stamped(1060), now=1065.0) == 0.0  # the first one after a minute


def test_a_step_of_our_clock_is_followed():
    shift = ClockShift()
    assert shift.seen(stamped(5000), now=5000.0) == 0.0
    assert shift.seen(stamped(5001), now=1401.0) == -3600.0  # an hour back: no event comes before it happened
    for beat in range(30):  # and then it gains ten milliseconds a minute: followed from there
        now, ahead = 1402 + beat * 20.0, beat * 0.01 / 3
        assert shift.seen(stamped(now - ahead + 3600), now) == pytest.approx(ahead - 3600, abs=0.025)


def test_a_step_forth_is_followed_within_two_minutes():
    shift = ClockShift()
    shift.seen(stamped(1000), now=1000.0)
    for second in range(1, 130):
        seen = shift.seen(stamped(1000 + second), now=4600.0 + second)
    assert seen == 3600.0


def test_events_without_a_time_change_nothing():
    shift = ClockShift()
    assert shift.seen(event_of(Event_Name="HEARTBEAT"), now=5.0) == 0.0
    shift.seen(stamped(1000), now=1003.0)
    assert shift.seen(event_of(Event_Date_Timestamp="soon"), now=1004.0) == 3.0


# -- what the switch answers about channels --------------------------------------------------------------------
def answer_to(command):
    """The body FreeSWITCH sent in answer to a recorded api command."""
    sent = [text.strip() for text in captures.sent_by_client("api-replies")]
    frames = FrameReader().feed(captures.sent_by_server("api-replies"))
    answers = [frame for frame in frames if frame.content_type in ("api/response", "command/reply")]
    return answers[sent.index(command)].text


def test_the_recorded_table_of_channels_is_read():
    recorded = answer_to("api show channels as json")
    assert channel_rows(recorded) == [row["uuid"] for row in json.loads(recorded)["rows"]]
    assert len(channel_rows(recorded)) == 2


def test_a_table_without_channels_has_no_rows():
    assert channel_rows('{"row_count": 0}') == []


def test_rows_without_an_id_are_passed_over():
    assert channel_rows('{"row_count": 3, "rows": [{"uuid": "u-1"}, {"uuid": ""}, 5, {}]}') == ["u-1"]


@pytest.mark.parametrize("text", ["-ERR SQL disabled, no data available!\n", "", "[]", "null", "[" * 100_000])
def test_what_is_no_table_and_no_channel_is_refused(text):
    with pytest.raises(ValueError, match="."):
        channel_rows(text)
    with pytest.raises(ValueError, match="."):
        dumped(text)


def test_the_recorded_channel_is_read():
    recorded = answer_to("api uuid_dump 5218c27f-7534-4980-9e7e-60cb6709ecf6 json")
    values = json.loads(recorded)
    assert dumped(recorded) == ChannelSnapshot(
        uuid="5218c27f-7534-4980-9e7e-60cb6709ecf6",
        answered_at=int(values["Caller-Channel-Answered-Time"]) / 1e6,
        bridged_to="",
        variables={"fsdialer_lead": "42", "fsdialer_campaign": "spring"},
    )


@pytest.mark.parametrize(
    ("state", "application", "bridged"),
    [
        ("CS_EXCHANGE_MEDIA", "", True),
        ("CS_SOFT_EXECUTE", "", True),
        ("CS_EXECUTE", "bridge", True),
        ("CS_EXECUTE", "park", False),
        ("CS_EXECUTE", "playback", False),
        ("CS_CONSUME_MEDIA", "", False),
    ],
)
def test_a_channel_is_bridged_by_its_state_and_not_by_what_an_old_bridge_left(state, application, bridged):
    channel = {
        "Unique-ID": "u-1",
        "Channel-State": state,
        "Other-Leg-Unique-ID": "u-2",
        "Caller-Channel-Answered-Time": "0",
        "variable_current_application": application,
        "variable_bridge_uuid": "u-2",
    }
    snapshot = dumped(json.dumps(channel))
    assert snapshot == ChannelSnapshot("u-1", None, "u-2" if bridged else "", {})


def test_a_hostile_name_reaches_nobody_through_any_header_that_is_read():
    """The recorded name holds a line break and ``Event-Name: …``: it must not appear in what is told."""
    told = [to_event(event) for event in events_of("hostile-caller-name")]
    assert [type(event) for event in told if event] == [LegHungUp, JobDone]
    assert unquote("Bob%0A") not in repr(told) and "Bob" not in repr(told)
