"""The phone in the operator's page when its switch is started anew. Against a real FreeSWITCH; skipped, saying so,
where something is missing."""

import signal
import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.campaigns import Station
from tests.freeswitch.browser import CONNECTED, NEEDED, figures, hang_up, label, phone
from tests.freeswitch.test_real import until

pytestmark = NEEDED


@pytest.fixture
def lab(browser_lab):
    browser_lab.station(Station.WEBRTC)
    yield browser_lab
    browser_lab.wire.mend()


def forget_what_the_dead_switch_left(lab):
    lab.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    until(lambda: lab.contacts() == [])


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
    forget_what_the_dead_switch_left(lab)


def test_page_that_is_back_before_the_dialer_after_a_restart_of_the_switch_gets_customers_at_once(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    page.click("text=Get on line")
    label(page, "Free")
    page.wait_for_timeout(3000)  # the dialer looks within a second where the page is
    before = lab.contacts()
    lab.dialer.child.send_signal(signal.SIGSTOP)
    try:
        lab.kill_switch()
        lab.start_switch()
        until(lambda: lab.contacts() not in (before, []), 40)
    finally:
        lab.dialer.child.send_signal(signal.SIGCONT)
    began = time.monotonic()
    lab.customer()
    label(page, "Talking", timeout=40000)
    assert time.monotonic() - began < 15, "20 s is what is given to a page that is not back"
    until(lambda: figures(page)["received"] > 50)
    hang_up(page)
    page.close()
    forget_what_the_dead_switch_left(lab)
