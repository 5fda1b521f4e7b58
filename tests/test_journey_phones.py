"""Phones that die or are started anew, pages that come and go, settings that change: on the line, and in a talk.

The same on a real switch: `freeswitch/test_real_phones.py`, `freeswitch/test_webrtc_lines.py`."""

import time

import pytest

from fsdialer.core.campaigns import Operator, Station
from tests.journey import TALKS, TALKS_TOO, Centre, wait_until


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre; closed, whatever happened, at the end."""
    open_centres = []

    def centre(**campaign):
        open_centres.append(Centre(redis_url, tmp_path, **campaign))
        return open_centres[-1]

    yield centre
    for each in open_centres:
        each.stop()


def on_line(c):
    """1001 on the line; the leg that is held."""
    c.on_line("1001")
    return c.operator("1001").leg


def rung_anew(c, leg, timeout_s=9):
    return wait_until(
        lambda: (v := c.operator("1001")).state == "available" and v.leg not in ("", leg) and v.leg,
        timeout_s,
        "the phone to be rung anew",
    )


def change(c, **changed):
    operator = {"station": Station.NAILED, "extension": "1001", **changed}
    extension = operator.pop("extension")
    c.store.setup.save_operator(Operator("acme", "1001", "Op 1001", extension, campaigns=("spring",), **operator))


def take(c, page):
    c.store.softphones.take("1001", page, f"sign-in of {page}", time.time())


def looked_at(c, leg):
    """The dialer has seen under what the phone of a line is registered: it looks every five seconds."""
    wait_until(lambda: c.dialer.said(f"leg={leg} .*registered_as="), 9, "the line to be looked at")


def legs_of(c, extension="1001"):
    return [row for row in c.switch.channels() if f"/{extension}-" in row["name"]]


# -- a phone that is started anew ------------------------------------------------------------------------------------
def test_held_phone_that_is_started_anew_is_found_out_and_rung_without_blame(centre):
    c = centre()
    leg = on_line(c)
    looked_at(c, leg)
    c.switch.lab("phone 1001 restarts")
    anew = rung_anew(c, leg)
    assert c.switch.api(f"uuid_exists {leg}") == "false"
    assert c.talking(c.add_lead(TALKS))["leg"] == anew
    assert not c.dialer.said("off_line=yes")


def test_held_phone_that_is_on_hold_gets_nobody_until_it_is_taken_off(centre):
    """A second call on a desk phone puts the line on hold by itself, and a customer would hear nobody."""
    c = centre()
    leg = on_line(c)
    c.switch.lab("phone 1001 holds")
    wait_until(lambda: c.operator("1001").state == "connecting", 5, "the operator to be free for nobody")
    assert "has the line on hold" in c.operator("1001").reason
    c.add_lead(TALKS)
    c.switch.lab("phone 1001 resumes")
    wait_until(lambda: c.operator("1001").state == "on_call", 9, "the customer")
    c.switch.lab("phone 1001 holds")
    wait_until(lambda: c.operator("1001").unreachable, 5, "the hold in the talk to be seen")
    assert (c.operator("1001").state, c.operator("1001").leg) == ("on_call", leg)
    c.store.feed.publish("wish", what="hangup", operator="1001", call=c.operator("1001").call)
    wait_until(lambda: c.operator("1001").state == "connecting", 9, "the operator to be free for nobody")


def test_phone_that_is_well_keeps_its_line_when_it_registers_under_another_call_id(centre):
    c = centre()
    leg = on_line(c)
    looked_at(c, leg)
    before = c.switch.api("sofia xmlstatus profile operators reg")
    c.switch.lab("phone 1001 registers-anew")
    assert c.switch.api("sofia xmlstatus profile operators reg") != before
    wait_until(lambda: c.dialer.said(f"leg={leg} .*asked=yes"), 9, "the phone to be asked")
    assert c.talking(c.add_lead(TALKS))["leg"] == leg


def test_phone_that_registered_anew_in_a_talk_is_rung_anew_after_it(centre):
    c = centre()
    leg = on_line(c)
    call = c.talking(c.add_lead(TALKS))
    looked_at(c, leg)
    c.switch.lab("phone 1001 registers-anew")
    wait_until(lambda: c.dialer.said(f"leg={leg} .*state=replaced"), 9, "it to be found out")
    assert c.operator("1001").state == "on_call" and c.switch.api(f"uuid_exists {leg}") == "true"
    c.switch.api(f"uuid_kill {call['uuid']}")
    rung_anew(c, leg)
    assert c.switch.api(f"uuid_exists {leg}") == "false"


# -- in a talk ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("station", [Station.NAILED, Station.RING])
def test_desk_phone_that_dies_in_a_talk_does_not_leave_the_customer_in_silence(centre, station):
    c = centre(station=station)
    on_line(c)
    lead = c.add_lead(TALKS)
    c.talking(lead)
    c.switch.lab("phone 1001 dies")
    c.switch.lab("phone 1001 unregistered")
    record = wait_until(lambda: c.lead(lead).disposition and c.lead(lead), 30, "the talk to be ended")
    assert (record.disposition, record.detail) == ("answered", "cut off: the operator's phone was gone")
    wait_until(lambda: c.operator("1001").state == "off", what="its operator to be off the line")
    assert "was cut off" in c.operator("1001").reason
    [alert] = wait_until(c.store.alerts.standing, what="the alert")
    assert alert.name == "phone-cut-off.1001" and "a customer was cut off" in alert.text
    c.switch.lab("phone 1001 auto")
    c.on_line("1001")
    c.talking(c.add_lead(TALKS_TOO))
    wait_until(lambda: not c.store.alerts.standing(), what="the alert to be over with the next talk")


def test_phone_that_is_started_anew_in_a_talk_is_asked_when_it_is_silent_and_ends_it(centre):
    c = centre()
    leg = on_line(c)
    lead = c.add_lead(TALKS)
    c.talking(lead)
    looked_at(c, leg)
    c.switch.lab("phone 1001 restarts")
    record = wait_until(lambda: c.lead(lead).disposition and c.lead(lead), 30, "the talk to be ended")
    assert record.detail == "cut off: the operator's phone was gone"
    rung_anew(c, leg)


def test_page_that_dies_in_a_talk_is_ended_by_the_switch(centre):
    c = centre(station=Station.WEBRTC)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    c.talking(lead)
    c.switch.lab("phone 1001 dies")
    record = wait_until(lambda: c.lead(lead).disposition and c.lead(lead), 18, "the talk to be ended")
    assert record.detail == "cut off: the operator's phone was gone"
    wait_until(lambda: [a.name for a in c.store.alerts.standing()] == ["phone-cut-off.1001"], what="the alert")


def test_who_hangs_up_is_not_said_to_have_been_cut_off(centre):
    c = centre(station=Station.RING)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    c.talking(lead)
    c.switch.lab("phone 1001 hangup")
    assert c.disposition(lead).detail == "talked"
    assert c.store.alerts.standing() == []


# -- phones in pages ---------------------------------------------------------------------------------------------------
def test_page_that_takes_the_phone_over_is_rung_once_it_is_there(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    leg = on_line(c)
    take(c, "desk-2")
    wait_until(lambda: c.operator("1001").state == "connecting", what="the line to the old page to be given up")
    wait_until(lambda: c.switch.api(f"uuid_exists {leg}") == "false", what="it to be hung up")
    time.sleep(1.5)  # longer than it takes to ring: the page is not there yet
    assert c.operator("1001").state == "connecting" and legs_of(c) == []
    c.switch.lab("phone 1001 registers-anew")
    anew = rung_anew(c, leg)
    assert c.talking(c.add_lead(TALKS))["leg"] == anew


def test_page_that_takes_the_phone_over_in_a_talk_is_rung_after_it(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    leg = on_line(c)
    call = c.talking(c.add_lead(TALKS))
    take(c, "desk-2")
    c.switch.lab("phone 1001 registers-anew")
    wait_until(lambda: c.dialer.said(f"leg={leg} .*state=replaced"), what="it to be heeded")
    assert c.switch.api(f"uuid_exists {leg}") == "true" and c.operator("1001").state == "on_call"
    c.switch.api(f"uuid_kill {call['uuid']}")
    rung_anew(c, leg)
    assert c.switch.api(f"uuid_exists {leg}") == "false"


def test_page_that_is_read_anew_keeps_its_operator_on_the_line_twice_within_a_minute(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    leg = on_line(c)
    for _ in range(2):
        c.switch.lab("phone 1001 unregistered")
        c.switch.lab("phone 1001 hangup")
        wait_until(lambda: c.operator("1001").state == "connecting", what="the page to be waited for")
        c.switch.lab("phone 1001 registers-anew")
        c.switch.lab("phone 1001 auto")
        leg = rung_anew(c, leg)
    assert not c.dialer.said("off_line=yes")


def test_line_that_a_browser_cut_off_without_a_word_is_made_anew_before_a_customer_is_put_through_to_nobody(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    take(c, "desk-1")
    leg = on_line(c)
    c.switch.lab("phone 1001 dies")
    c.store.softphones.cut_off("1001")
    wait_until(lambda: c.switch.api(f"uuid_exists {leg}") == "false", 2, "the line to be given up")
    anew = rung_anew(c, leg)
    assert c.talking(c.add_lead(TALKS))["leg"] == anew


def test_held_page_whose_browser_died_gets_no_customer(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    leg = on_line(c)
    looked_at(c, leg)
    c.switch.lab("phone 1001 dies")
    c.switch.lab("phone 1001 unregistered")
    wait_until(lambda: "is not connected" in c.operator("1001").unreachable, 2, "it to be found out")
    lead = c.add_lead(TALKS)
    time.sleep(1.2)  # longer than it takes to look again, and to call
    assert c.operator("1001").leg == leg, "the switch holds the line until it misses the sound"
    assert "is not connected" in c.operator("1001").unreachable and c.store.leads.get(lead).attempts == 0


def test_page_that_does_not_come_back_takes_its_operator_off_the_line_in_the_end(centre):
    c = centre(station=Station.WEBRTC_NAILED)
    on_line(c)
    c.switch.lab("phone 1001 unregistered")
    c.switch.lab("phone 1001 hangup")
    wait_until(lambda: c.operator("1001").state == "connecting", what="the page to be waited for")
    wait_until(lambda: c.operator("1001").state == "off", 25, "its time to be over")
    assert "is not connected" in c.operator("1001").reason


# -- settings that change on the line ----------------------------------------------------------------------------------
def test_operator_whose_phone_is_to_be_held_from_now_on_is_rung_before_the_next_customer(centre):
    c = centre(station=Station.RING)
    c.on_line("1001")
    change(c, station=Station.NAILED)
    leg = rung_anew(c, "")
    assert c.talking(c.add_lead(TALKS))["leg"] == leg


def test_operator_whose_phone_is_to_be_rung_from_now_on_is_not_held_any_more(centre):
    c = centre()
    leg = on_line(c)
    change(c, station=Station.RING)
    wait_until(lambda: c.switch.api(f"uuid_exists {leg}") == "false", what="the line to be let go of")
    assert c.operator("1001").state == "available"
    call = c.talking(c.add_lead(TALKS))
    assert call["leg"] != leg and len(legs_of(c)) == 1


def test_another_extension_is_rung_at_once_or_after_the_talk(centre):
    c = centre()
    leg = on_line(c)
    change(c, extension="1011")
    leg = rung_anew(c, leg)
    assert legs_of(c) == [] and len(legs_of(c, "1011")) == 1
    call = c.talking(c.add_lead(TALKS))
    change(c, extension="1012")
    wait_until(lambda: c.dialer.said(f"leg={leg} .*state=replaced"), what="it to be heeded")
    assert c.operator("1001").state == "on_call" and c.switch.api(f"uuid_exists {leg}") == "true"
    c.switch.api(f"uuid_kill {call['uuid']}")
    rung_anew(c, leg)
    assert legs_of(c, "1011") == [] and len(legs_of(c, "1012")) == 1


def test_operator_whose_phone_is_being_rung_to_be_held_is_free_when_it_need_not_be(centre):
    c = centre()
    c.switch.lab("phone 1001 noanswer")
    c.store.operators.go_on_line("1001", "spring", time.time(), via="cli")
    wait_until(lambda: c.operator("1001").state == "connecting" and legs_of(c), what="the phone to ring")
    change(c, station=Station.RING)
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    wait_until(lambda: legs_of(c) == [], what="the phone to ring no more")
