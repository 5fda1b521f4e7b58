"""A link that comes up: on two connections, said before anything else, its events in order."""

import pytest

from fsdialer.core.events import JobDone, LegAnswered, LegHungUp
from fsdialer.errors import SwitchUnreachable
from fsdialer.esl import client as client_module
from fsdialer.esl.link import SwitchAddress, SwitchLink
from fsdialer.esl.translate import SUBSCRIPTION
from tests.esl.freeswitch import CORE
from tests.esl.link.engine import UNWATCHED
from tests.esl.scripted import PASSWORD, event, reply, wait_until


def test_a_link_comes_up_on_two_connections_and_says_so(switch, engine, up):
    link = up()
    assert [(state.up, state.core, state.restarted) for state in engine.states] == [(True, CORE, False)]
    assert link.state == engine.states[0]
    assert len(switch.lines) == 2


def test_it_subscribes_once_to_what_is_needed_and_to_nothing_else(switch, up):
    up()
    subscriptions = [command for _, command in switch.commands if command.startswith("event")]
    assert subscriptions == ["event plain " + " ".join(SUBSCRIPTION)]
    assert subscriptions == [
        "event plain CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_PARK CHANNEL_EXECUTE "
        "CHANNEL_BRIDGE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB HEARTBEAT CUSTOM avmd::beep "
        "amd::info sofia::unregister"
    ]


def test_jobs_go_over_a_connection_without_events(switch, up):
    link = up()
    link.bgapi("uuid_kill x NORMAL_CLEARING", "job-1")
    (line,) = {line for line, command in switch.commands if command.startswith("bgapi")}
    assert line not in switch.subscribed and len(switch.subscribed) == 1


def test_the_link_is_said_to_be_up_before_the_first_event(switch, engine, link_to):
    real = switch._answer

    def says_at_once(line, command):
        if command.startswith("event"):
            line.send(event("CHANNEL_ANSWER", "u-1"))
        real(line, command)

    switch._answer = says_at_once
    link = link_to(switch)
    wait_until(lambda: engine.events, "the event")
    assert engine.told[0] == link.state
    assert isinstance(engine.told[1], LegAnswered)


def test_events_of_a_connection_that_never_came_up_are_for_nobody_and_hold_nothing_up(
    switch, engine, link_to, monkeypatch
):
    monkeypatch.setattr(client_module, "STOP_S", 60)
    real, refused = switch._answer, []

    def refuses_once(line, command):
        if command.startswith("event") and not refused:
            refused.append(line)
            line.send(event("CHANNEL_ANSWER", "u-1"), reply("-ERR no keywords supplied"))
        else:
            real(line, command)

    switch._answer = refuses_once
    link = link_to(switch)
    wait_until(lambda: link.up, "the link to be up")
    assert engine.states[0].reason == "-ERR no keywords supplied"
    assert engine.events == []


def test_nothing_is_sent_while_the_link_comes_up(switch, engine, link_to):
    switch.freeze()
    link = link_to(switch)
    wait_until(lambda: switch.commands, "the first question")
    with pytest.raises(SwitchUnreachable, match="fs1 is not connected"):
        link.bgapi("originate x", "u-1")
    switch.thaw()
    wait_until(lambda: link.up, "the link to be up")
    assert switch.jobs() == []


def test_a_job_may_be_sent_as_soon_as_the_link_is_said_to_be_up(switch, engine):
    sent = []
    address = SwitchAddress("fs1", "127.0.0.1", switch.port, PASSWORD)
    link = SwitchLink(address, engine.on_event, lambda link, state: sent.append(link.bgapi("originate x", "job-1")))
    link.start()
    wait_until(lambda: engine.events, "the job")
    assert sent == [None]
    link.stop()


def test_events_come_translated_and_in_wire_order(switch, engine, up):
    up()
    switch.say("CHANNEL_ANSWER", "u-1")
    switch.say("CHANNEL_STATE", "u-1")
    switch.say("CHANNEL_HANGUP_COMPLETE", "u-1", **{"Hangup-Cause": "USER_BUSY"})
    switch.say("BACKGROUND_JOB", body=b"-ERR USER_BUSY\n", **{"Job-UUID": "j-1"})
    wait_until(lambda: len(engine.events) == 3, "three events")
    assert [type(event) for event in engine.events] == [LegAnswered, LegHungUp, JobDone]


def test_times_are_told_by_our_clock(switch, engine, up):
    up(clock=lambda: 1_000_100.0)
    switch.say("CHANNEL_ANSWER", "u-1", **{"Event-Date-Timestamp": "1000000000000"})  # it is here at once
    switch.say("CHANNEL_ANSWER", "u-2", **{"Event-Date-Timestamp": "999998000000"})  # this one took two seconds more
    wait_until(lambda: len(engine.events) == 2, "two events")
    assert [event.at for event in engine.events] == [1_000_100.0, 1_000_098.0]


def test_a_listener_that_fails_does_not_end_the_link(switch, caplog):
    def fails(*told):
        raise RuntimeError("a bug")

    link = SwitchLink(SwitchAddress("fs1", "127.0.0.1", switch.port, PASSWORD), fails, fails, timings=UNWATCHED)
    link.start()
    wait_until(lambda: link.up, "the link to be up")
    switch.say("CHANNEL_ANSWER", "u-1")
    assert link.ask("uptime") == "4711\n"
    assert link.up
    assert ["failed" in record.getMessage() for record in caplog.records] == [True, True]
    link.stop()
