"""Two real FreeSWITCH with our configuration: a customer on one talks to an operator whose phone is on the other.

Phones are baresip processes that say a tone each, so that it can be heard who hears whom. Skipped, saying so, where
there is no `freeswitch` or no `baresip` on PATH.
"""

import itertools
import os
import socket
import time

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, Station
from fsdialer.core.leads import NewLead
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import write_all
from tests.freeswitch.peer import Peer, header
from tests.freeswitch.phones import BARESIP, Phone
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import FREESWITCH, RealSwitch, ports, until
from tests.journey import Process
from tests.sound import heard

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: two switches were not tried for real"),
    pytest.mark.skipif(BARESIP is None, reason="no baresip on PATH: two switches were not tried with real phones"),
]
SECRET = "a-secret-for-two-real-switches-0123456789"
CUSTOMER_HZ, ANN_HZ = 800, 440
RTP = 24_000 + os.getpid() % 90 * 100


class Two:
    """Switches fs1 and fs2; Ann's phone (1001) is registered with fs2, Bob's (1002) with fs1; calls go out on fs1."""

    def __init__(self, redis_url, root):
        self.root, self.redis_url = root, redis_url
        self.redis = connect(redis_url)
        self.redis.flushall()
        self._numbers = itertools.count(100)
        self._over = [self.redis.close]
        self.numbers = [f"+1212555{n:04d}" for n in range(100, 160)]
        self.carrier = self.phone(CUSTOMER_HZ, self.numbers)
        self.ann, self.bob = self.phone(ANN_HZ, ["1001"]), self.phone(600, ["1002"])
        self.acme = self._company()
        self.switches, self.esl = {}, {}
        try:
            for place, name in enumerate(("fs1", "fs2")):
                self._write(name, place)
                self.start(name)
            self._register("fs2", "1001", self.ann.port)
            self._register("fs1", "1002", self.bob.port)
            self._dial()
        except BaseException:
            self.stop()
            raise

    def phone(self, hz, users):
        for attempt in range(5):  # it takes ports besides the one it was given, and one may be somebody's
            try:
                made = Phone(self.root / f"phone-{hz}-{attempt}", hz, RTP + hz // 4, users)
                self._over.append(made.stop)
                return made
            except AssertionError as error:
                refused = error
        raise refused

    def _company(self):
        acme = CompanyStore(self.redis, "acme")
        acme.setup.save_company(Company("acme", "Acme", hide_numbers=True))
        acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=self.carrier.port, switches=("fs1",)))
        for operator in ("1001", "1002"):
            acme.setup.save_operator(Operator("acme", operator, operator, operator, campaigns=("spring",)))
        return acme

    def settle(self, station, **changed):
        """Both operators off the line, with phones of that kind; the campaign with what is `changed`."""
        for operator in ("1001", "1002"):
            self.acme.operators.leave_line(operator, time.time())
            until(lambda operator=operator: self.view(operator).state == "off")
            set_up = Operator("acme", operator, operator, operator, station=station, campaigns=("spring",))
            self.acme.setup.save_operator(set_up)
        until(lambda: all(e.api("show channels count").split()[0] == "0" for e in self.esl.values()), 30)
        defaults = {"max_wait_s": 6.0, "operator_ring_s": 5.0, "wrap_up_s": 0.0, "max_attempts": 1}
        settings = {"mode": Mode.PROGRESSIVE, "gateways": ("trunk",), "caller_ids": ("+12125550100",)}
        self.acme.setup.save_campaign(Campaign("acme", "spring", "Spring sale", **{**settings, **defaults, **changed}))

    def _write(self, name, place):
        conf, values = self.root / name, ports()
        first = 30_000 + os.getpid() % 400 * 80 + 40 * place
        values |= {"rtp_first_port": str(first), "rtp_last_port": str(first + 39)}
        settings = Settings(self.redis_url, self.redis_url, secret_key=SECRET)
        list(write_all(settings, Store(self.redis), conf, None, values, static=True))
        self.switches[name] = (conf, values, None)

    def start(self, name):
        conf, values, _ = self.switches[name]
        home = self.root / f"run-{name}-{time.monotonic_ns()}"
        home.mkdir()
        real = RealSwitch(conf, home, values, lambda: self.url(name).split("esl://:")[1].split("@")[0])
        self._over.append(real.stop)
        self.switches[name] = (conf, values, real)
        self.esl[name] = until(real.ready, 40)
        until(lambda: self.esl[name].api("sofia status").count("RUNNING") == 3)

    def kill(self, name):
        self.switches[name][2]._process.kill()

    def url(self, name):
        text = (self.switches[name][0] / "fsdialer.env").read_text()
        lines = dict(line.split("=", 1) for line in text.splitlines())
        return f"{lines['FSDIALER_SWITCHES']}&name={name}"

    def _register(self, name, user, port):
        password = self.acme.accounts.phone(user, SECRET).password
        caller = Caller(int(self.switches[name][1]["operators_port"]), user, contact=f"sip:{user}@127.0.0.1:{port}")
        assert caller.register(password, expires=600) == 200
        caller.close()
        until(lambda: self.esl[name].api(f"sofia_contact {user}@127.0.0.1").startswith("sofia/"))

    def register_ann(self, port=None):
        self._register("fs2", "1001", port or self.ann.port)

    def _dial(self):
        env = {
            "FSDIALER_REDIS_URL": self.redis_url,
            "FSDIALER_SECRET_KEY": SECRET,
            "FSDIALER_SWITCHES": f"{self.url('fs1')},{self.url('fs2')}",
        }
        self.dialer = Process(self.root / "dial.log", "fsdialer", "dial", env=env)
        self._over.append(self.dialer.stop)
        store = Store(self.redis)
        until(lambda: sum(bool(view.trunk) for view in store.switches.views()) == 2)

    def view(self, operator):
        return self.acme.operators.view(operator)

    def on_line(self, operator, switch):
        self.acme.operators.go_on_line(operator, "spring", time.time(), via="cli")
        until(lambda: (self.view(operator).state, self.view(operator).switch) == ("available", switch))

    def lead(self):
        number = self.numbers[next(self._numbers) - 100]
        return self.acme.leads.add("spring", [NewLead(number)], time.time()).lead_ids[0]

    def record(self, lead):
        key = self.acme.keys.lead(lead)
        uuid = self.redis.hget(key, "call") or self.redis.hget(key, "last_call")
        return self.acme.calls.get(uuid) if uuid else {}

    def talking(self, lead):
        return until(lambda: (r := self.record(lead)).get("bridged") and r, 15)

    def stop(self):
        for end in reversed(self._over):
            end()


@pytest.fixture(scope="module")
def two(redis_url, tmp_path_factory):
    two = Two(redis_url, tmp_path_factory.mktemp("two"))
    yield two
    two.stop()


def heard_by_both(two, call):
    """The tones on the customer's side and on the operator's, as the customer's switch has them."""
    path = two.root / f"{call['uuid']}.wav"
    two.esl["fs1"].api(f"uuid_setvar {call['uuid']} RECORD_STEREO true")
    assert two.esl["fs1"].api(f"uuid_record {call['uuid']} start {path}").startswith("+OK")
    time.sleep(1.5)  # so much of the talk is kept
    two.esl["fs1"].api(f"uuid_record {call['uuid']} stop {path}")
    until(path.exists, 5)
    return heard(path, begin_s=0.3)


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
@pytest.mark.parametrize("who", ["customer", "operator"])
def test_customer_and_operator_of_different_switches_hear_each_other_and_either_ends_the_talk(two, station, who):
    two.settle(station)
    two.on_line("1001", "fs2")
    lead = two.lead()
    call = two.talking(lead)
    assert (call["switch"], call["operator"]) == ("fs1", "1001")
    assert heard_by_both(two, call) == (CUSTOMER_HZ, ANN_HZ)
    voice_ms = float(two.redis.lindex(two.acme.keys.voice_ms("spring"), 0))
    print(f"{station}: {voice_ms} ms from the answer to the voice")
    assert voice_ms < 1500
    if who == "customer":
        two.esl["fs1"].api(f"uuid_kill {call['uuid']}")
    else:
        rows = two.esl["fs2"].api("show channels").splitlines()
        phone = next(row.split(",")[0] for row in rows if f"127.0.0.1:{two.ann.port}" in row)
        two.esl["fs2"].api(f"uuid_kill {phone}")
    until(lambda: two.record(lead).get("disposition") == "answered", 10)
    until(lambda: two.view("1001").state == "available", 10)
    if station is Station.NAILED and who == "customer":
        leg = two.view("1001").leg
        assert two.esl["fs2"].api(f"uuid_exists {leg}").strip() == "true", "the held line goes on waiting"
    until(lambda: two.esl["fs1"].api("show channels count").split()[0] == "0", 15)


@pytest.fixture
def anns_peer(two):
    """In place of Ann's phone on fs2: one that keeps what it was sent, and answers as it is told to."""
    phone = Peer()
    two.settle(Station.RING)
    two.esl["fs2"].api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    until(lambda: two.esl["fs2"].api("sofia_contact 1001@127.0.0.1").startswith("error"))
    two.register_ann(phone.port)
    yield phone
    two.esl["fs2"].api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
    phone.stop()
    two.register_ann()


def test_a_phone_on_another_switch_is_asked_to_answer_and_shown_no_number(two, anns_peer):
    two.on_line("1001", "fs2")
    lead = two.lead()
    call = two.talking(lead)
    invite = anns_peer.requests("INVITE")[0]
    assert "answer-after=0" in header(invite, "Call-Info")
    assert '"Spring sale"' in header(invite, "From")
    everything = "".join(anns_peer.messages)
    assert call["number"].lstrip("+") not in everything
    two.esl["fs1"].api(f"uuid_kill {call['uuid']}")
    until(lambda: two.view("1001").state == "available", 10)


def test_a_phone_on_another_switch_that_forwards_its_calls_sends_nobody_elsewhere(two, anns_peer):
    elsewhere = Peer()
    anns_peer.refuses, anns_peer.forwards_to = 302, f"sip:9000@127.0.0.1:{elsewhere.port}"
    two.on_line("1001", "fs2")
    two.lead()
    until(lambda: two.view("1001").state == "off")
    assert "forwards its calls" in two.view("1001").reason
    assert anns_peer.requests("INVITE") and elsewhere.messages == []
    elsewhere.stop()


def test_a_stranger_reaches_nobody_through_the_switches_profile_but_operators(two):
    port = int(two.switches["fs2"][1]["switches_port"])
    knock = Caller(port, "anybody")
    assert knock.invite("+12125550100") in (403, 480, 603)
    assert knock.invite("9196") in (403, 480, 603)
    knock.close()
    until(lambda: two.esl["fs2"].api("show channels count").split()[0] == "0", 40)


def test_a_phone_registered_twice_is_found_when_one_of_its_registrations_has_ended(two):
    """FreeSWITCH's core keeps one row for a user and drops it with any of the user's registrations."""
    two.settle(Station.RING)
    port = int(two.switches["fs2"][1]["operators_port"])
    again = Caller(port, "1001", contact=f"sip:1001@127.0.0.1:{two.ann.port};transport=udp;again=yes")
    password = two.acme.accounts.phone("1001", SECRET).password
    assert again.register(password) == 200
    until(lambda: two.esl["fs2"].api("sofia xmlstatus profile operators reg").count("<user>1001@") == 2)
    assert again.register(password, expires=0) == 200
    again.close()
    until(lambda: '"1001"' not in two.esl["fs2"].api("show registrations as json"))
    time.sleep(6)  # a look at the switches later
    two.on_line("1001", "fs2")
    lead = two.lead()
    assert two.talking(lead)["operator"] == "1001"
    two.esl["fs1"].api("hupall")
    until(lambda: two.record(lead).get("disposition") == "answered", 10)


def test_nobody_is_blamed_for_a_switch_the_other_cannot_call_and_served_again_when_it_can(two):
    two.settle(Station.RING, max_wait_s=2.0, operator_ring_s=1.2)
    two.on_line("1001", "fs2")
    until(lambda: "must be up" not in two.esl["fs2"].api("sofia profile switches stop"))  # for ten seconds at least
    until(lambda: two.esl["fs2"].api("sofia status").count("RUNNING") == 2)
    lead = two.lead()
    view = until(lambda: (v := two.view("1001")).state in ("connecting", "off") and v)
    assert view.state == "connecting" and "do not reach fs2" in view.reason
    until(lambda: two.acme.alerts.get("switches-fs1-fs2"))
    until(lambda: two.record(lead).get("disposition") == "abandoned", 10)
    two.esl["fs2"].api("sofia profile switches start")
    until(lambda: two.view("1001").state == "available")
    lead = two.lead()
    assert two.talking(lead)["operator"] == "1001"
    two.esl["fs1"].api("hupall")
    until(lambda: two.record(lead).get("disposition") == "answered", 10)


@pytest.mark.parametrize("station", [Station.RING, Station.NAILED])
def test_a_switch_killed_during_the_talk_leaves_the_customer_in_no_silence_and_the_books_right(two, station):
    two.settle(station)
    two.on_line("1001", "fs2")
    lead = two.lead()
    call = two.talking(lead)
    two.kill("fs2")
    killed = time.monotonic()
    until(lambda: two.esl["fs1"].api(f"uuid_exists {call['uuid']}").strip() == "false", 15)
    assert time.monotonic() - killed < 5
    until(lambda: two.record(lead).get("disposition") == "answered", 10)
    view = until(lambda: (v := two.view("1001")).state == "connecting" and v, 10)
    assert "switch fs2 does not answer" in view.reason
    until(lambda: two.acme.alerts.get("switch-fs2"), 10)
    two.start("fs2")
    two.register_ann()
    until(lambda: two.view("1001").state == "available", 40)


def test_a_switch_shut_down_in_order_and_started_again_takes_no_held_phone_off_the_line(two):
    two.settle(Station.NAILED)
    two.on_line("1001", "fs2")
    two.switches["fs2"][2].stop()
    view = until(lambda: (v := two.view("1001")).state != "available" and not v.leg and v)
    assert view.state == "connecting", view.reason
    two.start("fs2")
    two.register_ann()
    until(lambda: two.view("1001").state == "available", 40)


def test_a_switch_killed_while_it_rings_hands_the_customer_to_an_operator_of_the_other(two):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # a phone that never says anything
        silent.bind(("127.0.0.1", 0))
        two.settle(Station.RING)
        two.esl["fs2"].api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
        until(lambda: two.esl["fs2"].api("sofia_contact 1001@127.0.0.1").startswith("error"))
        two.register_ann(silent.getsockname()[1])
        two.on_line("1001", "fs2")
        lead = two.lead()
        until(lambda: two.view("1001").state == "reserved")
        two.acme.operators.go_on_line("1002", "spring", time.time(), via="cli")
        two.kill("fs2")
        assert two.talking(lead)["operator"] == "1002"
        until(lambda: two.view("1001").state == "connecting", 10)
