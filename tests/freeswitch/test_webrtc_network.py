"""The phone in the operator's page when things go away and come back: the network, the web, the page, the sign-in.
Against a real FreeSWITCH; skipped, saying so, where something is missing."""

import pytest
from playwright.sync_api import expect

from fsdialer.core.campaigns import Station
from tests.freeswitch.browser import (
    CONNECTED,
    IN_CALL,
    MISSING,
    SECRET,
    figures,
    get_on_line,
    hang_up,
    heard,
    label,
    phone,
    talk,
)
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import until

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}: the phone in the page was not tried"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def lab(browser_lab):
    browser_lab.station(Station.WEBRTC)
    yield browser_lab
    browser_lab.wire.mend()


def test_cut_connection_is_made_again_and_the_call_goes_on_meanwhile(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    lab.wire.cut()
    page.wait_for_timeout(1000)
    assert heard(page)["received"] > 40
    phone(page, f"{IN_CALL} Its connection to the switch broke, and is made again…")
    lab.wire.mend()
    until(lambda: len(lab.contacts()) == 1)
    phone(page, IN_CALL)
    hang_up(page)
    phone(page, CONNECTED)
    page.click("text=Get on line")
    lab.customer()
    talk(page)
    hang_up(page)


def test_page_says_that_it_is_not_connected_and_nobody_gets_on_the_line_so(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    lab.wire.cut()
    phone(page, "Your phone is connecting…")
    page.click("text=Get on line")
    expect(page.locator("#error")).to_contain_text("Without it no customer can be put through")
    label(page, "Off the line")
    lab.wire.mend()
    phone(page, CONNECTED, timeout=30000)


def test_web_that_is_away_does_not_keep_customers_from_the_operator(windows, lab):
    page = windows()
    get_on_line(page)
    lab.web.stop()
    lab.esl.api("xml_flush_cache")  # as two minutes later: the files of `write` have to do
    lab.customer()
    phone(page, IN_CALL)
    lab.web = lab.start_web()
    label(page, "Talking")
    hang_up(page)


def test_closed_page_is_registered_no_more(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    assert lab.contacts()
    page.close()
    until(lambda: lab.contacts() == [], 10)


def test_signing_out_ends_the_registration_and_the_password(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    password = lab.acme.accounts.phone("ann", SECRET).password
    thief = Caller(int(lab.values["operators_port"]), "1001")
    assert thief.register(password) == 200
    page.click("text=Sign out")
    until(lambda: lab.contacts() == [], 10)
    assert thief.register(password) == 403
    thief.close()


def test_second_window_waits_its_turn_or_takes_it(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    second = page.context.new_page()
    second.goto(page.url)
    phone(second, "Your phone is in another window.")
    second.click("text=Use it in this window")
    phone(second, CONNECTED)
    phone(page, "Your phone is in another window.")
    until(lambda: len(lab.contacts()) == 1)
    get_on_line(second)
    lab.customer()
    talk(second)
    hang_up(second)
    second.close()
    phone(page, CONNECTED)


def test_second_browser_takes_the_phone_and_the_first_says_so(windows, lab):
    first = windows()
    phone(first, CONNECTED)
    second = windows()
    phone(second, CONNECTED)
    phone(first, "Your phone is in another browser.")
    until(lambda: len(lab.contacts()) == 1, 10)
    get_on_line(second)
    lab.customer()
    talk(second)
    hang_up(second)
    first.click("text=Use it in this window")
    phone(first, CONNECTED)
    phone(second, "Your phone is in another browser.")


def test_reloaded_page_is_connected_again_at_once(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    before = lab.acme.softphones.holder("ann")
    page.reload()
    phone(page, CONNECTED)
    assert lab.acme.softphones.holder("ann") == before
    until(lambda: len(lab.contacts()) == 1, 10)


@pytest.mark.parametrize("station", [Station.WEBRTC, Station.WEBRTC_NAILED])
def test_switch_that_is_started_anew_has_the_page_back_before_its_operator_gets_a_customer(windows, lab, station):
    """What it kept of the page's registration leads to a connection that is gone."""
    lab.station(station)
    page = windows()
    phone(page, CONNECTED)
    page.click("text=Get on line")
    label(page, "Free")
    lab.kill_switch()
    expect(page.locator("#reason")).to_contain_text("does not answer", timeout=15000)
    lab.wire.cut()  # the page is slower than the dialer
    lab.customer()
    lab.start_switch()
    expect(page.locator("#reason")).to_contain_text("was started anew: your phone is connecting", timeout=20000)
    lab.wire.mend()
    label(page, "Talking", timeout=40000)
    until(lambda: figures(page)["received"] > 50)
    hang_up(page)
    page.close()
    lab.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")  # what the dead switch had left
    until(lambda: lab.contacts() == [])


def test_page_that_is_left_during_a_talk_asks_before_the_customer_is_cut_off(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("location.reload()")
    until(lambda: page.wait_for_timeout(50) or asked == ["beforeunload"])
    assert heard(page)["received"] > 40
    hang_up(page)
    page.reload()
    phone(page, CONNECTED)


def test_another_kind_of_phone_is_shown_without_signing_in_anew(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    lab.station(Station.RING)
    expect(page.locator("#phone")).to_have_count(0)
    until(lambda: lab.contacts() == [], 10)
