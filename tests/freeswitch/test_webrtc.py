"""The phone in the operator's page against a real FreeSWITCH: a browser with a fake microphone, the web, a dialer and a
carrier (SIPp, which sends back what it hears), all started here. Skipped, saying so, where one is missing.
"""

import shutil
import socket
import subprocess
import time

import pytest
from playwright.sync_api import expect, sync_playwright

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, Station
from fsdialer.core.leads import NewLead
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.users import User, hash_password
from fsdialer.verbs.freeswitch import write_all
from tests.freeswitch.test_real import RealSwitch, free_port, ports, until
from tests.journey import Process
from tests.web.test_browser import CHROMIUM, FLAGS

NEEDED = ("freeswitch", "sipp")
MISSING = [name for name in NEEDED if not shutil.which(name)] + ([] if CHROMIUM else ["chromium"])
pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}: the browser's phone was not tried"),
    pytest.mark.timeout(120),
]
SECRET, PASSWORD = "a-secret-for-the-browser-phone-0123456789", "correct-horse"
FAKE_MEDIA = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
# What the page's calls are made of, for the figures below.
SPY = """
window.connections = [];
const Plain = RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(...args) { super(...args); window.connections.push(this); }
};
"""
FIGURES = """async () => {
  const last = window.connections.filter((each) => each.connectionState === 'connected').at(-1);
  const found = { sent: 0, received: 0, lost: 0, energy_in: 0, energy_out: 0, codec: '', dtls: '' };
  for (const each of last ? (await last.getStats()).values() : []) {
    if (each.type === 'outbound-rtp') found.sent = each.packetsSent;
    if (each.type === 'inbound-rtp') {
      found.received = each.packetsReceived; found.lost = each.packetsLost; found.energy_in = each.totalAudioEnergy;
    }
    if (each.type === 'media-source') found.energy_out = each.totalAudioEnergy;
    if (each.type === 'codec') found.codec = each.mimeType;
    if (each.type === 'transport') found.dtls = each.dtlsState;
  }
  return found;
}"""


class Lab:
    """Everything but the browser."""

    def __init__(self, redis_url, root):
        self.redis = connect(redis_url)
        self.redis.flushall()
        self.root, self.values = root, ports()
        self.web_port, carrier = free_port(), free_port(socket.SOCK_DGRAM)
        self.sipp = subprocess.Popen(
            ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(carrier), "-rtp_echo", "-nostdin"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=root,
        )
        self.acme = self._company(carrier)
        settings = Settings(redis_url, redis_url, secret_key=SECRET, listen=f"127.0.0.1:{self.web_port}")
        list(write_all(settings, Store(self.redis), root / "conf", None, self.values, static=False))
        written = dict(line.split("=", 1) for line in (root / "conf/fsdialer.env").read_text().splitlines())
        self.env = {
            "FSDIALER_REDIS_URL": redis_url,
            "FSDIALER_SECRET_KEY": SECRET,
            "FSDIALER_LISTEN": f"127.0.0.1:{self.web_port}",
            "FSDIALER_SIP_WS": f"ws://{self.values['ws_binding']}",
            **written,
        }
        password = written["FSDIALER_SWITCHES"].split("esl://:")[1].split("@")[0]
        (root / "switch").mkdir()
        self.switch = RealSwitch(root / "conf", root / "switch", self.values, lambda: password)
        self.web = self.start_web()
        self.esl = until(self.switch.ready, 40)
        self.dialer = Process(root / "dial.log", "fsdialer", "dial", env=self.env)

    def _company(self, carrier):
        acme = CompanyStore(self.redis, "acme")
        acme.setup.save_company(Company("acme", "Acme"))
        acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=carrier, profile="carrier"))
        campaign = Campaign(
            "acme", "spring", "Spring", Mode.PROGRESSIVE, gateways=("trunk",), caller_ids=("+12125550100",)
        )
        acme.setup.save_campaign(campaign)
        acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", station=Station.WEBRTC, campaigns=("spring",)))
        acme.users.save(User("ann", "Ann", "operator", "ann", hash_password(PASSWORD)))
        return acme

    def start_web(self):
        web = Process(self.root / f"web-{time.monotonic_ns()}.log", "fsdialer", "web", env=self.env)
        until(lambda: web.said("state=listening"))
        return web

    def contacts(self):
        """Where the switch has the phone; none when it is not registered."""
        said = self.esl.api("sofia_contact operators/1001@127.0.0.1").strip()
        return [] if said.startswith("error") else said.split(",")

    def stop(self):
        for process in (self.dialer, self.web):
            process.stop()
        self.esl.stop()
        self.switch.stop()
        self.sipp.kill()
        self.sipp.wait()
        self.redis.close()


@pytest.fixture(scope="module")
def lab(redis_url, tmp_path_factory):
    lab = Lab(redis_url, tmp_path_factory.mktemp("webrtc"))
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_MEDIA])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, lab):
    """Ann's page, signed in; an error of a script or of the security policy fails the test."""
    context = chromium.new_context()
    context.grant_permissions(["microphone"])
    context.add_init_script(SPY)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"http://127.0.0.1:{lab.web_port}/")
    page.fill("input[name=login]", "ann")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")
    yield page
    context.close()
    assert errors == []


def phone(page, words, timeout=15000):
    expect(page.locator("#phone-label")).to_have_text(words, timeout=timeout)


CONNECTED, IN_CALL = "Your phone is connected.", "Your phone is in a call."


def figures(page):
    return page.evaluate(FIGURES)


def test_page_registers_over_websocket(page, lab):
    phone(page, CONNECTED)
    assert len(lab.contacts()) == 1 and "transport=ws" in lab.contacts()[0]


def get_on_line(page):
    phone(page, CONNECTED)
    page.click("text=Get on line")
    expect(page.locator("#label")).to_have_text("Free")


def hang_up(page):
    """The operator's key, and the next call soon: straight through wrap-up and off the line."""
    page.keyboard.press("h")
    expect(page.locator("#label")).to_have_text("Wrap-up")
    page.keyboard.press("o")
    expect(page.locator("#label")).to_have_text("Off the line")


@pytest.fixture
def customer(lab):
    """Puts a customer into the queue; a number of its own each time."""
    numbers = iter(range(int(time.monotonic() * 10) % 10000 * 10, 200000))
    return lambda: lab.acme.leads.add("spring", [NewLead(f"+1212{5550000 + next(numbers) % 10000:07d}")], time.time())


def heard(page, seconds=1.5):
    """How much more the page heard after so long: packets, and energy of the sound."""
    before = figures(page)
    page.wait_for_timeout(seconds * 1000)
    after = figures(page)
    return {name: after[name] - before[name] for name in ("sent", "received", "lost", "energy_in")}


def test_customer_is_put_through_and_audio_flows_both_ways(page, lab, customer):
    get_on_line(page)
    customer()
    phone(page, IN_CALL)
    expect(page.locator("#label")).to_have_text("Talking")
    until(lambda: figures(page)["received"] > 50)
    flowing = heard(page)
    assert flowing["sent"] > 40 and flowing["received"] > 40 and flowing["lost"] < 5
    assert flowing["energy_in"] > 0.001  # the carrier sends back what it heard of us
    said = figures(page)
    assert said["codec"] == "audio/opus" and said["dtls"] == "connected"
    assert "srtp:dtls" in lab.esl.api("show channels")
    hang_up(page)
    phone(page, CONNECTED)


def test_muted_operator_is_not_heard_until_the_next_customer(page, customer):
    get_on_line(page)
    customer()
    phone(page, IN_CALL)
    until(lambda: figures(page)["received"] > 50)
    page.keyboard.press("m")
    phone(page, f"{IN_CALL} Muted: you are not heard.")
    page.wait_for_timeout(1000)  # what was said before comes back within it
    assert heard(page)["energy_in"] < 1e-6
    assert page.locator("#phone-you").evaluate("meter => meter.value") == 0
    hang_up(page)
    page.click("text=Get on line")
    customer()
    phone(page, IN_CALL)
    until(lambda: figures(page)["received"] > 50)
    until(lambda: heard(page)["energy_in"] > 0.001)
    until(lambda: page.locator("#phone-you").evaluate("meter => meter.value") > 0.2)
    hang_up(page)
