"""Phones that go away and come back, on a real FreeSWITCH: registrations left behind, and lines that are held. Skipped,
saying so, where there is no `freeswitch` on PATH."""

import shutil
import socket

import pytest

from fsdialer.core.campaigns import Station
from tests.freeswitch.centre import SECRET
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import free_port, until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(shutil.which("freeswitch") is None, reason="no freeswitch on PATH: no phone was lost on one"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def centre(real_centre):
    real_centre.carrier.messages.clear()
    real_centre.phone.messages.clear()
    yield real_centre
    real_centre.off_line()
    real_centre.register()


def contacts(centre):
    return centre.esl.api("sofia_contact 1001@127.0.0.1").strip()


def also_registered_at(centre, port):
    password = centre.acme.accounts.phone("1001", SECRET).password
    caller = Caller(int(centre.values["operators_port"]), "1001", contact=f"sip:1001@127.0.0.1:{port}")
    assert caller.register(password) == 200
    caller.close()
    until(lambda: f":{port}" in contacts(centre))


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_registration_left_behind_by_a_phone_that_was_cut_off_does_not_keep_calls_from_it(centre, station):
    nobody = free_port(socket.SOCK_DGRAM)
    centre.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    until(lambda: "error" in contacts(centre))
    also_registered_at(centre, nobody)
    also_registered_at(centre, centre.phone.port)
    assert f":{nobody}" in contacts(centre), "it is still there"
    centre.station(station)
    centre.finish(centre.call())


# -- held lines ------------------------------------------------------------------------------------------------
def test_held_line_that_is_lost_is_rung_again(centre):
    centre.station(Station.NAILED)
    leg = until(lambda: centre.acme.operators.view("1001").leg)
    centre.esl.api(f"uuid_kill {leg} MEDIA_TIMEOUT")
    until(lambda: centre.acme.operators.view("1001").leg not in ("", leg))
    assert len(centre.phone.requests("INVITE")) == 2
    centre.finish(centre.call())


def test_held_line_of_a_phone_that_lost_its_power_is_given_up_and_its_operator_reads_why(centre):
    """It says no goodbye: the switch goes on holding the line, and would put customers through to nobody."""
    centre.station(Station.NAILED)
    leg = until(lambda: centre.acme.operators.view("1001").leg)
    centre.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    until(lambda: centre.state == "off", 30)
    assert "is not registered" in centre.acme.operators.view("1001").reason
    until(lambda: centre.esl.api(f"uuid_exists {leg}").strip() == "false")
