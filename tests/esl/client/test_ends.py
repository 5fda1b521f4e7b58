"""The end of a connection: cut anywhere, told by the switch, or asked for.

The numbers are those of the faults in ``docs/event-socket.md``.
"""

import time

import gevent
import pytest

from fsdialer.esl import client as client_module
from tests.esl.captures import event_frames
from tests.esl.client.heard import greenlets_of
from tests.esl.scripted import AT_ONCE_S, Line, event, notice, reply, wait_until


# -- 2: a cut inside a frame -----------------------------------------------------------------------------------
def test_a_cut_inside_a_body_ends_the_connection_and_burns_no_processor(connected, heard):
    client, line = connected()
    line.send(event("CHANNEL_ANSWER", "u-1")[:-20])
    line.close()
    assert heard.wait_closed() == "closed by the switch"
    assert not client.connected
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")
    assert heard.events == []


@pytest.mark.parametrize("end", [Line.close, Line.reset])
def test_wherever_a_stream_is_cut_what_came_whole_is_told_and_nothing_else(switch, client_of, heard, end):
    frames = [event("CHANNEL_ANSWER", "u-1"), event("BACKGROUND_JOB", body=b"+OK u-1\n", Job_UUID="u-1")]
    stream = b"".join(frames)
    for cut in [0, 1, 20, len(frames[0]) - 1, len(frames[0]), len(frames[0]) + 1, len(stream) - 1, len(stream)]:
        heard.events.clear()
        heard.closed.clear()
        client = client_of(switch)
        client.connect()
        line = switch.line()
        before = client.heard_at
        line.send(stream[:cut])
        if cut:
            wait_until(lambda client=client, before=before: client.heard_at > before, "the bytes to be read")
        end(line)
        heard.wait_closed()
        assert len(heard.events) == (cut >= len(frames[0])) + (cut == len(stream)), cut


@pytest.mark.parametrize("name", ["customer-no-answer", "operator-bridged-before-the-message", "hostile-caller-name"])
def test_a_recorded_conversation_cut_anywhere_is_told_as_far_as_it_came(switch, client_of, heard, name):
    frames = event_frames(name)
    stream = b"".join(frames)
    ends = [sum(map(len, frames[: i + 1])) for i in range(len(frames))]
    for cut in [*range(7, len(stream), len(stream) // 20), *ends, *(end - 1 for end in ends)]:
        heard.events.clear()
        heard.closed.clear()
        client_of(switch).connect()
        line = switch.line()
        line.send(stream[:cut])
        line.close()
        heard.wait_closed()
        assert len(heard.events) == sum(end <= cut for end in ends), cut


# -- 8: what was read before a cut -----------------------------------------------------------------------------
def test_everything_read_before_a_cut_is_handled_before_the_end_is_told(switch, client_of):
    story = []

    def slowly(told):
        gevent.sleep(0)
        story.append(told.get("Unique-ID"))

    client = client_of(switch, on_event=slowly, on_closed=lambda reason: story.append("closed"))
    client.connect()
    line = switch.line()
    line.send(*(event("CHANNEL_ANSWER", str(i)) for i in range(50)), notice())
    line.close()
    wait_until(lambda: "closed" in story, "the end")
    assert story == [*map(str, range(50)), "closed"]


# -- 12: the switch says goodbye -------------------------------------------------------------------------------
def test_a_disconnect_notice_ends_the_connection_with_what_it_says(connected, heard):
    client, line = connected()
    line.send(event("HEARTBEAT"), notice("The system is being shut down.\n"))
    assert heard.wait_closed() == "the switch says: The system is being shut down."
    assert heard.names() == ["HEARTBEAT"] and not client.connected


def test_a_lingering_connection_is_not_over(connected, heard):
    client, line = connected()
    line.send(notice("", disposition="linger"), event("HEARTBEAT"))
    heard.wait_events(1)
    assert client.connected and not heard.closed


# -- 15: stopping ----------------------------------------------------------------------------------------------
def test_stop_says_goodbye(connected, heard):
    client, line = connected()
    stopping = gevent.spawn(client.stop)
    assert line.command() == "exit"
    line.send(reply("+OK bye"), notice())
    stopping.get(timeout=AT_ONCE_S)
    assert heard.closed == ["stopped"]
    assert line.command() is None


def test_stop_does_not_wait_for_a_switch_that_says_nothing(connected, heard, monkeypatch):
    monkeypatch.setattr(client_module, "STOP_S", 0.1)
    client, _ = connected()
    began = time.monotonic()
    client.stop()
    assert time.monotonic() - began < 0.1 + AT_ONCE_S
    assert heard.closed == ["stopped"]
    client.stop()  # twice does no harm
    assert len(heard.closed) == 1


def test_stop_does_not_wait_for_a_handler_that_hangs(switch, client_of, monkeypatch):
    monkeypatch.setattr(client_module, "STOP_S", 0.1)
    client = client_of(switch, on_event=lambda told: gevent.sleep(60))
    client.connect()
    switch.line().send(event("HEARTBEAT"))
    wait_until(lambda: client._handling_since, "the event")
    began = time.monotonic()
    client.stop()
    assert time.monotonic() - began < 0.1 + AT_ONCE_S
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")


def test_a_handler_may_stop_its_own_connection(switch, client_of, heard):
    client = client_of(switch, on_event=lambda told: client.stop(goodbye=False))
    client.connect()
    switch.line().send(event("HEARTBEAT"))
    assert heard.wait_closed() == "stopped"
