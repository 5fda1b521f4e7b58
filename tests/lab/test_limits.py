"""What a switch and its gateways refuse, and how it tells: sessions, rates, channels, places that are not there."""

import json

import gevent
import pytest

from fsdialer.lab import exchange as exchanges
from fsdialer.lab.people import Plan
from fsdialer.lab.places import Gateway
from tests.lab.test_wire import CALL, call

OPERATOR = f"{CALL[:-1]}9"

REFUSED = "-ERR DESTINATION_OUT_OF_ORDER\n"


def several(line, count, number="15550200", gateway="trunk"):
    """So many calls at once; their results."""
    for n in range(count):
        line.ask(f"bgapi originate sofia/gateway/{gateway}/{number} &park()\nJob-UUID: job-{n}")
    return [line.job(f"job-{n}").body for n in range(count)]


@pytest.fixture
def one_second(monkeypatch):
    """Everything in the test happens within one second of the switch's clock."""
    now = [1000.0]
    monkeypatch.setattr(exchanges.time, "monotonic", lambda: now[0])
    return now


def test_sessions_above_the_limit_are_refused_without_a_word_on_the_channel(start):
    line = start(max_sessions=3)[1]()
    results = several(line, 5)
    assert [result == REFUSED for result in results] == [False] * 3 + [True] * 2
    assert line.kinds().count("CHANNEL_CREATE") == 3


def test_a_session_that_ended_makes_room(start):
    line = start(max_sessions=1)[1]()
    assert call(line, "15550486") == "-ERR USER_BUSY\n"
    assert call(line) == f"+OK {CALL}\n"


def test_a_rate_of_ten_lets_nine_in_a_second_as_freeswitch_does(start, one_second):
    line = start(sps=10)[1]()
    assert several(line, 12, "15550486").count(REFUSED) == 3
    one_second[0] += 1
    assert call(line) == f"+OK {CALL}\n"


def test_limits_can_be_changed_while_it_runs(start, one_second):
    line = start()[1]()
    assert line.api("fsctl sps 1") == "+OK sessions per second: 1\n"
    assert call(line) == REFUSED
    line.api("fsctl sps 500")
    line.api("fsctl max_sessions 0")
    assert call(line) == REFUSED


def test_a_uuid_that_is_in_use_is_refused_and_the_call_goes_on(line):
    call(line)
    assert call(line) == REFUSED
    assert line.api(f"uuid_exists {CALL}") == "true"


# -- gateways --------------------------------------------------------------------------------------------------
def test_a_gateway_refuses_calls_beyond_its_channels(start):
    line = start("trunk:channels=2")[1]()
    results = several(line, 4)
    assert results.count("-ERR NORMAL_TEMPORARY_FAILURE\n") == 2
    refusal = line.event("CHANNEL_HANGUP_COMPLETE").headers
    assert refusal["variable_sip_term_status"] == "503"


def test_a_gateways_channel_is_free_again_when_its_call_ends(start):
    line = start("trunk:channels=1")[1]()
    assert call(line) == f"+OK {CALL}\n"
    line.api(f"uuid_kill {CALL}")
    line.event("CHANNEL_HANGUP_COMPLETE", CALL)
    assert call(line) == f"+OK {CALL}\n"


def test_a_gateway_refuses_calls_beyond_its_rate(start, one_second):
    line = start("trunk:cps=2")[1]()
    assert several(line, 4).count("-ERR NORMAL_TEMPORARY_FAILURE\n") == 2
    one_second[0] += 1
    assert call(line) == f"+OK {CALL}\n"


def test_each_gateway_has_its_own_limits(start):
    line = start("trunk:channels=1", "other")[1]()
    several(line, 1)
    assert several(line, 3, gateway="other").count("-ERR NORMAL_TEMPORARY_FAILURE\n") == 0


@pytest.mark.parametrize(
    ("state", "result", "events"),
    [
        ("down", "-ERR GATEWAY_DOWN\n", []),
        ("unreachable", "-ERR NORMAL_TEMPORARY_FAILURE\n", ["CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE"]),
    ],
)
def test_a_gateway_can_be_down_or_dead_and_come_back(line, state, result, events):
    assert line.api(f"lab gateway trunk {state}") == "+OK\n"
    assert call(line) == result
    assert ("Status  \tDOWN" in line.api("sofia status gateway trunk")) == (state == "down")
    if events:
        line.event(events[-1], CALL)
    assert line.kinds() == events
    line.api("lab gateway trunk up")
    assert call(line) == f"+OK {CALL}\n"


def test_a_gateways_options_are_read_from_the_command_line():
    gateway = Gateway.parse("trunk:channels=4:cps=2:down")
    assert (gateway.name, gateway.channels, gateway.cps, gateway.up) == ("trunk", 4, 2, False)
    with pytest.raises(ValueError, match="colour"):
        gateway.set("colour=red")


def test_the_switch_keeps_count_of_what_it_was_asked_for(start):
    line = start("trunk:channels=2")[1]()
    several(line, 3)
    counts = json.loads(line.api("lab counts"))
    assert counts["attempts_per_number"] == {"15550200": 3}
    assert counts["peak_channels_per_gateway"]["trunk"] == 3
    assert counts["peak_originates_per_second"]["trunk"] == 3
    assert counts["peak_live_per_number"]["15550200"] == 3


# -- phones ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "result"),
    [
        ("auto", f"+OK {CALL}\n"),
        ("reject", "-ERR CALL_REJECTED\n"),
        ("noanswer", "-ERR NO_ANSWER\n"),
        ("unregistered", "-ERR USER_NOT_REGISTERED\n"),
    ],
)
def test_a_phone_answers_refuses_rings_or_is_not_there(line, mode, result):
    line.api(f"lab phone 1001 {mode}")
    given = f"{{origination_uuid={CALL},originate_timeout=2}}"
    assert line.api(f"originate {given}user/1001@127.0.0.1 &park()") == result


def test_a_phone_can_hang_up(line):
    line.api(f"originate {{origination_uuid={CALL}}}user/1001@127.0.0.1 &park()")
    line.api("lab phone 1001 hangup")
    end = line.event("CHANNEL_HANGUP_COMPLETE", CALL).headers
    assert (end["Hangup-Cause"], end["variable_sip_hangup_disposition"]) == ("NORMAL_CLEARING", "recv_bye")


@pytest.mark.parametrize(
    ("mode", "answer"), [("auto", "sofia/internal/sip:1001-"), ("unregistered", "error/user_not_")]
)
def test_sofia_contact_finds_a_phone_that_is_registered(line, mode, answer):
    line.api(f"lab phone 1001 {mode}")
    assert line.api("sofia_contact 1001@127.0.0.1").startswith(answer)
    assert line.api("sofia_contact internal/1001").startswith(answer)


# -- the order of things ---------------------------------------------------------------------------------------
def orders(start, seed):
    """Of 25 busy numbers: what came first, the job or the hang-up."""
    exchange, dial_in = start(unusual=0.3, seed=seed)
    exchange.destinations.people.chosen["15550486"] = Plan(status=486, ring_s=0.0, rings=False)
    line = dial_in("event plain CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB")
    found = []
    for n in range(25):
        job = f"{CALL[:-2]}{n:02}"
        line.ask(f"bgapi originate {{origination_uuid={job}}}sofia/gateway/trunk/15550486 &park()\nJob-UUID: {job}")
        line.job(job)
        line.event("CHANNEL_HANGUP_COMPLETE", job)
        found.append(line.kinds()[-2])
    return found


def test_jobs_and_hang_ups_come_in_both_orders_and_the_same_with_the_same_seed(start):
    first = orders(start, seed=1)
    assert set(first) == {"BACKGROUND_JOB", "CHANNEL_HANGUP_COMPLETE"}
    assert orders(start, seed=1) == first != orders(start, seed=2)


def test_an_answered_calls_result_may_come_after_its_park(start):
    line = start(unusual=1.0)[1]()
    line.ask(f"bgapi originate {{origination_uuid={CALL}}}sofia/gateway/trunk/15550200 &park()\nJob-UUID: job")
    line.job("job")
    assert line.kinds()[-2:] == ["CHANNEL_PARK", "BACKGROUND_JOB"]


@pytest.mark.parametrize(("unusual", "first"), [(0.0, "the operator"), (1.0, "the customer")])
def test_of_two_who_talk_the_one_that_a_command_ends_may_be_told_of_last(start, unusual, first):
    """As on a real switch, half of the time."""
    line = start(unusual=unusual)[1]("event plain CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB")
    for leg, destination in ((CALL, "sofia/gateway/trunk/15550200"), (OPERATOR, "user/1001")):
        line.ask(f"bgapi originate {{origination_uuid={leg}}}{destination} &park()\nJob-UUID: {leg}")
        line.job(leg)
    line.api(f"uuid_bridge {CALL} {OPERATOR}")
    line.event("CHANNEL_BRIDGE")
    line.api(f"uuid_kill {OPERATOR}")
    line.event("CHANNEL_HANGUP_COMPLETE", OPERATOR), line.event("CHANNEL_HANGUP_COMPLETE", CALL)
    told = [frame.leg for frame in line.frames if frame.kind == "CHANNEL_HANGUP_COMPLETE"]
    assert told[0] == (OPERATOR if first == "the operator" else CALL)


# -- when it goes away -----------------------------------------------------------------------------------------
def test_a_switch_that_restarts_has_forgotten_its_calls_and_has_a_new_core(start):
    _, dial_in = start()
    line = dial_in()
    call(line)
    core = line.event("CHANNEL_ANSWER").headers["Core-UUID"]
    line.ask("api lab restart")
    assert line.ended()
    again = dial_in_when_it_is_back(dial_in)
    assert again.api("show channels count") == "\n0 total.\n"
    assert again.api("global_getvar core_uuid") != core


def dial_in_when_it_is_back(dial_in):
    for _ in range(100):
        try:
            return dial_in()
        except OSError:
            gevent.sleep(0.02)
    raise AssertionError("it did not come back")


def test_a_cut_loses_the_lines_and_keeps_the_calls(start):
    _, dial_in = start()
    line = dial_in()
    call(line)
    line.ask("api lab cut")
    assert line.ended()
    assert dial_in().api(f"uuid_exists {CALL}") == "true"
