"""Operators come, go and test their phones: by page, by hand, by a browser that is gone."""

import dataclasses
import time

import pytest

from fsdialer.core.campaigns import Company, PhoneTestRule, Station
from fsdialer.core.phones import UNHEARD_S
from fsdialer.errors import Refused
from tests.journey import LEAVES_AFTER_3S, TALKS, wait_until


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
    wait_until(lambda: c.operator("1001").state == "off", 20, "the time a dialer that has just begun gives a page")
    assert "browser" in c.operator("1001").reason


def test_an_operator_whose_phone_in_the_page_is_not_connected_is_free_for_nobody_until_it_is(centre):
    c = centre(station=Station.WEBRTC)
    c.on_line("1001")
    c.switch.lab("phone 1001 unregistered")
    wait_until(lambda: c.operator("1001").state == "connecting", 12, "1001 to be free no more")
    assert "phone in your page is not connected" in c.operator("1001").unreachable
    lead = c.add_lead(TALKS)
    c.switch.lab("phone 1001 auto")
    assert c.talking(lead)["operator"] == "1001"
    assert c.today()["answers"] == 1 and not c.dialer.said("off_line=yes")


def test_an_operator_tests_the_phone_and_reads_how_it_went(centre):
    c = centre()
    c.store.phone_tests.ask("1001", time.time())
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the test to be over")
    assert c.operator("1001").phone_test_ok
    c.switch.lab("phone 1002 unregistered")
    c.store.phone_tests.ask("1002", time.time())
    wait_until(lambda: "is not registered" in c.operator("1002").phone_test, what="the test to fail")
    assert not c.operator("1002").phone_test_ok
    assert c.switch.channels() == []


@pytest.mark.parametrize("rule", [PhoneTestRule.ADVISE, PhoneTestRule.REQUIRE])
def test_a_phone_that_answers_later_than_customers_wait_is_told_so_and_kept_off_the_line(centre, rule):
    c = centre(station=Station.RING)
    c.store.setup.save_company(Company("acme", name="Acme", phone_test=rule))
    c.store.operators.seen("1001", time.time() + 60)
    c.switch.lab("phone 1001 slow")
    c.store.phone_tests.ask("1001", time.time(), then="spring")
    wait_until(lambda: "customers wait 2 s at most" in c.operator("1001").phone_test, 15, "the test to be over")
    assert not c.operator("1001").phone_test_ok and c.operator("1001").state == "off"


def test_a_phone_that_was_started_anew_is_well_while_the_switch_remembers_what_it_was_before(centre):
    c = centre(station=Station.RING)
    c.switch.lab("phone 1001 restarts")
    assert "," in c.switch.api("sofia_contact 1001@127.0.0.1")
    c.store.phone_tests.ask("1001", time.time())
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the test to be over")
    assert c.operator("1001").phone_test_ok


def test_a_test_asked_for_while_the_dialer_was_away_is_not_done_when_the_operator_has_given_it_up(centre):
    c = centre(station=Station.RING)
    c.store.phone_tests.ask("1001", time.time() - UNHEARD_S - 1)
    c.store.phone_tests.ask("1002", time.time())
    wait_until(lambda: "answered after" in c.operator("1002").phone_test, 12, "the later test to be over")
    assert c.operator("1001").phone_tested_at is None and c.dialer.said("operator=1002 phone_test=ok")
    c.store.phone_tests.ask("1001", time.time())
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the new test to be over")
    assert c.switch.counts()["peak_sessions"] == 1, "none was done twice"


def test_nobody_on_the_line_is_rung_for_a_test(centre):
    c = centre()
    c.on_line("1001")
    with pytest.raises(Refused, match="leave the line first"):
        c.store.phone_tests.ask("1001", time.time())


def test_a_phone_that_is_well_is_on_the_line_after_its_test_of_the_shift(centre):
    c = centre(station=Station.RING)
    c.store.operators.seen("1001", time.time() + 60)
    c.store.phone_tests.ask("1001", time.time(), then="spring")
    wait_until(lambda: c.operator("1001").state == "available", 12, "1001 to be on the line")
    assert c.operator("1001").phone_test_ok and c.operator("1001").via == "web"
    assert c.store.phone_tests.proved("1001", time.time())


@pytest.mark.parametrize("goodbye", [True, False])
def test_nobody_is_put_on_the_line_whose_page_was_closed_during_the_test(centre, goodbye):
    c = centre(station=Station.RING)
    c.store.phone_tests.ask("1001", time.time(), then="spring")
    c.store.operators.seen("1001", time.time() + (60 if goodbye else -10))
    if goodbye:
        c.store.operators.left("1001", time.time() + 60)
    wait_until(lambda: "answered after" in c.operator("1001").phone_test, 12, "the test to be over")
    wait_until(lambda: "page was closed" in c.operator("1001").reason, what="1001 to read why")
    assert c.operator("1001").state == "off" and c.operator("1001").phone_test_ok


def test_nobody_is_put_on_the_line_by_the_test_of_a_phone_they_have_no_more(centre):
    c = centre(station=Station.RING)
    c.store.operators.seen("1001", time.time() + 60)
    c.store.phone_tests.ask("1001", time.time(), then="spring")
    wait_until(lambda: c.switch.channels(), what="the phone to be rung")
    c.store.setup.save_operator(dataclasses.replace(c.store.setup.operator("1001"), extension="1011"))
    wait_until(lambda: "changed during its test" in c.operator("1001").reason, 12, "1001 to read why")
    assert c.operator("1001").state == "off"


def test_a_phone_that_cannot_be_reached_keeps_its_operator_off_the_line(centre):
    c = centre(station=Station.RING)
    c.switch.lab("phone 1001 unregistered")
    c.store.phone_tests.ask("1001", time.time(), then="spring")
    wait_until(lambda: "is not registered" in c.operator("1001").phone_test, what="the test to fail")
    assert c.operator("1001").state == "off"


def test_the_phone_of_an_operator_on_the_pbx_is_tested_through_the_gateway(centre):
    c = centre(station=Station.REFER)
    c.switch.lab("phone 1001 unregistered")  # with the switch it never is
    c.store.phone_tests.ask("1002", time.time())
    wait_until(lambda: "answered after" in c.operator("1002").phone_test, 12, "the test to be over")
    assert c.operator("1002").phone_test_ok


def test_who_hangs_up_a_held_phone_just_after_the_customer_did_is_rung_again_and_not_blamed(centre):
    c = centre(wrap_up_s=0.0)
    c.on_line("1001")
    leg = c.operator("1001").leg
    assert c.disposition(c.add_lead(LEAVES_AFTER_3S)).disposition == "answered"
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    c.switch.lab("phone 1001 hangup")
    wait_until(lambda: c.operator("1001").leg not in ("", leg), what="the phone to be rung again")
    assert not c.dialer.said("off_line=yes")


def test_nobody_is_rung_at_a_number_the_company_may_not_call(centre):
    c = centre(station=Station.RING)
    sessions = c.switch.api("status").split("session(s) since startup")[0].split()[-1]
    for operator, station in (("1001", "nailed"), ("1002", "ring")):  # by hand: the page and `apply` refuse it
        c.redis.hset(c.store.keys.operator(operator), mapping={"dial": "sofia/gateway/trunk/+19005551234"})
        c.redis.hset(c.store.keys.operator(operator), "station", station)
    c.store.operators.go_on_line("1001", "spring", time.time(), via="cli")
    wait_until(lambda: "premium_allowed" in c.operator("1001").reason, what="1001 to read why")
    assert c.operator("1001").state == "off"
    c.store.phone_tests.ask("1002", time.time())
    wait_until(lambda: "premium_allowed" in c.operator("1002").phone_test, what="the test to fail")
    assert c.switch.api("status").split("session(s) since startup")[0].split()[-1] == sessions
    c.on_line("1002")
    c.add_lead(TALKS)
    wait_until(lambda: "premium_allowed" in c.operator("1002").reason, what="1002 to read why")
    assert c.switch.counts()["peak_live_per_number"].get("+19005551234", 0) == 0
