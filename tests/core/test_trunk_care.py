"""Gateways that fail are rested, and others carry on."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Gateway
from fsdialer.core.dispositions import classify
from fsdialer.core.trunk_care import (
    DOUBTED_S,
    FAULTS,
    RESTS_S,
    SILENT,
    WELL,
    after_call,
    after_look,
    after_turn,
    cause_of,
    to_ask,
    whose_turn,
)

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


def test_a_carrier_that_refuses_us_is_at_fault_and_a_person_who_rejects_the_call_is_not():
    for status in (401, 402, 403, 407):
        assert cause_of("CALL_REJECTED", status) in FAULTS
    assert cause_of("CALL_REJECTED", 603) not in FAULTS and cause_of("USER_BUSY", None) == "USER_BUSY"


def test_a_carrier_that_sends_every_call_elsewhere_is_at_fault():
    health = WELL
    for _ in range(3):
        health = after_call(health, "REQUESTED_CHAN_UNAVAIL", False, False, NOW)
    assert health.rests(NOW)


def silent(times, health=WELL, cause="NO_ANSWER"):
    for _ in range(times):
        health = after_call(health, cause, False, False, NOW)
    return health


def test_a_carrier_whose_calls_do_not_even_ring_is_asked_last_for_a_while_but_not_left_out():
    """No SIP status betrays it. But the only way out must not be given up for a chance."""
    assert not silent(SILENT - 1).doubted(NOW)
    health = silent(SILENT)
    assert health.doubted(NOW) and not health.doubted(NOW + DOUBTED_S) and not health.rests(NOW)
    assert names(to_ask([ONE, TWO, SPARE], {"one": health}, NOW)) == ["two"]
    assert names(to_ask([ONE, TWO, SPARE], {"one": health}, NOW, full={"two", "spare"})) == ["one"]
    assert names(to_ask([ONE], {"one": health}, NOW)) == ["one"]
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


# -- whose turn it is ----------------------------------------------------------------------------------------------


def turns(gateways, count):
    """Who has so many calls, one after the other."""
    credit, taken = {}, []
    for _ in range(count):
        gateway = whose_turn(gateways, credit)
        credit = after_turn(gateways, gateway, credit)
        taken.append(gateway.name)
    return taken


def test_calls_are_shared_by_weight_and_evenly():
    assert turns([ONE, TWO], 8) == ["one", "one", "two", "one"] * 2


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 200))
def test_nobody_is_ever_more_than_a_call_from_its_share(weights, count):
    gateways = [Gateway("acme", f"g{n}", weight=weight) for n, weight in enumerate(weights)]
    taken = Counter(turns(gateways, count))
    for gateway in gateways:
        assert abs(taken[gateway.name] - count * gateway.weight / sum(weights)) < len(weights)


def test_who_was_left_out_does_not_catch_up_when_it_is_back():
    credit = {}
    for _ in range(100):
        credit = after_turn([ONE], ONE, credit)
    assert turns([ONE, TWO], 4) == ["one", "one", "two", "one"]
    assert abs(credit["one"]) < ONE.weight + 1


def test_a_gateway_of_weight_zero_is_for_when_the_others_rest_or_are_full():
    down = {name: after_call(WELL, "GATEWAY_DOWN", False, False, NOW) for name in ("one", "two")}
    assert names(to_ask([SPARE, ONE, TWO], {}, NOW)) == ["one", "two"]
    assert names(to_ask([SPARE, ONE, TWO], {}, NOW, full={"one"})) == ["two"]
    assert names(to_ask([SPARE, ONE, TWO], {}, NOW, full={"one", "two"})) == ["spare"]
    assert names(to_ask([SPARE, ONE, TWO], down, NOW)) == ["spare"]
    assert names(to_ask([SPARE, ONE, TWO], down, NOW + RESTS_S[0])) == ["one", "two"]
    assert to_ask([SPARE], {}, NOW, full={"spare"}) == []


@pytest.mark.parametrize("cause", FAULTS)
def test_every_fault_a_gateway_rests_for_has_words_of_its_own(cause):
    """`fsdialer check` says them of a gateway that fails."""
    assert classify(cause, None, rang=False).detail != classify("NOBODY_KNOWS", None, rang=False).detail


def test_several_of_weight_zero_are_asked_in_the_campaigns_order():
    last = Gateway("acme", "last", weight=0)
    assert names(to_ask([SPARE, last], {}, NOW)) == ["spare"]
    assert names(to_ask([SPARE, last], {}, NOW, full={"spare"})) == ["last"]
