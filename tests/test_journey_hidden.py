"""With numbers hidden nothing on its way to an operator carries one: real processes, the simulated switch."""

import json
import time

import pytest

from fsdialer.core.campaigns import Company, Station
from tests.journey import TALKS, wait_until
from web.views import operator_view


def phone_legs(c):
    """Everything the switch was told of operators' legs, as text by uuid."""
    rows = [row["uuid"] for row in c.switch.channels()]
    dumps = {uuid: c.switch.api(f"uuid_dump {uuid} json") for uuid in rows}
    return {uuid: text for uuid, text in dumps.items() if json.loads(text).get("variable_fsdialer_operator")}


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_neither_the_phones_leg_nor_the_page_nor_the_feed_carries_the_number(centre, station):
    c = centre(station=station, max_wait_s=6.0, operator_ring_s=5.0)
    c.store.setup.save_company(Company("acme", name="Acme", hide_numbers=True))
    c.on_line("1001")
    if station is Station.RING:
        c.switch.lab("phone 1001 noanswer")
    lead = c.add_lead(TALKS, fields={"Phone": TALKS, "City": "New York"})
    wait_until(lambda: c.operator("1001").state != "available", what="the operator to be promised")
    ((leg, told),) = wait_until(lambda: phone_legs(c), what="the phone's leg").items()
    for part in (TALKS, TALKS[1:], TALKS[5:]):
        assert station is Station.NAILED or part not in told
        assert part not in json.dumps(operator_view(c.store, "1001", time.time()))
        assert part not in json.dumps([entry for _, entry in c.store.feed.read("0", 1)])
    shown = json.loads(told)
    assert shown["variable_ignore_display_updates"] == "true"
    assert shown["variable_origination_caller_id_name"] == "Spring"
    reference = lead if station is Station.RING else "+12125550100"
    assert shown["variable_origination_caller_id_number"] == reference
    assert leg != c.call_of(lead)["uuid"]
