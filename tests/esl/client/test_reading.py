"""What one connection makes of the bytes it reads, however hostile and however they are cut.

The numbers are those of the faults in ``docs/event-socket.md``; what a frame is,
`test_frames` says.
"""

import gevent
import pytest

from tests.esl.captures import event_frames
from tests.esl.scripted import AT_ONCE_S, event, plain, reply, response, wait_until


# -- 1: hostile names ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("line_break", ["%0A", "%0D%0A", "%0B", "%C2%85", "%E2%80%A8"])
def test_a_line_break_in_a_callers_name_forges_no_event(connected, heard, line_break):
    _, line = connected()
    name = f"Bob{line_break}Event-Name: CHANNEL_HANGUP_COMPLETE{line_break}Hangup-Cause: USER_BUSY"
    line.send(plain({"Caller-Caller-ID-Name": name, "Event-Name": "CHANNEL_ANSWER", "Unique-ID": "u-1"}))
    (answered,) = heard.wait_events(1)
    assert (answered.name, answered.get("Unique-ID"), answered.get("Hangup-Cause")) == ("CHANNEL_ANSWER", "u-1", "")


def test_the_recorded_hostile_name_stays_a_name(connected, heard):
    _, line = connected()
    line.send(*event_frames("hostile-caller-name"))
    heard.wait_events(3)
    assert heard.names() == ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB"]


# -- 4: bytes that are no text ---------------------------------------------------------------------------------
def test_a_bad_byte_in_an_answer_harms_neither_it_nor_what_follows(connected, heard):
    client, line = connected()
    answer = gevent.spawn(client.api, "status")
    line.command()
    line.send(response(b"caf\xff\n"), event("HEARTBEAT"))
    assert answer.get(timeout=AT_ONCE_S) == "caf\ufffd\n"
    heard.wait_events(1)
    assert client.connected


def test_a_bad_byte_in_an_event_harms_neither_it_nor_what_follows(connected, heard):
    client, line = connected()
    inner = b"Event-Name: CHANNEL_ANSWER\nUnique-ID: u-1\nCaller-Caller-ID-Name: \xff%FE\nX\xfe: y\n\n"
    line.send(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner), event("HEARTBEAT"))
    first, second = heard.wait_events(2)
    assert (first.get("Unique-ID"), first.get("Caller-Caller-ID-Name")) == ("u-1", "\ufffd\ufffd")
    assert second.name == "HEARTBEAT"


def test_letters_of_several_bytes_may_be_split_between_two_reads(connected):
    client, line = connected()
    data = response("Zoë 電話 ☎\n")
    for cut in range(data.index(b"Zo") + 1, len(data)):
        answer = gevent.spawn(client.api, "global_getvar name")
        line.command()
        before = client.heard_at
        line.send(data[:cut])
        wait_until(lambda before=before: client.heard_at > before, "the first half to be read")
        line.send(data[cut:])
        assert answer.get(timeout=AT_ONCE_S) == "Zoë 電話 ☎\n"


# -- 5: bodies -------------------------------------------------------------------------------------------------
def test_a_jobs_body_is_told_apart_from_its_headers(connected, heard):
    _, line = connected()
    line.send(*event_frames("customer-busy"))
    wait_until(lambda: "BACKGROUND_JOB" in heard.names(), "the job")
    (job,) = [event for event in heard.events if event.name == "BACKGROUND_JOB"]
    assert job.body == "-ERR USER_BUSY\n"
    assert job.get("Content-Length") == "15"


def test_a_body_is_counted_in_bytes_and_may_hold_blank_lines_and_what_looks_like_frames(connected, heard):
    client, line = connected()
    body = "é\n\nContent-Type: auth/request\n\nContent-Length: 99\n\n" + reply("-ERR no").decode()
    answer = gevent.spawn(client.api, "show channels")
    line.command()
    line.send(response(body), event("BACKGROUND_JOB", body=body.encode(), Job_UUID="j-1"), event("HEARTBEAT"))
    assert answer.get(timeout=AT_ONCE_S) == body
    job, beat = heard.wait_events(2)
    assert (job.get("Job-UUID"), job.body) == ("j-1", body)
    assert beat.name == "HEARTBEAT"


def test_an_event_may_arrive_in_two_reads_split_at_any_byte(connected, heard):
    client, line = connected()
    frame = event("BACKGROUND_JOB", body="-ERR é\n\nX: y\n".encode(), Job_UUID="j%201")
    for cut in range(1, len(frame)):
        before = client.heard_at
        line.send(frame[:cut])
        wait_until(lambda before=before: client.heard_at > before, "the first half to be read")
        line.send(frame[cut:])
        heard.wait_events(cut)
    assert {(told.name, told.get("Job-UUID"), told.body) for told in heard.events} == {
        ("BACKGROUND_JOB", "j 1", "-ERR é\n\nX: y\n")
    }


def test_whole_conversations_byte_by_byte_tell_the_same_as_at_once(connected, heard):
    _, line = connected()
    frames = event_frames("heartbeat") + event_frames("gateway-refused")
    line.send(*frames)
    at_once = [(told.name, told.names(), told.body) for told in heard.wait_events(len(frames))]
    heard.events.clear()
    for byte in b"".join(frames):
        line.send(bytes([byte]))
    assert [(told.name, told.names(), told.body) for told in heard.wait_events(len(frames))] == at_once


# -- 6: nonsense -----------------------------------------------------------------------------------------------
def test_lines_without_a_name_are_passed_over(connected, heard):
    client, line = connected()
    inner = b"nonsense\nEvent-Name: HEARTBEAT\nmore nonsense\n\n"
    answer = gevent.spawn(client.send, "noevents")
    line.command()
    line.send(b"nonsense\nContent-Type: command/reply\nReply-Text: +OK\n\n")
    line.send(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner))
    assert answer.get(timeout=AT_ONCE_S).get("Reply-Text") == "+OK"
    heard.wait_events(1)
    assert heard.names() == ["HEARTBEAT"]


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "x"])
def test_an_impossible_length_ends_the_connection_after_what_came_before(connected, heard, length):
    _, line = connected()
    line.send(event("CHANNEL_ANSWER", "u-1"), f"Content-Length: {length}\nContent-Type: text/event-plain\n\n".encode())
    assert "Content-Length" in heard.wait_closed()
    assert heard.names() == ["CHANNEL_ANSWER"]


def test_frames_of_kinds_nobody_asked_for_are_passed_over(connected, heard):
    client, line = connected()
    line.send(b"Content-Type: log/data\nContent-Length: 4\nLog-Level: 7\n\nabc\n", event("HEARTBEAT"))
    heard.wait_events(1)
    assert client.connected and heard.names() == ["HEARTBEAT"]
