"""A carrier that keeps books: when each of its customers was called, answered and hung up, and from which switch.

Its customers do what the last digit of their number says: 0-5 ring for a while, answer and talk; 6 and 7 are busy;
8 and 9 ring for ever. No audio is sent.
"""

import heapq
import itertools
import random
import socket
import threading
import time
import uuid
from dataclasses import dataclass

from tests.freeswitch.peer import SDP, header

BUSY, RINGS = "67", "89"


@dataclass
class Entry:
    """One call, in monotonic seconds; `ended` 0: not yet. `port` is that of the switch it came from."""

    number: str
    port: int
    asked: float
    answered: float = 0.0
    ended: float = 0.0


class Books:
    """Listens on a free port of 127.0.0.1; `ring_s` and `talk_s` are (least, most)."""

    def __init__(self, seed=1, ring_s=(0.5, 2.0), talk_s=(2.0, 6.0), refuses=0, rings_first=False):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._dice, self._ring_s, self._talk_s = random.Random(seed), ring_s, talk_s
        self.refuses = refuses  # a status every call is refused with, if any; after ringing with `rings_first`
        self._rings_first = rings_first
        self.entries: dict[str, Entry] = {}  # Call-ID → entry
        self._requests = {}  # Call-ID → the INVITE and where it came from
        self._later, self._order = [], itertools.count()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    # -- what stands in them ---------------------------------------------------------------------------------
    def all(self):
        return sorted(self.entries.values(), key=lambda entry: entry.asked)

    def of(self, number):
        return [entry for entry in self.all() if entry.number == number]

    def most_at_once(self, port=None):
        """Calls that were up or ringing at one moment."""
        moves = [(e.asked, 1) for e in self.all() if port in (None, e.port)]
        moves += [(e.ended, -1) for e in self.all() if e.ended and port in (None, e.port)]
        return max(itertools.accumulate(step for _, step in sorted(moves)), default=0)

    def most_in_a_second(self, port=None):
        """Calls that came within one second."""
        times = [e.asked for e in self.all() if port in (None, e.port)]
        return max((sum(begin <= at < begin + 1 for at in times) for begin in times), default=0)

    def called_twice_at_once(self):
        """Numbers that were called while they were being called."""
        found = set()
        for one, other in itertools.combinations(self.all(), 2):
            if one.number == other.number and other.asked < (one.ended or float("inf")):
                found.add(one.number)
        return found

    def lost(self, port, at):
        """The switch at this port died: its calls are over, whatever is said here."""
        for entry in self.entries.values():
            if entry.port == port and not entry.ended:
                entry.ended = at

    # -- keeping them ----------------------------------------------------------------------------------------
    def _run(self):
        self._socket.settimeout(0.01)
        while not self._stopped.is_set():
            while self._later and self._later[0][0] <= time.monotonic():
                _, _, act, call = heapq.heappop(self._later)
                act(call)
            try:
                data, sender = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            if data.strip():
                self._heed(data.decode(errors="replace"), sender)

    def _in(self, seconds, act, call):
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), act, call))

    def _heed(self, text, sender):
        method, call = text.split(" ", 1)[0], header(text, "Call-ID")
        match method:
            case "INVITE" if call not in self.entries:
                number = text.split("sip:", 1)[1].split("@")[0]
                self.entries[call] = Entry(number, sender[1], time.monotonic())
                self._requests[call] = (text, sender)
                self._begin(call, number)
            case "INVITE" if self.entries[call].answered:  # again: it did not hear us
                self._say(call, 200)
            case "CANCEL":
                self._reply(text, sender, 200)
                if not self.entries[call].ended:
                    self._close(call)
                    self._say(call, 487)
            case "BYE":
                self._reply(text, sender, 200)
                if call in self.entries:
                    self._close(call)
            case "ACK" | "SIP/2.0":
                pass
            case _:
                self._reply(text, sender, 200)

    def _begin(self, call, number):
        if self.refuses and self._rings_first:
            self._say(call, 180)
            self._in(self._dice.uniform(*self._ring_s), lambda call: self._refuse(call, self.refuses), call)
            return
        if self.refuses or number[-1] in BUSY:
            self._refuse(call, self.refuses or 486)
            return
        self._say(call, 180)
        if number[-1] not in RINGS:
            self._in(self._dice.uniform(*self._ring_s), self._answer, call)

    def _refuse(self, call, status):
        self._close(call)
        self._say(call, status)

    def _answer(self, call):
        if not self.entries[call].ended:
            self.entries[call].answered = time.monotonic()
            self._say(call, 200)
            self._in(self._dice.uniform(*self._talk_s), self._hang_up, call)

    def _hang_up(self, call):
        if self.entries[call].ended:
            return
        self._close(call)
        invite, sender = self._requests[call]
        uri = header(invite, "Contact").split("<", 1)[1].split(">", 1)[0]
        self._send(
            f"BYE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: {self._to(invite, call)}\r\nTo: {header(invite, 'From')}\r\nCall-ID: {call}\r\nCSeq: 7 BYE\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            sender,
        )

    def _close(self, call):
        self.entries[call].ended = self.entries[call].ended or time.monotonic()

    def _say(self, call, status):
        invite, sender = self._requests[call]
        self._reply(invite, sender, status, SDP.format(port=9) if status == 200 else "")

    def _to(self, request, call):
        to = header(request, "To")
        return to if ";tag=" in to else f"{to};tag={call[:8]}"

    def _reply(self, request, sender, status, body=""):
        call = header(request, "Call-ID")
        kind = "Content-Type: application/sdp\r\n" if body else ""
        vias = "".join(f"{line}\r\n" for line in request.split("\r\n") if line.startswith("Via: "))
        self._send(
            f"SIP/2.0 {status} So\r\n{vias}From: {header(request, 'From')}\r\nTo: {self._to(request, call)}\r\n"
            f"Call-ID: {call}\r\nCSeq: {header(request, 'CSeq')}\r\nContact: <sip:books@127.0.0.1:{self.port}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}",
            sender,
        )

    def _send(self, text, to):
        self._socket.sendto(text.encode(), to)
