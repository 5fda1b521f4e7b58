"""What the journeys need: a switch, a dialer and a company in a real Redis, each process a real one."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator, Station
from fsdialer.core.leads import NewLead
from fsdialer.store import Store, connect

PASSWORD = "journey-password-0123456789"

#: A process has so many seconds to start: nothing is promised of that, and the machine may be busy.
START_S = 30.0
#: And so many to end when it is told to.
END_S = 20.0
#: What customers do, by the last three digits of their number (`fsdialer.lab.people`).
TALKS, TALKS_TOO, LEAVES_AFTER_3S = "+12125550200", "+13125550200", "+12125550202"
LEAVES_AT_ONCE, BUSY, NO_ANSWER = "+12125550201", "+12125550486", "+12125550408"
UNAVAILABLE, REJECTS, UNKNOWN_NUMBER = "+12125550480", "+12125550603", "+12125550404"
CARRIER_REFUSES = "+12125550503"


def wait_until(condition, timeout_s=20.0, what="", every_s=0.02):
    """The condition's first true answer; fails, saying what it waited for, when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what or condition}"
        time.sleep(every_s)


class Process:
    """A child with its output in a file."""

    def __init__(self, log: Path, *arguments, env=None):
        self.log = log
        self.out = log.open("ab")
        self.child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )

    def said(self, pattern):
        return re.search(pattern, self.log.read_text(errors="replace"))

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.out.close()

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(END_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError(f"{self.log.stem} did not end within {END_S} s of SIGTERM") from None
        self.out.close()


class Switch:
    """The simulated FreeSWITCH as a process, and a line to command it by."""

    def __init__(self, folder: Path, *options, name="fs1"):
        self.folder = folder
        self.options = options
        self.name = name
        self.port = 0
        self.start()

    def start(self):
        log = self.folder / f"switch-{self.name}-{time.monotonic_ns()}.log"
        self.process = Process(
            log,
            "fsdialer.lab.switch",
            f"--port={self.port}",
            f"--password={PASSWORD}",
            "--people=suffix",
            "--talk-scale=0.1",
            "--heartbeat-s=1",
            *self.options,
        )
        line = wait_until(lambda: self.process.said(r"(?m)^listening \S+:(\d+)"), START_S, "the switch to listen")
        self.port = int(line.group(1))

    @property
    def url(self):
        return f"esl://:{PASSWORD}@127.0.0.1:{self.port}?name={self.name}"

    def api(self, command):
        """The answer of an api command, over a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            reader = line.makefile("rb")
            _read_frame(reader)
            line.sendall(f"auth {PASSWORD}\n\n".encode())
            _read_frame(reader)
            line.sendall(f"api {command}\n\n".encode())
            return _read_frame(reader).decode()

    def lab(self, command):
        answer = self.api(f"lab {command}")
        assert not answer.startswith("-"), answer
        return answer

    def counts(self):
        return json.loads(self.api("lab counts"))

    def channels(self):
        return json.loads(self.api("show channels as json")).get("rows", [])

    def stop(self):
        self.process.stop()


def _read_frame(reader):
    length = 0
    while (line := reader.readline()) not in (b"\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return reader.read(length)


class Centre:
    """A call centre: company `acme`, campaign `spring`, operators 1001 to 1003, the switch, and a dialer."""

    def __init__(self, redis_url, folder, *switch_options, station=Station.NAILED, recorded=True, more=(), **campaign):
        self.redis_url, self.folder = redis_url, folder
        self.redis = connect(redis_url)
        self.redis.sadd("fsdialer:companies", "acme")
        self.store = Store(self.redis).company("acme")
        self.setup(station, **campaign)
        self.recordings = folder / "recordings" if recorded else ""
        options = switch_options or ("--gateway=trunk:channels=50:cps=50",)
        self.switch = Switch(folder, *([f"--recordings={self.recordings}"] if recorded else []), *options)
        self.switches = [self.switch, *more]
        self.dialers = []
        try:
            self.start_dialer()
        except BaseException:
            self.stop()
            raise

    def setup(self, station, gateways=("trunk",), **campaign):
        setup = self.store.setup
        setup.save_company(Company("acme", name="Acme"))
        for name in gateways:
            setup.save_gateway(Gateway("acme", name, channels=50, calls_per_second=50))
        defaults = {"name": "Spring", "caller_ids": ("+12125550100",), "ring_s": 3, "wrap_up_s": 0.5}
        setup.save_campaign(Campaign("acme", "spring", gateways=gateways, **{**defaults, **campaign}))
        for extension in ("1001", "1002", "1003"):
            operator = Operator("acme", extension, f"Op {extension}", extension, station=station, campaigns=("spring",))
            setup.save_operator(operator)

    def start_dialer(self, name="d1"):
        env = {
            "FSDIALER_REDIS_URL": self.redis_url,
            "FSDIALER_SWITCHES": ",".join(switch.url for switch in self.switches),
            "FSDIALER_SECRET_KEY": "journey-secret-key-0123456789abcdef",
            "FSDIALER_DIALER_NAME": name,
            "FSDIALER_RECORDINGS": str(self.recordings),
        }
        dialer = Process(self.folder / f"dialer-{name}-{len(self.dialers)}.log", "fsdialer", "dial", env=env)
        self.dialers.append(dialer)
        if name == "d1":
            reached = "the dialer to reach the switch"
            wait_until(lambda: dialer.said(r"switch=fs1 up=True"), START_S, reached)
            wait_until(lambda: self.store.ownership.owner("spring"), START_S, "the dialer to own the campaign")
        return dialer

    @property
    def dialer(self):
        return self.dialers[-1]

    def add_lead(self, number, **more):
        return self.store.leads.add("spring", [NewLead(number, **more)], time.time()).lead_ids[0]

    def on_line(self, *operators):
        for operator in operators:
            self.store.operators.go_on_line(operator, "spring", time.time(), via="cli")
        wait_until(
            lambda: all(self.operator(o).state == "available" for o in operators),
            what=f"{operators} to be available",
        )

    def operator(self, operator):
        return self.store.operators.view(operator)

    def lead(self, lead):
        return self.store.leads.get(lead)

    def call_of(self, lead):
        """The lead's present or last call, as a record."""
        uuid = self.redis.hget(self.store.keys.lead(lead), "call") or self.redis.hget(
            self.store.keys.lead(lead), "last_call"
        )
        return self.store.calls.get(uuid) if uuid else {}

    def disposition(self, lead):
        """The record of a lead whose attempt has ended, with what it came to."""
        return wait_until(lambda: self.lead(lead).disposition and self.lead(lead), what=f"lead {lead} to be closed")

    def talking(self, lead):
        return wait_until(
            lambda: (c := self.call_of(lead)).get("state") == "talking" and c,
            what=f"lead {lead} to be talked to",
        )

    def today(self):
        return self.store.stats.day("spring", time.strftime("%Y-%m-%d", time.gmtime()))

    def audit(self):
        """Nothing is left over when everything has ended: no call, no number lock, no channel, no promise."""
        wait_until(lambda: not self.store.calls.live_uuids(), what="all calls to be closed")
        assert self.redis.keys(self.store.keys.number("*")) == []
        assert self.redis.scard(self.store.keys.gateway_calls("trunk")) == 0
        # A stray is ended at the second sweep that sees it.
        wait_until(lambda: self.channels() <= self.held_phones(), 15, "no stray channels")
        for view in self.store.operators.views():
            assert view.state not in ("reserved", "on_call"), view
        counts = self.switch.counts()
        assert max(counts["peak_live_per_number"].values(), default=0) <= 1

    def channels(self):
        return {row["uuid"] for row in self.switch.channels()}

    def held_phones(self):
        return {view.leg for view in self.store.operators.views() if view.leg and view.state != "off"}

    def stop(self):
        for dialer in self.dialers:
            if dialer.child.poll() is None:
                dialer.stop()
        for switch in self.switches:
            switch.stop()
