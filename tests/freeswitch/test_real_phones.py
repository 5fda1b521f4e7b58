"""Phones that go away and come back, on a real FreeSWITCH: registrations left behind, and lines that are held. Skipped,
saying so, where there is no `freeswitch` on PATH."""

import shutil
import socket
import time

import pytest

from fsdialer.core.campaigns import Operator, Station
from fsdialer.core.leads import NewLead
from tests.freeswitch.centre import SECRET
from tests.freeswitch.peer import SDP, Peer
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import free_port, until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(shutil.which("freeswitch") is None, reason="no freeswitch on PATH: no phone was lost on one"),
]


@pytest.fixture
def centre(real_centre):
    real_centre.carrier.messages.clear()
    real_centre.phone.messages.clear()
    yield real_centre
    real_centre.phone.refuses = 0
    view = real_centre.acme.operators.view("1001")
    if view.state == "on_call":
        real_centre.finish({"uuid": view.call})
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


# -- forwarding --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_phone_that_forwards_its_calls_sends_the_switch_nowhere_and_its_operator_reads_why(centre, station):
    """Whoever holds a phone could have the switch call what costs money."""
    acme, elsewhere = centre.acme, Peer()
    centre.phone.refuses, centre.phone.forwards_to = 302, f"sip:9000@127.0.0.1:{elsewhere.port}"
    acme.setup.save_operator(Operator("acme", "1001", "Ann", "1001", station=station, campaigns=("spring",)))
    acme.operators.go_on_line("1001", "spring", time.time(), via="cli")
    if station is Station.RING:
        acme.leads.add("spring", [NewLead("+12125550240")], time.time())
    until(lambda: "forwards its calls" in acme.operators.view("1001").reason)
    assert centre.phone.requests("INVITE") and not elsewhere.messages
    elsewhere.stop()


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


# -- phones that die, or are started anew ------------------------------------------------------------------------
def held(centre):
    """1001 on the line with a phone that is held; its leg, once the dialer knows under what it is registered."""
    centre.station(Station.NAILED)
    leg = until(lambda: centre.acme.operators.view("1001").leg)
    until(lambda: centre.dialer.said(f"leg={leg} registered_as="), 10)
    return leg


def says(centre, direction):
    """What a phone does whose hold key is pressed (``inactive``), and again (``sendrecv``)."""
    offer = SDP.format(port=free_port(socket.SOCK_DGRAM)) + f"a={direction}\r\n"
    assert centre.phone.within("INVITE", "Content-Type: application/sdp\r\n", offer) == 200


def on_hold(centre):
    view = centre.acme.operators.view("1001")
    return view.state == "connecting" and "on hold" in view.unreachable


def rung_anew(centre, leg):
    return until(lambda: (now := centre.acme.operators.view("1001").leg) not in ("", leg) and now, 20)


def test_held_phone_that_is_started_anew_is_found_out_by_asking_it_and_rung(centre):
    leg = held(centre)
    centre.phone.restart()
    also_registered_at(centre, centre.phone.port)
    anew = rung_anew(centre, leg)
    assert len(centre.phone.requests("INVITE")) == 3, "rung, asked, rung"
    assert centre.state == "available"
    assert centre.finish(centre.call())["leg"] == anew


def test_held_phone_that_is_well_answers_when_it_is_asked_and_keeps_its_line(centre):
    leg = held(centre)
    also_registered_at(centre, centre.phone.port)
    until(lambda: len(centre.phone.requests("INVITE")) == 2, 10)
    call = centre.call()
    assert call["leg"] == leg
    centre.finish(call)


@pytest.mark.parametrize("direction", ["inactive", "sendonly"])
def test_held_phone_that_is_put_on_hold_gets_nobody_until_it_is_taken_off(centre, direction):
    leg = held(centre)
    says(centre, direction)
    until(lambda: on_hold(centre))
    says(centre, "sendrecv")
    until(lambda: centre.state == "available")
    call = centre.call()
    assert call["leg"] == leg
    says(centre, direction)
    until(lambda: "on hold" in centre.acme.operators.view("1001").unreachable)
    centre.finish(call)
    until(lambda: on_hold(centre))
    says(centre, "sendrecv")
    until(lambda: centre.state == "available")


def test_dialer_started_anew_knows_of_a_line_that_is_on_hold(centre):
    leg = held(centre)
    says(centre, "inactive")
    until(lambda: on_hold(centre))
    centre.dialer.kill()
    centre.acme.whereabouts.reachable("1001", time.time())
    centre.start_dialer()
    until(lambda: on_hold(centre))
    says(centre, "sendrecv")
    until(lambda: centre.state == "available")
    assert centre.acme.operators.view("1001").leg == leg


@pytest.mark.parametrize("status", [488, 491])
def test_held_phone_that_refuses_to_be_asked_keeps_its_line(centre, status):
    """It knows the call, or it would have said so."""
    leg = held(centre)
    centre.phone.refuses_again = status
    try:
        also_registered_at(centre, centre.phone.port)
        until(lambda: len(centre.phone.requests("INVITE")) >= 2, 10)
        centre.phone.refuses_again = 0
        call = centre.call()
        assert call["leg"] == leg
        centre.finish(call)
    finally:
        centre.phone.refuses_again = 0


def test_phone_that_dies_in_a_talk_does_not_leave_the_customer_in_silence(centre):
    centre.station(Station.RING)
    call = centre.call()
    centre.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    ended = until(lambda: (r := centre.acme.calls.get(call["uuid"])).get("ended") and r, 40)
    assert (ended["disposition"], ended["detail"]) == ("answered", "cut off: the operator's phone was gone")
    until(lambda: centre.state == "off")
    assert "was cut off" in centre.acme.operators.view("1001").reason
    # Said once the operator is off the line.
    until(lambda: [alert.name for alert in centre.acme.alerts.standing()] == ["phone-cut-off.1001"])
    assert len(centre.carrier.requests("BYE")) == 1
    centre.register()
    centre.station(Station.RING)
    centre.finish(centre.call())
    assert centre.acme.alerts.standing() == []


def test_phone_that_is_started_anew_in_a_talk_is_asked_once_it_is_silent_and_ends_it(centre):
    leg = held(centre)
    call = centre.call()
    centre.phone.restart()
    also_registered_at(centre, centre.phone.port)
    ended = until(lambda: (r := centre.acme.calls.get(call["uuid"])).get("ended") and r, 40)
    assert ended["detail"] == "cut off: the operator's phone was gone"
    rung_anew(centre, leg)
    centre.finish(centre.call())


def test_phone_of_another_kind_is_held_or_rung_from_then_on(centre):
    leg = held(centre)
    centre.station(Station.RING)
    until(lambda: centre.esl.api(f"uuid_exists {leg}").strip() == "false")
    centre.finish(centre.call())
    centre.station(Station.NAILED)
    leg = rung_anew(centre, "")
    assert centre.finish(centre.call())["leg"] == leg
