"""Events per second of plain greenswitch and of ours, on the bytes a real FreeSWITCH sent.

Every plain event of ``tests/captures`` is sent over and over by a process of its own, through a loopback socket, after
the usual greeting and password; the hostile caller's name is left out, for greenswitch takes it for another event. Both
clients read the same bytes in this process, unmodified and to the end of their own path (reader greenlet, queue,
handler greenlet, callback), and both hand the callback the event's name, Unique-ID, hangup cause and, of a background
job, its body. What was handed over is compared; should it differ, no figure is given.

Measured is this process's CPU time, so waiting for the sender or for the processor counts for neither. They take
turns, another one beginning each round; shown are medians over the rounds, the ratio being that of neighbours in a
round. "ours + translation" also makes the dialer's own event of each, which greenswitch is not asked for.

    python bench/event_socket.py [--events 20000] [--rounds 5] [--json]

Exit 1 when ours handles fewer than 8 times as many events in the same CPU time.
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
PLAIN = "greenswitch 0.0.19"


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
    """One run: how many events were told, in how much CPU and time, and a digest of what was told in which order."""
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
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    frames = captured_events()
    ours, theirs = multiprocessing.Pipe()
    switch = multiprocessing.Process(target=serve, args=(theirs, frames, given.events), daemon=True)
    switch.start()
    port = ours.recv()
    sides = {
        PLAIN: PlainGreenswitch,
        "ours": Ours,
        "ours + translation": lambda port, told: Ours(port, told, translate=True),
    }
    runs: dict[str, list[dict]] = {name: [] for name in sides}
    order = list(sides)
    for _ in range(given.rounds):
        for name in order:
            runs[name].append(run_once(sides[name], port))
        order.append(order.pop(0))
    switch.terminate()
    if len({run["digest"] for side in runs.values() for run in side}) != 1:
        sys.exit("they did not tell the same: a measure of unequal work is none")
    report(frames, runs, given.json)


def report(frames: list[bytes], runs: dict[str, list[dict]], as_json: bool) -> None:
    """Medians over the rounds; exit 1 when ours is under the target."""
    micros = {name: [run["cpu_s"] / run["events"] * 1e6 for run in side] for name, side in runs.items()}
    rows = {}
    for name, side in runs.items():
        rate = statistics.median(run["events"] / run["clock_s"] for run in side)
        times = statistics.median(plain / own for plain, own in zip(micros[PLAIN], micros[name], strict=True))
        rows[name] = {
            "events_per_s": round(rate), "cpu_us": round(statistics.median(micros[name]), 2), "times": round(times, 2)
        }  # fmt: skip
    ratio = rows["ours"]["times"]
    if as_json:
        print(json.dumps({"target": TARGET, "ratio": ratio, "sides": rows}))
    else:
        size = sum(map(len, frames)) // len(frames)
        print(f"{len(frames)} captured events of {size} bytes on average, {len(runs['ours'])} rounds, medians")
        for name, row in rows.items():
            rate, cpu, times = row["events_per_s"], row["cpu_us"], row["times"]
            print(f"{name:20} {rate:9,d} events/s {cpu:8.1f} µs CPU/event {times:6.1f} ×")
    if ratio < TARGET:
        sys.exit(f"under the target of {TARGET:.0f} ×")


if __name__ == "__main__":
    main()
