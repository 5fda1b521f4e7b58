"""Who will be there when a call is answered: against counting every case, and against the normal distribution."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.core.pacing.durations import Durations, on_seconds
from fsdialer.core.pacing.forecast import AGES, HORIZON, MOMENTS, PATIENCE, Forecast, Scene, Tables

BINS = 3


def tables(answer, free):
    """The same chance at each age; answers come evenly over the horizon."""
    grown = np.linspace(0, answer, HORIZON + 1)
    return Tables(
        np.tile(grown, (AGES, 1)),
        np.tile(np.full(HORIZON + PATIENCE + 1, free), (AGES, 1)),
        np.tile(np.full(HORIZON + PATIENCE + 1, free), (BINS, 1)),
        np.array([1.0]),
    )


def scene(free, ringing, releasing):
    calls, operators = np.zeros(AGES), np.zeros(AGES + BINS)
    calls[3], operators[5] = ringing, releasing
    return Scene(free, calls, operators)


def counted(free, answers, releases):
    """P(answers − releases ≥ free), by going through every case."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(answers) + len(releases)):
        chance = math.prod(p if yes else 1 - p for p, yes in zip([*answers, *releases], outcome, strict=True))
        total += chance * (sum(outcome[: len(answers)]) - sum(outcome[len(answers) :]) >= free)
    return total


@given(
    st.integers(-2, 4), st.integers(0, 5), st.integers(0, 4), st.integers(0, 3), st.floats(0.05, 0.9), st.floats(0, 0.9)
)
@settings(max_examples=60, deadline=None)
def test_few_calls_are_counted_exactly(free, ringing, releasing, calls, answer, release):
    forecast = Forecast(tables(answer, release), scene(free, ringing, releasing))
    shortage = forecast.shortage(calls)
    by_the_end = [answer] * (ringing + calls)
    assert shortage[-1] == pytest.approx(counted(free, by_the_end, [release] * releasing), abs=0.01)


def test_many_calls_agree_with_the_normal_distribution():
    forecast = Forecast(tables(0.3, 0.5), scene(5, 200, 130))
    mean, spread = 200 * 0.3 - 130 * 0.5, 200 * 0.21 + 130 * 0.25
    assert forecast.shortage(0)[-1] == pytest.approx(
        0.5 * math.erfc((5 - 0.5 - mean) / math.sqrt(2 * spread)), abs=0.002
    )


def test_a_flood_of_calls_is_never_mistaken_for_few():
    forecast = Forecast(tables(0.3, 0.1), scene(2, 3, 2))
    risks = [forecast.risk(calls) for calls in range(400)]
    assert risks[-1] == pytest.approx(1, abs=0.01)
    assert all(later >= earlier - 0.02 for earlier, later in itertools.pairwise(risks))


@given(st.integers(0, 8), st.integers(0, 30), st.integers(0, 8), st.floats(0.05, 0.7))
@settings(max_examples=50, deadline=None)
def test_one_more_free_operator_never_makes_a_call_riskier(free, ringing, releasing, answer):
    table = tables(answer, 0.3)
    one = Forecast(table, scene(free, ringing, releasing)).shortage(1)
    more = Forecast(table, scene(free + 1, ringing, releasing)).shortage(1)
    assert (more <= one + 1e-9).all()


def test_most_calls_is_the_last_within_the_threshold():
    forecast = Forecast(tables(0.3, 0.2), scene(6, 4, 5))
    most = forecast.most_calls(0.05, 0, 100)
    assert forecast.risk(most - 1) <= 0.05 < forecast.risk(most)
    assert forecast.most_calls(0.0, 0, 100) == 0
    assert forecast.most_calls(1.0, 0, 100) == 100
    assert forecast.most_calls(0.05, 0, most - 1) == most - 1


def test_moments_cover_the_horizon():
    assert MOMENTS[0] > 0 and MOMENTS[-1] == HORIZON


def test_a_life_table_learns_what_it_is_told_and_counts_lives_still_running():
    table = Durations(range(10), memory=1e6, belief=0.001, prior=lambda age, width: (0.5,))
    for _ in range(30):
        table.ended(2.5)
    for _ in range(70):
        table.ended(6.5)
    assert table.hazards()[2, 0] == pytest.approx(0.3, abs=0.01)
    assert table.hazards()[6, 0] == pytest.approx(1.0, abs=0.01)
    assert table.hazards(np.full(100, 4.2))[2, 0] == pytest.approx(0.15, abs=0.01)
    assert on_seconds(table, table.hazards(), 8)[[0, 2, 3, 6]] == pytest.approx([1, 1, 0.7, 0.7], abs=0.02)


def test_a_life_table_forgets():
    table = Durations(range(10), memory=50, belief=1, prior=lambda age, width: (0.5,))
    for _ in range(500):
        table.ended(2.5)
    for _ in range(500):
        table.ended(6.5)
    assert table.hazards()[2, 0] < 0.02


def test_a_life_lost_sight_of_counts_for_what_it_passed_only():
    table = Durations(range(10), memory=1e6, belief=1e-6, prior=lambda age, width: (0.5,))
    for _ in range(10):
        table.ended(2.5)
        table.ended(2.5, way=-1)
    assert table.hazards()[2, 0] == pytest.approx(1.0, abs=0.01)
    assert table.hazards()[1, 0] == pytest.approx(0.0, abs=0.01)
