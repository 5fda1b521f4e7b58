"""Policies side by side, a campaign's own history as a world, and the peers they are measured against."""

import pytest

from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Law, Scenario, play
from fsdialer.core.pacing.simulation.peers import Clairvoyant, Vicidial, integrated
from fsdialer.core.pacing.simulation.study import compare, from_history, simulate_targets
from fsdialer.errors import InvalidSetting

SHORT = Scenario(operators=8, hours=0.7)


def test_every_policy_meets_the_same_people():
    one, other = compare(SHORT, {"a": lambda: make("progressive"), "b": lambda: make("progressive")}, [1, 2])
    assert one.days == 2
    assert (one.utilisation, one.answers, one.dials) == (other.utilisation, other.answers, other.dials)


def test_a_study_says_what_each_target_would_give():
    results = {r.policy: r for r in simulate_targets(SHORT, make, targets=(0.01, 0.05), days=1, multipliers=("2",))}
    assert list(results) == ["progressive", "multiplier 2", "predictive 1 %", "predictive 5 %"]
    assert results["predictive 5 %"].utilisation > results["progressive"].utilisation
    assert results["predictive 1 %"].abandoned <= results["predictive 5 %"].abandoned


def test_a_campaigns_history_becomes_a_world_of_its_own():
    scenario = from_history(
        operators=6,
        answered_after_s=[8.0, 12.0] * 50,
        missed={"NO_ANSWER": [25.0] * 200, "USER_BUSY": [2.0] * 100},
        talk_s=[60.0, 90.0] * 20,
        wrap_up_s=[],
    )
    assert scenario.answer_rate == ((0.0, 0.25),)
    assert scenario.wrap_up == Law("fixed", 0.0)
    assert {miss.cause: miss.share for miss in scenario.misses} == pytest.approx(
        {"NO_ANSWER": 2 / 3, "USER_BUSY": 1 / 3}
    )
    report = play(scenario, make("progressive"), seed=1)
    assert report.answers / report.dials == pytest.approx(0.25, abs=0.05)


def test_too_short_a_history_is_refused():
    with pytest.raises(InvalidSetting, match="too few"):
        from_history(5, [8.0] * 3, {}, [60.0] * 3, [])
    with pytest.raises(InvalidSetting, match="at least one"):
        compare(SHORT, {}, [])


def test_a_clairvoyant_keeps_everybody_busy_and_loses_nobody_to_speak_of():
    report = play(Scenario(operators=10, hours=2, breaks=()), Clairvoyant(), seed=1)
    assert report.utilisation > 0.97 and report.abandon_rate < 0.01


def test_an_integrator_ends_near_its_aim_without_any_lock():
    policy = integrated(0.03)
    report = play(Scenario(operators=20, hours=2), policy, seed=1)
    assert 0.02 < report.abandon_rate < 0.04
    assert not policy.budget.locked(7200.0)


def test_vicidials_hard_limit_falls_back_to_level_one_above_its_share():
    policy = Vicidial("ADAPT_HARD_LIMIT", 0.03)
    for number in range(60):
        policy.observe({"t": 10.0, "type": "answer"})
        if number < 6:
            policy.observe({"t": 10.0, "type": "abandon"})
    ready = {"ready": 9, "talking": 1, "wrapup": 0, "total": 10}
    assert policy.decide({"t": 100.0, "operators": ready, "ringing": 0, "answered_waiting": 0}) == 9
    assert policy.level == 1.0


def test_vicidials_level_rises_while_operators_wait_and_not_above_three():
    policy = Vicidial("ADAPT_AVERAGE")
    ready = {"ready": 10, "talking": 0, "wrapup": 0, "total": 10}
    levels = []
    for step in range(20):
        policy.decide({"t": step * 15.0, "operators": ready, "ringing": 0, "answered_waiting": 0})
        levels.append(policy.level)
    assert levels[0] < levels[1] <= 3.0 == levels[-1]
