"""The lab's carrier and phones, run for real: a second SIPp calls each kind of customer, baresip reads its settings."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
VAGRANT = HERE.parents[1] / "vagrant"
SCENARIO = VAGRANT / "demo" / "carrier.xml"

needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="there is no sipp on PATH")
needs_baresip = pytest.mark.skipif(shutil.which("baresip") is None, reason="there is no baresip on PATH")

ACK = """<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:test@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>"""
OK = """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""
CANCEL = """<send><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
From: <sip:test@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>"""
RINGS = '<recv response="180"/>'
#: What must follow the INVITE to a number with this last digit; SIPp fails the call at anything else.
ENDINGS = {
    "0": f'{RINGS}<recv response="200"/>{ACK}<recv request="BYE"/>{OK}',
    "5": '<recv response="486"/>',
    "6": f'{RINGS}<pause milliseconds="2000"/>{CANCEL}<recv response="200"/><recv response="487"/>{ACK}',
    "7": '<recv response="404"/>',
    "8": '<recv response="480"/>',
    "9": '<recv response="503"/>',
}


def free_port():
    """For UDP and TCP both, as SIP wants it; below those that anybody's connections are given."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp, suppress(OSError):
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(*command, cwd):
    """A program in the background; ended, whatever happens."""
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture(scope="module")
def carrier(tmp_path_factory):
    """The port of the lab's carrier, started as its unit starts it."""
    port, cwd = free_port(), tmp_path_factory.mktemp("carrier")
    unit = (VAGRANT / "systemd" / "fsdialer-carrier.service").read_text()
    command = re.search(r"^ExecStart=/usr/bin/(.*)$", unit, re.M)[1].replace("${SIP_IP}", "127.0.0.1")
    changed = {"-sf": SCENARIO, "-p": port, "-cp": free_port(), "-mp": free_port() & ~1}
    words = command.split()
    for option, value in changed.items():
        words[words.index(option) + 1] = str(value)
    with running(*words, cwd=cwd) as process:
        yield port
        assert process.poll() is None, "the carrier has fallen"


def call(port, number, ending, cwd):
    scenario = cwd / "caller.xml"
    scenario.write_text((HERE / "caller.xml").read_text().replace("@ENDING@", ending))
    command = ["sipp", "-sf", str(scenario), "-s", number, f"127.0.0.1:{port}", "-i", "127.0.0.1"]
    command += ["-p", str(free_port()), "-cp", str(free_port()), "-m", "1", "-nostdin", "-timeout", "25"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=40, check=False)


def test_the_carriers_scenario_leads_nowhere_that_is_not_there():
    scenario = ElementTree.parse(SCENARIO).getroot()
    labels = {label.get("id") for label in scenario.iter("label")}
    led_to = {each.get(key) for each in scenario for key in ("next", "ontimeout") if each.get(key)}
    assert led_to == labels


@needs_sipp
@pytest.mark.parametrize("digit", sorted(ENDINGS))
def test_the_last_digit_says_what_a_customer_does(carrier, digit, tmp_path):
    done = call(carrier, f"+1212555011{digit}", ENDINGS[digit], tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@needs_sipp
def test_a_call_that_ends_otherwise_is_noticed(carrier, tmp_path):
    assert call(carrier, "+12125550115", ENDINGS["7"], tmp_path).returncode != 0


@needs_baresip
def test_baresip_takes_the_phones_settings(tmp_path):
    made = subprocess.run(
        ["bash", str(VAGRANT / "provision.sh")],
        env={**os.environ, "ROOT": str(tmp_path), "STEPS": "lab", "SIP_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    phone = tmp_path / "etc/fsdialer/lab/phones/1001"
    config = phone / "config"
    config.write_text(re.sub(r"^sip_listen .*", f"sip_listen 127.0.0.1:{free_port()}", config.read_text(), flags=re.M))
    said = []
    with running("stdbuf", "-oL", "baresip", "-f", str(phone), cwd=tmp_path) as process:
        for line in process.stdout:
            said.append(line)
            if "baresip is ready" in line:
                break
    text = "".join(said)
    assert "baresip is ready" in text, text
    assert "Populated 1 account" in text, text
    assert "IPv4=lo|127.0.0.1" in text, "baresip leaves loopback out unless it is told"
    assert not re.search(r"(?i)could not|no such file|failed", text), text
