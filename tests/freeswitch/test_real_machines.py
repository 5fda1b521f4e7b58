"""Answering machines on a real FreeSWITCH: machines that greet, beep and record, people who say hello, a real dialer.

The machines and people stand behind a SIP profile of their own on the same switch, over real SIP and RTP: a greeting
of tones, a beep of 1000 Hz, and a file of what they were told. Skipped, saying so, where there is no `freeswitch` on
PATH or it has no mod_avmd; what mod_amd hears is tried where that is installed too.
"""

import os
import shutil
import socket
import time
from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Amd, AmdAction, Campaign, Company, Gateway, Mode, Operator, Station
from fsdialer.core.leads import NewLead
from fsdialer.core.machines import Tally
from fsdialer.core.switch_config import with_variables
from fsdialer.core.times import epoch
from fsdialer.store import CompanyStore
from fsdialer.verbs.freeswitch import template
from tests.freeswitch.test_real import FREESWITCH, RealSwitch, free_port, ports, until
from tests.journey import Process
from tests.sound import heard

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: no real machine was listened to"),
]
#: Greets for 2.8 s, beeps, records; says hello and listens.
MACHINE, PERSON = "+12125550301", "+12125550200"
MESSAGE_HZ = 660
MESSAGE = f"tone_stream://%(2000,0,{MESSAGE_HZ})"
GREETING = "%(300,100,220);%(200,80,310);%(400,150,180);%(250,120,270);%(300,900,200)"
PROFILE = """\
<profile name="people"><settings>
<param name="sip-ip" value="127.0.0.1"/><param name="rtp-ip" value="127.0.0.1"/><param name="sip-port" value="{port}"/>
<param name="auth-calls" value="false"/><param name="context" value="people"/><param name="dialplan" value="XML"/>
<param name="inbound-codec-prefs" value="PCMU"/><param name="rtp-timer-name" value="soft"/>
<param name="manage-presence" value="false"/>
</settings></profile>
"""
PEOPLE = {
    MACHINE: [("playback", f"tone_stream://{GREETING}"), ("playback", "tone_stream://%(500,0,1000)")],
    PERSON: [("playback", "tone_stream://%(400,0,300)")],
}


def dialplan(folder):
    """What each of them does; then they record what they hear."""
    lines = ["<include>", '<context name="people">']  # a line that names an include is left out whole
    for number, steps in PEOPLE.items():
        todo = [("answer", ""), *steps, ("record", f"{folder}/{number[1:]}-${{uuid}}.wav 20")]
        lines.append(f'<extension name="{number}"><condition field="destination_number" expression="^.?{number[1:]}$">')
        lines += [f'<action application="{name}" data="{data}"/>' for name, data in todo]
        lines.append("</condition></extension>")
    return "\n".join([*lines, "</context>", "</include>"])


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    root = tmp_path_factory.mktemp("switch")
    conf, values = root / "conf", ports()
    shutil.copytree(template(), conf)
    (conf / "vars.xml").write_text(with_variables((conf / "vars.xml").read_text(), values))
    first = 36_000 + os.getpid() % 90 * 40
    for name, port in (("rtp_first_port", first), ("rtp_last_port", first + 79)):
        (conf / "vars.xml").write_text(with_variables((conf / "vars.xml").read_text(), {name: str(port)}))
    values["people_port"] = str(free_port())
    (root / "told").mkdir()
    (conf / "sip_profiles/people.xml").write_text(PROFILE.format(port=values["people_port"]))
    (conf / "dialplan/people.xml").write_text(dialplan(root / "told"))
    real = RealSwitch(conf, root, values, lambda: (conf / "event_socket.password").read_text())
    yield real
    real.stop()


@pytest.fixture(scope="module")
def esl(switch):
    client = until(switch.ready, 40)
    until(lambda: client.api("sofia status").count("RUNNING") == 4)
    if client.api("module_exists mod_avmd").strip() != "true":
        pytest.skip("this freeswitch has no mod_avmd: no beep was listened for")
    yield client
    client.stop()


@pytest.fixture
def acme(redis, redis_url, switch, esl, tmp_path):
    """Opens the company with these settings of its campaign; a dialer runs it."""
    acme, dialers = CompanyStore(redis, "acme"), []
    nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # a phone that says nothing at all
    nobody.bind(("127.0.0.1", 0))

    def open_with(dial="", **settings):
        dial = dial or f"sofia/operators/1001@127.0.0.1:{nobody.getsockname()[1]}"
        acme.setup.save_company(Company("acme"))
        port = int(switch.values["people_port"])
        acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=port, profile="carrier"))
        held = Station.NAILED if dial.startswith("loopback") else Station.RING
        acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", dial, held, ("spring",)))
        patient = {"max_wait_s": 30.0, "operator_ring_s": 25.0} if held is Station.RING else {}
        campaign = Campaign("acme", "spring", "Spring", Mode.PROGRESSIVE, gateways=("trunk",), wrap_up_s=0.5)
        acme.setup.save_campaign(replace(campaign, **{"amd_sample": 0, **patient, **settings}))
        env = {
            "FSDIALER_REDIS_URL": redis_url,
            "FSDIALER_SWITCHES": f"esl://:{switch.password()}@127.0.0.1:{switch.values['event_socket_port']}?name=fs1",
        }
        dialers.append(Process(tmp_path / "dialer.log", "fsdialer", "dial", env=env))
        until(lambda: acme.ownership.owner("spring"))
        acme.operators.go_on_line("ann", "spring", time.time(), via="cli")
        until(lambda: acme.operators.view("ann").state == "available")
        return acme

    yield open_with
    for dialer in dialers:
        dialer.stop()
    esl.api("hupall NORMAL_CLEARING")
    nobody.close()


def call(acme, number):
    """The record of a call to the number, once it was answered."""
    [lead] = acme.leads.add("spring", [NewLead(number)], time.time()).lead_ids
    uuid = until(lambda: acme.redis.hget(acme.keys.lead(lead), "call"))
    return until(lambda: (record := acme.calls.get(uuid)).get("answered") and record)


def ended(acme, record):
    return until(lambda: (now := acme.calls.get(record["uuid"])).get("ended") and now, 30)


def told(switch, number):
    """The file of what the machine was told last, once it is whole."""
    files = sorted((switch.root / "told").glob(f"{number[1:]}-*.wav"), key=lambda file: file.stat().st_mtime)
    until(lambda: str(files[-1]) not in switch_files(switch))
    return files[-1]


def switch_files(switch):
    folder = f"/proc/{switch.pid}/fd"
    return [os.readlink(f"{folder}/{each}") for each in os.listdir(folder) if os.path.islink(f"{folder}/{each}")]


def test_machine_gets_the_message_after_its_beep_and_the_ringing_operator_is_free(acme, switch):
    acme = acme(amd=Amd.BEEP, amd_action=AmdAction.MESSAGE, amd_message=MESSAGE)
    record = call(acme, MACHINE)
    until(lambda: acme.calls.get(record["uuid"]).get("state") == "machine")
    until(lambda: acme.operators.view("ann").state == "available")
    record = ended(acme, record)
    assert (record["disposition"], record["cause"]) == ("machine", "NORMAL_CLEARING")
    heard_after_s = epoch(record["beeped"]) - epoch(record["answered"])
    assert 2.7 < heard_after_s < 3.6, "the greeting took 2.8 s"
    file = told(switch, MACHINE)
    assert heard(file, 1.2, 2.2) == (MESSAGE_HZ,), "recorded from the end of the beep on"
    assert acme.machines.tallies(time.time()) == {("trunk", "beep"): Tally(unjudged=1)}


def test_machine_is_hung_up_on_when_the_campaign_says_so(acme):
    acme = acme(amd=Amd.BEEP)
    record = ended(acme, call(acme, MACHINE))
    assert (record["disposition"], record["cause"]) == ("machine", "NORMAL_CLEARING")
    assert epoch(record["ended"]) - epoch(record["beeped"]) < 1


@pytest.mark.parametrize("amd", [Amd.OFF, Amd.BEEP])
def test_person_is_bridged_within_the_same_moment_with_and_without(acme, esl, amd):
    acme = acme(dial="loopback/9196/operators", amd=amd)
    record = call(acme, PERSON)
    record = until(lambda: (now := acme.calls.get(record["uuid"])).get("voice_ms") and now)
    assert float(record["voice_ms"]) < 400 and record["amd"] == ("" if amd is Amd.OFF else "beep")
    time.sleep(2)
    assert acme.calls.get(record["uuid"])["state"] == "talking" and "machine" not in acme.calls.get(record["uuid"])
    esl.api(f"uuid_kill {record['uuid']}")
    assert ended(acme, record)["disposition"] == "answered"


def test_beep_in_a_talk_ends_nothing_until_the_operator_says_machine_and_is_free(acme, switch):
    acme = acme(dial="loopback/9196/operators", amd=Amd.BEEP, amd_action=AmdAction.MESSAGE, amd_message=MESSAGE)
    record = call(acme, MACHINE)
    until(lambda: acme.calls.get(record["uuid"]).get("machine"))
    assert acme.operators.card("ann").machine and acme.operators.view("ann").state == "on_call"
    acme.operators.save_outcome("ann", record["uuid"], "machine", "", None, time.time())
    until(lambda: acme.operators.view("ann").state == "available")
    assert acme.calls.get(record["uuid"])["state"] == "machine", "the message is still being left"
    record = ended(acme, record)
    assert (record["disposition"], record["outcome"], record["operator"]) == ("answered", "machine", "ann")
    assert acme.operators.view("ann").leg, "the line of the nailed phone is still up"
    assert acme.machines.tallies(time.time()) == {("trunk", "beep"): Tally(right=1)}


def test_rules_judge_a_greeting_and_the_message_is_begun_anew_at_the_beep(acme, switch, esl):
    if not esl.api("load mod_amd").strip().endswith("+OK") and esl.api("module_exists mod_amd").strip() != "true":
        pytest.skip("this freeswitch has no mod_amd: no greeting was judged")
    acme = acme(amd=Amd.RULES, amd_action=AmdAction.MESSAGE, amd_message=MESSAGE)
    record = call(acme, MACHINE)
    until(lambda: acme.calls.get(record["uuid"]).get("state") == "machine")
    record = ended(acme, record)
    judged_s, beeped_s = (epoch(record[at]) - epoch(record["answered"]) for at in ("machine", "beeped"))
    assert 1.0 < judged_s < 2.2 and 2.7 < beeped_s < 3.6
    assert record["disposition"] == "machine"
    assert heard(told(switch, MACHINE), 1.2, 2.2) == (MESSAGE_HZ,)
