"""A link that is lost: told once, mended on the same switch or another, after pauses that grow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.errors import SwitchUnreachable
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.patience import Timings
from tests.esl.freeswitch import CORE
from tests.esl.link.engine import UNWATCHED, Middle
from tests.esl.scripted import notice, wait_until


# -- being lost and found --------------------------------------------------------------------------------------
def test_a_cut_is_told_and_mended_on_the_same_switch(switch, engine, up):
    link = up()
    switch.cut()
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert [(state.up, state.restarted) for state in engine.states] == [(True, False), (False, False), (True, False)]
    assert engine.states[1].reason == "closed by the switch"
    assert len(switch.lines) == 2 and len(switch.subscribed) == 1
    assert link.ask("uptime") == "4711\n"


@pytest.mark.parametrize("number", [0, 1])
def test_the_loss_of_either_connection_is_the_loss_of_both(switch, engine, up, number):
    up()
    one, other = switch.lines[number], switch.lines[1 - number]
    one.close()
    wait_until(lambda: other not in switch.lines, "the other to be closed as well")
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")


def test_a_goodbye_is_told_with_its_words(switch, engine, up):
    up()
    switch.subscribed[0].send(notice("The system is being shut down.\n"))
    wait_until(lambda: len(engine.states) > 1, "the loss to be told")
    assert engine.states[1].reason == "the switch says: The system is being shut down."


def test_what_was_read_before_a_cut_is_told_before_the_cut(switch, engine, up):
    up()
    for i in range(50):
        switch.say("CHANNEL_ANSWER", f"u-{i}")
    switch.cut()
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert [event.leg for event in engine.told[1:51]] == [f"u-{i}" for i in range(50)]
    assert not engine.told[51].up


def test_another_core_is_a_restart_and_the_same_one_is_not(switch, engine, up):
    link = up()
    switch.restart(core="11111111-2222-3333-4444-555555555555")
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    switch.cut()
    wait_until(lambda: len(engine.ups()) == 3, "the link to be up a third time")
    assert [state.restarted for state in engine.ups()] == [False, True, False]
    assert link.core == "11111111-2222-3333-4444-555555555555"


def test_a_switch_that_does_not_say_who_it_is_is_not_trusted(switch, engine, link_to):
    switch.core = "-ERR no such command!\n"
    link_to(switch)
    wait_until(lambda: engine.states, "the refusal")
    assert "does not say its core_uuid" in engine.states[0].reason
    switch.core = CORE
    wait_until(lambda: engine.ups(), "the link to be up")


def test_a_switch_that_is_away_is_told_once_and_found_when_it_is_back(switch, engine, link_to):
    switch.stop()
    tries = Middle()
    link = link_to(switch, rng=tries)
    wait_until(lambda: len(tries.asked) >= 5, "several tries")
    assert len(engine.states) == 1 and "refused" in engine.states[0].reason  # by the kernel: nobody listens
    with pytest.raises(SwitchUnreachable):
        link.bgapi("originate x", "job-1")
    switch.start()
    wait_until(lambda: link.up, "the link to be up")
    assert switch.jobs() == []


def test_a_switch_that_dies_again_soon_is_told_to_be_gone_before_the_next_long_pause_is_over(switch, engine, link_to):
    tries = Middle()
    link = link_to(switch, timings=replace(UNWATCHED, back_off_min_s=60.0, back_off_max_s=60.0), rng=tries)
    wait_until(lambda: link.up, "the link to be up")
    switch.stop()
    wait_until(lambda: len(engine.states) == 3, "its machine to say that nobody listens")
    assert [(state.up, state.gone) for state in engine.states] == [(True, False), (False, False), (False, True)]


@pytest.mark.parametrize("after", ["greeting", "password", "subscription"])
def test_a_switch_that_leaves_us_half_way_is_tried_again(switch, engine, link_to, after):
    real, left = switch._talk, []

    def leaves(line):
        if len(left) >= 3:
            real(line)
            return
        left.append(line)
        if after == "greeting":
            line.send(b"Content-Type: auth/request\n\n")
        elif line.welcome() and after == "subscription":
            line.command()
        line.close()

    switch._serve = leaves
    link = link_to(switch)
    wait_until(lambda: link.up, "the link to be up")
    assert len(left) == 3 and not engine.states[0].up


def test_a_failure_of_our_own_is_told_and_does_not_end_the_link(switch, engine, link_to, monkeypatch, caplog):
    connect, failures = SwitchLink._connect, [RuntimeError("a bug")]

    def fails_once(self, on_event):
        if failures:
            raise failures.pop()
        return connect(self, on_event)

    monkeypatch.setattr(SwitchLink, "_connect", fails_once)
    link = link_to(switch)
    wait_until(lambda: link.up, "the link to be up")
    assert engine.states[0].reason == "RuntimeError: a bug"
    assert "Traceback" in caplog.text


# -- pauses ----------------------------------------------------------------------------------------------------
def test_pauses_double_from_a_fifth_of_a_second_to_five():
    pauses = [Timings().pause_s(failures, Middle()) for failures in range(1, 9)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


@given(st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_pauses_are_jittered_by_half_and_bounded(failures, rng):
    middle = Timings().pause_s(failures, Middle())
    assert 0.5 * middle <= Timings().pause_s(failures, rng) <= 1.5 * middle
    assert 0.1 <= Timings().pause_s(failures, rng) <= 7.5


def test_the_end_of_a_connection_that_never_came_up_does_not_end_the_next(switch, engine, link_to, monkeypatch):
    monkeypatch.setattr(Timings, "pause_s", lambda self, failures, rng: 0)
    real, left = switch._talk, []

    def leaves_once(line):
        if left:
            real(line)
        else:
            left.append(line)
            line.close()

    switch._serve = leaves_once
    link = link_to(switch)
    wait_until(lambda: link.up, "the link to be up")
    assert link.ask("uptime") == "4711\n"
    assert [state.up for state in engine.states] == [False, True]


def test_every_pause_of_a_link_is_jittered(switch, link_to):
    switch.stop()
    tries = Middle()
    link_to(switch, rng=tries)
    wait_until(lambda: len(tries.asked) >= 3, "several tries")
    assert set(tries.asked) == {(0.5, 1.5)}


def test_a_switch_that_comes_and_goes_is_tried_less_and_less_often(switch, engine, link_to, monkeypatch):
    paused = []
    monkeypatch.setattr(Timings, "pause_s", lambda self, failures, rng: paused.append(failures) or 0.001)
    link_to(switch, timings=Timings(probe_s=60, steady_s=60))
    for ups in range(1, 4):
        wait_until(lambda ups=ups: len(engine.ups()) == ups, "the link to be up")
        switch.cut()
    wait_until(lambda: len(paused) == 3, "the third pause")
    assert paused == [1, 2, 3]


def test_a_switch_that_was_there_for_long_is_tried_at_once(switch, engine, link_to, monkeypatch):
    paused = []
    monkeypatch.setattr(Timings, "pause_s", lambda self, failures, rng: paused.append(failures) or 0.001)
    link_to(switch, timings=Timings(probe_s=60, steady_s=0))
    for ups in range(1, 4):
        wait_until(lambda ups=ups: len(engine.ups()) == ups, "the link to be up")
        switch.cut()
    wait_until(lambda: len(paused) == 3, "the third pause")
    assert paused == [1, 1, 1]
