"""`fsdialer switch`: what an administrator sees of the switches, and says to them."""

import time

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.store import Store
from fsdialer.store import keys as names
from fsdialer.store.clock import redis_time
from fsdialer.store.ownership import announce, retire
from tests.journey import wait_until


@pytest.fixture
def say(redis_url, redis, monkeypatch):
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    facts = {"trunk": "10.0.0.1:5070", "max_sessions": "2000", "sessions_per_second": "100"}
    Store(redis).switches.found("fs1", True, "", time.time(), facts)
    return lambda *words: CliRunner().invoke(main, ["switch", *words])


def test_the_list_tells_state_limits_and_where_the_others_call(say):
    said = say("list").output
    assert "fs1: up; 0 calls of 1000, 50 a second at most" in said and "10.0.0.1:5070" in said


def test_a_switch_is_drained_and_taken_back(say, redis):
    assert say("drain", "fs1", "--by", "Eve").exit_code == 0
    assert "DRAINED by Eve" in say("list").output
    assert Store(redis).switches.take("fs1", ["a", "b"]) == []
    assert say("undrain", "fs1").exit_code == 0
    assert [deed["what"] for deed in Store(redis).switches.said(9)] == ["took it back", "drained it"]
    assert Store(redis).switches.said(9)[-1]["by"] == "Eve" and "terminal" in Store(redis).switches.said(1)[0]["by"]
    assert Store(redis).switches.take("fs1", ["a", "b"]) == ["a", "b"]


def test_a_limit_set_by_hand_holds_over_all_dialers_until_calls_are_over(say, redis):
    assert say("limit", "fs1", "--channels", "2").exit_code == 0
    one, other = Store(redis).switches, Store(redis).switches
    assert one.take("fs1", ["a"]) == ["a"] and other.take("fs1", ["b", "c"]) == ["b"]
    assert other.take("fs1", ["c"]) == []
    one.over("fs1", "a")
    assert other.take("fs1", ["c"]) == ["c"]


def test_calls_of_a_dialer_that_died_hold_no_room_beyond_their_lease(say, redis):
    say("limit", "fs1", "--channels", "1")
    switches = Store(redis).switches
    assert switches.take("fs1", ["a"]) == ["a"]
    assert switches.take("fs1", ["b"]) == []
    lease = redis.zscore(names.switch_calls("fs1"), "a") - redis_time(redis)
    assert 25 < lease <= 30, "by the clock that all dialers have"
    redis.zincrby(names.switch_calls("fs1"), -30.1, "a")
    assert switches.take("fs1", ["b"]) == ["b"]


def test_calls_per_second_of_a_switch_are_kept_over_all_dialers(say, redis):
    say("limit", "fs1", "--calls-per-second", "3")
    switches, began = Store(redis).switches, redis_time(redis)
    assert switches.take("fs1", list("abcde")) == ["a", "b", "c"]
    taken = []
    wait_until(lambda: taken.extend(switches.take("fs1", list("de"))) or taken, every_s=0.005)
    assert taken == ["d", "e"] and 1.1 <= redis_time(redis) - began < 5


def test_a_switch_nobody_has_met_is_refused_by_name(say):
    said = say("drain", "fs9")
    assert said.exit_code == 1 and "no switch 'fs9'" in said.output


def test_a_switch_that_is_forgotten_leaves_no_alerts_behind(say, redis):
    """No dialer looks at one that FSDIALER_SWITCHES names no more."""
    redis.sadd("fsdialer:companies", "acme")
    alerts = Store(redis).company("acme").alerts
    for name in ("fs2", "fs3"):
        Store(redis).switches.found(name, False, "connection refused", time.time())
    for name in ("switch-fs2", "switches-fs1-fs2", "switches-fs2-fs1", "switch-fs3", "switches-fs1-fs3"):
        alerts.say(name, "away", time.time())
    assert say("forget", "fs2", "--by", "Eve").exit_code == 0
    assert {alert.name for alert in alerts.standing()} == {"switch-fs3", "switches-fs1-fs3"}
    assert alerts.get("switch-fs2").cleared_by == "Eve"


def test_a_switch_a_dialer_has_is_not_forgotten(say, redis):
    """It would be on no list, and calls would go there again though it was drained."""
    say("drain", "fs1")
    announce(redis, "d1", {"switches": "fs10=up fs1=down"})
    refused = say("forget", "fs1")
    assert refused.exit_code == 1 and "dialer d1 has fs1: take it out of its FSDIALER_SWITCHES" in refused.output
    assert Store(redis).switches.take("fs1", ["a"]) == []
    retire(redis, "d1")
    assert say("forget", "fs1").exit_code == 0
