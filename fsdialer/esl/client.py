"""One connection to a switch's Event Socket, on greenswitch's `InboundESL`, with its faults mended.

What greenswitch 0.0.19 does and this does not (``docs/event-socket.md`` has the list): decode a frame before it is
split, wait for ever, spin on a cut connection, lose what was received before a cut, match replies to the wrong command
after a failed write, die of one bad byte. Greenlets and the shape are greenswitch's; reading and writing are ours.

It neither reconnects nor knows what an event means: see `link` and `translate`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
import greenswitch
from gevent import socket
from gevent.event import AsyncResult
from gevent.lock import Semaphore
from gevent.queue import Empty, Full, Queue

from fsdialer.errors import CommandRefused, SwitchError, SwitchRefusedUs, SwitchTimeout, SwitchUnreachable
from fsdialer.esl import commands
from fsdialer.esl.frames import Event, Frame, FrameReader

log = logging.getLogger(__name__)

#: Bytes read at a time; events that may wait for their handler before the connection is given up.
CHUNK, BACKLOG = 64 * 1024, 50_000
#: Seconds `stop` gives the other side to say goodbye.
STOP_S = 2.0


@dataclass(slots=True)
class _Waiter:
    """A command that was sent, and the frame that answers it."""

    answer: AsyncResult = field(default_factory=AsyncResult)


class EslClient(greenswitch.InboundESL):  # type: ignore[misc]
    """A connection. `on_event(event)` is called for each event in wire order, from one greenlet, never the reader's;
    `on_closed(reason)` once, after the last event, however the connection ended."""

    _run: bool  # greenswitch's: until it is closed

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_closed: Callable[[str], None] | None = None,
        connect_timeout_s: float = 3.0,
        command_timeout_s: float = 5.0,
        backlog: int = BACKLOG,
    ) -> None:
        super().__init__(host, port, password, timeout=connect_timeout_s)
        self._on_event = on_event
        self._on_closed = on_closed
        self._command_timeout_s = command_timeout_s
        self._reader = FrameReader()
        self._waiters: deque[_Waiter] = deque()
        self._writing = Semaphore()
        self._events: Queue = Queue(backlog)
        self._greeting: AsyncResult = AsyncResult()
        self._closed_because = ""
        self.sock: socket.socket | None = None
        #: When the event being handled was read (monotonic seconds), None between events: see `lag_s`.
        self._handling_since: float | None = None

    # -- life ----------------------------------------------------------------------------------------------
    def connect(self) -> None:
        """Connect and authenticate within the connect timeout.

        SwitchUnreachable: nobody there, or the connection ended. SwitchRefusedUs: password or access list.
        """
        deadline = time.monotonic() + self.timeout
        try:
            self.sock = socket.create_connection((self.host, self.port), timeout=self.timeout)
        except OSError as error:
            raise SwitchUnreachable(f"{self.host}:{self.port}: {error}") from None
        self.sock.settimeout(None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.connected = True
        self.start_event_handlers()
        try:
            self._await(self._greeting, deadline - time.monotonic(), "no greeting")
            self.authenticate()
        except SwitchError:
            self._close("refused or no answer")
            raise

    def authenticate(self) -> None:
        """Give the password; SwitchRefusedUs when it is the wrong one."""
        reply = self.send(f"auth {self.password}")
        if not reply.get("Reply-Text").startswith("+OK"):
            raise SwitchRefusedUs(f"{self.host}:{self.port} refused the password")

    def stop(self) -> None:
        """Say goodbye and close; within `STOP_S`, whatever the other side does."""
        if self.connected:
            try:
                self._exchange(b"exit\n\n", STOP_S)
            except SwitchError as error:
                log.debug("switch=%s:%s goodbye=unanswered reason=%s", self.host, self.port, error)
        self._close("stopped")
        greenlets = [g for g in (self._receive_events_greenlet, self._process_events_greenlet) if g]
        others = [g for g in greenlets if g is not gevent.getcurrent()]
        gevent.joinall(others, timeout=STOP_S)
        gevent.killall(others, timeout=STOP_S)

    @property
    def lag_s(self) -> float:
        """How long ago the event now being handled came in; 0 when none is."""
        return 0.0 if self._handling_since is None else time.monotonic() - self._handling_since

    # -- commands ------------------------------------------------------------------------------------------
    def send(self, data: str) -> Frame:
        """Send a command as it is; its answer. SwitchTimeout, SwitchUnreachable, UnsafeCommand."""
        return self._exchange(commands.framed(data), self._command_timeout_s)

    def api(self, command: str) -> str:
        """Run a command in the switch's listener and wait for its answer. Never a long one: it mutes events."""
        return self.send(f"api {command}").text

    def bgapi(self, command: str, job_id: str) -> None:
        """Have a command run in the background; its BACKGROUND_JOB carries `job_id`. Sent once, never again.

        CommandRefused: it will not run. SwitchTimeout and SwitchUnreachable: it may or may not.
        """
        reply = self._exchange(commands.framed(f"bgapi {command}", job_id), self._command_timeout_s)
        said = reply.get("Reply-Text")
        if not said.startswith("+OK"):
            raise CommandRefused(said or "no reply text")

    def subscribe(self, names: tuple[str, ...]) -> None:
        """Ask for events by name."""
        said = self.send(commands.subscribe(names)).get("Reply-Text")
        if not said.startswith("+OK"):
            raise CommandRefused(said)

    def _exchange(self, data: bytes, timeout_s: float) -> Frame:
        """Write whole, then wait for the answer that is this command's: replies come in the order of commands."""
        waiter = _Waiter()
        with self._writing:
            if not self.connected or self.sock is None:
                raise SwitchUnreachable(f"{self.host}:{self.port}: not connected")
            self._waiters.append(waiter)
            try:
                with gevent.Timeout(timeout_s, SwitchTimeout(f"{self.host}:{self.port}: could not be written to")):
                    self.sock.sendall(data)
            except OSError as error:
                self._close(f"write failed: {error}")
                raise SwitchUnreachable(f"{self.host}:{self.port}: {error}") from None
            except SwitchTimeout:
                self._close("write blocked")  # half a command may be out: nothing more may follow it
                raise
        return self._await(waiter.answer, timeout_s, "no answer")

    def _await(self, answer: AsyncResult, timeout_s: float, what: str) -> Frame:
        try:
            frame: Frame = answer.get(timeout=max(0.01, timeout_s))
            return frame
        except gevent.Timeout:
            raise SwitchTimeout(f"{self.host}:{self.port}: {what} within {timeout_s:.1f} s") from None

    # -- reading -------------------------------------------------------------------------------------------
    def receive_events(self) -> None:
        """The reader: cuts frames and hands them on; it does nothing else, so that the switch never waits for us."""
        reason = "closed by the switch"
        try:
            while self.sock is not None:
                data = self.sock.recv(CHUNK)
                if not data:
                    break
                for frame in self._reader.feed(data):
                    self.handle_event(frame)
        except (OSError, SwitchError) as error:
            reason = str(error)
        finally:
            self._close(reason)

    def handle_event(self, event: Frame) -> None:
        """One frame: an answer goes to the oldest waiting command, an event into the queue."""
        kind = event.content_type
        if kind in ("command/reply", "api/response"):
            if self._waiters:
                self._waiters.popleft().answer.set(event)
        elif kind.startswith("text/event-"):
            try:
                self._events.put_nowait((time.monotonic(), event))
            except Full:
                raise SwitchUnreachable(f"{self._events.maxsize} events behind: given up to start afresh") from None
        elif kind == "auth/request":
            self._greeting.set(event)
        elif kind == "text/rude-rejection":
            refused = SwitchRefusedUs(f"{self.host}:{self.port} does not accept our address (its access list)")
            self._greeting.set_exception(refused)
            raise refused
        elif kind == "text/disconnect-notice" and event.get("Content-Disposition") != "linger":
            raise SwitchUnreachable(f"the switch says: {event.text.strip()[:100] or 'goodbye'}")

    def process_events(self) -> None:
        """The handler's greenlet: everything read before a cut is still handled, then `on_closed` is told."""
        while True:
            try:
                read_at, frame = self._events.get(timeout=None if self._run else 0)
            except Empty:
                break
            if frame is None:
                continue
            self._handling_since = read_at
            self._handle(frame)
            self._handling_since = None
        if self._on_closed is not None:
            self._on_closed(self._closed_because)

    def _handle(self, frame: Frame) -> None:
        event = frame.event()
        if event is None or self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001 - one bad event must not end the others
            log.exception("event=%s leg=%s handler=failed", event.name, event.get("Unique-ID"))

    def _close(self, reason: str) -> None:
        """Once: no more writing, every waiting command fails, the handler ends after what it still has."""
        if not self._run:
            return
        self._run = False
        self.connected = False
        self._closed_because = reason
        lost = SwitchUnreachable(f"{self.host}:{self.port}: {reason}")
        if not self._greeting.ready():
            self._greeting.set_exception(lost)
        while self._waiters:
            self._waiters.popleft().answer.set_exception(lost)
        if self.sock is not None:
            self.sock.close()
        if self._events.empty():
            self._events.put_nowait((0.0, None))  # wakes the handler
