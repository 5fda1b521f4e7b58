"""Scenario files: each wrong entry is refused by its name, before anything is played."""

from pathlib import Path

import pytest

import fsdialer.core.pacing
from fsdialer.core.pacing.simulation import parse
from fsdialer.errors import InvalidSetting

WRONG = """
operators = 0
operators = -3
operators = 3.7
operators = true
operators = "many"
hours = 0
hours = nan
hours = inf
answer_rate = 5
answer_rate = -0.1
answer_rate = nan
answer_rate = []
answer_rate = [0, 0.3]
answer_rate = [[8, 0.1], [0, 0.3]]
answer_walk = 1e9
ring = 9
ring = { median = 3 }
ring = { kind = "norm" }
ring = { mean = 0 }
ring = { mean = "x" }
ring = { kind = "fixed", mean = -4 }
ring_limit = 0
talk = { kind = "gamma", spread = 0 }
talk = { kind = "exponential", mean = 0 }
talk = { kind = "sample" }
talk = { kind = "sample", seen = ["a"] }
talk = { kind = "sample", seen = [-5] }
talk = { least = -500 }
talk = { mean = inf }
wrap_up = { spread = -1 }
misses = []
misses = 3
misses = [{ cause = "X" }]
misses = [{ cause = "X", share = -1 }]
misses = [{ cause = "X", share = 0 }]
misses = [{ cause = "X", share = 1, afer = { mean = 3 } }]
misses = [{ cause = "X", share = 1, after = { mean = 0 } }]
talk_factor = 0
max_wait = -1
pace_spread = -1
login_within_min = -3
breaks = 3
breaks = [1, 2]
breaks = [[1, -2]]
break_jitter_min = -2
staffing = 5
leads = -1
lines = -1
calls_per_second = 0
seats = 4
""".strip().splitlines()


@pytest.mark.parametrize("entry", WRONG)
def test_a_wrong_entry_is_refused_by_its_name_and_its_scenarios(entry):
    name = entry.split()[0]
    with pytest.raises(InvalidSetting, match=rf"scenario: odd: .*{name}"):
        parse(f"[odd]\n{entry}\n")


@pytest.mark.parametrize("like", ["3", "[3]", '"other"'])
def test_like_must_name_a_scenario_before(like):
    with pytest.raises(InvalidSetting, match="does not stand before"):
        parse(f"[odd]\nlike = {like}\n")


def test_every_scenario_that_comes_along_is_right():
    for file in (Path(fsdialer.core.pacing.__file__).parent / "scenarios").glob("*.toml"):
        assert parse(file.read_text())


def test_right_entries_are_taken():
    world = parse(
        "[calm]\noperators = 3\nhours = 1\nstaffing = [[0, 1], [0.5, 0.4]]\nbreaks = []\nleads = 20\nlines = inf\n"
        'patience = { kind = "uniform", mean = 0.5 }\nmisses = [{ cause = "X", share = 42 }]\n'
    )["calm"]
    assert (world.name, world.operators, world.hours, world.leads) == ("calm", 3, 1.0, 20.0)
    assert world.staffing == ((0.0, 1.0), (0.5, 0.4)) and world.breaks == () and world.patience.mean == 0.5
