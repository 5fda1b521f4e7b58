"""Calls go out no faster than their gateway takes them."""

import time

import gevent

from fsdialer.core.campaigns import Gateway
from fsdialer.engine.lines import Lines
from fsdialer.engine.trunks import Trunks

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
