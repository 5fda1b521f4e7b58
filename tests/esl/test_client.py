"""One connection, on real sockets, against a switch that does its worst.

The numbers are those of the faults in ``docs/event-socket.md``; what a frame is, `test_frames` says.
"""

import logging
import time

import gevent
import pytest
from gevent import socket

from fsdialer.errors import (
    CommandRefused,
    SwitchRefusedUs,
    SwitchTimeout,
    SwitchUnreachable,
    UnsafeCommand,
)
from fsdialer.esl import client as client_module
from fsdialer.esl.client import EslClient
from tests.esl import captures
from tests.esl.scripted import PASSWORD, Line, Switch, event, notice, plain, reply, response, wait_until

#: Within which something must happen that must happen at once, on a busy machine (seconds).
AT_ONCE_S = 3.0


@pytest.fixture
def switch():
    switch = Switch()
    yield switch
    switch.stop()


@pytest.fixture
def serving():
    """A switch with a script of the test's own for each connection."""
    switches = []

    def make(serve):
        switches.append(Switch(serve))
        return switches[-1]

    yield make
    for made in switches:
        made.stop()


class Heard:
    """What a client was told."""

    def __init__(self):
        self.events = []
        self.closed = []

    def names(self):
        return [event.name for event in self.events]

    def wait_closed(self):
        return wait_until(lambda: self.closed, "the end of the connection")[0]

    def wait_events(self, count):
        wait_until(lambda: len(self.events) >= count, f"{count} events")
        return self.events


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def client_of(heard):
    """Makes clients, and ends them."""
    clients = []

    def make(switch, password=PASSWORD, **options):
        options = {"on_event": heard.events.append, "on_closed": heard.closed.append, **options}
        clients.append(EslClient("127.0.0.1", switch.port, password, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.stop(goodbye=False)


@pytest.fixture
def connected(switch, client_of):
    """A client and the switch's end of its connection."""

    def connect(**options):
        client = client_of(switch, **options)
        client.connect()
        return client, switch.line()

    return connect


def greenlets_of(client):
    return [client._receive_events_greenlet, client._process_events_greenlet]


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
    for text in texts:
        assert line.command() == text
        line.send(response(text.split()[2]))
    gevent.joinall(sending, timeout=AT_ONCE_S)
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


# -- 9: handlers that are slow ---------------------------------------------------------------------------------
def test_a_slow_handler_holds_up_neither_the_reader_nor_an_answer(switch, client_of):
    free, told = gevent.event.Event(), []

    def handle(event):
        told.append(event.name)
        free.wait()

    client = client_of(switch, on_event=handle)
    client.connect()
    line = switch.line()
    line.send(*(event("CHANNEL_ANSWER", str(i)) for i in range(100)))
    wait_until(lambda: told, "the first event")
    answer = gevent.spawn(client.api, "status")
    line.command()
    line.send(response("UP"))
    assert answer.get(timeout=AT_ONCE_S) == "UP"
    assert len(told) == 1
    assert 0 < client.lag_s < 60
    free.set()
    wait_until(lambda: len(told) == 100, "the others")
    wait_until(lambda: client.lag_s == 0, "no lag")


def test_while_many_events_are_handled_others_have_their_turn(switch, client_of, monkeypatch):
    monkeypatch.setattr(client_module, "TURN", 10)
    story = []

    def tick():
        while story.count("event") < 300:
            story.append("tick")
            gevent.sleep(0)

    client = client_of(switch, on_event=lambda told: story.append("event"))
    client.connect()
    ticker = gevent.spawn(tick)
    switch.line().send(*[event("CHANNEL_ANSWER", "u-1")] * 300)
    ticker.join(timeout=AT_ONCE_S)
    assert max(map(len, "".join(what[0] for what in story).split("t"))) <= 10


def test_too_many_events_behind_and_the_connection_is_given_up(switch, client_of, heard):
    free = gevent.event.Event()
    client = client_of(switch, on_event=lambda told: (free.wait(), heard.events.append(told)), backlog=10)
    client.connect()
    line = switch.line()
    line.send(*(event("CHANNEL_ANSWER", str(i)) for i in range(20)))
    wait_until(lambda: not client.connected, "it to be given up")
    free.set()
    assert heard.wait_closed() == "10 events behind: given up to start afresh"
    assert [told.get("Unique-ID") for told in heard.events] == [str(i) for i in range(len(heard.events))]
    assert len(heard.events) >= 10


def test_a_switch_that_never_pauses_leaves_the_handler_its_turns(switch, client_of, heard, monkeypatch):
    monkeypatch.setattr(client_module, "CHUNK", 2048)
    client = client_of(switch, backlog=100)
    client.connect()
    switch.line().send(*(event("CHANNEL_ANSWER", str(i)) for i in range(3000)))
    heard.wait_events(3000)
    assert client.connected


# -- 10: connecting --------------------------------------------------------------------------------------------
def test_nobody_listening_is_unreachable(switch, client_of):
    switch.stop()
    with pytest.raises(SwitchUnreachable, match=f"127.0.0.1:{switch.port}"):
        client_of(switch).connect()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 300, ""])
def test_a_host_that_cannot_be_is_unreachable(host):
    with pytest.raises(SwitchUnreachable):
        EslClient(host, 1, PASSWORD, connect_timeout_s=2).connect()


def test_a_switch_that_closes_before_its_greeting_is_unreachable_at_once(serving, client_of):
    client = client_of(serving(Line.close), connect_timeout_s=30)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchUnreachable):
        client.connect()


def greets_forever(line):
    while line.sock.fileno() >= 0:
        line.send(b"X")
        gevent.sleep(0.01)


@pytest.mark.parametrize("serve", [lambda line: None, greets_forever, lambda line: line.send(b"Content-Type: auth/re")])
def test_a_switch_without_a_greeting_is_given_up_in_time(serving, client_of, serve):
    client = client_of(serving(serve), connect_timeout_s=0.1)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchTimeout, match="no greeting"):
        client.connect()
    assert client.sock.fileno() == -1


def test_greeting_and_password_share_one_limit(serving, client_of):
    client = client_of(serving(lambda line: line.send(b"Content-Type: auth/request\n\n")), connect_timeout_s=0.1)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchTimeout):
        client.connect()
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")


def test_a_switch_may_be_at_an_ipv6_address(client_of):
    try:
        switch = Switch(family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    client = EslClient("::1", switch.port, PASSWORD)
    client.connect()
    assert client.connected
    client.stop(goodbye=False)
    switch.stop()


def test_a_dead_peer_is_found_by_the_kernel_too(connected):
    client, _ = connected()
    assert client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_switch_with_nothing_to_say_is_not_given_up(connected):
    client, _ = connected(connect_timeout_s=AT_ONCE_S)
    assert client.sock.gettimeout() is None


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


# -- 13, 14: handlers ------------------------------------------------------------------------------------------
def test_a_handler_that_fails_on_one_event_gets_the_next(switch, client_of, caplog):
    told = []

    def fails_once(event):
        told.append(event.get("Unique-ID"))
        if len(told) == 1:
            raise RuntimeError("a bug")

    client_of(switch, on_event=fails_once).connect()
    name = {"Caller-Caller-ID-Number": "12125550123"}
    switch.line().send(
        plain({"Event-Name": "CHANNEL_ANSWER", "Unique-ID": "u-1", **name}), event("CHANNEL_ANSWER", "u-2")
    )
    wait_until(lambda: len(told) == 2, "the second event")
    assert told == ["u-1", "u-2"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "event=CHANNEL_ANSWER leg=u-1 handler=failed"
    assert record.exc_info and "12125550123" not in caplog.text


def test_a_handlers_greenlet_can_be_killed(switch, client_of):
    client = client_of(switch, on_event=lambda told: gevent.sleep(60))
    client.connect()
    switch.line().send(event("HEARTBEAT"), event("HEARTBEAT"))
    wait_until(lambda: client._handling_since, "the first event")
    client._process_events_greenlet.kill(timeout=AT_ONCE_S)
    assert client._process_events_greenlet.dead  # a bare except would have gone on to the second


def test_handlers_for_a_name_take_nothing_from_those_for_everything(connected, heard):
    client, line = connected()
    own = []
    client.register_handle("CHANNEL_ANSWER", lambda told: own.append(told.name))
    client.register_handle("sofia::register", lambda told: own.append(told.get("Event-Subclass")))
    line.send(
        event("CHANNEL_ANSWER", "u-1"), event("HEARTBEAT"), event("CUSTOM", **{"Event-Subclass": "sofia%3A%3Aregister"})
    )
    heard.wait_events(3)
    assert heard.names() == ["CHANNEL_ANSWER", "HEARTBEAT", "CUSTOM"]
    assert own == ["CHANNEL_ANSWER", "sofia::register"]


# -- 15, 16: ending --------------------------------------------------------------------------------------------
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


def test_a_wrong_password_is_said_plainly_and_leaves_nothing_behind(serving, client_of, heard):
    client = client_of(serving(replay_after_greeting("auth-refused", from_command=1)), password="wrong")
    with pytest.raises(SwitchRefusedUs, match="refused the password"):
        client.connect()
    assert not client.connected and client.sock.fileno() == -1
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")


def test_the_password_is_in_no_message(serving, client_of, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(serving(replay_after_greeting("auth-refused", from_command=1)), password="s3cret-word")
    with pytest.raises(SwitchRefusedUs) as refused:
        client.connect()
    assert "s3cret-word" not in str(refused.value) + caplog.text


def test_a_password_that_is_more_than_a_line_is_never_sent(serving, client_of):
    commands = []

    def serve(line):
        line.send(b"Content-Type: auth/request\n\n")
        commands.append(line.command())

    with pytest.raises(UnsafeCommand):
        client_of(serving(serve), password="x\n\napi shutdown").connect()
    wait_until(lambda: commands, "the end")
    assert commands == [None]


def test_an_access_list_that_refuses_us_is_told_from_a_wrong_password(serving, client_of):
    def refuse(line):
        text = "Access Denied, go away.\n"
        line.send(f"Content-Type: text/rude-rejection\nContent-Length: {len(text)}\n\n{text}".encode(), notice())
        line.close()

    with pytest.raises(SwitchRefusedUs, match="access list"):
        client_of(serving(refuse)).connect()


# -- helpers ---------------------------------------------------------------------------------------------------
def event_frames(name):
    """The plain events of a recorded conversation, as frames."""
    frames = []
    data = captures.sent_by_server(name)
    marker = b"Content-Type: text/event-plain\n\n"
    at = 0
    while (found := data.find(marker, at)) >= 0:
        start = data.rindex(b"Content-Length: ", 0, found)
        end = found + len(marker) + int(data[start:found].split()[1])
        frames.append(data[start:end])
        at = end
    assert frames
    return frames


def replay_after_greeting(name, from_command):
    """A script that answers commands as a recorded conversation did, from its n-th command on."""
    conversation = captures.lines(name)
    commands = [i for i, line in enumerate(conversation) if line["dir"] == "client"]
    answers = [line["data"] for line in conversation[commands[from_command] :] if line["dir"] == "server"]

    def serve(line):
        line.send(b"Content-Type: auth/request\n\n")
        line.command()
        for answer in answers:
            line.send(answer.encode())
        line.close()

    return serve
