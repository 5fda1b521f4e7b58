"""Who gets the next calls, and how one switch reaches a phone on another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Gateway
from fsdialer.core.switches import NO_LIMIT, Room, address, has, limits, spread, to_line, to_operator
from fsdialer.errors import InvalidSetting


def test_calls_go_where_the_greatest_part_of_the_capacity_is_free():
    assert spread(6, [Room("a", live=0, most=10), Room("b", live=60, most=100)]) == {"a": 6}
    assert spread(4, [Room("a", most=10), Room("b", most=10)]) == {"a": 2, "b": 2}
    assert spread(3, [Room("a", live=9, most=10), Room("b", live=9, most=100)]) == {"b": 3}


def test_calls_go_first_where_operators_are_free():
    rooms = [Room("a", live=50, most=100, operators=3), Room("b", most=100, operators=0)]
    assert spread(3, rooms) == {"a": 3}
    assert spread(5, rooms) == {"a": 3, "b": 2}


def test_a_switch_at_its_calls_per_second_gets_no_more_of_them():
    assert spread(9, [Room("a", starts=8, per_second=10), Room("b", starts=0, per_second=3)]) == {"a": 2, "b": 3}


def test_a_drained_switch_gets_nothing():
    assert spread(4, [Room("a", drained=True), Room("b", most=3)]) == {"b": 3}
    assert spread(4, [Room("a", drained=True)]) == {}


rooms = st.lists(
    st.builds(
        Room,
        switch=st.sampled_from("abcdef"),
        live=st.integers(0, 30),
        most=st.integers(1, 30),
        starts=st.integers(0, 10),
        per_second=st.integers(1, 10),
        drained=st.booleans(),
        operators=st.integers(0, 10),
    ),
    unique_by=lambda room: room.switch,
)


@given(rooms, st.integers(0, 50))
def test_no_switch_gets_more_than_it_has_room_for_and_no_call_waits_while_there_is_room(rooms, calls):
    shares = spread(calls, rooms)
    free = {room.switch: room.free for room in rooms}
    assert all(0 < share <= free[switch] for switch, share in shares.items())
    assert sum(shares.values()) == min(calls, sum(free.values()))


def test_limits_are_those_set_by_hand_else_half_of_what_the_switch_says_because_a_call_has_two_legs():
    told = {"max_sessions": "2000", "sessions_per_second": "100"}
    assert limits(told) == (1000, 50)
    assert limits(told | {"channels": "30", "calls_per_second": "0"}) == (30, 50)
    assert limits({}) == (NO_LIMIT, NO_LIMIT)


def test_a_gateway_that_names_no_switch_exists_on_all():
    assert has(Gateway("acme", "trunk"), "fs2")
    assert has(Gateway("acme", "trunk", switches=("fs1",)), "fs1")
    assert not has(Gateway("acme", "trunk", switches=("fs1",)), "fs2")


def test_a_phone_on_another_switch_is_rung_and_a_held_line_joined_through_the_switches_profile():
    assert to_operator("1001", "10.0.0.2:5070") == "sofia/switches/op-1001@10.0.0.2:5070"
    assert to_line("6b26c107-4184", "fs2.example:5070") == "sofia/switches/held-6b26c107-4184@fs2.example:5070"
    with pytest.raises(InvalidSetting):
        to_operator("1001", "10.0.0.2:5070 &hangup()")


@pytest.mark.parametrize("said", ["", "-ERR no reply", "10.0.0.2", "a b:5070", "10.0.0.2:5070,x"])
def test_what_is_no_address_is_none(said):
    assert address(said) == ""


def test_an_address_is_read_with_its_port():
    assert address("10.0.0.2:5070\n") == "10.0.0.2:5070"
    assert address("[2001:db8::1]:5070") == "[2001:db8::1]:5070"
