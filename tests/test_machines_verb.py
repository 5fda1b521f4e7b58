"""`fsdialer machines`: the table of detectors against operators, in a terminal."""

import time

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.times import day
from fsdialer.store import CompanyStore


@pytest.fixture
def machines(redis, redis_url):
    """Runs the verb for a company with one gateway: its lines; and that company."""
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk"))

    def machines(*options):
        done = CliRunner().invoke(main, ["machines", *options], env={"FSDIALER_REDIS_URL": redis_url})
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    return acme, machines


def test_nothing_was_heard(machines):
    _, run = machines
    assert run() == ["Nothing in 7 days: no campaign listens (amd), or no operator chose an outcome."]


def test_rates_and_the_people_most_likely_lost_are_told_over_the_days_asked_for(machines):
    acme, run = machines
    now = time.time()
    today = {"rules.heard.machine": 18, "rules.heard.person": 2, "rules.heard.unsaid": 100, "rules.silent.machine": 2}
    acme.redis.hset(acme.keys.gateway_amd("trunk", day(now)), mapping=today)
    acme.redis.hset(acme.keys.gateway_amd("trunk", day(now - 86400)), mapping={"rules.silent.person": 50})
    row = ["trunk", "rules", "18", "2", "10.0", "%", "2", "10.0", "%", "0", "100", "about", "10"]
    assert run("--days=1")[1].split() == row
    assert run("--days=2")[1].split() == [*row[:9], "50", *row[10:]]
