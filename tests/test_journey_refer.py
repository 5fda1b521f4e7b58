"""Customers sent to operators on the company's own PBX: real processes, the simulated switch as the far side.

What the far side makes of a REFER is decided by the customer's number, see `fsdialer.lab.people`.
"""

import json
import time

from fsdialer.core.campaigns import Company, Station
from tests.journey import wait_until

CONNECTS, REFUSES, SILENT, NO_RESULT, OPERATOR_BUSY, TAKES = (f"+1212555{n}" for n in range(1210, 1216))


def on_a_pbx(centre, **campaign):
    c = centre(station=Station.REFER, **campaign)
    c.store.setup.save_company(Company("acme", name="Acme", refer_format="{number}@pbx.test"))
    c.on_line("1001")
    return c


def finished(c, lead):
    """The operator says so on their page."""
    c.store.feed.publish("wish", what="hangup", operator="1001", call=c.call_of(lead)["uuid"])
    return c.disposition(lead)


def wait_ms(c, call):
    return float(wait_until(lambda: c.store.calls.get(call["uuid"]).get("voice_ms"), what="the talk to be noted"))


def test_a_customer_the_pbx_takes_talks_there_until_the_operator_has_finished(centre):
    c = on_a_pbx(centre)
    lead = c.add_lead(CONNECTS)
    call = c.talking(lead)
    assert (call["operator"], call["refer"]) == ("1001", "done")
    wait_until(lambda: not c.channels(), what="our leg to be let go of")
    wait_until(lambda: c.operator("1001").state == "on_call", what="the operator to be on the call")
    time.sleep(6)  # a sweep and more: nothing on the switch is no reason to end it
    assert c.call_of(lead)["state"] == "talking" and c.redis.exists(c.store.keys.number(CONNECTS))
    assert finished(c, lead).disposition == "answered"
    assert c.operator("1001").state == "wrap_up"
    assert c.store.alerts.standing() == []
    c.audit()


def test_a_refused_customer_is_bridged_at_once_and_the_next_without_another_try(centre):
    c = on_a_pbx(centre)
    lead = c.add_lead(REFUSES)
    call = c.talking(lead)
    assert call["refer"] == "failed" and wait_ms(c, call) < 2000
    shown = json.loads(c.switch.api(f"uuid_dump {call['leg']} json"))
    assert shown["variable_origination_caller_id_name"] == f"Spring {lead}", "the reference is in the name"
    assert shown["variable_origination_caller_id_number"] == "+12125550100", "the PBX may want the campaign's"
    (alert,) = c.store.alerts.standing()
    assert alert.name == "gateway-refer.trunk" and "REFER was refused: 403" in alert.text
    assert "403" in c.store.referrals.refusal("trunk").reason
    c.switch.api(f"uuid_kill {call['uuid']}")
    c.disposition(lead)
    wait_until(lambda: c.operator("1001").state == "available", what="the wrap-up to end")
    other = c.add_lead(CONNECTS)
    assert c.talking(other)["refer"] == "", "it is not tried again for a while"
    c.switch.api(f"uuid_kill {c.call_of(other)['uuid']}")
    c.disposition(other)
    wait_until(lambda: c.operator("1001").state == "available", what="the wrap-up to end")
    assert c.store.referrals.forget("trunk")
    third = c.add_lead("+13125551210")
    assert c.talking(third)["refer"] == "done"
    wait_until(lambda: c.store.alerts.standing() == [], what="the alert to be cleared")
    finished(c, third)
    c.audit()


def test_a_far_side_that_says_nothing_costs_half_the_wait_and_no_customer(centre):
    c = on_a_pbx(centre, max_wait_s=3.0)
    lead = c.add_lead(SILENT)
    call = c.talking(lead)
    assert call["operator"] == "1001" and 1000 < wait_ms(c, call) < 3000
    assert "REFER was not answered" in c.store.referrals.refusal("trunk").reason
    c.switch.api(f"uuid_kill {call['uuid']}")
    c.disposition(lead)
    c.audit()


def test_an_accepted_refer_nothing_comes_of_is_bridged_too(centre):
    c = on_a_pbx(centre)
    lead = c.add_lead(NO_RESULT)
    call = c.talking(lead)
    assert call["refer"] == "failed" and wait_ms(c, call) > 3000
    assert "never said how it went" in c.store.alerts.standing()[0].text
    c.switch.api(f"uuid_kill {call['uuid']}")
    c.disposition(lead)
    c.audit()


def test_an_operator_the_pbx_finds_busy_is_rung_and_the_gateway_not_blamed(centre):
    c = on_a_pbx(centre)
    lead = c.add_lead(OPERATOR_BUSY)
    assert c.talking(lead)["refer"] == "failed"
    assert c.store.referrals.refusal("trunk") is None and c.store.alerts.standing() == []
    c.switch.api(f"uuid_kill {c.call_of(lead)['uuid']}")
    c.disposition(lead)
    c.audit()


def test_a_pbx_that_ends_our_leg_has_the_customer_and_another_dialer_knows_it(centre):
    c = on_a_pbx(centre)
    lead = c.add_lead(TAKES)
    assert c.talking(lead)["refer"] == "done"
    c.dialer.kill()
    c.start_dialer("d2")
    wait_until(lambda: c.dialer.said(r"campaign=spring owner=d2"), 15, "another dialer to take over")
    wait_until(lambda: c.dialer.said("adopted=yes"), what="the call to be adopted")
    time.sleep(6)
    assert c.call_of(lead)["state"] == "talking" and c.today()["bridges"] == 1
    assert finished(c, lead).disposition == "answered"
    c.audit()


def test_a_premium_number_set_by_hand_for_an_extension_is_neither_sent_to_nor_rung(centre):
    c = on_a_pbx(centre)
    c.redis.hset(c.store.keys.operator("1001"), "extension", "19005551234")
    lead = c.add_lead(CONNECTS)
    assert c.disposition(lead).disposition == "abandoned"
    assert "19005551234 may not be dialled" in wait_until(lambda: c.operator("1001").reason, what="the words")
    assert c.store.alerts.standing() == [], "no fault of the gateway's"
    assert list(c.switch.counts()["attempts_per_number"]) == [CONNECTS]
