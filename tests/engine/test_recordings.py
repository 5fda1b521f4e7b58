"""Recordings are asked for when there are any, cleared once an hour, and shouted about when nobody looks at them."""

import pytest

from fsdialer.core.campaigns import Campaign, Company
from fsdialer.engine.recordings import ALERT, RecordingChores
from fsdialer.store import Store

NOW = 1_795_400_000.0


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    company = Store(redis).company("acme")
    company.setup.save_company(Company("acme"))
    return company


class Chores:
    """They, a clock to turn, and what they asked RQ for."""

    def __init__(self, company):
        self.now, self.asked = NOW, []
        self.chores = RecordingChores(Store(company.redis), lambda *job: self.asked.append(job), lambda: self.now)

    def run(self, after_s=0.0):
        self.now += after_s
        self.asked.clear()
        self.chores.run()
        return [what for what, _, _ in self.asked]


@pytest.fixture
def chores(acme):
    return Chores(acme)


def call_ends(acme, at=NOW):
    acme.redis.zadd(acme.keys.recordings_unverified, {"call-1": at})


def test_clearing_is_asked_for_once_an_hour(chores):
    assert chores.run() == ["clear"]
    assert chores.run(60) == []
    assert chores.run(3600) == ["clear"]


def test_folders_are_readied_by_the_same_job_when_recording_begins(chores, acme):
    acme.setup.save_campaign(Campaign("acme", "spring"))
    chores.run()
    assert chores.run(5) == []
    acme.setup.save_campaign(Campaign("acme", "spring", record=True))
    assert chores.run(5) == ["clear"]
    assert chores.run(5) == []


def test_finished_recording_is_asked_for_when_it_has_settled_and_until_it_was_looked_at(chores, acme):
    chores.run()
    call_ends(acme)
    assert chores.run(1) == []
    assert chores.run(5) == ["verify"]
    first = chores.asked[0][2]
    assert chores.run(5) == ["verify"] and chores.asked[0][2] == first + 1
    acme.recordings.drop_unverified("call-1")
    assert chores.run(5) == []


def test_recordings_nobody_looks_at_are_an_alert_once_a_minute_until_somebody_does(chores, acme):
    call_ends(acme)
    chores.run(599)
    assert acme.alerts.standing() == []
    for _ in range(24):
        chores.run(5)
    [alert] = acme.alerts.standing()
    assert (alert.name, alert.count) == (ALERT, 2) and "fsdialer worker" in alert.text
    acme.recordings.drop_unverified("call-1")
    chores.run(5)
    assert acme.alerts.standing() == []
