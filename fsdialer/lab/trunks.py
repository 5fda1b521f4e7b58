"""Calls between simulated switches, over TCP, as SIP does between real ones: JSON lines, one connection a call.

``op-EXTENSION`` rings a phone here, ``held-UUID`` is joined with a line that waits here, ``check`` is an echo; anything
else is refused, and so is whoever is not on this machine. A far side that dies says nothing: whoever was talking hears
silence until the ``media_timeout`` of the leg; whoever was ringing rings on.
"""

import json
import uuid as uuids
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent import socket
from gevent.server import StreamServer

from fsdialer.lab.channel import Channel

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

RING, JOIN, CHECK = ("op-", "alert-", "plain-"), "held-", "check"
#: The profile they go through.
PROFILE = "switches"
#: How long a channel takes to run what it was answered for (seconds).
SETTLE_S = 0.02
#: What a switch between them is told of the call: who calls.
_SHOWN = ("origination_caller_id_name", "origination_caller_id_number")


class Line:
    """One call's connection: lines of JSON both ways."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader = sock.makefile("r")

    def say(self, what: str, **more: str) -> None:
        """Tell the other side; one that is gone does not hear it."""
        try:
            self._sock.sendall(json.dumps({"what": what, **more}).encode() + b"\n")
        except OSError:
            return

    def hear(self) -> dict[str, str] | None:
        """What it says next; None when it says nothing any more."""
        try:
            line = self._reader.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith("\n") else None

    def close(self) -> None:
        """No more of it; a reader of it hears its end."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class Trunks:
    """An exchange's calls to and from the others."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._lines: dict[str, Line] = {}  # channel → its call's connection
        self._server: StreamServer | None = None
        #: Where the others call: host:port; empty for nowhere.
        self.address = ""

    def listen(self, host: str) -> None:
        """Take calls from other switches."""
        self._server = StreamServer((host, 0), self._taken)
        self._server.start()
        self.address = f"{host}:{self._server.address[1]}"

    def die(self) -> None:
        """Every call ends without a word."""
        for line in list(self._lines.values()):
            line.close()
        self._lines.clear()

    # -- calls that go out ---------------------------------------------------------------------------------
    def call(self, channel: Channel, to: str, at: str, done: Callable[[str], None]) -> None:
        """Carry a channel's call to `to` on the switch `at`; `done` with what it says first of all: ``ringing``,
        ``answered``, or a hangup cause."""
        host, _, port = at.rpartition(":")
        try:
            line = Line(socket.create_connection((host, int(port)), timeout=2))
        except (OSError, ValueError):
            return  # nobody there: it is not said either, as with UDP
        self._lines[channel.uuid] = line
        line.say("invite", to=to, **{name: channel.get(name) for name in _SHOWN})
        while (said := line.hear()) is not None:
            if said["what"] == "bye":
                self._exchange.hang_up(channel, said["cause"], "recv_bye" if channel.answered else "recv_refuse")
                return
            done(said["what"])
        self._fell_silent(channel)

    def _fell_silent(self, channel: Channel) -> None:
        limit_ms = channel.get("media_timeout")
        if channel.alive and channel.answered and limit_ms.isdecimal():
            gevent.sleep(int(limit_ms) / 1000)
            self._exchange.hang_up(channel, "MEDIA_TIMEOUT")

    def ended(self, channel: Channel) -> None:
        """A channel is over: the other side is told."""
        line = self._lines.pop(channel.uuid, None)
        if line is not None:
            line.say("bye", cause=channel.cause or "NORMAL_CLEARING")
            line.close()

    # -- calls that come in --------------------------------------------------------------------------------
    def _taken(self, sock: socket.socket, address: Any) -> None:
        line = Line(sock)
        asked = line.hear() or {}
        to = asked.get("to", "")
        if PROFILE in self._exchange.stopped_profiles:
            return  # nobody is there, and that is not said either
        if to.startswith(RING):
            self._ring(line, to.partition("-")[2], asked)
        elif to.startswith(JOIN) and self._exchange.alive(to.removeprefix(JOIN)):
            self._join(line, to.removeprefix(JOIN))
        elif to == CHECK:
            line.say("answered")
            while (said := line.hear()) is not None and said["what"] != "bye":
                pass
        else:
            line.say("bye", cause="CALL_REJECTED")

    def _ring(self, line: Line, extension: str, asked: dict[str, str]) -> None:
        """The phone's channel stands for the call that came in too: it ends with it, and with nothing else."""
        shown = "".join(f",{name}='{asked[name]}'" for name in _SHOWN if asked.get(name))
        uuid = str(uuids.uuid4())

        def done(ok: bool, text: str) -> None:
            if ok:
                line.say("answered")
            else:
                line.say("bye", cause=text.removeprefix("-ERR").strip() or "NORMAL_CLEARING")

        line.say("ringing")
        self._exchange.originate(
            f"{{origination_uuid={uuid},sip_auto_answer=true{shown}}}user/{extension} &endless_playback()", done
        )
        self._follow(line, uuid)

    def _join(self, line: Line, held: str) -> None:
        """A channel for the call that came in, answered at once and bridged with the line that waits."""
        uuid = str(uuids.uuid4())

        def done(ok: bool, text: str) -> None:
            if ok:
                line.say("answered")
                gevent.spawn_later(SETTLE_S, self._bridge, uuid, held)
            else:
                line.say("bye", cause=text.removeprefix("-ERR").strip())

        self._exchange.originate(
            f"{{origination_uuid={uuid},hangup_after_bridge=true}}switches/{held} &endless_playback()", done
        )
        self._follow(line, uuid)

    def _bridge(self, uuid: str, held: str) -> None:
        channel = self._exchange.alive(uuid)
        if channel is not None and not self._exchange.bridges.bridge(uuid, held).startswith("+OK"):
            self._exchange.hang_up(channel, "DESTINATION_OUT_OF_ORDER")

    def _follow(self, line: Line, uuid: str) -> None:
        """The call that came in ends when its caller says so, or falls silent for good."""
        channel = self._exchange.channels.get(uuid)
        if channel is None:
            return
        self._lines[uuid] = line
        said = line.hear()
        if channel.alive:
            if said is None:
                gevent.sleep(1)  # the silence after which a switch gives a call up, made short
            cause = "MEDIA_TIMEOUT" if said is None else said.get("cause", "NORMAL_CLEARING")
            self._exchange.hang_up(channel, cause, "recv_bye")
