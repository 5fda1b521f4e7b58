"""Gateways that fail are rested, and others carry on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Gateway
from fsdialer.core.trunk_care import DOUBTED_S, FAULTS, RESTS_S, SILENT, WELL, after_call, after_look, in_order

NOW = 1000.0
ONE, TWO, SPARE = Gateway("acme", "one", weight=3), Gateway("acme", "two", weight=1), Gateway("acme", "spare", weight=0)


def names(gateways):
    return [gateway.name for gateway in gateways]


def test_a_gateway_that_is_down_rests_at_once():
    health = after_call(WELL, "GATEWAY_DOWN", False, False, NOW)
    assert health.rests(NOW + RESTS_S[0] - 0.1) and not health.rests(NOW + RESTS_S[0])


def test_congestion_must_happen_three_times_in_a_row():
    health = WELL
    for _ in range(2):
        health = after_call(health, "NORMAL_CIRCUIT_CONGESTION", False, False, NOW)
        assert not health.rests(NOW)
    assert after_call(health, "NORMAL_CIRCUIT_CONGESTION", False, False, NOW).rests(NOW)
    through = after_call(health, "USER_BUSY", True, False, NOW)
    assert not after_call(through, "NORMAL_CIRCUIT_CONGESTION", False, False, NOW).rests(NOW)


def test_after_a_rest_the_first_failure_is_enough_so_that_few_leads_try_a_carrier_that_still_fails():
    health = WELL
    for _ in range(3):
        health = after_call(health, "NORMAL_TEMPORARY_FAILURE", False, False, NOW)
    later = NOW + RESTS_S[0]
    assert not health.rests(later)
    assert after_call(health, "NORMAL_TEMPORARY_FAILURE", False, False, later).rests(later + RESTS_S[1] - 0.1)


def test_rests_grow_until_a_call_goes_through():
    health, rests = WELL, []
    for _ in range(6):
        health = after_call(health, "GATEWAY_DOWN", False, False, NOW)
        rests.append(health.resting_until - NOW)
    assert rests == [*RESTS_S, RESTS_S[-1], RESTS_S[-1]]
    assert after_call(health, "NORMAL_CLEARING", True, True, NOW) == WELL


@pytest.mark.parametrize("cause", ["USER_BUSY", "UNALLOCATED_NUMBER", "LOST", "DESTINATION_OUT_OF_ORDER"])
def test_what_is_the_leads_or_the_switchs_doing_is_not_the_gateways(cause):
    assert cause not in FAULTS
    assert after_call(WELL, cause, False, False, NOW) == WELL


def silent(times, health=WELL, cause="NO_ANSWER"):
    for _ in range(times):
        health = after_call(health, cause, False, False, NOW)
    return health


def test_a_carrier_whose_calls_do_not_even_ring_is_asked_last_for_a_while_but_not_left_out():
    """No SIP status betrays it. But the only way out must not be given up for a chance."""
    assert not silent(SILENT - 1).doubted(NOW)
    health = silent(SILENT)
    assert health.doubted(NOW) and not health.doubted(NOW + DOUBTED_S) and not health.rests(NOW)
    assert names(in_order([ONE, TWO, SPARE], {"one": health}, NOW, 0.0)) == ["two", "spare", "one"]
    assert names(in_order([ONE], {"one": health}, NOW, 0.0)) == ["one"]
    assert after_call(health, "NO_ANSWER", True, False, NOW) == WELL, "it rings again"


@pytest.mark.parametrize("cause", ["USER_BUSY", "UNALLOCATED_NUMBER", "NORMAL_CIRCUIT_CONGESTION"])
def test_a_carrier_that_says_anything_is_not_silent(cause):
    assert not silent(SILENT - 1, after_call(silent(SILENT - 1), cause, False, False, NOW)).doubted(NOW)


def test_a_carrier_that_never_says_that_it_rings_is_not_doubted_for_its_silence():
    mute = after_call(WELL, "NORMAL_CLEARING", False, True, NOW)
    assert not silent(10, mute).doubted(NOW)


def test_calls_under_way_when_a_silent_carrier_is_found_out_do_not_add_to_it():
    assert silent(SILENT + 10) == silent(SILENT)


def test_a_doubted_gateway_that_is_found_down_rests_like_any_other():
    assert after_look(silent(SILENT), False, NOW).rests(NOW)


def test_a_gateway_seen_down_rests_and_is_well_as_soon_as_it_is_seen_up():
    down = after_look(WELL, False, NOW)
    assert down.rests(NOW) and after_look(down, False, NOW + 1) == down
    assert after_look(down, True, NOW + 1) == WELL


def test_a_carrier_that_fails_calls_rests_on_although_its_gateway_is_up():
    health = WELL
    for _ in range(3):
        health = after_call(health, "NORMAL_TEMPORARY_FAILURE", False, False, NOW)
    assert after_look(health, True, NOW + 1).rests(NOW + 1)


def test_the_first_is_drawn_by_weight_and_the_others_follow_in_the_campaigns_order():
    gateways = [SPARE, TWO, ONE]
    assert names(in_order(gateways, {}, NOW, 0.0)) == ["two", "spare", "one"]
    assert names(in_order(gateways, {}, NOW, 0.24)) == ["two", "spare", "one"]
    assert names(in_order(gateways, {}, NOW, 0.26)) == ["one", "spare", "two"]
    assert names(in_order(gateways, {}, NOW, 0.999)) == ["one", "spare", "two"]


def test_a_gateway_of_weight_zero_is_for_when_the_others_rest():
    down = {name: after_call(WELL, "GATEWAY_DOWN", False, False, NOW) for name in ("one", "two")}
    assert names(in_order([ONE, TWO, SPARE], down, NOW, 0.5)) == ["spare"]
    assert names(in_order([ONE, TWO, SPARE], down, NOW + RESTS_S[0], 0.5)) == ["one", "two", "spare"]


@given(st.lists(st.integers(0, 5), max_size=6), st.floats(0, 0.999999))
def test_every_gateway_that_is_well_is_asked_once(weights, dice):
    gateways = [Gateway("acme", f"g{n}", weight=weight) for n, weight in enumerate(weights)]
    assert sorted(names(in_order(gateways, {}, NOW, dice))) == sorted(names(gateways))
