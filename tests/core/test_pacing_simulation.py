"""The simulated day: the same for a seed, counted right, and where known policies stand in it."""

import math
from pathlib import Path

import pytest

import fsdialer.core.pacing
from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Law, Scenario, parse, play
from fsdialer.core.pacing.simulation.scenario import Miss, at
from fsdialer.errors import InvalidSetting

PUBLISHED = parse((Path(fsdialer.core.pacing.__file__).parent / "scenarios/published.toml").read_text())


class Greedy:
    """Dials a fixed number at every decision, and keeps what it is told."""

    def __init__(self, calls=1):
        self.calls, self.events, self.states = calls, [], []

    def observe(self, event):
        self.events.append(event)

    def decide(self, state):
        self.states.append(state)
        return self.calls


def test_a_seed_gives_the_same_day_to_the_last_digit():
    days = [play(PUBLISHED["operators-5"], make("multiplier", multiplier="1.5"), seed=4) for _ in range(2)]
    assert days[0] == days[1]
    assert days[0] != play(PUBLISHED["operators-5"], make("multiplier", multiplier="1.5"), seed=5)


@pytest.mark.parametrize("operators", [5, 20])
def test_progressive_stands_where_it_was_published(operators):
    report = play(PUBLISHED[f"operators-{operators}"], make("progressive"), seed=1)
    assert report.utilisation == pytest.approx(0.742, abs=0.025)
    assert report.abandon_rate < 0.003


def test_multiplier_2_drops_many_of_five_operators_answers_and_few_of_fifty_operators():
    few, many = (
        play(PUBLISHED[f"operators-{n}"], make("multiplier", multiplier="2"), seed=1).abandon_rate for n in (5, 50)
    )
    assert few == pytest.approx(0.12, abs=0.03)
    assert many < 0.005


def test_everything_that_happens_is_told_in_the_contracts_words():
    policy = Greedy(0)
    policy.decide = lambda state: 1 if state["ringing"] < 12 else 0
    play(Scenario(operators=3, hours=1.0), policy, seed=2)
    kinds = {event["type"] for event in policy.events}
    assert kinds == {"originate", "answer", "machine", "fail", "connect", "abandon", "talk_end", "ready", "login"}
    assert all(set(event) == {"t", "type", "cause", "call", "operator"} for event in policy.events)
    assert [event["t"] for event in policy.events] == sorted(event["t"] for event in policy.events)


def test_states_have_the_contracts_shape_and_their_counts_agree():
    policy = Greedy(1)
    play(Scenario(operators=3, hours=0.5, lines=20), policy, seed=2)
    for state in policy.states:
        operators = state["operators"]
        assert operators["ready"] + operators["talking"] + operators["wrapup"] == operators["total"]
        assert len(state["ringing_ages"]) == state["ringing"]
        assert len(state["talk_ages"]) == operators["talking"] and len(state["wrapup_ages"]) == operators["wrapup"]
        assert min([0, *state["ringing_ages"], *state["talk_ages"], *state["wrapup_ages"]]) >= 0


def test_the_trunk_and_the_list_are_not_exceeded():
    crowded = Greedy(50)
    report = play(Scenario(operators=2, hours=0.5, lines=7, leads=60), crowded, seed=1)
    assert max(state["ringing"] for state in crowded.states) <= 7
    assert report.dials == 60
    slow = play(Scenario(operators=2, hours=0.5, calls_per_second=0.5), Greedy(50), seed=1)
    assert slow.dials <= 0.5 * 1800 + 1


def test_customers_leave_when_their_patience_or_the_switchs_ends():
    always = Scenario(operators=1, hours=0.2, answer_rate=((0, 0.95),), answer_walk=0, breaks=(), login_within_min=0)
    patient = Law("fixed", 30.0)
    policy = Greedy(1)
    play(Scenario(**{**vars(always), "patience": patient, "max_wait": 2.0, "lines": 9}), policy, seed=1)
    answered = {e["call"]: e["t"] for e in policy.events if e["type"] == "answer"}
    waits = {round(e["t"] - answered[e["call"]], 6) for e in policy.events if e["type"] == "abandon"}
    assert waits == {2.0}


def test_operators_leave_for_their_breaks_only_when_their_customer_is_done():
    policy = Greedy(1)
    play(Scenario(operators=4, hours=1.0, breaks=((0.5, 10),), break_jitter_min=0, lines=9), policy, seed=1)
    busy, left = set(), 0
    for event in policy.events:
        if event["type"] == "connect":
            busy.add(event["operator"])
        elif event["type"] == "talk_end":
            busy.discard(event["operator"])
        elif event["type"] == "logout":
            left += 1
            assert event["operator"] not in busy
    assert left == 4


@pytest.mark.parametrize("kind", ["lognormal", "gamma", "exponential", "uniform", "fixed"])
def test_laws_keep_their_mean(kind):
    import random

    dice, law = random.Random(1), Law(kind, 12.0, 0.5, 1.0)
    assert sum(law.draw(dice) for _ in range(4000)) / 4000 == pytest.approx(13.0, rel=0.05)


def test_a_course_goes_straight_between_its_points_and_may_jump():
    course = ((0.0, 1.0), (4.0, 3.0), (4.0, 10.0))
    assert [at(course, hour) for hour in (-1, 0, 2, 3.999, 4.0, 9)] == pytest.approx([1, 1, 2, 3, 10, 10], abs=0.01)


def test_scenarios_are_read_from_toml_one_like_another():
    text = """
    [base]
    operators = 7
    talk = {kind = "gamma", mean = 90}
    answer_rate = [[0, 0.1], [8, 0.2]]
    misses = [
        {cause = "NO_ANSWER", share = 1.0},
        {cause = "USER_BUSY", share = 0.5, after = {kind = "fixed", mean = 2}},
    ]
    [other]
    like = "base"
    operators = 9
    """
    found = parse(text)
    assert found["other"].operators == 9 and found["other"].talk == Law("gamma", 90, 0.8)
    assert found["base"].answer_rate == ((0.0, 0.1), (8.0, 0.2)) and found["base"].leads == math.inf
    assert found["base"].misses[0] == Miss("NO_ANSWER", 1.0, None)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[a]\nspeed = 3", "a: no 'speed': there are"),
        ("[a]\noperators = 'many'", "operators = 'many'"),
        ("[a]\ntalk = {kind = 'odd'}", "no law 'odd'"),
        ("[a]\nlike = 'b'", "does not stand before it"),
        ("a = 3", "a is no table"),
        ("[a", "Expected"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused_by_name(text, part):
    with pytest.raises(InvalidSetting, match=part):
        parse(text)
