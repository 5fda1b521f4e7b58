"""A campaign's pacing taken over by another dialer."""

import dataclasses
from decimal import Decimal

from fsdialer.core.campaigns import Mode, Window
from fsdialer.engine.pacer import Pacer
from tests.store.conftest import NOW, add_leads


def test_calls_taken_over_are_counted_once_whatever_happens_to_them_next(acme, campaign, trunk, owner):
    add_leads(acme, 2)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["waiting", "ringing"], NOW)
    calls = {call.uuid: call for call in acme.calls.load("acme", "spring")}
    answered = dataclasses.replace(calls["waiting"], answered_at=NOW + 5)
    assert acme.calls.save(answered, owner, NOW + 5)

    pacer = Pacer(acme, "spring", lambda: NOW + 6)
    pacer.use(dataclasses.replace(campaign, mode=Mode.PREDICTIVE, multiplier=Decimal(1)), Window.DAY)
    budget = pacer._policy.budget
    assert budget.day.answers == 1

    def told(kind, call):
        pacer.observe([{"t": NOW + 6.5, "type": kind, "cause": None, "call": call, "operator": "ann"}])

    told("connect", "waiting")
    assert budget.day.answers == 1, "its answer was counted before the takeover"
    told("answer", "ringing")
    told("connect", "ringing")
    assert budget.day.answers == 2
