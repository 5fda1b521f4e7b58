"""Gateways that fail are rested, and others carry on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Gateway
from fsdialer.core.trunk_care import FAULTS, RESTS_S, WELL, after_call, after_look, in_order

NOW = 1000.0
ONE, TWO, SPARE = Gateway("acme", "one", weight=3), Gateway("acme", "two", weight=1), Gateway("acme", "spare", weight=0)


def names(gateways):
    return [gateway.name for gateway in gateways]


def test_a_gateway_that_is_down_rests_at_once():
    health = after_call(WELL, "GATEWAY_DOWN", False, NOW)
    assert health.rests(NOW + RESTS_S[0] - 0.1) and not health.rests(NOW + RESTS_S[0])


def test_congestion_must_happen_three_times_in_a_row():
    health = WELL
    for _ in range(2):
        health = after_call(health, "NORMAL_CIRCUIT_CONGESTION", False, NOW)
        assert not health.rests(NOW)
    assert after_call(health, "NORMAL_CIRCUIT_CONGESTION", False, NOW).rests(NOW)
    through = after_call(health, "USER_BUSY", True, NOW)
    assert not after_call(through, "NORMAL_CIRCUIT_CONGESTION", False, NOW).rests(NOW)


def test_rests_grow_until_a_call_goes_through():
    health, rests = WELL, []
    for _ in range(6):
        health = after_call(health, "GATEWAY_DOWN", False, NOW)
        rests.append(health.resting_until - NOW)
    assert rests == [*RESTS_S, RESTS_S[-1], RESTS_S[-1]]
    assert after_call(health, "NORMAL_CLEARING", True, NOW) == WELL


@pytest.mark.parametrize("cause", ["USER_BUSY", "NO_ANSWER", "UNALLOCATED_NUMBER", "LOST", "DESTINATION_OUT_OF_ORDER"])
def test_what_is_the_leads_or_the_switchs_doing_is_not_the_gateways(cause):
    assert cause not in FAULTS
    assert after_call(WELL, cause, False, NOW) == WELL


def test_a_gateway_seen_down_rests_and_is_well_as_soon_as_it_is_seen_up():
    down = after_look(WELL, False, NOW)
    assert down.rests(NOW) and after_look(down, False, NOW + 1) == down
    assert after_look(down, True, NOW + 1) == WELL


def test_a_carrier_that_fails_calls_rests_on_although_its_gateway_is_up():
    health = WELL
    for _ in range(3):
        health = after_call(health, "NORMAL_TEMPORARY_FAILURE", False, NOW)
    assert after_look(health, True, NOW + 1).rests(NOW + 1)


def test_the_first_is_drawn_by_weight_and_the_others_follow_in_the_campaigns_order():
    gateways = [SPARE, TWO, ONE]
    assert names(in_order(gateways, {}, NOW, 0.0)) == ["two", "spare", "one"]
    assert names(in_order(gateways, {}, NOW, 0.24)) == ["two", "spare", "one"]
    assert names(in_order(gateways, {}, NOW, 0.26)) == ["one", "spare", "two"]
    assert names(in_order(gateways, {}, NOW, 0.999)) == ["one", "spare", "two"]


def test_a_gateway_of_weight_zero_is_for_when_the_others_rest():
    down = {name: after_call(WELL, "GATEWAY_DOWN", False, NOW) for name in ("one", "two")}
    assert names(in_order([ONE, TWO, SPARE], down, NOW, 0.5)) == ["spare"]
    assert names(in_order([ONE, TWO, SPARE], down, NOW + RESTS_S[0], 0.5)) == ["one", "two", "spare"]


@given(st.lists(st.integers(0, 5), max_size=6), st.floats(0, 0.999999))
def test_every_gateway_that_is_well_is_asked_once(weights, dice):
    gateways = [Gateway("acme", f"g{n}", weight=weight) for n, weight in enumerate(weights)]
    assert sorted(names(in_order(gateways, {}, NOW, dice))) == sorted(names(gateways))
