"""`fsdialer simulate`: what each way of pacing would give, on a scenario or on the campaign's own last days."""

import dataclasses
import importlib.util
import json
import math
import os
import subprocess
import sys
import time

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.core.pacing.simulation import Scenario
from fsdialer.core.times import day, iso
from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store import Store
from fsdialer.verbs.simulate import of_history, published

SMALL = "[small]\noperators = 4\nhours = 0.5\n"


def simulate(*arguments, **environment):
    command = [sys.executable, "-m", "fsdialer", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    company = Store(redis).company("acme")
    company.setup.save_company(Company("acme"))
    company.setup.save_campaign(Campaign("acme", "spring", ring_s=20, max_wait_s=2))
    for name in ("ann", "bob"):
        company.setup.save_operator(Operator("acme", name, name, name, campaigns=("spring",)))
    return company


def ended_call(acme, number, placed, **instants):
    """A call that is over; instants are seconds after it was placed."""
    record = {"campaign": "spring", "placed": iso(placed), "cause": instants.pop("cause", "NORMAL_CLEARING")}
    record |= {name: iso(placed + seconds) for name, seconds in instants.items()}
    acme.redis.hset(acme.keys.call(f"call-{number}"), mapping=record)


def test_policies_are_compared_on_the_same_days(tmp_path):
    (tmp_path / "worlds.toml").write_text(SMALL)
    asked = ("--file", str(tmp_path / "worlds.toml"), "--scenario", "small", "--days", "1", "--target", "0.03")
    results = json.loads(simulate(*asked, "--json").stdout)
    policies = [result["policy"] for result in results]
    assert policies == ["progressive", "multiplier 1.2", "multiplier 1.5", "predictive 3 %"]
    assert all(0.2 < result["utilisation"] < 1 and result["dials"] > 20 for result in results)
    table = simulate(*asked).stdout
    assert "small: 4 operators, 0.5 hours" in table and "predictive 3 %" in table


def test_an_unknown_scenario_names_those_there_are():
    with pytest.raises(NotFound, match="operators-100"):
        published("moon", None)


def test_a_campaigns_history_becomes_its_world(acme):
    now = time.time()
    for n in range(40):
        ended_call(acme, f"a{n}", now - 3600, answered=8, bridged=8.2, ended=98.2)
    for n in range(60):
        ended_call(acme, f"m{n}", now - 3600, ended=20, cause="NO_ANSWER")
    ended_call(acme, "old", now - 8 * 86400, answered=1, bridged=1, ended=1000)
    ended_call(acme, "live", now - 10, answered=1)
    world = of_history(acme, "spring", now - 86400, now, None)
    assert (world.operators, world.answer_rate) == (2, ((0.0, 0.4),))
    assert world.talk.seen == pytest.approx([90] * 40, abs=0.01)
    assert [(miss.cause, miss.share) for miss in world.misses] == [("NO_ANSWER", 1.0)]
    assert (world.max_wait, world.lines, world.calls_per_second) == (2, math.inf, math.inf)
    assert of_history(acme, "spring", now - 86400, now, 30).operators == 30


def test_a_campaigns_world_has_its_own_trunks_and_its_own_operators_wrap_up(acme):
    now = time.time()
    for n in range(40):
        ended_call(acme, f"a{n}", now - 3600, answered=8, bridged=8.2, ended=98.2)
    for name, channels in (("one", 3), ("two", 4), ("elsewhere", 90)):
        acme.setup.save_gateway(Gateway("acme", name, channels=channels, calls_per_second=2))
    spring = acme.setup.campaign("spring")
    acme.setup.save_campaign(dataclasses.replace(spring, gateways=("one", "two")))
    acme.setup.save_operator(Operator("acme", "cyd", "cyd", "cyd", campaigns=("autumn",)))
    for operator, wrap_up_s in (("ann", 50), ("cyd", 600)):
        acme.redis.hset(acme.keys.operator_stats(operator, day(now)), mapping={"wrap_up_s": wrap_up_s, "calls": 10})
    world = of_history(acme, "spring", now - 86400, now, None)
    assert (world.lines, world.calls_per_second) == (7, 4)
    assert world.wrap_up.seen == (5.0,)


def test_too_little_history_says_so(acme):
    with pytest.raises(InvalidSetting, match="0 answers and 0 talks are too few"):
        of_history(acme, "spring", time.time() - 86400, time.time(), None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--from-history",), "--from-history needs --campaign"),
        (("--campaign", "spring"), "--campaign needs --from-history"),
        (("--from-history", "--campaign", "spring", "--file", __file__), "either --from-history or --file"),
    ],
)
def test_history_and_campaign_go_together_and_without_a_file(asked, said):
    answer = simulate(*asked)
    assert answer.returncode == 2 and said in answer.stderr


def test_pictures_are_drawn_or_what_they_need_is_named(tmp_path):
    (tmp_path / "worlds.toml").write_text(SMALL)
    asked = ("--file", str(tmp_path / "worlds.toml"), "--scenario", "small", "--days", "1", "--target", "0.03")
    answer = simulate(*asked, "--json", "--plot", str(tmp_path / "pictures"))
    if importlib.util.find_spec("matplotlib") is None:
        assert answer.returncode == 1 and "pip install 'fsdialer[plot]'" in answer.stderr
    else:
        names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
        assert names == ["small-curve.png", "small-day.png"]


def test_pictures_of_a_campaigns_own_world_have_names_a_folder_takes(tmp_path):
    pictures = pytest.importorskip("fsdialer.verbs.pacing_plots", exc_type=ImportError)
    world = Scenario(name="acme/spring", operators=2, hours=0.1)
    assert [path.name for path in pictures.draw([world], tmp_path)] == ["acme-spring-curve.png", "acme-spring-day.png"]


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "worlds.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidSetting, match=r"worlds.toml is no text"):
        published("small", tmp_path / "worlds.toml")


def test_machines_of_a_campaigns_history_are_machines_and_no_answers(acme):
    now = time.time()
    for n in range(60):
        ended_call(acme, f"a{n}", now - 3600, answered=8, bridged=8.2, ended=98.2)
    for n in range(40):
        ended_call(acme, f"m{n}", now - 3600, answered=8, ended=40)
        acme.redis.hset(acme.keys.call(f"call-m{n}"), "disposition", "machine")
    world = of_history(acme, "spring", now - 86400, now, None)
    assert world.answer_rate == ((0.0, 0.6),)
    assert [(miss.cause, miss.share) for miss in world.misses] == [("MACHINE", 1.0)]
