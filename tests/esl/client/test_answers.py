"""What is sent over one connection, and which answer is whose.

The numbers are those of the faults in ``docs/event-socket.md``.
"""

import gevent
import pytest
from gevent import socket

from fsdialer.errors import (
    CommandRefused,
    SwitchTimeout,
    SwitchUnreachable,
    UnsafeCommand,
)
from fsdialer.esl import client as client_module
from tests.esl.scripted import AT_ONCE_S, Line, reply, response, wait_until


# -- what may be sent ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command", ["api status\n\napi shutdown", "api x\nJob-UUID: y", "api x\r", "api x\0", "", "api " + "x" * 9000]
)
def test_a_command_that_would_be_more_than_one_line_is_refused_before_a_byte_is_written(connected, command):
    client, line = connected()
    with pytest.raises(UnsafeCommand):
        client.send(command)
    with pytest.raises(UnsafeCommand):
        client.bgapi(command, "job-1\n\n")
    following = gevent.spawn(client.send, "noevents")
    assert line.command() == "noevents"
    line.send(reply("+OK"))
    following.get(timeout=AT_ONCE_S)


def test_a_job_is_sent_once_with_its_id(connected):
    client, line = connected()
    sending = gevent.spawn(client.bgapi, "originate x", "job-1")
    assert line.command() == "bgapi originate x\nJob-UUID: job-1"
    line.send(reply("+OK Job-UUID: job-1", job="job-1"))
    sending.get(timeout=AT_ONCE_S)
    gevent.spawn(client.send, "noevents")
    assert line.command() == "noevents"


def test_a_refused_job_or_subscription_says_what_the_switch_said(connected):
    client, line = connected()
    for ask in (lambda: client.bgapi("originate x", "job-1"), lambda: client.subscribe(("NO_SUCH_EVENT",))):
        asking = gevent.spawn(ask)
        line.command()
        line.send(reply("-ERR no keywords supplied"))
        with pytest.raises(CommandRefused, match="^-ERR no keywords supplied$"):
            asking.get(timeout=AT_ONCE_S)


# -- 3: commands that are never answered -----------------------------------------------------------------------
@pytest.mark.parametrize("end", [Line.close, Line.reset])
def test_commands_that_wait_fail_at_once_when_the_connection_ends(connected, heard, end):
    client, line = connected(command_timeout_s=30)
    waiting = [gevent.spawn(client.bgapi, "originate x", f"job-{i}") for i in range(5)]
    assert [line.command() for _ in waiting] == [f"bgapi originate x\nJob-UUID: job-{i}" for i in range(5)]
    end(line)
    gevent.joinall(waiting, timeout=AT_ONCE_S)
    assert all(isinstance(greenlet.exception, SwitchUnreachable) for greenlet in waiting)
    assert len(heard.closed) == 1
    with pytest.raises(SwitchUnreachable, match=heard.closed[0].replace("[", ".").replace("]", ".")):
        client.send("api status")


def test_a_command_waits_for_its_answer_no_longer_than_it_may(connected):
    client, _ = connected(command_timeout_s=0.05)
    with pytest.raises(SwitchTimeout, match="no answer within 0.1 s"):
        client.send("api status")


# -- 7: which answer is whose ----------------------------------------------------------------------------------
def test_answers_go_to_commands_in_the_order_these_were_sent(connected):
    client, line = connected()
    asking = [gevent.spawn(client.api, f"echo {i}") for i in range(20)]
    asked = [line.command().removeprefix("api echo ") for _ in asking]
    line.send(*(response(f"answer {number}") for number in asked))
    gevent.joinall(asking, timeout=AT_ONCE_S)
    assert [greenlet.value for greenlet in asking] == [f"answer {i}" for i in range(20)]


def test_a_late_answer_goes_to_nobody_else(connected):
    client, line = connected(command_timeout_s=0.05)
    with pytest.raises(SwitchTimeout):
        client.api("slow")
    following = gevent.spawn(client.api, "quick")
    assert [line.command(), line.command()] == ["api slow", "api quick"]
    line.send(response("slow"), response("quick"))
    assert following.get(timeout=AT_ONCE_S) == "quick"


def test_whoever_is_killed_while_waiting_leaves_the_answers_in_order(connected):
    client, line = connected()
    first, second = gevent.spawn(client.api, "first"), gevent.spawn(client.api, "second")
    assert [line.command(), line.command()] == ["api first", "api second"]
    first.kill()
    line.send(response("1"), response("2"))
    assert second.get(timeout=AT_ONCE_S) == "2"


def test_large_commands_to_a_slow_reader_arrive_whole_and_unmixed(connected):
    client, line = connected(command_timeout_s=20)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    texts = [f"api echo {i} {chr(97 + i % 26) * 8000}" for i in range(100)]  # far more than the buffers hold
    sending = [gevent.spawn(client.send, text) for text in texts]
    arrived = []
    for _ in texts:  # in any order: those who wait for the line are let in as it comes
        arrived.append(line.command())
        line.send(response(arrived[-1].split()[2]))
    gevent.joinall(sending, timeout=AT_ONCE_S)
    assert sorted(arrived) == sorted(texts)
    assert [greenlet.value.text for greenlet in sending] == [str(i) for i in range(100)]


def test_a_command_larger_than_any_buffer_is_written_whole(connected, monkeypatch):
    monkeypatch.setattr(client_module.commands, "LONGEST", 10_000_000)
    client, line = connected()
    text = "api echo " + "0123456789" * 400_000
    sending = gevent.spawn(client.send, text)
    assert line.command() == text
    line.send(response("done"))
    assert sending.get(timeout=AT_ONCE_S).text == "done"


def test_a_switch_that_reads_nothing_loses_the_connection_and_no_command_waits_on(connected, heard):
    client, line = connected(command_timeout_s=0.2)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sending = [gevent.spawn(client.send, "api echo " + "x" * 8000) for _ in range(200)]
    gevent.joinall(sending, timeout=0.2 + AT_ONCE_S)
    assert all(isinstance(g.exception, SwitchTimeout | SwitchUnreachable) for g in sending)
    assert not client.connected  # half a command is out: nothing may follow it
    heard.wait_closed()


def test_a_greenlet_killed_while_it_writes_ends_the_connection(connected, heard):
    client, line = connected()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sending = [gevent.spawn(client.send, "api echo " + "x" * 8000) for _ in range(200)]
    wait_until(lambda: client._writing.locked(), "a write to block")
    gevent.killall(sending)
    assert "write not finished" in heard.wait_closed()


def test_a_jobs_answer_that_names_another_job_ends_the_connection(connected, heard):
    client, line = connected()
    sending = gevent.spawn(client.bgapi, "originate x", "job-1")
    line.command()
    line.send(reply("+OK Job-UUID: job-0", job="job-0"))
    with pytest.raises(SwitchUnreachable, match="answered another command"):
        sending.get(timeout=AT_ONCE_S)
    assert "not those of our commands" in heard.wait_closed()


def test_answers_are_not_shifted_by_a_command_that_gave_up_and_was_never_answered(connected, heard):
    client, line = connected(command_timeout_s=0.05)
    with pytest.raises(SwitchTimeout):
        client.bgapi("originate x", "job-1")
    sending = gevent.spawn(client.bgapi, "originate x", "job-2")
    assert [line.command(), line.command()] == [f"bgapi originate x\nJob-UUID: job-{i}" for i in (1, 2)]
    line.send(reply("+OK Job-UUID: job-2", job="job-2"))
    with pytest.raises(SwitchUnreachable):
        sending.get(timeout=AT_ONCE_S)
    assert "not those of our commands" in heard.wait_closed()


def test_an_answer_to_no_command_ends_the_connection(connected, heard):
    _, line = connected()
    line.send(reply("+OK"))
    assert "no command of ours" in heard.wait_closed()
