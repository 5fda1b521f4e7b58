"""A client's line to a simulated switch, for tests: it sends, and keeps all that comes."""

import json
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

import gevent
from gevent import socket
from gevent.event import Event

PASSWORD = "lab-password"


@dataclass
class Frame:
    """One frame from a switch. `kind` is the event's name, or the Content-Type of anything else."""

    kind: str
    headers: dict[str, str]
    body: str = ""
    #: Of an event: how its headers were written, and the headers as they were.
    form: str = ""
    written: dict[str, str] = field(default_factory=dict)

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
        written = _headers(head)
        values = {name: unquote(value) for name, value in written.items()}
        return Frame(values["Event-Name"], values, inner, "plain", written)
    if kind == "text/event-json":
        values = json.loads(body)
        return Frame(values["Event-Name"], values, values.pop("_body", ""), "json", values)
    return Frame(kind, headers, body)


def _headers(text):
    return dict(line.split(": ", 1) for line in text.strip("\n").split("\n"))


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

    def ended(self, seconds=5.0):
        """Did the other side hang up, in time?"""
        self._reader.join(seconds)
        return self._reader.ready()

    def close(self):
        self._reader.kill()
        self._sock.close()

    def wait(self, what, condition, seconds=5.0):
        """What `condition` makes of the frames so far, as soon as it is something; AssertionError when it never is."""
        with gevent.Timeout(seconds, False):
            while not (found := condition(self.frames)):
                self._news.clear()
                self._news.wait()
            return found
        raise AssertionError(f"{what} did not come; there were {[frame.kind for frame in self.frames]}")

    def ask(self, command):
        """Send a command; the frame that answers it."""
        before = len(self._answers(self.frames))
        self.send(f"{command}\n\n")
        return self.wait(f"an answer to {command!r}", lambda frames: self._answers(frames)[before:])[0]

    def reply(self, command):
        """Send a command; its Reply-Text."""
        return self.ask(command).headers["Reply-Text"]

    def api(self, command):
        """Run an api command; its answer."""
        return self.ask(f"api {command}").body

    def event(self, kind, leg="", count=1):
        """The event of that kind about that leg, when it has come so often."""

        def found(frames):
            some = [frame for frame in frames if frame.kind == kind and (not leg or frame.leg == leg)]
            return some[count - 1 :]

        return self.wait(f"{kind} of {leg}", found)[0]

    def job(self, job):
        """The result of a background job."""
        return self.wait(
            f"job {job}", lambda frames: [f for f in frames if f.headers.get("Job-UUID") == job and f.form]
        )[0]

    def kinds(self, leg=""):
        """The kinds of the events so far, of one leg or of all."""
        return [frame.kind for frame in self.frames if frame.form and (not leg or frame.leg == leg)]

    @staticmethod
    def _answers(frames):
        return [frame for frame in frames if frame.kind in ("command/reply", "api/response")]
