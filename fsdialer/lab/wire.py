"""The Event Socket's server side: one connection, its commands, its subscriptions and filters.

Replies are those of real recordings, to the letter. `api` runs in the connection's own greenlet, so that, as with
FreeSWITCH, nothing else is answered and no event is sent on it meanwhile.
"""

import contextlib
import uuid as uuids
from collections.abc import Callable

from gevent import socket
from gevent.queue import Empty, Queue

from fsdialer.lab.apis import Apis
from fsdialer.lab.events import Fired
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.filters import Filter, passes
from fsdialer.lab.headers import as_dict

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
#: Event names FreeSWITCH knows and a client may ask for; others are passed over.
KNOWN = {
    "ALL", "API", "BACKGROUND_JOB", "CALL_UPDATE", "CHANNEL_ANSWER", "CHANNEL_APPLICATION", "CHANNEL_BRIDGE",
    "CHANNEL_CALLSTATE", "CHANNEL_CREATE", "CHANNEL_DATA", "CHANNEL_DESTROY", "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_HOLD", "CHANNEL_ORIGINATE",
    "CHANNEL_OUTGOING", "CHANNEL_PARK", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_STATE",
    "CHANNEL_UNBRIDGE", "CHANNEL_UNHOLD", "CHANNEL_UNPARK", "CHANNEL_UUID", "CUSTOM", "DTMF", "HEARTBEAT",
    "MEDIA_BUG_START", "MEDIA_BUG_STOP", "MESSAGE", "MODULE_LOAD", "PLAYBACK_START", "PLAYBACK_STOP", "RECORD_START",
    "RECORD_STOP", "RE_SCHEDULE", "SHUTDOWN", "STARTUP",
}  # fmt: skip
FORMS = ("plain", "json", "xml")
#: Commands that are not known without at least a space behind them.
WITH_ARGUMENT = {"api", "bgapi", "filter"}
#: Bytes of a reply's text that FreeSWITCH keeps.
REPLY_LIMIT = 511


class Connection:
    """One client. `gone` is called when it is over."""

    def __init__(self, sock: socket.socket, exchange: Exchange, apis: Apis, password: str) -> None:
        self._sock = sock
        self._exchange = exchange
        self._apis = apis
        self._password = password
        self._authenticated = False
        self._form = ""
        self._events: set[str] = set()
        self._subclasses: set[str] = set()
        self._filters: list[Filter] = []
        self._out: Queue = Queue()
        self._open = True
        self._muted = False
        self._held: list[bytes] = []
        #: Bytes after which the connection is cut, for tests; None: never.
        self.cut_after: int | None = None

    # -- what goes out -------------------------------------------------------------------------------------
    def hear(self, event: Fired) -> None:
        """An event, if this client asked for it."""
        asked_for = event.name in self._events or "ALL" in self._events
        if asked_for and event.subclass and "ALL" not in self._events:
            asked_for = event.subclass in self._subclasses or not self._subclasses
        if asked_for and (not self._filters or passes(self._filters, as_dict(event.text))):
            self._send(event.frame(self._form))

    def _send(self, data: bytes) -> None:
        if self._muted:
            self._held.append(data)
        elif self._open:
            self._out.put(data)

    def write_out(self) -> None:
        """The greenlet that writes what is to be sent, several pieces at once when there are."""
        while True:
            data = self._out.get()
            if data is None:
                break
            parts = [data]
            try:
                while len(parts) < 200:
                    following = self._out.get_nowait()
                    if following is None:
                        self._out.put(None)
                        break
                    parts.append(following)
            except Empty:
                pass
            if not self._write(b"".join(parts)):
                break
        self._sock.close()

    def _write(self, data: bytes) -> bool:
        if self.cut_after is not None:
            data, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
        try:
            self._sock.sendall(data)
        except OSError:
            return False
        return self.cut_after is None or self.cut_after > 0

    def close(self) -> None:
        """Everything that is queued still goes out."""
        if self._open:
            self._open = False
            self._out.put(None)
            if self in self._exchange.events.listeners:
                self._exchange.events.listeners.remove(self)

    def cut(self) -> None:
        """At once, without goodbye."""
        self._open = False
        if self in self._exchange.events.listeners:
            self._exchange.events.listeners.remove(self)
        with contextlib.suppress(OSError):  # it may have gone by itself
            self._sock.shutdown(socket.SHUT_RDWR)
        self._out.put(None)

    def _reply(self, text: str, more: str = "") -> None:
        self._send(f"Content-Type: command/reply\nReply-Text: {text[:REPLY_LIMIT]}\n{more}\n".encode())

    def _response(self, text: str) -> None:
        data = text.encode()
        self._send(b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(data), data))

    def _notice(self) -> None:
        data = GOODBYE.encode()
        self._send(b"Content-Type: text/disconnect-notice\nContent-Length: %d\n\n%s" % (len(data), data))

    # -- what comes in -------------------------------------------------------------------------------------
    def serve(self) -> None:
        """Until the client leaves or is thrown out."""
        self._exchange.events.listeners.append(self)
        self._send(b"Content-Type: auth/request\n\n")
        buffer = b""
        while self._open:
            try:
                data = self._sock.recv(65536)
            except OSError:
                break
            if not data:
                break
            buffer += data.replace(b"\r\n", b"\n")
            while self._open and b"\n\n" in buffer:
                block, _, buffer = buffer.partition(b"\n\n")
                lines = block.decode("utf-8", "replace").strip("\n").split("\n")
                if lines[0]:
                    self._command(lines[0], _headers(lines[1:]))
        self.close()

    def _command(self, line: str, headers: dict[str, str]) -> None:
        word, space, argument = line.partition(" ")
        word = word.lower()
        known = word not in WITH_ARGUMENT or space
        command: Callable[[str, dict[str, str]], None] | None = getattr(self, f"_do_{word}", None)
        if command is None or not known or (self._authenticated == (word == "auth") and word != "exit"):
            self._reply("-ERR command not found")
        else:
            command(argument.strip(), headers)

    def _do_auth(self, argument: str, headers: dict[str, str]) -> None:
        if argument == self._password:
            self._authenticated = True
            self._reply("+OK accepted")
        else:
            self._reply("-ERR invalid")
            self._notice()
            self.close()

    def _do_exit(self, argument: str, headers: dict[str, str]) -> None:
        self._reply("+OK bye")
        self._notice()
        self.close()

    def _do_linger(self, argument: str, headers: dict[str, str]) -> None:
        self._reply("-ERR not controlling a session")

    _do_nolinger = _do_linger

    def _do_event(self, argument: str, headers: dict[str, str]) -> None:
        words = argument.split()
        form = words.pop(0).lower() if words and words[0].lower() in FORMS else "plain"
        names = _event_names(words)
        if not names:
            self._reply("-ERR no keywords supplied")
            return
        self._form = form
        self._events |= names
        self._subclasses |= _subclasses(words)
        self._reply(f"+OK event listener enabled {form}")

    def _do_nixevent(self, argument: str, headers: dict[str, str]) -> None:
        names = _event_names(argument.split())
        if not names:
            self._reply("-ERR no keywords supplied")
            return
        if "ALL" in self._events:
            self._events = KNOWN - {"ALL"}
        self._events = set() if "ALL" in names else self._events - names
        self._reply("+OK events nixed")

    def _do_noevents(self, argument: str, headers: dict[str, str]) -> None:
        self._events.clear()
        self._reply("+OK no longer listening for events")

    def _do_filter(self, argument: str, headers: dict[str, str]) -> None:
        words = argument.split(" ", 2)
        if words[0] == "delete" and len(words) > 1:
            name, value = words[1], words[2] if len(words) > 2 else ""
            self._filters = [f for f in self._filters if not (name in ("all", f.name) and value in ("", f.value))]
            self._reply(f"+OK filter deleted. [{name}][{value}]")
        elif words[0] != "delete" and len(words) > 1:
            name, value = words[0], argument.partition(" ")[2]
            self._filters.append(Filter(name, value))
            self._reply(f"+OK filter added. [{name}]=[{value}]")
        else:
            self._reply("-ERR invalid syntax")

    def _do_api(self, argument: str, headers: dict[str, str]) -> None:
        """In this very greenlet; a long command mutes the connection, events included."""
        self._muted = argument.startswith(("originate ", "uuid_deflect "))
        answer = self._apis.run(argument)
        self._muted = False
        self._response(answer)
        held, self._held = self._held, []
        for data in held:
            self._send(data)

    def _do_bgapi(self, argument: str, headers: dict[str, str]) -> None:
        job = (headers.get("job-uuid") or str(uuids.uuid4()))[:255]
        self._reply(f"+OK Job-UUID: {job}", f"Job-UUID: {job}\n")
        self._apis.background(argument, job)

    def _do_sendmsg(self, argument: str, headers: dict[str, str]) -> None:
        channel = self._exchange.alive(argument)
        if channel is None:
            self._reply("-ERR invalid session id [" + argument + "]")
            return
        if headers.get("call-command") == "hangup":
            self._exchange.hang_up(channel, headers.get("hangup-cause", "NORMAL_CLEARING"))
        elif headers.get("call-command") == "execute":
            self._exchange.applications.interrupt(channel)
            name = headers.get("execute-app-name", "park")
            self._exchange.applications.run(channel, [(name, headers.get("execute-app-arg", ""))])
        self._reply("+OK")


def _event_names(words: list[str]) -> set[str]:
    """Those of the words that name events; what follows CUSTOM are subclasses."""
    names = [word.upper() for word in words]
    if "CUSTOM" in names:
        names = names[: names.index("CUSTOM") + 1]
    return KNOWN.intersection(names)


def _subclasses(words: list[str]) -> set[str]:
    """What stands behind CUSTOM; nothing there means all of them."""
    upper = [word.upper() for word in words]
    return set(words[upper.index("CUSTOM") + 1 :]) if "CUSTOM" in upper else set()


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
