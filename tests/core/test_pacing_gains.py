"""Predictive pacing on simulated days: operators are busier, and the limit is kept."""

import pytest

from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Law, Scenario, play
from tests.core.told_the_end import ToldTheEnd


@pytest.mark.parametrize(
    ("scenario", "gain"),
    [
        (Scenario(operators=5, hours=3), 1.02),
        (Scenario(operators=20, hours=1.5), 1.10),
        (Scenario(operators=60, hours=1), 1.14),
        (Scenario(operators=20, hours=1.5, answer_rate=((0, 0.15),), wrap_up=Law("fixed", 0.0)), 1.10),
    ],
    ids=["5 operators", "20 operators", "60 operators", "few answers, no wrap-up"],
)
def test_operators_are_busier_than_with_progressive_and_the_limit_is_kept(scenario, gain):
    policy = ToldTheEnd(make("predictive", target_abandon=0.03), scenario.hours)
    predictive = play(scenario, policy, seed=1)
    progressive = play(scenario, make("progressive"), seed=1)
    assert predictive.abandon_rate <= 0.03
    assert predictive.utilisation >= gain * progressive.utilisation


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lower_target_is_kept_too(seed):
    policy = ToldTheEnd(make("predictive", target_abandon=0.01), 2)
    assert play(Scenario(operators=20, hours=2), policy, seed).abandon_rate <= 0.01


def test_an_answer_rate_that_doubles_at_once_brings_no_half_hour_above_a_tenth():
    scenario = Scenario(operators=20, hours=1.6, answer_rate=((0, 0.2), (0.8, 0.2), (0.8, 0.45)))
    report = play(scenario, ToldTheEnd(make("predictive"), 1.6), seed=1)
    assert report.worst_half_hour <= 0.10 and report.abandon_rate <= 0.03
