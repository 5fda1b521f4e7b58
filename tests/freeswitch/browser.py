"""A page with its phone against a real FreeSWITCH: the switch, the web, a dialer and a carrier (SIPp, which sends back
what it hears) on free ports, a wire that can be cut between the browser and the switch, and Chromium with a microphone
of its own making."""

import select
import shutil
import socket
import subprocess
import threading
import time

import pytest
from playwright.sync_api import expect

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, PhoneTestRule, Station
from fsdialer.core.leads import NewLead
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.users import User, hash_password
from fsdialer.verbs.freeswitch import write_all
from tests.freeswitch.test_real import RealSwitch, free_port, ports, until
from tests.journey import Process
from tests.web.browser import CHROMIUM

MISSING = [name for name in ("freeswitch", "sipp") if not shutil.which(name)] + ([] if CHROMIUM else ["chromium"])
#: Of tests that need all of it.
NEEDED = [
    pytest.mark.freeswitch,
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}: the phone in the page was not tried"),
]
CONNECTED, IN_CALL = "Your phone is connected.", "Your phone is in a call."
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


class Wire:
    """A port that leads to another, until it is cut: what comes while it is, is refused."""

    def __init__(self, target):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.whole = True
        self._pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.whole:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # nobody is there, as it is now and then
                near.close()
                continue
            self._pairs.append((near, far))
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        other = {near: far, far: near}
        try:
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    other[ready].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            near.close()
            far.close()

    def cut(self):
        self.whole = False
        for near, far in self._pairs:
            for end in (near, far):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed before
        self._pairs.clear()

    def mend(self):
        self.whole = True

    def close(self):
        self._listener.close()
        self.cut()


class Lab:
    """Everything but the browser."""

    def __init__(self, redis_url, root):
        self.redis = connect(redis_url)
        self.redis.flushall()
        self._customers = 100
        self.root, self.values = root, ports()
        self.web_port, carrier = free_port(), free_port(socket.SOCK_DGRAM)
        self.wire = Wire(int(self.values["ws_binding"].rpartition(":")[2]))
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
            **written,
            "FSDIALER_SIP_WS": f"ws://127.0.0.1:{self.wire.port}",
        }
        password = written["FSDIALER_SWITCHES"].split("esl://:")[1].split("@")[0]
        (root / "switch").mkdir()
        self.switch = RealSwitch(root / "conf", root / "switch", self.values, lambda: password)
        self.web = self.start_web()
        self.esl = until(self.switch.ready, 40)
        self.dialer = Process(root / "dial.log", "fsdialer", "dial", env=self.env)

    def _company(self, carrier):
        acme = CompanyStore(self.redis, "acme")
        acme.setup.save_company(Company("acme", "Acme", phone_test=PhoneTestRule.OFF))
        acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=carrier, profile="carrier"))
        campaign = Campaign(
            "acme", "spring", "Spring", Mode.PROGRESSIVE, gateways=("trunk",), caller_ids=("+12125550100",)
        )
        acme.setup.save_campaign(campaign)
        acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", station=Station.WEBRTC, campaigns=("spring",)))
        acme.users.save(User("ann", "Ann", "operator", "ann", hash_password(PASSWORD)))
        return acme

    @property
    def url(self):
        return f"http://127.0.0.1:{self.web_port}/"

    def station(self, station):
        """Another kind of phone for Ann."""
        operator = Operator("acme", "ann", "Ann", "1001", station=station, campaigns=("spring",))
        self.acme.setup.save_operator(operator)

    def customer(self):
        """A customer in the queue, under a number nobody had."""
        self._customers += 1
        self.acme.leads.add("spring", [NewLead(f"+1212555{self._customers:04d}")], time.time())

    def kill_switch(self):
        """At once; `start_switch` has it back with what it had written down."""
        self.esl.stop()
        self.switch.kill()

    def start_switch(self):
        self.switch.start()
        self.esl = until(self.switch.ready, 40)

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
        self.wire.close()
        self.esl.stop()
        self.switch.stop()
        self.sipp.kill()
        self.sipp.wait()
        self.redis.close()


def sign_in(context, url):
    """Ann's page."""
    page = context.new_page()
    page.goto(url)
    page.fill("input[name=login]", "ann")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")
    return page


def phone(page, words, timeout=15000):
    expect(page.locator("#phone-label")).to_have_text(words, timeout=timeout)


def label(page, words, timeout=10000):
    expect(page.locator("#label")).to_have_text(words, timeout=timeout)


def get_on_line(page):
    phone(page, CONNECTED)
    page.click("text=Get on line")
    label(page, "Free")


def hang_up(page):
    """By the keys: the call, its outcome, off the line."""
    page.keyboard.press("h")
    label(page, "Wrap-up")
    page.keyboard.press("1")
    label(page, "Free")
    page.keyboard.press("o")
    label(page, "Off the line")


def figures(page):
    return page.evaluate(FIGURES)


def talk(page):
    """Until the call is there and audio has come. A held phone is in a call and hears something before."""
    label(page, "Talking", timeout=15000)
    phone(page, IN_CALL)
    until(lambda: figures(page)["received"] > 50)


def heard(page, seconds=1.5):
    """How much more was sent and heard within so long: packets, and energy of the sound."""
    before = figures(page)
    page.wait_for_timeout(seconds * 1000)
    after = figures(page)
    return {name: after[name] - before[name] for name in ("sent", "received", "lost", "energy_in")}
