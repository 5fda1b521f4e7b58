"""`fsdialer check` of both switches: what it asks they answer alike."""

import json

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.store import Store, connect
from tests.contract.sides import ANSWERS, NOT_THERE


@pytest.fixture(scope="module")
def checked(side, redis_url):
    """What is found for a company that calls through the trunk, and through one that is down: level and words."""
    redis = connect(f"{redis_url}?db=8")
    redis.flushdb()
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(redis).company("acme")
    acme.setup.save_company(Company("acme"))
    for gateway in ("trunk", "nowhere"):
        acme.setup.save_gateway(Gateway("acme", gateway, channels=10))
    acme.setup.save_campaign(Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+12125550100",)))
    for extension in (ANSWERS, NOT_THERE):
        acme.setup.save_operator(Operator("acme", f"op{extension}", "Op", extension, campaigns=("spring",)))
    acme.operators.go_on_line(f"op{NOT_THERE}", "spring", 1_795_400_000.0, via="cli")
    (host, port), password = side.address, side.password
    environment = {
        "FSDIALER_REDIS_URL": f"{redis_url}?db=8",
        "FSDIALER_SWITCHES": f"esl://:{password}@{host}:{port}?name=fs1&domain=127.0.0.1",
        "FSDIALER_INI": "",
    }
    redis.close()
    result = CliRunner().invoke(main, ["check", "--json"], env=environment)
    return [
        (each["level"], each["what"].removeprefix("switch fs1: ")) for each in json.loads(result.output)["findings"]
    ]


@pytest.mark.parametrize(
    "words",
    [
        "reachable at 127.0.0.1",
        "password is its own",
        "Event Socket on 127.0.0.1, open to",
        "clock of switch fs1",
        "all 8 modules calls need are loaded",
        "SIP profile operators, for operators' phones, runs",
        "SIP profile carrier, for the carriers, runs",
        "gateway trunk is UP",
        f"phone {ANSWERS} of op{ANSWERS} registered",
        "max_sessions",
        "sessions_per_second",
        "test call to the echo: answered, its tone came back after 0.",
    ],
)
def test_what_is_good_is_found_good(checked, words):
    assert [level for level, what in checked if what.startswith(words)] == ["ok"], checked


@pytest.mark.parametrize("words", ["no gateway nowhere", f"phone {NOT_THERE} of op{NOT_THERE} not registered"])
def test_what_is_missing_is_found_missing(checked, words):
    assert [level for level, what in checked if what.startswith(words)] == ["fail"], checked
