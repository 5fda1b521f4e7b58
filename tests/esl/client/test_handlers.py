"""Whoever handles a connection's events: slow, failing, killed, several.

The numbers are those of the faults in ``docs/event-socket.md``.
"""

import logging

import gevent

from fsdialer.esl import client as client_module
from tests.esl.scripted import AT_ONCE_S, event, plain, response, wait_until


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
