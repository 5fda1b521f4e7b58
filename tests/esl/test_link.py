"""A switch kept within reach, on real sockets: found again, watched, and never asked for the same thing twice."""

import time

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.events import Heartbeat, JobDone, LegAnswered, LegHungUp
from fsdialer.errors import InvalidSetting, SwitchTimeout, SwitchUnreachable
from fsdialer.esl import client as client_module
from fsdialer.esl.link import SwitchAddress, SwitchLink
from fsdialer.esl.patience import Pulse, Timings
from fsdialer.esl.translate import SUBSCRIPTION
from tests.esl.freeswitch import CORE, FreeSwitch
from tests.esl.scripted import PASSWORD, Switch, event, notice, reply, wait_until

#: Short, so that tests are; proportions as in the real ones.
QUICK = Timings(
    connect_s=0.5, command_s=0.5, probe_s=0.05, answer_s=0.1, back_off_min_s=0.005, back_off_max_s=0.05,
    refused_s=0.1, steady_s=0.05,
)  # fmt: skip
#: Asks often, and waits long enough for an answer on the busiest machine.
ASKING = Timings(probe_s=0.01, answer_s=5)
#: Never asks for signs of life: for tests of something else.
UNWATCHED = Timings(probe_s=60, back_off_min_s=0.005, back_off_max_s=0.05, refused_s=0.1)


class Middle:
    """A generator of random numbers without chance: always the middle; it keeps what it was asked for."""

    def __init__(self):
        self.asked = []

    def uniform(self, low, high):
        self.asked.append((low, high))
        return (low + high) / 2


class Engine:
    """Whoever listens to a link: everything it was told, in order."""

    def __init__(self):
        self.told = []

    def on_event(self, event):
        self.told.append(event)

    def on_state(self, link, state):
        self.told.append(state)

    @property
    def states(self):
        return [told for told in self.told if hasattr(told, "restarted")]

    @property
    def events(self):
        return [told for told in self.told if not hasattr(told, "restarted")]

    def ups(self):
        return [state for state in self.states if state.up]


@pytest.fixture
def switch():
    switch = FreeSwitch()
    yield switch
    switch.stop()


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def link_to(engine):
    """Makes links, and ends them."""
    links = []

    def make(switch, timings=UNWATCHED, password=PASSWORD, **options):
        address = SwitchAddress("fs1", "127.0.0.1", switch.port, password)
        links.append(SwitchLink(address, engine.on_event, engine.on_state, timings=timings, **options))
        links[-1].start()
        return links[-1]

    yield make
    for link in links:
        link.stop()


@pytest.fixture
def up(switch, link_to):
    """A link that is up."""

    def make(**options):
        link = link_to(switch, **options)
        wait_until(lambda: link.up, "the link to be up")
        return link

    return make


# -- coming up -------------------------------------------------------------------------------------------------
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
        "CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB HEARTBEAT"
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


# -- refusals --------------------------------------------------------------------------------------------------
def test_a_wrong_password_is_said_plainly_and_tried_again_slowly(switch, engine, link_to, caplog, monkeypatch):
    tries, paused = Middle(), []
    monkeypatch.setattr(Timings, "pause_s", lambda self, failures, rng: paused.append(failures) or 0.001)
    link = link_to(switch, password="wrong", rng=tries, timings=Timings(refused_s=60))
    wait_until(lambda: engine.states, "the refusal")
    assert link.state.reason == f"127.0.0.1:{switch.port} refused the password"
    assert ("ERROR", f"switch=fs1 up=no reason={link.state.reason}") in [
        (record.levelname, record.getMessage()) for record in caplog.records
    ]
    wait_until(lambda: tries.asked, "the pause to begin")
    assert tries.asked == [(0.5, 1.5)] and paused == []  # a minute and its jitter, not the short pauses
    assert switch.accepted == 1


def test_a_refusal_is_no_end(switch, engine, link_to):
    link = link_to(switch, password="wrong")
    wait_until(lambda: engine.states, "the refusal")
    link.address = SwitchAddress("fs1", "127.0.0.1", switch.port, PASSWORD)  # as if the switch's had been changed
    wait_until(lambda: link.up, "the link to be up")


def test_an_access_list_is_told_from_a_password(engine, link_to):
    def refuse(line):
        line.send(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", notice())
        line.close()

    switch = Switch(refuse)
    link = link_to(switch, timings=Timings(refused_s=60))
    wait_until(lambda: engine.states, "the refusal")
    assert "access list" in link.state.reason
    switch.stop()


# -- silence ---------------------------------------------------------------------------------------------------
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


# -- commands --------------------------------------------------------------------------------------------------
def test_a_question_is_answered_with_the_jobs_body(switch, engine, up):
    switch.answers["uuid_exists u-1"] = "true"
    assert up().ask("uuid_exists u-1") == "true"
    assert engine.events == []


def test_a_question_waits_no_longer_than_it_may(switch, engine, up):
    link = up()
    switch.freeze()
    with pytest.raises(SwitchTimeout, match="no answer within 0.1 s"):
        link.ask("uuid_exists u-1", timeout_s=0.05)
    switch.thaw()
    assert link.ask("uptime") == "4711\n"
    assert engine.events == []  # an answer that is late is for nobody


def test_a_question_in_flight_fails_when_the_link_is_lost(switch, up):
    link = up()
    switch.answers.clear()
    real, switch._run = switch._run, lambda text, job: switch.cut()
    with pytest.raises(SwitchUnreachable):
        link.ask("show channels as json", timeout_s=30)
    switch._run = real


def test_an_originate_in_flight_at_the_cut_is_never_sent_again(switch, engine, up):
    link = up()
    switch.cut_at = "originate"
    with pytest.raises(SwitchUnreachable):
        link.bgapi("originate {origination_uuid=u-1}sofia/gateway/trunk/15550001 &park()", "u-1")
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert link.ask("uptime") == "4711\n"  # whatever would follow has followed
    assert [job for _, job in switch.jobs("originate")] == ["u-1"]


def test_an_originate_without_a_reply_is_never_sent_again(switch, engine, up):
    link = up(timings=QUICK)
    switch.freeze()
    with pytest.raises((SwitchTimeout, SwitchUnreachable)):
        link.bgapi("originate {origination_uuid=u-1}sofia/gateway/trunk/15550001 &park()", "u-1")
    wait_until(lambda: not link.up, "the silence to be noticed")
    switch.thaw()
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert link.ask("uptime") == "4711\n"
    assert [job for _, job in switch.jobs("originate")] == ["u-1"]


def test_nothing_is_sent_while_the_link_is_down_nor_kept_for_later(switch, engine, up):
    link = up()
    switch.stop()
    wait_until(lambda: not link.up, "the loss to be noticed")
    with pytest.raises(SwitchUnreachable, match="fs1 is not connected"):
        link.bgapi("originate x", "u-1")
    switch.start()
    wait_until(lambda: link.up, "the link to be up again")
    assert link.ask("uptime") == "4711\n"
    assert switch.jobs("originate") == []


# -- ending ----------------------------------------------------------------------------------------------------
def test_stop_closes_both_connections_with_a_goodbye_and_tries_no_more(switch, engine, up):
    link = up()
    link.stop()
    assert [command for _, command in switch.commands].count("exit") == 2
    assert not link.up
    with pytest.raises(SwitchUnreachable):
        link.bgapi("originate x", "job-1")
    assert len(engine.states) == 1


@pytest.mark.parametrize("serve", [lambda line: None, lambda line: line.close()])
def test_stop_ends_a_link_that_never_came_up(engine, link_to, serve):
    switch = Switch(serve)
    link = link_to(switch, timings=Timings())
    wait_until(lambda: switch.lines, "a try")
    with gevent.Timeout(2):
        link.stop()
    assert link._keeper.dead
    switch.stop()


# -- addresses -------------------------------------------------------------------------------------------------
def test_an_address_is_read_from_a_url():
    assert SwitchAddress.parse("esl://:s%40crt@10.0.0.5:8022?name=fs2&domain=pbx.example") == SwitchAddress(
        "fs2", "10.0.0.5", 8022, "s@crt", "pbx.example"
    )
    assert SwitchAddress.parse("esl://:secret@[::1]") == SwitchAddress("::1", "::1", 8021, "secret")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("esl://10.0.0.5", "no password"),
        ("http://:x@10.0.0.5", "esl://"),
        ("esl://:x@", "esl://"),
        ("esl://:x@host:port", "port"),
        ("esl://:ClueCon@10.0.0.5", "default"),
    ],
)
def test_an_address_that_will_not_do_says_why(url, reason):
    with pytest.raises(InvalidSetting, match=reason):
        SwitchAddress.parse(url)


def test_the_password_is_not_shown_with_the_address():
    assert "secret" not in repr(SwitchAddress.parse("esl://:secret@10.0.0.5"))
