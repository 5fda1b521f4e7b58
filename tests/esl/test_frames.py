"""Frames and events: from bytes in any pieces, real or hostile."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.esl.frames import LONGEST_BODY, LONGEST_HEADERS, FrameError, FrameReader, decode_value
from tests.esl import captures


def frames_of(data, sizes=()):
    """Feed `data` in pieces of these sizes, the rest at once."""
    reader, frames, at = FrameReader(), [], 0
    for size in sizes:
        frames += reader.feed(data[at : at + size])
        at += size
    return frames + reader.feed(data[at:])


def seen(frames):
    return [(frame.content_type, frame.body) for frame in frames]


def plain(text, body=b""):
    """An event's frame as FreeSWITCH writes it."""
    inner = text.encode() + (b"Content-Length: %d\n\n%s" % (len(body), body) if body else b"\n")
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner)


def event_of(data):
    (frame,) = frames_of(data)
    return frame.event()


# -- frames ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", captures.NAMES)
def test_every_byte_of_a_conversation_lands_in_a_frame(name):
    data = captures.sent_by_server(name)
    frames = frames_of(data)
    assert all(frame.content_type for frame in frames)
    bodies = sum(len(frame.body) for frame in frames)
    assert bodies == sum(int(frame.get("Content-Length") or 0) for frame in frames)
    assert len(data) - bodies < 200 * len(frames)  # what is left over are short outer headers


@pytest.mark.parametrize("name", captures.NAMES)
def test_a_conversation_read_byte_by_byte_gives_the_same_frames(name):
    data = captures.sent_by_server(name)
    assert seen(frames_of(data, [1] * len(data))) == seen(frames_of(data))


@settings(max_examples=60)
@given(st.sampled_from(captures.NAMES), st.lists(st.integers(1, 9000), max_size=60))
def test_frames_do_not_depend_on_how_the_stream_is_cut(name, sizes):
    data = captures.sent_by_server(name)
    assert seen(frames_of(data, sizes)) == seen(frames_of(data))


def test_an_incomplete_frame_waits_for_its_last_byte():
    reader = FrameReader()
    assert reader.feed(b"Content-Type: api/response\nContent-Length: 4\n\ntru") == []
    (frame,) = reader.feed(b"e")
    assert frame.text == "true"


def test_a_body_is_counted_in_bytes_not_in_characters():
    body = "Zoë".encode()
    data = b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body)
    first, second = frames_of(data + b"Content-Type: command/reply\nReply-Text: +OK\n\n")
    assert first.text == "Zoë"
    assert second.get("Reply-Text") == "+OK"


def test_a_body_with_blank_lines_and_header_look_alikes_stays_a_body():
    body = b"\n\nContent-Length: 3\n\nContent-Type: auth/request\n\n"
    (frame,) = frames_of(b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body))
    assert frame.body == body
    assert frame.content_type == "api/response"


def test_an_empty_frame_and_blank_lines_between_frames_do_no_harm():
    frames = frames_of(b"\n\n\nContent-Type: auth/request\n\n\n\nContent-Type: command/reply\nReply-Text: +OK\n\n")
    assert [frame.content_type for frame in frames] == ["auth/request", "command/reply"]


def test_a_first_line_without_a_name_is_tolerated():
    (frame,) = frames_of(b"nonsense\nContent-Type: command/reply\nReply-Text: +OK\n\n")
    assert frame.get("Reply-Text") == "+OK"


def test_headers_in_the_other_order_make_the_same_event():
    inner = b"Event-Name: HEARTBEAT\n\n"
    (frame,) = frames_of(b"Content-Type: text/event-plain\nContent-Length: %d\n\n%s" % (len(inner), inner))
    assert frame.event().name == "HEARTBEAT"


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "", str(LONGEST_BODY + 1), "9" * 5000])
def test_an_impossible_length_breaks_the_stream(length):
    with pytest.raises(FrameError):
        frames_of(f"Content-Length: {length}\nContent-Type: api/response\n\n".encode())


def test_headers_without_an_end_break_the_stream_instead_of_filling_the_memory():
    reader = FrameReader()
    with pytest.raises(FrameError):
        for _ in range(LONGEST_HEADERS // 1000 + 2):
            reader.feed(b"x" * 1000)
    with pytest.raises(FrameError):
        reader.feed(b"Content-Type: auth/request\n\n")


def test_headers_are_too_long_whether_they_come_at_once_or_not():
    data = b"X: " + b"x" * LONGEST_HEADERS + b"\n\n"
    for sizes in ([], [1000] * 80):
        with pytest.raises(FrameError):
            frames_of(data, sizes)


def test_what_came_whole_before_a_break_is_still_given_out():
    reader = FrameReader()
    frames = reader.feed(plain("Event-Name: HEARTBEAT\n") + b"Content-Length: -5\n\n")
    assert [frame.event().name for frame in frames] == ["HEARTBEAT"]
    assert isinstance(reader.broken, FrameError)
    with pytest.raises(FrameError):
        reader.feed(b"")


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_arbitrary_bytes_raise_nothing_but_a_frame_error(pieces):
    reader = FrameReader()
    try:
        for piece in pieces:
            for frame in reader.feed(piece):
                frame.get("Reply-Text")
                frame.event()
    except FrameError:
        assert reader.broken is not None


HEADER = st.sampled_from(["Event-Name", "Unique-ID", "Content-Length", "variable_x", "_body", ""])


@settings(max_examples=300)
@given(st.lists(st.tuples(HEADER, st.binary(max_size=40))), st.binary(max_size=60), st.sampled_from(["plain", "json"]))
def test_an_event_of_arbitrary_bytes_can_be_asked_for_anything(headers, tail, kind):
    inner = b"".join(name.encode() + b": " + value + b"\n" for name, value in headers) + b"\n" + tail
    (frame, *_) = frames_of(
        b"Content-Length: %d\nContent-Type: text/event-%s\n\n%s" % (len(inner), kind.encode(), inner)
    )
    event = frame.event()
    if event is not None:
        texts = [event.name, event.body, event.get("Unique-ID"), *event.many("variable_x"), *event.names()]
        assert all(isinstance(text, str) for text in texts)
        "".join(texts).encode()


# -- events ------------------------------------------------------------------------------------------------
def test_only_the_value_asked_for_is_decoded():
    event = event_of(plain("Event-Name: CHANNEL_ANSWER\nUnique-ID: u-1\nCaller-Caller-ID-Name: Zo%C3%AB%20B\n"))
    assert event.get("Caller-Caller-ID-Name") == "Zoë B"
    assert event.get("Unique-ID") == "u-1"
    assert event.get("Nothing") == ""
    assert event.get("Nothing", "x") == "x"
    assert event.names() == ["Event-Name", "Unique-ID", "Caller-Caller-ID-Name"]


@pytest.mark.parametrize("line_break", ["%0A", "%0D%0A", "%0B", "%C2%85", "%E2%80%A8"])
def test_a_line_break_in_a_name_forges_no_header(line_break):
    name = f"Bob{line_break}Event-Name: CHANNEL_HANGUP_COMPLETE{line_break}Hangup-Cause: USER_BUSY"
    event = event_of(plain(f"Caller-Caller-ID-Name: {name}\nEvent-Name: CHANNEL_ANSWER\nUnique-ID: u-1\n"))
    assert event.name == "CHANNEL_ANSWER"
    assert event.get("Hangup-Cause") == ""
    shown = event.get("Caller-Caller-ID-Name")
    assert shown.startswith("Bob ") and "Event-Name" in shown
    assert shown.splitlines() == [shown]


def test_the_hostile_name_of_the_capture_stays_a_name():
    events = [frame.event() for frame in frames_of(captures.sent_by_server("hostile-caller-name"))]
    names = [event.name for event in events if event]
    assert names == ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB"]


def test_a_header_is_found_at_the_start_of_a_line_only():
    event = event_of(plain("Caller-Unique-ID: wrong\nX: Unique-ID: wrong\nUnique-ID: right\n"))
    assert event.get("Unique-ID") == "right"


def test_a_header_is_not_found_in_a_body():
    body = b"x\nHangup-Cause: USER_BUSY\n"
    event = event_of(plain("Event-Name: BACKGROUND_JOB\nJob-UUID: j-1\n", body))
    assert event.get("Hangup-Cause") == ""
    assert event.body == body.decode()
    assert "Hangup-Cause" not in event.names()


def test_the_first_line_of_a_body_is_not_a_header():
    event = event_of(plain("Event-Name: BACKGROUND_JOB\n", b"Hangup-Cause: USER_BUSY\n"))
    assert event.get("Hangup-Cause") == ""


def test_a_header_behind_one_that_was_found_in_the_body_is_still_found():
    event = event_of(plain("Event-Name: BACKGROUND_JOB\nJob-UUID: j-1\n", b"\nUnique-ID: x\n"))
    assert event.get("Unique-ID") == ""
    assert event.get("Job-UUID") == "j-1"


def test_a_jobs_body_is_apart_from_its_headers():
    events = [frame.event() for frame in frames_of(captures.sent_by_server("customer-busy"))]
    (job,) = [event for event in events if event and event.name == "BACKGROUND_JOB"]
    assert job.body == "-ERR USER_BUSY\n"
    assert job.get("Content-Length") == "15"


def test_a_body_shorter_than_promised_or_of_nonsense_length_is_what_there_is():
    for length, expected in [("99", "abc"), ("2", "ab"), ("x", ""), ("9" * 6000, "")]:
        inner = f"Event-Name: BACKGROUND_JOB\nContent-Length: {length}\n\nabc".encode()
        event = event_of(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner))
        assert event.body == expected


def test_an_event_that_ends_without_a_line_break_is_read_to_its_last_letter():
    inner = b"Event-Name: HEARTBEAT\nCore-UUID: c-1"
    event = event_of(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner))
    assert event.get("Core-UUID") == "c-1"


def test_undef_is_empty_and_arrays_are_lists():
    event = event_of(plain("A: _undef_\nB: ARRAY::a|:b%20c\nC: one\n"))
    assert event.get("A") == ""
    assert event.many("B") == ["a", "b c"]
    assert event.many("C") == ["one"]
    assert event.many("D") == []


def test_bytes_that_are_no_utf8_are_replaced():
    assert decode_value(b"a%FFb") == "a\ufffdb"
    assert decode_value(b"a\xffb") == "a\ufffdb"
    assert decode_value(b"100%") == "100%"


def test_controls_and_reversed_writing_become_spaces():
    assert decode_value(b"a%00b%1Bc%E2%80%AEd") == "a b c d"


def test_json_events_read_like_plain_ones():
    values = {
        "Event-Name": "BACKGROUND_JOB",
        "Job-UUID": "j\n1",
        "A": ["x", "y"],
        "N": 5,
        "U": "_undef_",
        "_body": "+OK",
    }
    text = json.dumps(values).encode()
    event = event_of(b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(text), text))
    assert (event.name, event.get("Job-UUID"), event.body) == ("BACKGROUND_JOB", "j 1", "+OK")
    assert event.many("A") == ["x", "y"]
    assert event.many("N") == ["5"] and event.many("Z") == []
    assert (event.get("N"), event.get("U"), event.get("Z")) == ("5", "", "")
    assert event.names() == list(values)


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '"text"', "[" * 100_000, '{"a":' + "9" * 5000 + "}"])
def test_json_that_is_no_event_is_none(text):
    data = text.encode()
    assert event_of(b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(data), data)) is None


def test_half_a_character_in_json_can_still_be_written_as_utf8():
    text = b'{"Event-Name": "X", "A": "\\ud83d", "_body": "\\ud83d"}'
    event = event_of(b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(text), text))
    assert event.get("A") == "\ufffd"
    event.body.encode()


def test_other_frames_carry_no_event():
    (frame,) = frames_of(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
    assert frame.event() is None
