"""By which header a phone is asked to answer by itself."""

from types import SimpleNamespace

import pytest

from fsdialer.core.campaigns import Company, Operator, PhoneFamily, Station
from fsdialer.engine.stations import Stations
from fsdialer.store import CompanyStore


@pytest.mark.parametrize("station", [Station.WEBRTC, Station.WEBRTC_NAILED])
def test_phone_in_a_page_is_asked_to_answer_whatever_is_set(redis, station):
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    stations = Stations(None, SimpleNamespace(), None, lambda: 0.0)
    for each, family in ((station, PhoneFamily.CALL_INFO), (Station.RING, PhoneFamily.NONE)):
        acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", station=each, phone=PhoneFamily.NONE))
        assert stations.family("acme", acme.operators.view("ann")) is family
