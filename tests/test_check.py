"""`fsdialer check`, against a real Redis and the simulated switch: what is wrong, and how to mend it."""

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.store import Store
from tests.journey import PASSWORD, Switch


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    switch = Switch(tmp_path_factory.mktemp("switch"), "--gateway=trunk:channels=5", "--gateway=spare:down")
    yield switch
    switch.process.stop()


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(redis).company("acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk"))
    acme.setup.save_campaign(Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+12125550100",)))
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", campaigns=("spring",)))
    return acme


@pytest.fixture
def check(redis_url, switch):
    """The lines `check` prints, and its exit code."""

    def run(url=switch.url, redis=redis_url):
        environment = {"FSDIALER_REDIS_URL": redis, "FSDIALER_SWITCHES": url, "FSDIALER_INI": ""}
        result = CliRunner().invoke(main, ["check"], env=environment)
        assert "Traceback" not in result.output
        return result.output.splitlines(), result.exit_code

    return run


def wrong(lines):
    """What is wrong → how to mend it."""
    return {
        line.removeprefix("WRONG ").strip(): lines[at + 1].strip(" →")
        for at, line in enumerate(lines)
        if line.startswith("WRONG")
    }


def good(lines, part):
    return any(part in line for line in lines if line.startswith("ok"))


@pytest.fixture
def running(redis, acme):
    """A dialer and an RQ worker, as they announce themselves."""
    redis.sadd("fsdialer:dialers", "d1")
    redis.hset("fsdialer:dialer:d1", mapping={"pid": "1", "switches": "fs1"})
    redis.sadd("rq:workers:fsdialer", "rq:worker:w1")


def test_all_is_well_and_said_so(check, running):
    lines, code = check()
    assert wrong(lines) == {}
    assert code == 0
    for part in ("eviction policy: noeviction", "append-only file", "fs1: reachable", "gateway trunk is UP", "1001"):
        assert good(lines, part), part
    assert good(lines, "clock of Redis") and good(lines, "clock of switch fs1")


def test_nothing_running_is_wrong_and_says_what_to_start(check, acme):
    lines, code = check()
    assert code == 1
    assert wrong(lines) == {
        "dialers running: none": "start one: fsdialer dial",
        "RQ workers: 0": "start one: fsdialer worker (meanwhile the dialer releases retries)",
    }


def test_redis_that_may_forget_is_wrong(check, redis, running):
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("appendonly", "no")
    try:
        found = wrong(check()[0])
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("appendonly", "yes")
    assert "CONFIG SET maxmemory-policy noeviction" in found["Redis eviction policy: allkeys-lru"]
    assert "CONFIG SET appendonly yes" in found["Redis persistence: none"]


def test_redis_that_is_not_there_is_wrong_and_nothing_more_is_asked(check, tmp_path):
    lines, code = check(redis=f"unix://{tmp_path}/nobody.sock")
    assert code == 1
    ((what, mend),) = wrong(lines).items()
    assert what.startswith("Redis:") and "FSDIALER_REDIS_URL" in mend


def test_gateway_that_is_down_or_unknown_to_the_switch_is_wrong(check, acme, running):
    acme.setup.save_gateway(Gateway("acme", "spare"))
    acme.setup.save_gateway(Gateway("acme", "nowhere"))
    acme.setup.save_gateway(Gateway("acme", "direct", host="pbx.example.com"))
    lines, code = check()
    assert set(wrong(lines)) == {"switch fs1: gateway spare is DOWN", "switch fs1: no gateway nowhere"}
    assert code == 1


def test_phone_that_is_not_registered_is_wrong_only_while_its_operator_is_on_the_line(check, switch, acme, running):
    switch.lab("phone 1001 unregistered")
    try:
        assert wrong(check()[0]) == {}
        acme.operators.go_on_line("ann", "spring", 1_795_400_000.0, via="cli")
        assert "switch fs1: phone 1001 of ann not registered" in wrong(check()[0])
    finally:
        switch.lab("phone 1001 auto")


def test_wrong_password_is_told_from_nobody_there(check, switch, running):
    refused = wrong(check(switch.url.replace(PASSWORD, "wrong"))[0])
    assert any("refused the password" in what for what in refused)
    nobody = wrong(check("esl://:x@127.0.0.1:1?name=fs1")[0])
    assert any("refused" in what.lower() and "password" not in what for what in nobody)


def test_default_password_is_wrong(check, running):
    assert any("default, ClueCon" in what for what in wrong(check("esl://:ClueCon@127.0.0.1:8021")[0]))


def test_setting_edited_into_nonsense_is_wrong_and_named(check, acme, running):
    acme.redis.hset(acme.keys.settings("spring"), "ring_s", "long")
    assert any("ring_s: 'long' is not a whole number" in what for what in wrong(check()[0]))


def test_campaign_that_cannot_call_is_wrong(check, acme, running):
    acme.setup.save_campaign(Campaign("acme", "autumn"))
    found = wrong(check()[0])
    assert found["campaign acme/autumn: gateways none"] == "set gateways"
    assert found["campaign acme/autumn: caller ids none"] == "set caller_ids"


def test_phones_in_pages_need_an_address_and_what_hears_of_their_passwords(check, acme, running):
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", station="webrtc", campaigns=("spring",)))
    lines, _ = check()
    assert "FSDIALER_SIP_WS" in wrong(lines)["no address for browsers' phones is set"]


def test_phones_on_desks_need_none_of_that(check, acme, running):
    lines, _ = check()
    assert not any("browser" in line for line in lines)
