"""How many calls to place: exact arithmetic, none for nobody, at least one for somebody."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.pacing import make
from fsdialer.errors import InvalidSetting


def state(ready, ringing=0, answered_waiting=0):
    return {
        "t": 0.0,
        "operators": {"ready": ready, "talking": 3, "wrapup": 1, "total": ready + 4},
        "ringing": ringing,
        "ringing_ages": [1.0] * ringing,
        "talk_ages": [10.0] * 3,
        "wrapup_ages": [2.0],
        "answered_waiting": answered_waiting,
    }


def test_five_free_operators_and_multiplier_1_2_make_six_calls():
    assert make("multiplier", multiplier="1.2").decide(state(5)) == 6


@pytest.mark.parametrize("multiplier", ["1.16", Decimal("1.16"), 1.16])
def test_1_16_times_25_is_29_calls_where_binary_floats_say_28(multiplier):
    assert math.floor(1.16 * 25) == 28
    assert make("multiplier", multiplier=multiplier).decide(state(25)) == 29


def test_calls_ringing_and_customers_waiting_are_taken_off():
    assert make("multiplier", multiplier="2").decide(state(5, ringing=3, answered_waiting=2)) == 5


def test_nobody_free_means_no_call():
    policy = make("multiplier", multiplier="3")
    assert policy.decide(state(0)) == 0
    assert policy.why == "no operator is free"


def test_reason_says_how_the_number_came_about():
    policy = make("multiplier", multiplier="1.20")
    policy.decide(state(5, ringing=2))
    assert policy.why == "5 free × 1.2 = 6 calls, 2 in flight"


def test_progressive_places_one_call_for_each_free_operator():
    assert make("progressive").decide(state(4, ringing=1)) == 3


@pytest.mark.parametrize(
    ("name", "settings", "part"),
    [
        ("clairvoyant", {}, "no pacing policy 'clairvoyant'"),
        ("predictive", {"target_abandon": "some"}, "'some' is not a number"),
        ("predictive", {"target_abandon": 0.5}, "between 0 and 0.2"),
        ("predictive", {"window": "year"}, "'year' is none of day, 24h, 30d, month"),
        ("predictive", {"soft_limit": 0.04, "hard_limit": 0.03}, "above the hard limit"),
        ("predictive", {"multiplier": 2}, "no setting multiplier"),
        ("multiplier", {"multiplier": "a lot"}, "'a lot' is not a number"),
        ("multiplier", {"multiplier": "NaN"}, "between 1 and 10"),
        ("multiplier", {"multiplier": 0.5}, "between 1 and 10"),
        ("multiplier", {"multiplier": "1", "speed": 3}, "no setting speed"),
        ("progressive", {"multiplier": "1"}, "no setting multiplier"),
        ("predictive", {"max_multiplier": 0.5}, "max_multiplier: 0.5 must be between 1 and 10"),
        ("predictive", {"zone_s": None}, "zone_s: None is not a number"),
        ("predictive", {"zone_s": math.nan}, "zone_s: nan must be"),
    ],
)
def test_unknown_policy_or_setting_is_refused(name, settings, part):
    with pytest.raises(InvalidSetting, match=part):
        make(name, **settings)


multipliers = st.decimals(1, 10, places=4)
counts = st.integers(0, 500)


@given(multipliers, counts, counts, counts)
def test_decision_is_the_exact_floor_less_what_is_in_flight(multiplier, ready, ringing, waiting):
    wanted = max(1, math.floor(Fraction(multiplier) * ready)) if ready else 0
    calls = make("multiplier", multiplier=multiplier).decide(state(ready, ringing, waiting))
    assert calls == (max(0, wanted - ringing - waiting) if ready else 0)


@given(multipliers, st.integers(1, 500))
def test_somebody_free_and_nothing_in_flight_means_at_least_one_call_each(multiplier, ready):
    assert make("multiplier", multiplier=multiplier).decide(state(ready)) >= ready


@given(counts, counts, counts)
def test_progressive_is_the_multiplier_one(ready, ringing, waiting):
    one = make("multiplier", multiplier=1).decide(state(ready, ringing, waiting))
    assert make("progressive").decide(state(ready, ringing, waiting)) == one
