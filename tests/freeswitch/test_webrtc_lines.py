"""Held lines of phones in pages that are read anew, taken over by another window, or die without a word. Against a real
FreeSWITCH and browser; skipped, saying so, where something is missing."""

import contextlib
import time

import pytest
from playwright.sync_api import Error as PlaywrightError

from fsdialer.core.campaigns import Station
from tests.freeswitch.browser import IN_CALL, NEEDED, get_on_line, heard, label, phone, talk
from tests.freeswitch.test_real import until

pytestmark = NEEDED
HELD = "Your phone is on the line."


@pytest.fixture
def lab(browser_lab):
    browser_lab.station(Station.WEBRTC_NAILED)
    yield browser_lab
    call = ann(browser_lab).call
    if call:
        browser_lab.acme.feed.publish("wish", what="hangup", operator="ann", call=call)
    browser_lab.acme.operators.gone("ann", time.time(), "the test is over")
    until(lambda: ann(browser_lab).state == "off", 40)
    browser_lab.station(Station.WEBRTC)


def ann(lab):
    return lab.acme.operators.view("ann")


def hear_the_next_customer(lab, page):
    lab.customer()
    talk(page)
    until(lambda: heard(page)["energy_in"] > 0.001)


def end_the_talk(page):
    page.keyboard.press("h")
    label(page, "Wrap-up")
    page.keyboard.press("1")


def crash(page):
    """As the browser's being killed does: no word to anybody."""
    with contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash", timeout=3000)


def test_page_that_is_read_anew_keeps_its_operator_on_the_line(windows, lab):
    page = windows()
    get_on_line(page)
    for _ in range(2):
        phone(page, HELD)
        leg = ann(lab).leg
        page.reload()
        until(lambda leg=leg: ann(lab).leg not in ("", leg), 15)
    label(page, "Free")
    phone(page, HELD)
    hear_the_next_customer(lab, page)
    end_the_talk(page)
    label(page, "Free")


def test_window_that_takes_the_phone_over_has_the_line_and_the_customers(windows, lab):
    first = windows()
    get_on_line(first)
    leg = ann(lab).leg
    second = windows()
    phone(first, "Your phone is in another browser.")
    phone(second, HELD)
    until(lambda: ann(lab).leg not in ("", leg))
    hear_the_next_customer(lab, second)
    third = windows()
    phone(third, "Your call is in another browser: end it or mute it there.")
    assert heard(second)["received"] > 40, "the talk goes on where it is"
    end_the_talk(third)
    phone(third, HELD)
    hear_the_next_customer(lab, third)


def test_page_that_crashed_and_was_opened_again_is_on_the_line_again(windows, lab):
    page = windows()
    get_on_line(page)
    leg = ann(lab).leg
    crash(page)
    again = windows()
    phone(again, HELD)
    label(again, "Free")
    until(lambda: ann(lab).leg not in ("", leg))
    hear_the_next_customer(lab, again)


def test_page_that_crashes_between_calls_is_sent_nobody(windows, lab):
    """The switch tells the end of its connection at once; a page that only comes back misses nothing."""
    lab.station(Station.WEBRTC)
    page = windows()
    get_on_line(page)
    page.wait_for_timeout(5500)  # until the page has been seen by a sweep
    crash(page)
    until(lambda: "is not connected" in ann(lab).unreachable, 2)
    lab.customer()
    again = windows()
    label(again, "Talking", timeout=15000)
    talk(again)
    end_the_talk(again)


def test_page_that_crashes_in_a_talk_does_not_leave_the_customer_in_silence(windows, lab):
    lab.station(Station.WEBRTC)
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    phone(page, IN_CALL)
    call = ann(lab).call
    crash(page)
    ended = until(lambda: (r := lab.acme.calls.get(call)).get("ended") and r, 20)
    assert (ended["disposition"], ended["detail"]) == ("answered", "cut off: the operator's phone was gone")
    until(lambda: [alert.name for alert in lab.acme.alerts.standing()] == ["phone-cut-off.ann"])


def test_muted_operator_is_not_taken_for_dead(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    call = ann(lab).call
    page.keyboard.press("m")
    page.wait_for_timeout(15000)  # longer than a page may send nothing
    assert ann(lab).call == call and heard(page)["received"] > 40
