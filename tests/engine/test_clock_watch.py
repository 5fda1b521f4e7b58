"""A dialer whose clock is not Redis' says so, and takes no page for gone for it."""

import pytest

from fsdialer.engine import clock_watch
from fsdialer.engine.clock_watch import ClockWatch
from fsdialer.store import CompanyStore
from fsdialer.store.ownership import announce, retire
from tests.journey import Station, wait_until

WRONG = "import time; right = time.time; time.time = lambda: right() + {}\n"


class World:
    """A clock that is so far from Redis', which is right, and takes so long to answer."""

    def __init__(self, redis, monkeypatch):
        self.now, self.ahead_s, self.takes_s = 1_000_000.0, 0.0, 0.001
        monkeypatch.setattr(clock_watch, "redis_time", self._ask)
        self.acme = CompanyStore(redis, "acme")
        announce(redis, "d1", {"pid": "1"})
        self.watch = ClockWatch(redis, "d1", lambda: self.now + self.ahead_s)

    def _ask(self, redis):
        self.now += self.takes_s
        return self.now - self.takes_s / 2

    def look(self):
        self.watch.look([self.acme])
        return [alert.text for alert in self.acme.alerts.standing()]


@pytest.fixture
def world(redis, monkeypatch):
    return World(redis, monkeypatch)


@pytest.mark.parametrize(("ahead_s", "words"), [(60.0, "60 s ahead of that of Redis"), (-3.0, "3 s behind that of")])
def test_a_clock_that_is_wrong_is_an_alert_until_it_is_right_again(world, ahead_s, words):
    world.ahead_s = 1.0
    assert world.look() == []
    world.ahead_s = ahead_s
    [text] = world.look()
    assert words in text and "NTP" in text
    assert world.watch.redis_ahead_s() == pytest.approx(-ahead_s, abs=0.01)
    world.look()
    assert world.acme.alerts.get("clock-d1").count == 1, "said once"
    world.ahead_s = 0.0
    assert world.look() == []


def test_of_a_dialer_that_runs_no_more_no_alert_is_left(world):
    world.ahead_s = 60.0
    assert len(world.look()) == 1
    retire(world.acme.redis, "d1")
    world.watch, world.ahead_s = ClockWatch(world.acme.redis, "d2", lambda: world.now), 0.0
    assert world.look() == []


def test_an_answer_that_took_long_says_nothing_of_the_clock(world):
    world.takes_s = 30.0
    assert world.look() == [] and world.watch.redis_ahead_s() == 0.0


def test_no_operator_leaves_the_line_for_a_clock_that_is_a_minute_ahead(centre, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(WRONG.format(60))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    c = centre(station=Station.RING)
    operators = c.store.operators
    for operator in ("1001", "1002"):
        operators.go_on_line(operator, "spring", 0.0, "web", seen=0.0)

    def gone():
        operators.seen("1001")
        return operators.view("1002").state == "off"

    wait_until(gone, 20, "the page to be missed that gave no sign", every_s=0.2)
    assert operators.view("1001").state == "available"
    wait_until(lambda: c.store.alerts.get("clock-d1"), what="the alert")
