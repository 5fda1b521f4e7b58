"""The phone in the operator's page when things go away and come back: the network, the web, the page, the sign-in.
Against a real FreeSWITCH; skipped, saying so, where something is missing."""

import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.campaigns import Station
from tests.freeswitch.browser import (
    CONNECTED,
    IN_CALL,
    NEEDED,
    SECRET,
    get_on_line,
    hang_up,
    heard,
    label,
    phone,
    talk,
)
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import until

pytestmark = NEEDED

ELSEWHERE, GOES_ON = "Your phone is in another window.", "This call goes on here until it ends."


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


def take(page):
    """The phone in a second window of the browser."""
    second = page.context.new_page()
    second.goto(page.url)
    phone(second, ELSEWHERE)
    second.click("text=Use it in this window")
    return second


def test_call_that_goes_on_in_the_window_the_phone_was_taken_from_is_muted_from_either(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    second = take(page)
    phone(second, "Your call goes on in another window.")
    phone(page, f"{ELSEWHERE} {GOES_ON}")
    second.click("#phone-mute")
    phone(second, "Your call goes on in another window. Muted: you are not heard.")
    phone(page, f"{ELSEWHERE} {GOES_ON} Muted: you are not heard.")
    page.wait_for_timeout(1000)  # what was said before comes back within it
    assert heard(page)["energy_in"] < 1e-6
    second.click("text=Unmute")
    until(lambda: heard(page)["energy_in"] > 0.001)
    page.click("#phone-mute")
    expect(second.locator("#phone-mute")).to_have_text("Unmute")
    hang_up(second)
    phone(second, CONNECTED)
    phone(page, ELSEWHERE)
    expect(page.locator("#phone-mute")).to_be_disabled()
    second.click("text=Get on line")
    lab.customer()
    talk(second)
    until(lambda: heard(second)["energy_in"] > 0.001)
    hang_up(second)


def test_window_that_is_closed_hangs_up_though_another_has_the_phone(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    second = take(page)
    phone(second, "Your call goes on in another window.")
    page.close()
    label(second, "Wrap-up")
    until(lambda: lab.esl.api("show channels count").split()[0] == "0", 10)
    phone(second, CONNECTED)
    second.keyboard.press("1")
    label(second, "Free")
    second.keyboard.press("o")
    label(second, "Off the line")


def test_held_line_follows_the_phone_to_another_window_and_a_talk_first_ends(windows, lab):
    lab.station(Station.WEBRTC_NAILED)
    page = windows()
    get_on_line(page)
    phone(page, "Your phone is on the line.")
    second = take(page)
    phone(second, "Your phone is on the line.")
    phone(page, ELSEWHERE)
    label(second, "Free")
    assert lab.esl.api("show channels count").split()[0] == "1"
    lab.customer()
    talk(second)
    page.click("text=Use it in this window")
    phone(page, "Your call goes on in another window.")
    assert heard(second)["received"] > 40
    page.keyboard.press("h")
    label(page, "Wrap-up")
    phone(second, ELSEWHERE)
    page.keyboard.press("1")
    phone(page, "Your phone is on the line.")
    label(page, "Free")
    page.keyboard.press("o")
    label(page, "Off the line")
    phone(page, CONNECTED)


def test_phone_that_is_taken_back_in_its_own_talk_has_it_still(windows, lab):
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    second = take(page)
    phone(second, "Your call goes on in another window.")
    page.click("text=Use it in this window")
    phone(page, IN_CALL)
    phone(second, ELSEWHERE)
    assert heard(page)["received"] > 40
    hang_up(page)
    phone(page, CONNECTED)
    until(lambda: len(lab.contacts()) == 1, 10)
    page.click("text=Get on line")
    lab.customer()
    talk(page)
    hang_up(page)


def test_call_that_is_in_another_browser_cannot_be_muted_from_here_and_the_page_says_so(windows, lab):
    first = windows()
    get_on_line(first)
    lab.customer()
    talk(first)
    second = windows()
    phone(second, "Your call is in another browser: end it or mute it there.")
    expect(second.locator("#phone-mute")).to_be_disabled()
    phone(first, f"Your phone is in another browser. {GOES_ON}")
    hang_up(first)
    phone(second, CONNECTED)
    expect(second.locator("#phone-mute")).to_be_enabled()
    phone(first, "Your phone is in another browser.")


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


def test_page_that_is_left_without_a_way_to_the_switch_hangs_up_all_the_same(windows, lab):
    """Firefox ends a page's connections before the page hears that it is left."""
    page = windows()
    get_on_line(page)
    lab.customer()
    talk(page)
    lab.wire.cut()
    phone(page, f"{IN_CALL} Its connection to the switch broke, and is made again…")
    page.close()
    until(lambda: lab.esl.api("show channels count").split()[0] == "0", 5)
    until(lambda: lab.acme.operators.view("ann").state == "wrap_up")
    lab.acme.operators.gone("ann", time.time(), "the test is over")


def test_another_kind_of_phone_is_shown_without_signing_in_anew(windows, lab):
    page = windows()
    phone(page, CONNECTED)
    lab.station(Station.RING)
    expect(page.locator("#phone")).to_have_count(0)
    until(lambda: lab.contacts() == [], 10)
