"""Calls go out no faster than their gateway takes them."""

import time
from dataclasses import replace

import gevent
import pytest

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Gateway
from fsdialer.core.effects import CloseCall
from fsdialer.core.retry import NextStep
from fsdialer.engine.lines import Lines
from fsdialer.engine.trunks import FAILOVERS, Trunks
from fsdialer.store import Store

GATEWAY = Gateway("acme", "trunk", calls_per_second=20)


def test_a_heap_of_delayed_calls_goes_out_as_fast_as_the_gateway_takes_them():
    trunks = Trunks(Lines(), time.time)
    sent = []

    def send():
        trunks.wait_turn("acme", GATEWAY)
        sent.append(time.monotonic())

    gevent.joinall([gevent.spawn(send) for _ in range(50)], timeout=10)
    assert len(sent) == 50
    assert max(sum(start <= at < start + 1 for at in sent) for start in sent) <= 20


def test_gateways_do_not_wait_for_each_other():
    trunks = Trunks(Lines(), time.time)
    started = time.monotonic()
    for name in ("one", "two", "three"):
        for _ in range(20):
            trunks.wait_turn("acme", Gateway("acme", name, calls_per_second=20))
    assert time.monotonic() - started < 1


CALL = Call("u", "acme", "spring", "7", "+12125550100", "trunk", "fs1", 1, 1000.0)
FAILED = CloseCall("NORMAL_TEMPORARY_FAILURE", 503, rang=False, by_customer=False)
LATER = NextStep(1600.0, "waiting", "again 10 min after technical")
BOTH = ("trunk", "spare")


@pytest.fixture
def acme_store(redis):
    redis.sadd("fsdialer:companies", "acme")
    return Store(redis).company("acme")


@pytest.fixture
def trunks():
    return Trunks(Lines(), lambda: 1000.0)


def test_a_lead_whose_gateway_failed_it_is_called_by_the_other_at_once(trunks):
    soon = trunks.failover(CALL, BOTH, FAILED, False, LATER)
    assert (soon.retry_at, soon.not_by) == (1001.0, "trunk")
    assert trunks.failover(CALL, ("trunk",), FAILED, False, LATER) == LATER


def test_a_lead_whose_phone_has_rung_is_not_called_by_the_other_gateway_a_second_later(trunks):
    assert trunks.failover(CALL, BOTH, replace(FAILED, rang=True), False, LATER) == LATER


@pytest.mark.parametrize(("status", "another"), [(401, True), (402, True), (403, True), (407, True), (603, False)])
def test_a_carrier_that_refuses_our_account_hands_the_lead_on_and_a_rejection_does_not(trunks, status, another):
    refused = CloseCall("CALL_REJECTED", status, rang=False, by_customer=False)
    assert (trunks.failover(CALL, BOTH, refused, False, LATER).not_by == "trunk") is another


def test_a_carrier_that_sends_a_call_elsewhere_hands_the_lead_on(trunks):
    elsewhere = CloseCall("REQUESTED_CHAN_UNAVAIL", 487, rang=False, by_customer=False)
    assert trunks.failover(CALL, BOTH, elsewhere, False, LATER).not_by == "trunk"


def test_what_a_dialer_before_this_one_found_of_a_gateway_ends_with_a_call_that_rings(trunks, acme_store):
    acme_store.setup.save_gateway(GATEWAY)
    for _ in range(3):
        trunks.ended(acme_store, CALL, FAILED)
    assert "failing" in acme_store.setup.gateway_states()["trunk"]["state"]
    Trunks(Lines(), lambda: 1001.0).ended(acme_store, CALL, CloseCall("USER_BUSY", 486, rang=True, by_customer=False))
    assert acme_store.setup.gateway_states()["trunk"]["state"] == "up"


def test_where_ringing_is_never_told_a_call_open_for_long_counts_as_one_that_rang(trunks, acme_store):
    trunks.ended(acme_store, replace(CALL, answered_at=1000.0), CloseCall("NORMAL_CLEARING", 200, False, True))
    quick, slow = replace(CALL, placed_at=999.0), replace(CALL, placed_at=992.0)
    assert trunks.failover(quick, BOTH, FAILED, False, LATER).retry_at == 1001.0
    assert trunks.failover(slow, BOTH, FAILED, False, LATER) == LATER


def test_a_number_that_no_carrier_serves_is_not_called_every_second_for_ever(trunks):
    def fail(call=CALL):
        return trunks.failover(call, BOTH, FAILED, False, LATER).retry_at

    assert [fail() for _ in range(FAILOVERS + 1)] == [1001.0] * FAILOVERS + [1600.0]
    assert fail(replace(CALL, lead="8")) == 1001.0
    assert fail() == 1001.0, "when its time has come it is tried as before"
