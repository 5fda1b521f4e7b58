"""The phone in the operator's page against a real FreeSWITCH, with a real browser, dialer and carrier: calls, and audio
in both directions. Skipped, saying so, where one of them is missing."""

import pytest

from fsdialer.core.campaigns import Station
from fsdialer.verbs.check.finding import Level
from fsdialer.verbs.check.websocket import look_at_address
from tests.freeswitch.browser import (
    CONNECTED,
    IN_CALL,
    NEEDED,
    figures,
    get_on_line,
    hang_up,
    heard,
    label,
    phone,
    talk,
)
from tests.freeswitch.test_real import until

pytestmark = NEEDED


@pytest.fixture
def lab(browser_lab):
    yield browser_lab
    browser_lab.station(Station.WEBRTC)


@pytest.fixture
def page(windows):
    return windows()


def test_page_registers_over_websocket(page, lab):
    phone(page, CONNECTED)
    assert len(lab.contacts()) == 1 and "transport=ws" in lab.contacts()[0]
    assert page.locator("#phone-input option").count() > 1


def test_check_knocks_as_a_browser_would(lab):
    """Under any path, for a proxy passes its own on; and no browser trusts the certificate the switch makes itself."""
    plain, secure = lab.values["ws_binding"], lab.values["wss_binding"]
    assert {look_at_address(f"ws://{plain}{path}").level for path in ("", "/sip")} == {Level.OK}
    assert "certificate no browser trusts" in look_at_address(f"wss://{secure}").what


def test_customer_is_put_through_and_audio_flows_both_ways(page, lab):
    get_on_line(page)
    lab.customer()
    talk(page)
    label(page, "Talking")
    flowing = heard(page)
    assert flowing["sent"] > 40 and flowing["received"] > 40 and flowing["lost"] < 5
    assert flowing["energy_in"] > 0.001  # the carrier sends back what it heard of us
    said = figures(page)
    assert said["codec"] == "audio/opus" and said["dtls"] == "connected"
    assert "srtp:dtls" in lab.esl.api("show channels")
    hang_up(page)
    phone(page, CONNECTED)


def test_muted_operator_is_not_heard_until_the_next_customer(page, lab):
    get_on_line(page)
    lab.customer()
    talk(page)
    page.keyboard.press("m")
    phone(page, f"{IN_CALL} Muted: you are not heard.")
    page.wait_for_timeout(1000)  # what was said before comes back within it
    assert heard(page)["energy_in"] < 1e-6
    assert level(page) == 0
    hang_up(page)
    page.click("text=Get on line")
    lab.customer()
    talk(page)
    until(lambda: heard(page)["energy_in"] > 0.001)
    until(lambda: level(page) > 0.2)
    hang_up(page)


def level(page):
    return page.locator("#phone-you").evaluate("meter => meter.value")


def test_phone_held_up_between_calls_is_in_the_page_too(page, lab):
    lab.station(Station.WEBRTC_NAILED)
    get_on_line(page)
    phone(page, "Your phone is on the line.")
    until(lambda: figures(page)["dtls"] == "connected")
    for _ in range(2):
        lab.customer()
        talk(page)
        until(lambda: heard(page)["energy_in"] > 0.001)
        page.keyboard.press("h")
        label(page, "Wrap-up")
        phone(page, "Your phone is on the line.")
        page.keyboard.press("1")
        label(page, "Free")
    assert len(page.evaluate("window.connections")) == 1
    newest_first = lab.redis.lrange(lab.acme.keys.voice_ms("spring"), 0, 1)
    assert max(float(each) for each in newest_first) < 500
    page.keyboard.press("o")
    label(page, "Off the line")
    phone(page, CONNECTED)


def test_test_my_phone_says_that_it_works(page, lab):
    phone(page, CONNECTED)
    page.click("text=Test my phone")
    phone(page, IN_CALL)
    until(lambda: "its audio came through" in page.locator("#phone-test").inner_text())
    phone(page, CONNECTED)


def test_test_of_a_muted_phone_says_that_only_silence_came(page, lab):
    phone(page, CONNECTED)
    page.click("text=Test my phone")
    phone(page, IN_CALL)
    page.keyboard.press("m")
    until(lambda: "only silence came from it" in page.locator("#phone-test").inner_text())


def test_test_of_a_phone_without_its_microphone_says_that_nothing_came(page, lab):
    phone(page, CONNECTED)
    page.click("text=Test my phone")
    phone(page, IN_CALL)
    page.evaluate("window.connections.at(-1).getSenders()[0].replaceTrack(null)")
    until(lambda: "no audio came from it" in page.locator("#phone-test").inner_text())
