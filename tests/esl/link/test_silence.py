"""A switch that says nothing: asked for a sign of life, and missed by its heartbeats."""

import time

import gevent

from fsdialer.core.events import Heartbeat
from fsdialer.esl.patience import Pulse, Timings
from tests.esl.link.engine import ASKING, QUICK
from tests.esl.scripted import wait_until


def test_a_switch_that_falls_silent_is_lost_and_found_when_it_wakes(switch, engine, up):
    link = up(timings=QUICK)
    switch.freeze()
    wait_until(lambda: not link.up, "the silence to be noticed")
    assert engine.states[1].reason == "the switch does not answer"
    switch.thaw()
    wait_until(lambda: link.up, "the link to be up again")
    assert not link.state.restarted


def test_silence_is_noticed_within_ten_seconds():
    timings = Timings()
    assert timings.probe_s + 2 * timings.answer_s <= 10


def test_a_switch_that_answers_is_asked_now_and_then_and_kept(switch, engine, up):
    link = up(timings=ASKING)
    wait_until(lambda: len(switch.jobs("uptime")) >= 5, "several questions")
    assert link.up and len(engine.states) == 1
    assert engine.events == []  # the answers are for nobody else


def test_a_switch_that_refuses_to_say_its_uptime_is_alive(switch, engine, up):
    switch.refusal = "-ERR permission denied"
    link = up(timings=ASKING)
    wait_until(lambda: len(switch.jobs("uptime")) >= 4, "several questions")
    assert link.up and len(engine.states) == 1


def test_one_question_answered_late_is_no_loss(switch, engine, up, caplog):
    link = up(timings=Timings(probe_s=0.01, answer_s=0.5))
    switch.freeze()
    wait_until(lambda: "probe=unanswered" in caplog.text, "a question to be given up")
    asked = len(switch.jobs("uptime"))
    switch.thaw()
    wait_until(lambda: len(switch.jobs("uptime")) >= asked + 4, "further questions")
    assert link.up and len(engine.states) == 1


def test_after_a_question_without_an_answer_the_second_follows_at_once(switch, engine, up):
    link = up(timings=Timings(probe_s=1, answer_s=0.01))
    switch.freeze()
    wait_until(lambda: switch.jobs("uptime"), "a question")
    asked_at = time.monotonic()
    wait_until(lambda: not link.up, "the silence to be noticed")
    assert time.monotonic() - asked_at < 0.9


def test_a_silent_events_connection_is_noticed_though_commands_are_answered(switch, engine, up):
    link = up(timings=QUICK)
    switch.subscribed.clear()  # as a firewall may forget one connection of two
    wait_until(lambda: not link.up, "the silence to be noticed")
    assert engine.states[1].reason == "the switch does not answer"


def test_our_own_slowness_is_not_taken_for_the_switchs(switch, up, engine, monkeypatch):
    link = up(timings=Timings(probe_s=0.01, answer_s=0.2))
    free = gevent.event.Event()
    monkeypatch.setattr(link, "_on_event", lambda event: free.wait())
    switch.say("CHANNEL_ANSWER", "u-1")
    wait_until(lambda: link.lag_s > 0, "the event")
    asked = len(switch.jobs("uptime"))
    wait_until(lambda: len(switch.jobs("uptime")) >= asked + 3, "several questions")
    assert link.up and len(engine.states) == 1
    free.set()


def test_heartbeats_that_stop_are_noticed_though_commands_are_answered(switch, engine, up):
    up(timings=Timings(probe_s=0.02, back_off_min_s=0.005, beats_min_s=0.1))
    for stamp in ("1000000000", "1000020000"):  # twenty milliseconds apart
        switch.say("HEARTBEAT", **{"Event-Date-Timestamp": stamp})
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert engine.states[1].reason.startswith("no heartbeat for")
    assert [type(event) for event in engine.events] == [Heartbeat, Heartbeat]


def test_heartbeats_are_missed_after_two_and_a_half_of_their_own_intervals():
    pulse = Pulse(least_s=10)
    assert pulse.late_s(1000) == 0  # none has come: there is no saying
    pulse.beat(at=500, now=1000)
    assert pulse.late_s(9999) == 0  # nor after one
    pulse.beat(at=520, now=1020)
    assert pulse.late_s(1070) == 0
    assert pulse.late_s(1071) == 51
    pulse.beat(at=580, now=1080)  # the interval was changed, or one was lost
    assert pulse.late_s(1229) == 0


def test_heartbeats_every_second_may_be_late_on_a_busy_machine():
    pulse = Pulse(least_s=10)
    pulse.beat(at=1, now=1)
    pulse.beat(at=2, now=2)
    assert pulse.late_s(12) == 0
    assert pulse.late_s(12.5) == 10.5
