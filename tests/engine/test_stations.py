"""From which switch an operator's phone is rung for a call, and as what."""

from types import SimpleNamespace

import pytest

from fsdialer.core.campaigns import Campaign
from fsdialer.engine.stations import Stations
from fsdialer.store.operators import OperatorView

LEG, CALL = "22222222-2222-4222-8222-222222222222", "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("dial", "rung"),
    [("", "sofia/switches/op-1001@10.0.0.2:5070"), ("sofia/gateway/pbx/1001", "sofia/gateway/pbx/1001")],
)
def test_a_phone_of_another_switch_is_rung_there_and_a_destination_of_its_own_from_the_customers(dial, rung):
    """Such a destination is rung when the PBX refuses to be sent the customer."""
    facts = dict.fromkeys(OperatorView.__slots__, "") | {"id": "1001", "extension": "1001", "phone": "auto"}
    view = OperatorView(**facts | {"station": "refer" if dial else "ring", "dial": dial, "home": "fs2"})
    homes = SimpleNamespace(line_on=lambda leg: "", find=lambda view: view.home)
    switches = SimpleNamespace(trunk=lambda switch: "10.0.0.2:5070")
    link = SimpleNamespace(address=SimpleNamespace(name="fs1", domain=""))
    stations = Stations(None, homes, switches, lambda: 0.0)
    command = stations.originate(view, LEG, Campaign("acme", "spring", name="Spring"), CALL, link)
    assert f"}}{rung} " in command
