"""Replaying a recorded conversation with a real FreeSWITCH against a simulated one.

A command is sent when as much has arrived as had arrived when it was sent to the real one: no timing, no sleeping.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import gevent
from gevent import socket
from gevent.event import Event

FOLDER = Path(__file__).parent.parent / "captures"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
PASSWORD = "lab-password"


@dataclass
class Frame:
    """One frame from a switch. `kind` is the event's name, or the Content-Type of anything else."""

    kind: str
    headers: dict[str, str]
    body: str = ""
    #: Of an event: how its headers were written.
    form: str = ""

    @property
    def leg(self):
        return self.headers.get("Unique-ID", "")


def frames_of(data: bytes):
    """The whole frames in `data`, each with the offset of its end."""
    at = 0
    while (end := data.find(b"\n\n", at)) >= 0:
        headers = _headers(data[at:end].decode())
        at = end + 2 + int(headers.get("Content-Length", 0))
        if at > len(data):
            break
        yield _frame(headers, data[end + 2 : at].decode()), at


def _frame(headers, body):
    kind = headers.pop("Content-Type", "")
    headers.pop("Content-Length", None)
    if kind == "text/event-plain":
        head, _, inner = body.partition("\n\n")
        values = {name: unquote(value) for name, value in _headers(head).items()}
        return Frame(values["Event-Name"], values, inner, "plain")
    if kind == "text/event-json":
        values = json.loads(body)
        return Frame(values["Event-Name"], values, values.pop("_body", ""), "json")
    return Frame(kind, headers, body)


def _headers(text):
    return dict(line.split(": ", 1) for line in text.strip("\n").split("\n"))


@dataclass
class Recording:
    """A conversation as it was: what the server sent, and each command with the number of frames that came before."""

    frames: list[Frame] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def read(cls, name):
        lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
        whole = "".join(line["data"] for line in lines if line["dir"] == "server").encode()
        found = list(frames_of(whole))
        recording, received = cls([frame for frame, _ in found]), 0
        for line in lines:
            if line["dir"] == "server":
                received += len(line["data"].encode())
            else:
                before = sum(end <= received for _, end in found)
                recording.commands.append((before, line["data"].replace("********", PASSWORD)))
        return recording


class Line:
    """A client's connection to a switch, which keeps all that came."""

    def __init__(self, address):
        self.frames: list[Frame] = []
        self._sock = socket.create_connection(address, timeout=20)
        self._news = Event()
        self._reader = gevent.spawn(self._read)

    def _read(self):
        data = b""
        while chunk := self._sock.recv(65536):
            data += chunk
            whole = list(frames_of(data))
            self.frames += [frame for frame, _ in whole]
            data = data[whole[-1][1] if whole else 0 :]
            self._news.set()

    def send(self, text):
        self._sock.sendall(text.encode())

    def wait_for(self, kinds: Counter, seconds: float) -> bool:
        """Until at least so many frames of each kind came; False when they did not in time."""
        with gevent.Timeout(seconds, False):
            while kinds - Counter(frame.kind for frame in self.frames):
                self._news.clear()
                self._news.wait()
            return True
        return False

    def close(self):
        self._reader.kill()
        self._sock.close()


def replay(recording, address, patience_s=6.0):
    """The frames a switch at `address` sends when it is told the same as in `recording`."""
    line = Line(address)
    try:
        for before, command in recording.commands:
            if not line.wait_for(Counter(frame.kind for frame in recording.frames[:before]), patience_s):
                return line.frames
            line.send(command)
        line.wait_for(Counter(frame.kind for frame in recording.frames), patience_s)
        gevent.sleep(0.1)  # for what should not come
        return line.frames
    finally:
        line.close()
