"""Events per second of plain greenswitch and of ours, on the bytes a real FreeSWITCH sent.

Both read the same bytes from a loopback socket, in the same pieces, in this process, each to the end of its own path
(reader greenlet, queue, handler greenlet), and both hand a callback the event's name, Unique-ID, hangup cause and, of a
background job, its body. What is measured is the process's CPU time; the sender is a process of its own.

    python bench/event_socket.py [--events 20000] [--rounds 3] [--json]
"""

import argparse
import json
import multiprocessing
import socket as blocking_socket
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import gevent
import greenswitch
from gevent import socket
from gevent.event import Event as Done

from fsdialer.esl.client import EslClient
from fsdialer.esl.frames import Event, FrameReader
from fsdialer.esl.translate import to_event

CAPTURES = Path(__file__).parent.parent / "tests" / "captures"
#: What a callback is handed: event name, leg, hangup cause, a job's body.
Told = tuple[str, str, str, str]
#: What must be reached: times as many events for the same CPU.
TARGET = 8.0


def captured_events() -> list[bytes]:
    """Every plain event of the captures, as its frame stood on the wire; without those that greenswitch misreads."""
    frames = []
    for path in sorted(set(CAPTURES.glob("*.jsonl")) - {CAPTURES / "hostile-caller-name.jsonl"}):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        sent = "".join(line["data"] for line in lines if line["dir"] == "server").encode()
        for frame in FrameReader().feed(sent):
            if frame.content_type == "text/event-plain":
                head = f"Content-Length: {len(frame.body)}\nContent-Type: text/event-plain\n\n"
                frames.append(head.encode() + frame.body)
    return frames


def serve(address: Connection, frames: list[bytes], events: int) -> None:
    """A switch that lets anybody in and sends `events` events as fast as they are taken, then a HEARTBEAT, the end."""
    listener = blocking_socket.create_server(("127.0.0.1", 0))
    address.send(listener.getsockname()[1])
    block = b"".join(frames)
    last = b"Event-Name: THE_END\n\n"
    last = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(last) + last
    while True:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"Content-Type: auth/request\n\n")
            peer.recv(4096)
            peer.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
            peer.recv(4096)  # "go"
            peer.sendall(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
            for _ in range(events // len(frames)):
                peer.sendall(block)
            peer.sendall(last)
            peer.recv(4096)


class PlainGreenswitch:
    """greenswitch 0.0.19 as it is: its reader, its parser, its handler greenlet."""

    def __init__(self, port: int, told: Callable[[Told], None]) -> None:
        self._told = told
        self.client = greenswitch.InboundESL("127.0.0.1", port, "secret", timeout=5)
        self.client.register_handle("*", self._on_event)
        self.client.connect()

    def _on_event(self, event: greenswitch.esl.ESLEvent) -> None:
        headers = event.headers
        # It glues a job's body to the header before it: this is where an application finds it.
        name = headers["Event-Name"]
        body = headers.get("Content-Length", "").partition("\n\n")[2] if name == "BACKGROUND_JOB" else ""
        self._told((name, headers.get("Unique-ID", ""), headers.get("Hangup-Cause", ""), body))

    def close(self) -> None:
        """Let go of the socket."""
        self.client._run = False
        self.client.sock.shutdown(socket.SHUT_RDWR)


class Ours:
    """`EslClient` as the dialer uses it."""

    def __init__(self, port: int, told: Callable[[Told], None], translate: bool = False) -> None:
        self._told = told
        self._translate = translate
        self.client = EslClient("127.0.0.1", port, "secret", on_event=self._on_event)
        self.client.connect()

    def _on_event(self, event: Event) -> None:
        if self._translate:
            to_event(event)
        name = event.name
        body = event.body if name == "BACKGROUND_JOB" else ""
        self._told((name, event.get("Unique-ID"), event.get("Hangup-Cause"), body))

    def close(self) -> None:
        """Let go of the socket."""
        self.client.sock.shutdown(socket.SHUT_RDWR)


def run_once(make: Callable[[int, Callable[[Told], None]], "PlainGreenswitch | Ours"], port: int) -> dict:
    """One run: how many events were told, in how much CPU and time, and a digest of what was told."""
    done, count, digest = Done(), 0, 0

    def told(what: Told) -> None:
        nonlocal count, digest
        if what[0] == "THE_END":
            done.set()
            return
        count += 1
        digest ^= hash((count, what[0], what[1], what[2], what[3].strip()))

    side = make(port, told)
    cpu, clock = time.process_time(), time.perf_counter()
    side.client.send("go")
    if not done.wait(timeout=300):
        sys.exit("the end did not come within 300 s")
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    side.close()
    gevent.sleep(0.05)
    return {"events": count, "cpu_s": cpu, "clock_s": clock, "digest": digest}


def main() -> None:
    """Run both, in turn, and say how they compare; exit 1 when ours is under the target."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    frames = captured_events()
    ours, theirs = multiprocessing.Pipe()
    switch = multiprocessing.Process(target=serve, args=(theirs, frames, given.events), daemon=True)
    switch.start()
    port = ours.recv()
    sides = {
        "greenswitch 0.0.19": PlainGreenswitch,
        "ours": Ours,
        "ours + translation": lambda port, told: Ours(port, told, translate=True),
    }
    runs: dict[str, list[dict]] = {name: [] for name in sides}
    for _ in range(given.rounds):
        for name, make in sides.items():
            runs[name].append(run_once(make, port))
    switch.terminate()
    if len({run["digest"] for side in runs.values() for run in side}) != 1:
        sys.exit("they did not tell the same: a measure of unequal work is none")
    report(frames, runs, given.json)


def report(frames: list[bytes], runs: dict[str, list[dict]], as_json: bool) -> None:
    """Medians over the rounds."""
    micros = {name: statistics.median(x["cpu_s"] / x["events"] * 1e6 for x in side) for name, side in runs.items()}
    rates = {name: statistics.median(x["events"] / x["clock_s"] for x in side) for name, side in runs.items()}
    base = micros["greenswitch 0.0.19"]
    if as_json:
        rows = {n: {"events_per_s": round(rates[n]), "cpu_us": round(micros[n], 2)} for n in runs}
        print(json.dumps({"target": TARGET, "ratio": round(base / micros["ours"], 2), "sides": rows}))
    else:
        size = sum(map(len, frames)) // len(frames)
        print(f"{len(frames)} captured events of {size} bytes on average, {len(runs['ours'])} rounds, medians")
        for name in runs:
            print(
                f"{name:20} {rates[name]:9,.0f} events/s {micros[name]:8.1f} µs CPU/event {base / micros[name]:6.1f} ×"
            )
    if base / micros["ours"] < TARGET:
        sys.exit(f"under the target of {TARGET:.0f} ×")


if __name__ == "__main__":
    main()
