"""The simulated switch as a process of its own, and how much it holds."""

import os
import signal
import subprocess
import sys
import uuid

import pytest

from tests.lab.line import PASSWORD, Line
from tests.lab.test_wire import CALL, call


@pytest.fixture
def run():
    """Starts the process; it, and where it listens."""
    processes = []

    def run(*options, password=PASSWORD):
        command = [sys.executable, "-m", "fsdialer.lab.switch", "--port=0", *options]
        environment = {**os.environ, "LAB_PASSWORD": password}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        processes.append(process)
        said = process.stdout.readline()
        host, _, port = said.removeprefix("listening ").strip().partition(":")
        return process, (host, int(port)) if port else None

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def dial_in(address, events="event plain CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB"):
    line = Line(address)
    line.ask(f"auth {PASSWORD}")
    line.ask(events)
    return line


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_when_it_is_told_to(run, how):
    process, address = run()
    line = dial_in(address)
    process.send_signal(how)
    assert process.wait(timeout=5) == 0
    assert line.ended()


def test_without_a_password_it_does_not_start(run):
    process, _ = run(password="")
    assert process.wait(timeout=5) == 1
    assert "a password is needed" in process.stderr.read()


def test_its_limits_gateways_and_people_come_from_the_command_line(run):
    _, address = run("--gateway=one:channels=1", "--gateway=two:down", "--max-sessions=7", "--people=suffix")
    line = dial_in(address)
    assert line.api("originate sofia/gateway/two/15550200 &park()") == "-ERR GATEWAY_DOWN\n"
    assert line.api("originate sofia/gateway/one/15550486 &park()") == "-ERR USER_BUSY\n"
    assert line.api("fsctl max_sessions") == "+OK max sessions: 7\n"


def test_a_switch_that_stalls_answers_when_it_is_done(run):
    _, address = run()
    line = dial_in(address)
    line.ask("api lab stall 0.5")
    line.send("api strepoch\n\n")
    assert line.wait("an answer", lambda frames: [f for f in frames if f.kind == "api/response"][1:])


def test_it_beats_its_heart_and_counts_its_sessions(run):
    _, address = run("--heartbeat-s=0.2", "--gateway=trunk")
    line = dial_in(address, "event plain HEARTBEAT CHANNEL_ANSWER")
    call(line)
    beat = line.wait("a heartbeat", lambda frames: [f for f in frames if f.headers.get("Session-Count") == "1"])[0]
    assert beat.headers["Core-UUID"] == line.event("CHANNEL_ANSWER", CALL).headers["Core-UUID"]


def test_it_holds_two_thousand_channels(run):
    _, address = run("--sps=5000")
    line = dial_in(address, "event plain CHANNEL_PARK CHANNEL_HANGUP_COMPLETE")
    calls = [str(uuid.uuid4()) for _ in range(2000)]
    for n, one in enumerate(calls):
        line.send(f"bgapi originate {{origination_uuid={one}}}sofia/gateway/trunk/1555{n:04}200 &park()\n\n")
    line.wait("all parked", lambda frames: len(frames) >= 4002 and line.kinds().count("CHANNEL_PARK") == 2000, 30)
    assert line.api("show channels count") == "\n2000 total.\n"
    line.api("hupall")
    line.wait("all gone", lambda frames: line.kinds().count("CHANNEL_HANGUP_COMPLETE") == 2000, 30)
    ended = {frame.leg for frame in line.frames if frame.kind == "CHANNEL_HANGUP_COMPLETE"}
    assert ended == set(calls)
    assert line.api("show channels count") == "\n0 total.\n"
