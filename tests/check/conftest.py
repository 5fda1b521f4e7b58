"""A company to be checked, with a dialer and a worker, in a real Redis and on the simulated switch."""

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.store import Store
from tests.journey import Switch


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    switch = Switch(tmp_path_factory.mktemp("switch"), "--gateway=trunk:channels=5", "--gateway=spare:down")
    yield switch
    switch.process.stop()


SPRING = Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+12125550100",), calling_hours=("09:00-20:00",))


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(redis).company("acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk"))
    acme.setup.save_campaign(SPRING)
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", campaigns=("spring",)))
    return acme


@pytest.fixture
def runner():
    return CliRunner()


@pytest.fixture
def check(redis_url, switch):
    """The lines `check` prints, and its exit code."""

    def run(*options, url=switch.url, redis=redis_url, **more):
        unset = dict.fromkeys(("FSDIALER_INI", "FSDIALER_SIP_WS", "FSDIALER_RECORDINGS", "FSDIALER_SECRET_KEY"), "")
        environment = {**unset, "FSDIALER_REDIS_URL": redis, "FSDIALER_SWITCHES": url, **more}
        result = CliRunner().invoke(main, ["check", *options], env=environment)
        assert "Traceback" not in result.output
        return result.output.splitlines(), result.exit_code

    return run


def wrong(lines, level="fail"):
    """What is wrong → how to mend it."""
    return {
        line.removeprefix(level).strip(): lines[at + 1].strip(" →")
        for at, line in enumerate(lines)
        if line.startswith(f"{level} ")
    }


def good(lines, part):
    return any(part in line for line in lines if line.startswith("ok"))


@pytest.fixture
def running(redis, acme):
    """A dialer and an RQ worker, as they announce themselves."""
    redis.sadd("fsdialer:dialers", "d1")
    redis.hset("fsdialer:dialer:d1", mapping={"pid": "1", "switches": "fs1"})
    redis.sadd("rq:workers:fsdialer", "rq:worker:w1")
    redis.hset("rq:worker:w1", "pid", "1")


@pytest.fixture
def spoil(switch):
    """Something is wrong with the switch, until the test is over."""
    mended = []

    def spoil(command, mend):
        switch.lab(command)
        mended.append(mend)

    yield spoil
    for command in mended:
        switch.lab(command)
