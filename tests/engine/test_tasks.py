"""Greenlets do not die quietly."""

import logging
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from redis.exceptions import ConnectionError as RedisGone

from fsdialer.engine import tasks as module
from fsdialer.engine.tasks import Tasks
from fsdialer.errors import StaleOwner


@pytest.fixture
def tasks(monkeypatch):
    monkeypatch.setattr(module, "RESTART_S", 0.01)
    tasks = Tasks()
    stopping = tasks.stopping
    yield tasks
    tasks.stopping = stopping
    tasks.stop()


def test_a_task_that_fails_is_started_again_counted_and_shouts(tasks, caplog):
    third, runs = Event(), []

    def work():
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("out of order")
        third.set()
        tasks.stopping.wait()

    with caplog.at_level(logging.ERROR):
        tasks.keep("worker", work)
        assert third.wait(5)
    assert tasks.failures == {"worker": 2}
    assert "task=worker failed=2 restarting=yes" in caplog.text
    assert "ValueError: out of order" in caplog.text


def test_a_chore_that_fails_once_comes_round_again(tasks):
    again, turns = Event(), []

    def chore():
        turns.append(1)
        if len(turns) == 1:
            raise OSError("away")
        again.set()

    tasks.every("chore", 0.01, chore)
    assert again.wait(5)
    assert tasks.failures == {"chore": 1}


def test_a_job_that_fails_takes_no_other_with_it(tasks):
    done = Event()
    failing = tasks.spawn("job", lambda: 1 / 0)
    tasks.later(0.01, "timer", done.set)
    assert done.wait(5)
    failing.join(5)
    assert failing.successful() and tasks.failures == {"job": 1}


def test_a_timer_called_off_does_nothing(tasks):
    rung, after = [], Event()
    tasks.later(0.01, "timer", rung.append, 1).kill()
    tasks.later(0.02, "after", after.set)
    assert after.wait(5)
    assert rung == []


def test_stop_ends_everything_even_what_does_not_listen(tasks):
    deaf = tasks.spawn("deaf", lambda: gevent.sleep(3600))
    listening = tasks.spawn("listening", tasks.stopping.wait)
    gevent.sleep(0)
    tasks.stop()
    assert deaf.dead and listening.dead


def test_a_failure_after_a_long_good_run_does_not_pay_for_those_before_it(tasks, monkeypatch):
    """Else a reader that fails now and then over a day is deaf for the longest pause each time."""
    clock, pauses, runs = [0.0], [], []
    stopping = SimpleNamespace(is_set=lambda: len(runs) == 6, wait=pauses.append)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(tasks, "stopping", stopping)

    def work():
        runs.append(1)
        if len(runs) == 4:
            clock[0] += module.RESTART_MAX_S + 1
        raise ValueError("out of order")

    tasks._keep("reader", work)
    assert pauses == [0.01, 0.02, 0.04, 0.01, 0.02, 0.04]


@pytest.mark.parametrize("trouble", [RedisGone, StaleOwner])
def test_trouble_from_outside_is_one_line_a_time(tasks, caplog, trouble):
    def work():
        raise trouble("connection refused")

    with caplog.at_level(logging.ERROR):
        tasks.spawn("worker", work).join()
    assert tasks.failures == {"worker": 1}
    assert caplog.messages == ["task=worker failed=1 restarting=yes reason=connection refused"]
    assert "Traceback" not in caplog.text
