"""Recording on a real FreeSWITCH: phones that say a tone each, and what is heard on either side of the file.

Skipped, saying so, where there is no `freeswitch` or no `baresip` on PATH.
"""

import os
import shutil
import time
from pathlib import Path
from uuid import uuid4

import pytest
import soundfile

from fsdialer import recordings
from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, RecordFormat, Station
from fsdialer.core.leads import NewLead
from fsdialer.core.recordings import BEEP
from fsdialer.core.switch_config import with_variables
from fsdialer.core.times import epoch
from fsdialer.esl import commands
from fsdialer.store import CompanyStore
from fsdialer.verbs.freeswitch import template
from tests.freeswitch.peer import SDP, Peer
from tests.freeswitch.phones import BARESIP, Phone
from tests.freeswitch.test_real import FREESWITCH, RealSwitch, ports, until
from tests.journey import Process
from tests.sound import RATE, heard, tone

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: recording was not tried on a real one"),
    pytest.mark.skipif(BARESIP is None, reason="no baresip on PATH: recording was not tried with real phones"),
]
NUMBERS = [f"+1212555010{n}" for n in range(10)]
CUSTOMER, ANN, BOB, LISTENER, MUTE = 800, 440, 600, 1000, 0
RTP = 20_000 + os.getpid() % 90 * 100
HELD = "park_after_bridge=true,hangup_after_bridge=false"


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    root = tmp_path_factory.mktemp("switch")
    conf, values = root / "conf", ports()
    shutil.copytree(template(), conf)
    (conf / "vars.xml").write_text(with_variables((conf / "vars.xml").read_text(), values))
    real = RealSwitch(conf, root, values, lambda: (conf / "event_socket.password").read_text())
    yield real
    real.stop()


@pytest.fixture(scope="module")
def esl(switch):
    client = until(switch.ready, 40)
    until(lambda: client.api("sofia status").count("RUNNING") == 3)
    until(lambda: client.api("module_exists mod_sndfile").strip() == "true")
    yield client
    client.stop()


@pytest.fixture(scope="module")
def phones(tmp_path_factory):
    """Who is who, by tone."""
    folder, made = tmp_path_factory.mktemp("phones"), {}
    who = {CUSTOMER: NUMBERS, ANN: ["1001"], BOB: ["1002"], LISTENER: ["sup"], MUTE: ["1003"]}
    for place, (hz, users) in enumerate(who.items()):
        made[hz] = Phone(folder / str(hz), hz, RTP + 20 * place, users)
    yield made
    for phone in made.values():
        phone.stop()


class Wire:
    """Calls made by the commands the dialer uses."""

    def __init__(self, switch, esl, phones, folder):
        self.switch, self.esl, self.phones, self.folder = switch, esl, phones, folder

    def say(self, command):
        answer = self.esl.api(command)
        assert answer.startswith("+OK"), answer

    def operator(self, hz, user):
        leg, port = str(uuid4()), self.phones[hz].port
        self.say(f"originate {{origination_uuid={leg},{HELD}}}sofia/operators/sip:{user}@127.0.0.1:{port} &park()")
        return leg

    def customer(self, call, **more):
        path = self.folder / f"acme/2026-11-23/{call}.wav"
        destination = f"sofia/carrier/{NUMBERS[0]}@127.0.0.1:{self.phones[CUSTOMER].port}"
        usual = {"ring_s": 10, "caller_id": "12125550100", "wait_s": 10.0, "recording": str(path)}
        self.say(commands.originate_customer(call=call, **{"destination": destination} | usual | more))
        return path

    def closed(self, path):
        """The length in seconds of a recording that is whole: the switch writes the last of it after the hang-up."""
        until(lambda: str(path) not in self.open_files(), 5)
        return soundfile.info(path).duration

    def open_files(self):
        folder = Path(f"/proc/{self.switch.pid}/fd")
        return [os.readlink(each) for each in folder.iterdir() if each.is_symlink()]

    def end(self, *legs):
        for leg in legs:
            self.esl.api(f"uuid_kill {leg}")
        until(lambda: all(self.esl.api(f"uuid_exists {leg}").strip() == "false" for leg in legs))


@pytest.fixture
def wire(switch, esl, phones, tmp_path):
    return Wire(switch, esl, phones, tmp_path)


def test_one_file_has_customer_left_and_operators_right_through_a_second_operator_and_a_listener(wire):
    ann = wire.operator(ANN, "1001")
    bob = wire.operator(BOB, "1002")
    began = time.monotonic()
    path = wire.customer("call-1")
    wire.say(f"uuid_bridge call-1 {ann}")
    time.sleep(2)
    port = wire.phones[LISTENER].port
    wire.say(f"originate {{origination_uuid=sup}}sofia/operators/sip:sup@127.0.0.1:{port} 'eavesdrop:call-1' inline")
    time.sleep(1)
    wire.say(f"uuid_bridge call-1 {bob}")
    bob_from = time.monotonic() - began
    time.sleep(2)
    lasted_s = time.monotonic() - began
    wire.end("call-1", "sup")
    length_s = wire.closed(path)
    assert abs(length_s - lasted_s) < 0.3
    assert heard(path, 0.3, 2.5) == (CUSTOMER, ANN)
    assert heard(path, bob_from + 0.3, length_s - 0.2) == (CUSTOMER, BOB)
    assert [each.name for each in path.parent.iterdir()] == ["call-1.wav"]
    wire.end(ann, bob)


def test_a_recording_goes_on_while_the_customers_end_holds_the_line(wire):
    ann, customer = wire.operator(ANN, "1001"), Peer()
    began = time.monotonic()
    try:
        path = wire.customer("call-held", destination=f"sofia/carrier/{NUMBERS[0]}@127.0.0.1:{customer.port}")
        wire.say(f"uuid_bridge call-held {ann}")
        for way, seconds in (("sendonly", 3), ("sendrecv", 1)):
            described = f"{SDP.format(port=9)}a={way}\r\n"
            assert customer.within("INVITE", "Content-Type: application/sdp\r\n", described) == 200
            time.sleep(seconds)
        lasted_s = time.monotonic() - began
        wire.end("call-held", ann)
    finally:
        customer.stop()
    assert abs(wire.closed(path) - lasted_s) < 0.5


def test_first_words_are_on_it_although_the_bridge_comes_at_once_and_a_short_call_is_kept(wire):
    """FreeSWITCH holds back 25 frames at first, and would lose them."""
    ann = wire.operator(ANN, "1001")
    path = wire.customer("call-2")
    time.sleep(0.3)
    wire.say(f"uuid_bridge call-2 {ann}")
    time.sleep(0.7)
    wire.end("call-2", ann)
    assert abs(wire.closed(path) - 1.0) < 0.25
    assert heard(path, 0.02, 0.25) == (CUSTOMER, 0)


def test_beep_is_heard_by_the_customer_and_on_the_right_side_of_the_recording(wire):
    path = wire.customer("call-3", notice=BEEP)
    time.sleep(1)
    wire.end("call-3")
    wire.closed(path)
    assert heard(path, 0.0, 0.18) == (CUSTOMER, 1400)
    assert heard(path, 0.4, 0.9) == (CUSTOMER, 0)


def test_announcement_is_mixed_in_and_holds_up_nobody(wire, tmp_path):
    soundfile.write(tmp_path / "notice.wav", tone(300, 1.5), RATE)
    ann = wire.operator(ANN, "1001")
    path = wire.customer("call-4", notice=str(tmp_path / "notice.wav"))
    time.sleep(0.6)
    wire.say(f"uuid_bridge call-4 {ann}")
    time.sleep(2.4)
    wire.end("call-4", ann)
    wire.closed(path)
    assert heard(path, 0.1, 0.5) == (CUSTOMER, 300)
    assert heard(path, 2.0, 2.8) == (CUSTOMER, ANN)


def test_notice_that_is_not_there_costs_nobody_the_call(wire):
    path = wire.customer("call-5", notice="/nowhere/notice.wav")
    time.sleep(0.5)
    wire.end("call-5")
    assert wire.closed(path) > 0.3


def test_directory_that_cannot_be_written_costs_nobody_the_call(wire):
    ann = wire.operator(ANN, "1001")
    wire.customer("call-6", recording="/proc/nowhere/acme/2026-11-23/call-6.wav")
    wire.say(f"uuid_bridge call-6 {ann}")
    time.sleep(1)
    assert wire.esl.api("uuid_exists call-6").strip() == "true"
    wire.end("call-6", ann)


# -- the product -----------------------------------------------------------------------------------------------
@pytest.fixture
def dialing(redis, redis_url, switch, esl, phones, tmp_path):
    """A company whose carrier and operators are those phones, and a dialer that runs its campaign."""
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=phones[CUSTOMER].port, profile="carrier"))
    settings = {"record": True, "record_format": RecordFormat.MP3, "record_notice": "tone", "wrap_up_s": 0.5}
    acme.setup.save_campaign(Campaign("acme", "spring", "Spring", Mode.PROGRESSIVE, gateways=("trunk",), **settings))
    for user, hz in (("1001", ANN), ("1003", MUTE)):
        dial = f"sofia/operators/{user}@127.0.0.1:{phones[hz].port}"
        acme.setup.save_operator(Operator("acme", user, user, user, dial, Station.NAILED, ("spring",)))
    env = {
        "FSDIALER_REDIS_URL": redis_url,
        "FSDIALER_SWITCHES": f"esl://:{switch.password()}@127.0.0.1:{switch.values['event_socket_port']}?name=fs1",
        "FSDIALER_RECORDINGS": str(tmp_path / "recordings"),
    }
    dialing = Dialing(acme, esl, tmp_path, env)
    yield dialing
    dialing.dialer.stop()


class Dialing:
    """The company, its dialer, and where it records."""

    def __init__(self, acme, esl, folder, env):
        self.acme, self.esl, self._folder, self._env = acme, esl, folder, env
        self.recordings = folder / "recordings"
        self.start("one")

    def start(self, name):
        self.dialer = Process(self._folder / f"dialer-{name}.log", "fsdialer", "dial", env=self._env)

    def talk(self, operator, talk_s):
        """A customer talks to the operator so long; the call's id."""
        acme = self.acme
        until(lambda: acme.ownership.owner("spring"))
        acme.operators.go_on_line(operator, "spring", time.time(), via="cli")
        until(lambda: acme.operators.view(operator).state == "available")
        [lead] = acme.leads.add("spring", [NewLead(NUMBERS[int(operator[-1])])], time.time()).lead_ids
        until(lambda: acme.operators.view(operator).state == "on_call")
        time.sleep(talk_s)
        return acme.redis.hget(acme.keys.lead(lead), "call")

    def end(self, call):
        self.esl.api(f"uuid_kill {call}")

    def looked_at(self, call):
        """Its recording once it was looked at, and its record."""
        record = until(lambda: (record := self.acme.calls.get(call)).get("ended") and record)
        assert recordings.verify(self.acme, self.recordings, time.time() + 60) == 1
        return self.acme.recordings.get(call), record

    @property
    def alerts(self):
        return [alert.name for alert in self.acme.alerts.standing()]


def test_call_of_the_dialer_is_recorded_verified_and_kept_as_mp3(dialing):
    call = dialing.talk("1001", 6)
    dialing.end(call)
    found, record = dialing.looked_at(call)
    assert (found.finding, found.operator, dialing.alerts) == ("ok", "1001", [])
    assert found.path == f"acme/{record['placed'][:10]}/{call}.mp3"
    assert abs(found.seconds - (epoch(record["ended"]) - epoch(record["answered"]))) < 0.3
    assert heard(dialing.recordings / found.path, 2, 5) == (CUSTOMER, ANN)


def test_operator_who_is_not_heard_is_an_alert_although_the_beep_is(dialing):
    call = dialing.talk("1003", 6)
    dialing.end(call)
    assert dialing.looked_at(call)[0].finding == "operator-silent"
    assert dialing.alerts == ["recording-operator-silent.spring"]


def test_dialer_that_is_killed_costs_nothing_of_the_recording(dialing):
    call = dialing.talk("1001", 1)
    dialing.dialer.kill()
    time.sleep(2)
    dialing.end(call)
    dialing.start("two")
    found, record = dialing.looked_at(call)
    assert (found.finding, dialing.alerts) == ("ok", [])
    assert found.seconds > 3
    assert heard(dialing.recordings / found.path, 0.5, 2.9) == (CUSTOMER, ANN)
