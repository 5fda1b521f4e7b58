"""The phone in the operator's page in a real browser, against a registrar of our own: what it asks, what it says, what
it refuses. With audio and a real FreeSWITCH: tests/freeswitch/test_webrtc.py."""

import dataclasses
import time

import pytest
from playwright.sync_api import expect, sync_playwright

from fsdialer.core.campaigns import Station
from tests.journey import wait_until
from tests.web.browser import CHROMIUM, FLAGS, Site, sign_in
from tests.web.conftest import SECRET, connect_customer, open_company
from tests.web.sip_socket import SipSocket

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]
CONNECTED = "Your phone is connected."


@pytest.fixture(scope="module")
def chromium():
    """With a microphone of its own making, which pages may use when they are allowed to."""
    with sync_playwright() as playwright:
        flags = [*FLAGS, "--use-fake-device-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def registrar():
    registrar = SipSocket()
    yield registrar
    registrar.close()


@pytest.fixture
def switch(registrar):
    registrar.forget()
    return registrar


@pytest.fixture
def acme(redis, switch):
    acme = open_company(redis, "acme")
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), station=Station.WEBRTC))
    return acme


class PhoneSite(Site):
    """A web that sends phones to `sip_ws`."""

    def __init__(self, redis_url, folder, sip_ws):
        self.sip_ws = sip_ws
        super().__init__(redis_url, folder)

    def start(self):
        self.env["FSDIALER_SIP_WS"] = self.sip_ws
        super().start()


@pytest.fixture(scope="module")
def site(redis_url, tmp_path_factory, registrar):
    site = PhoneSite(redis_url, tmp_path_factory.mktemp("web"), f"ws://127.0.0.1:{registrar.port}")
    yield site
    site.process.stop()


@pytest.fixture
def page(chromium, site, acme):
    """Allowed to use the microphone; any error of a script or of the security policy fails the test."""
    context = chromium.new_context(permissions=["microphone"])
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(site.url)
    yield page
    context.close()
    assert errors == []


def let_in(page, switch, acme):
    """The switch knows the page's password, as the web would have told it."""

    def taken():
        holder = acme.softphones.holder("1001")
        return holder is not None and holder.page == page.evaluate("sessionStorage.getItem('fsdialer.page')")

    wait_until(taken, what="the page to take the phone")
    switch.password = acme.accounts.phone("1001", SECRET).password


def phone(page, words, timeout=10000):
    expect(page.locator("#phone-label")).to_have_text(words, timeout=timeout)


def connected(page, switch, acme):
    sign_in(page)
    let_in(page, switch, acme)
    phone(page, CONNECTED)


def test_page_registers_as_its_operator_with_the_password_of_this_page(page, switch, acme):
    connected(page, switch, acme)
    [who] = switch.registered.values()
    assert "sip:1001@" in who
    assert list(switch.registered)[0].endswith("transport=ws")
    assert switch.password not in page.content()


def test_switch_that_listens_to_the_other_kind_of_websocket_is_spoken_to_so(page, switch, acme):
    """A proxy may add TLS or take it away between, and the switch says nothing to what comes under the wrong name."""
    switch.transport = "WSS"
    page.clock.install()
    sign_in(page)
    let_in(page, switch, acme)
    wait_until(lambda: switch.count("REGISTER"), what="a registration")
    page.clock.run_for(8_000)
    page.clock.resume()
    phone(page, CONNECTED)
    switch.drop()
    wait_until(lambda: switch.count("REGISTER") > 3, what="another registration")
    phone(page, CONNECTED)
    vias = [request.split("Via: ")[1][:11] for request in switch.requests]
    assert vias[0] == "SIP/2.0/WS " and set(vias[1:]) == {"SIP/2.0/WSS"}, "what worked is kept"


def test_password_the_switch_has_not_heard_of_yet_is_tried_again(page, switch, acme):
    """The switch may keep the record of the page before for a moment."""
    sign_in(page)
    wait_until(lambda: switch.count("REGISTER") >= 2, what="a refused registration")
    phone(page, "Your phone is connecting…")
    let_in(page, switch, acme)
    phone(page, CONNECTED)


def test_switch_that_never_asks_our_web_is_named(page, switch, acme):
    """Static files alone: the switch cannot know a password made a second ago."""
    sign_in(page)
    expect(page.locator("#phone-label")).to_contain_text("does not ask fsdialer for passwords", timeout=20000)
    acme.softphones.was_asked_for("1001")
    expect(page.locator("#phone-label")).to_contain_text("its password is refused", timeout=20000)


def test_connection_that_broke_is_made_again(page, switch, acme):
    connected(page, switch, acme)
    before = switch.count("REGISTER")
    switch.drop()
    wait_until(lambda: switch.count("REGISTER") > before, what="another registration")
    phone(page, CONNECTED)


def test_network_that_went_away_without_a_word_is_noticed(page, switch, acme):
    page.clock.install()
    connected(page, switch, acme)
    page.clock.run_for(26_000)
    wait_until(lambda: switch.count("OPTIONS"), what="a question whether the switch is there")
    phone(page, CONNECTED)
    switch.deaf = True
    page.clock.run_for(26_000)
    wait_until(lambda: switch.count("OPTIONS") > 1, what="another question")
    page.clock.run_for(9_000)
    phone(page, "Your phone is connecting…")
    switch.deaf = False
    page.clock.run_for(9_000)
    page.clock.resume()
    phone(page, CONNECTED)


def test_call_that_does_not_ask_to_be_answered_is_refused(page, switch, acme):
    connected(page, switch, acme)
    acme.operators.go_on_line("1001", "spring", time.time(), via="cli")
    expect(page.locator("#label")).to_have_text("Free")
    switch.invite()
    assert switch.answers.get(timeout=5) == 480


def test_call_to_an_operator_who_is_off_the_line_is_refused(page, switch, acme):
    connected(page, switch, acme)
    switch.invite("Call-Info: <sip:pbx>;answer-after=0")
    assert switch.answers.get(timeout=5) == 480
    phone(page, CONNECTED)


def test_password_is_renewed_while_the_page_is_open(page, switch, acme, redis):
    page.clock.install()
    connected(page, switch, acme)
    redis.expire(acme.keys.softphone("1001"), 20)
    page.clock.run_for(61_000)
    wait_until(lambda: redis.ttl(acme.keys.softphone("1001")) > 60, what="a renewal")


def test_page_that_slept_until_its_password_ran_out_takes_another(page, switch, acme, redis):
    page.clock.install()
    connected(page, switch, acme)
    old = acme.softphones.holder("1001")
    redis.delete(acme.keys.softphone("1001"))
    page.clock.run_for(61_000)
    wait_until(lambda: acme.softphones.holder("1001"), what="another password")
    assert acme.softphones.holder("1001") != old
    switch.drop()
    let_in(page, switch, acme)
    page.clock.run_for(10_000)
    page.clock.resume()
    phone(page, CONNECTED, timeout=20000)


#: As the browser would, it gives no microphone for the reason `refuse`, if any; `opened` is the last it gave.
MICROPHONE = """
    window.refuse = ''; const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      if (window.refuse) throw new DOMException('', window.refuse);
      return window.opened = await real(wanted);
    };
"""
UNPLUGGED = (
    "refuse = 'NotFoundError'; opened.getTracks().forEach((t) => { t.stop(); t.dispatchEvent(new Event('ended')) })"
)
PLUGGED_IN = "window.refuse = ''; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "may not use your microphone"),
        ("NotReadableError", "another program holds your microphone"),
    ],
)
def test_microphone_that_cannot_be_had_is_told_in_words_and_may_be_tried_again(page, switch, acme, name, words):
    page.add_init_script(f"{MICROPHONE} window.refuse = '{name}'")
    sign_in(page)
    expect(page.locator("#phone-label")).to_contain_text(words)
    assert switch.count("REGISTER") == 0
    page.evaluate("window.refuse = ''")
    page.click("text=Try again")
    let_in(page, switch, acme)
    phone(page, CONNECTED)


def test_headset_that_is_plugged_in_takes_the_phone_from_no_other_browser(page, switch, acme):
    page.add_init_script(MICROPHONE)
    connected(page, switch, acme)
    acme.softphones.take("1001", "another-page", "another-sign-in", time.time())
    phone(page, "Your phone is in another browser.")
    page.evaluate(f"{UNPLUGGED}; {PLUGGED_IN}")
    wait_until(lambda: page.evaluate("window.opened.active"), what="the microphone to be opened again")
    page.wait_for_timeout(300)
    assert acme.softphones.holder("1001").page == "another-page"


def test_phone_without_a_microphone_is_not_there_to_be_rung_until_one_is_plugged_in(page, switch, acme):
    page.add_init_script(MICROPHONE + "window.refuse = 'NotFoundError'")
    sign_in(page)
    expect(page.locator("#phone-label")).to_contain_text("no microphone was found")
    page.evaluate(PLUGGED_IN)
    let_in(page, switch, acme)
    phone(page, CONNECTED)
    page.evaluate(UNPLUGGED)
    expect(page.locator("#phone-label")).to_contain_text("no microphone was found")
    wait_until(lambda: not switch.registered, what="its registration to end")
    page.evaluate(PLUGGED_IN)
    phone(page, CONNECTED)


def test_page_over_plain_http_from_afar_says_why_there_is_no_microphone(page, switch, acme):
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    sign_in(page)
    expect(page.locator("#phone-label")).to_contain_text("over https only")


def test_devices_are_offered_and_the_choice_is_remembered(page, switch, acme):
    connected(page, switch, acme)
    choices = page.locator("#phone-input option").all_text_contents()
    assert len(choices) >= 3
    page.click("#phone-devices summary")
    page.select_option("#phone-input", label=choices[-1])
    wait_until(lambda: page.evaluate("localStorage.getItem('fsdialer.input')"), what="the choice to be kept")
    page.reload()
    phone(page, CONNECTED)
    assert page.locator("#phone-input option:checked").text_content() == choices[-1]


def test_everything_needed_fits_a_small_laptop_beside_the_phone(page, switch, acme):
    page.set_viewport_size({"width": 1024, "height": 600})
    connected(page, switch, acme)
    connect_customer(acme, "1001", "call-1")
    phone(page, "Your call is in another browser: end it or mute it there.")
    for element in ("#phone-label", "#phone-mute", "#phone-them", "#hangup", "#outcomes button:last-child", "#figures"):
        expect(page.locator(element)).to_be_in_viewport()
    assert page.locator("#phone").bounding_box()["height"] < 60
    last, figures = (page.locator(e).bounding_box() for e in ("#outcomes button:last-child", "#figures"))
    assert last["y"] + last["height"] <= figures["y"]


def test_meter_shows_the_operators_voice_and_nothing_while_muted(page, switch, acme):
    connected(page, switch, acme)
    level = page.locator("#phone-you")
    wait_until(lambda: level.evaluate("meter => meter.value") > 0.2, what="the fake microphone's beep")
    page.click("#phone-mute")
    expect(page.locator("#phone-mute")).to_have_text("Unmute")
    wait_until(lambda: level.evaluate("meter => meter.value") == 0, what="silence")
    page.wait_for_timeout(1200)
    assert level.evaluate("meter => meter.value") == 0


ANOTHER_WINDOW = """
    window.another = new BroadcastChannel(`fsdialer ${location.pathname.replace(/\\/?$/, '/')}`);
    window.asked = [];
    window.another.addEventListener('message', ({ data }) => {
      if (!('mute' in data)) return;
      window.asked.push(data.mute);
      window.another.postMessage({ from: 'another', call: true, muted: data.mute });
    });
    window.another.postMessage({ from: 'another', call: true, muted: false });
"""


def test_call_in_another_window_is_muted_there_and_what_the_button_says_is_what_that_window_says(page, switch, acme):
    connected(page, switch, acme)
    connect_customer(acme, "1001", "call-1")
    away = "Your call is in another browser: end it or mute it there."
    phone(page, away)
    expect(page.locator("#phone-mute")).to_be_disabled()
    page.evaluate(ANOTHER_WINDOW)
    phone(page, "Your call goes on in another window.")
    page.click("#phone-mute")
    phone(page, "Your call goes on in another window. Muted: you are not heard.")
    expect(page.locator("#phone-mute")).to_have_text("Unmute")
    page.keyboard.press("m")
    expect(page.locator("#phone-mute")).to_have_text("Mute")
    assert page.evaluate("window.asked") == [True, False]
    page.evaluate("window.another.postMessage({ from: 'another', call: false })")
    phone(page, CONNECTED)


def test_without_an_address_for_phones_the_page_says_whom_to_tell(chromium, redis_url, tmp_path, acme):
    site = PhoneSite(redis_url, tmp_path, "")
    context = chromium.new_context(permissions=["microphone"])
    try:
        page = context.new_page()
        page.goto(site.url)
        sign_in(page)
        expect(page.locator("#phone-label")).to_contain_text("tell an administrator")
    finally:
        context.close()
        site.process.stop()
