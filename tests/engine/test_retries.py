"""RQ is asked once for a campaign and second, and never holds up a call."""

import gevent
import pytest
from gevent.queue import Queue

from fsdialer.engine.retries import BACKLOG, Retries

NOW = 1_795_400_000.0


@pytest.fixture
def rq():
    """What was asked for; `rq.fails` so many times first."""

    class Rq(Queue):
        fails = 0

        def __call__(self, *job):
            if self.fails:
                self.fails -= 1
                raise ConnectionError("RQ is away")
            self.put(job)

    return Rq()


@pytest.fixture
def retries(rq):
    retries = Retries(rq)
    runner = gevent.spawn(retries.run)
    yield retries
    runner.kill()


def asked(rq, count):
    jobs = [rq.get(timeout=5) for _ in range(count)]
    assert rq.empty()
    return jobs


def test_one_job_for_a_campaign_and_second_however_many_leads_wait_for_it(retries, rq):
    for at in (NOW + 0.2, NOW + 0.9, NOW + 1.0):
        retries.schedule("acme", "spring", at)
    retries.schedule("acme", "autumn", NOW + 0.2)
    assert asked(rq, 2) == [("acme", "spring", NOW + 1), ("acme", "autumn", NOW + 1)]


def test_job_comes_never_before_the_lead_is_due(retries, rq):
    retries.schedule("acme", "spring", NOW + 0.001)
    assert asked(rq, 1)[0][2] == NOW + 1


def test_rq_away_is_no_reason_to_stop_and_the_second_may_be_asked_for_again(retries, rq):
    rq.fails = 1
    retries.schedule("acme", "spring", NOW)
    retries.schedule("acme", "spring", NOW + 5)
    assert asked(rq, 1) == [("acme", "spring", NOW + 5)]
    retries.schedule("acme", "spring", NOW)
    assert asked(rq, 1) == [("acme", "spring", NOW)]


def test_a_call_never_waits_for_a_slow_rq(rq):
    retries = Retries(rq)  # nobody hands anything over
    with gevent.Timeout(5):
        for n in range(BACKLOG + 10):
            retries.schedule("acme", "spring", NOW + n)


def test_seconds_that_have_passed_are_forgotten(retries, rq):
    retries.schedule("acme", "spring", NOW)
    retries.schedule("acme", "spring", NOW + 10)
    asked(rq, 2)
    retries.forget_before(NOW + 5)
    retries.schedule("acme", "spring", NOW)
    retries.schedule("acme", "spring", NOW + 10)
    assert asked(rq, 1) == [("acme", "spring", NOW)]
