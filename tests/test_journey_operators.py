"""Operators come, go and test their phones: by page, by hand, by a browser that is gone."""

import time

import pytest

from fsdialer.errors import Refused
from tests.journey import wait_until


def test_operator_removed_from_the_presence_set_by_hand_leaves_within_a_second(centre):
    c = centre()
    c.on_line("1001")
    c.redis.srem(c.store.keys.online("spring"), "1001")
    wait_until(lambda: c.operator("1001").state == "off", 1.0, "1001 to be off the line")
    wait_until(lambda: not c.switch.channels(), 2.0, "the held phone to be let go")


def test_operator_added_to_the_presence_set_by_hand_is_on_the_line(centre):
    c = centre()
    c.redis.sadd(c.store.keys.online("spring"), "1001")
    wait_until(lambda: c.operator("1001").state == "available", 3.0, "1001 to be available")


def test_operator_whose_browser_is_gone_leaves_the_line(centre):
    c = centre()
    c.store.operators.go_on_line("1001", "spring", time.time() - 60, via="web")
    wait_until(lambda: c.operator("1001").state == "off", 2.0, "1001 to be off the line")
    assert "browser" in c.operator("1001").reason


def test_an_operator_tests_the_phone_and_reads_how_it_went(centre):
    c = centre()
    operators = c.store.operators
    operators.ask_for_phone_test("1001")
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the test to be over")
    assert c.operator("1001").phone_test_ok
    c.switch.lab("phone 1002 unregistered")
    operators.ask_for_phone_test("1002")
    wait_until(lambda: "is not registered" in c.operator("1002").phone_test, what="the test to fail")
    assert not c.operator("1002").phone_test_ok
    assert c.switch.channels() == []


def test_nobody_on_the_line_is_rung_for_a_test(centre):
    c = centre()
    c.on_line("1001")
    with pytest.raises(Refused, match="leave the line first"):
        c.store.operators.ask_for_phone_test("1001")
