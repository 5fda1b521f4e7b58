"""One connection to a switch's Event Socket, on greenswitch's `InboundESL`, with its faults mended.

What greenswitch 0.0.19 does and this does not (``docs/event-socket.md`` has the list): decode a frame before it is
split, wait for ever, spin on a cut connection, lose what was received before a cut, match replies to the wrong command
after a failed write, die of one bad byte. Greenlets and the shape are greenswitch's; reading and writing are ours.

It neither reconnects nor knows what an event means: see `link` and `translate`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import gevent
import greenswitch
from gevent import socket
from gevent.event import AsyncResult
from gevent.event import Event as Flag
from gevent.lock import Semaphore

from fsdialer.errors import (
    CommandRefused,
    NobodyListens,
    SwitchError,
    SwitchRefusedUs,
    SwitchTimeout,
    SwitchUnreachable,
)
from fsdialer.esl import commands
from fsdialer.esl.frames import Event, Frame, FrameReader

log = logging.getLogger(__name__)

#: Bytes read at a time; events that may wait for their handler before the connection is given up.
CHUNK, BACKLOG = 256 * 1024, 50_000
#: Events handled in a row before every other greenlet has had its turn.
TURN = 100
#: Seconds `stop` may take.
STOP_S = 2.0


class _Waiter(NamedTuple):
    """A command that was sent: who waits for its answer, and the job's id it will name, if it will."""

    answer: AsyncResult
    job_id: str


class EslClient(greenswitch.InboundESL):  # type: ignore[misc]
    """A connection, for one use: when it is over a new one is made.

    `on_event(event)` is called for each event in wire order, from one greenlet, never the reader's; greenswitch's
    `register_handle` adds handlers by event name (a CUSTOM's by subclass). `on_closed(reason)` is called once, after
    the last event, however the connection ended.
    """

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
        self._where = f"{host}:{port}"
        if on_event is not None:
            self.register_handle("*", on_event)
        self._on_closed = on_closed
        self._command_timeout_s = command_timeout_s
        self._backlog = backlog
        self._reader = FrameReader()
        self._waiters: deque[_Waiter] = deque()
        self._writing = Semaphore()
        self._inbox: deque[tuple[float, Frame]] = deque()  # when it was read, and what
        self._arrived = Flag()
        self._greeting: AsyncResult = AsyncResult()
        self._closed_because = ""
        self._handling_since: float | None = None
        self.sock: socket.socket | None = None
        #: When the switch was last heard, by `time.monotonic`: whatever it sent, and whether it was handled or not.
        self.heard_at = 0.0

    # -- life ----------------------------------------------------------------------------------------------
    def connect(self) -> None:
        """Connect and authenticate, all within the connect timeout.

        NobodyListens, SwitchUnreachable: nobody there, or the connection ended. SwitchTimeout: somebody is, and says
        nothing.
        SwitchRefusedUs: password or access list.
        """
        late = SwitchTimeout(f"{self._where}: no greeting within {self.timeout:.1f} s")
        try:
            with gevent.Timeout(self.timeout, late):
                self.sock = self._open_socket()
                self.connected = True
                self.start_event_handlers()
                self._greeting.get()
                self.authenticate()
        except BaseException as error:
            self._close(f"not connected: {error}")
            raise

    def _open_socket(self) -> socket.socket:
        try:
            sock = socket.create_connection((self.host, self.port), timeout=self.timeout)
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except ConnectionRefusedError as error:
            raise NobodyListens(f"{self._where}: {error}") from None
        except (OSError, UnicodeError) as error:  # the latter from a host name that cannot be one
            raise SwitchUnreachable(f"{self._where}: {error}") from None
        return sock

    def authenticate(self) -> None:
        """Give the password; SwitchRefusedUs when it is the wrong one."""
        reply = self.send(f"auth {self.password}")
        if not reply.get("Reply-Text").startswith("+OK"):
            raise SwitchRefusedUs(f"{self._where} refused the password")

    def stop(self, *, goodbye: bool = True) -> None:
        """Close, after a goodbye where the switch is still there; over within `STOP_S`, whatever it does.

        Events that were read are still handled, as far as that time allows.
        """
        end = time.monotonic() + STOP_S
        self._closed_because = self._closed_because or "stopped"
        if goodbye and self.connected:
            try:
                self._exchange(b"exit\n\n", STOP_S / 2)
            except SwitchError as error:
                log.debug("switch=%s goodbye=unanswered reason=%s", self._where, error)
        self._close("stopped")
        greenlets = [g for g in (self._receive_events_greenlet, self._process_events_greenlet) if g]
        others = [g for g in greenlets if g is not gevent.getcurrent()]
        gevent.joinall(others, timeout=max(0.0, end - time.monotonic()))
        gevent.killall(others, block=False)

    @property
    def lag_s(self) -> float:
        """How long ago the event came in that is being handled; 0 when there is none."""
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

        CommandRefused, UnsafeCommand: it will not run. SwitchTimeout, SwitchUnreachable: it may or may not.
        """
        reply = self._exchange(commands.framed(f"bgapi {command}", job_id), self._command_timeout_s, job_id)
        said = reply.get("Reply-Text")
        if not said.startswith("+OK"):
            raise CommandRefused(said or "no reply text")

    def subscribe(self, names: Sequence[str]) -> None:
        """Ask for events by name."""
        said = self.send(commands.subscribe(names)).get("Reply-Text")
        if not said.startswith("+OK"):
            raise CommandRefused(said)

    def _exchange(self, data: bytes, timeout_s: float, job_id: str = "") -> Frame:
        """Write whole, then wait for the answer that is this command's: answers come in the order of commands.

        One that gave up waiting keeps its place in the queue, so its late answer goes to nobody else.
        """
        answer: AsyncResult = AsyncResult()
        with gevent.Timeout(timeout_s, SwitchTimeout(f"{self._where}: no answer within {timeout_s:.1f} s")):
            with self._writing:
                self._write(data, _Waiter(answer, job_id))
            frame: Frame = answer.get()
        return frame

    def _write(self, data: bytes, waiter: "_Waiter") -> None:
        if not self.connected or self.sock is None:
            raise self._lost()
        self._waiters.append(waiter)
        try:
            self.sock.sendall(data)
        except OSError as error:
            self._close(f"write failed: {error}")
            raise self._lost() from None
        except BaseException as error:  # half a command may be out: nothing more may follow it
            self._close(f"write not finished: {error}")
            raise

    def _lost(self) -> SwitchUnreachable:
        return SwitchUnreachable(f"{self._where}: {self._closed_because or 'not connected'}")

    # -- reading -------------------------------------------------------------------------------------------
    def receive_events(self) -> None:
        """The reader: cuts frames and hands them on; it does nothing else, so that the switch never waits for us."""
        sock, reason = self.sock, "reading failed"
        if sock is None:
            return
        try:
            while self._run:
                data = sock.recv(CHUNK)
                if not data:
                    reason = "closed by the switch"
                    break
                self.heard_at = time.monotonic()
                for frame in self._reader.feed(data):
                    self.handle_event(frame)
                if self._reader.broken is not None:
                    raise self._reader.broken
                gevent.sleep(0)  # a switch that never pauses would leave no turn to whoever handles what it sends
        except (OSError, SwitchError) as error:
            reason = str(error)
        finally:
            self._close(reason)

    def handle_event(self, event: Frame) -> None:
        """One frame: an answer goes to the oldest waiting command, an event to the handlers' greenlet."""
        kind = event.content_type
        if kind.startswith("text/event-"):
            if len(self._inbox) >= self._backlog:
                raise SwitchUnreachable(f"{self._backlog} events behind: given up to start afresh")
            self._inbox.append((self.heard_at, event))
            self._arrived.set()
        elif kind in ("command/reply", "api/response"):
            self._answer(event)
        elif kind == "auth/request":
            self._greeting.set(event)
        elif kind == "text/rude-rejection":
            refused = SwitchRefusedUs(f"{self._where} does not accept our address (its access list)")
            self._greeting.set_exception(refused)
            raise refused
        elif kind == "text/disconnect-notice" and event.get("Content-Disposition") != "linger":
            raise SwitchUnreachable(f"the switch says: {event.text.strip()[:100] or 'goodbye'}")

    def _answer(self, frame: Frame) -> None:
        """To the command that was sent first of those without one; a reply names its job, so a mistake would show."""
        if not self._waiters:
            raise SwitchUnreachable("an answer to no command of ours")
        waiter = self._waiters.popleft()
        job = frame.get("Job-UUID")
        if job and job != waiter.job_id:
            waiter.answer.set_exception(SwitchUnreachable(f"{self._where}: answered another command"))
            raise SwitchUnreachable("its answers are not those of our commands")
        waiter.answer.set(frame)

    def process_events(self) -> None:
        """The handlers' greenlet: everything read before a cut is still handled, then `on_closed` is told."""
        handled = 0
        while True:
            while self._inbox:
                self._handling_since, frame = self._inbox.popleft()
                self._handle(frame)
                handled += 1
                if handled % TURN == 0:
                    gevent.sleep(0)
            self._handling_since = None
            if not self._run:
                break
            self._arrived.clear()
            self._arrived.wait()
        if self._on_closed is not None:
            self._on_closed(self._closed_because)

    def _handle(self, frame: Frame) -> None:
        event = frame.event()
        if event is None:
            return
        handlers = self.event_handlers
        told = handlers.get("*", ())
        if len(handlers) > 1 or not told:  # one for its name takes nothing from those for everything
            name = event.get("Event-Subclass") if event.name == "CUSTOM" else event.name
            told = (*handlers.get(name, ()), *told)
        for handler in told:
            try:
                handler(event)
            except Exception:  # noqa: BLE001 - one bad event must not end the others
                log.exception("event=%s leg=%s handler=failed", event.name, event.get("Unique-ID"))

    def _close(self, reason: str) -> None:
        """Once: no more writing, every waiting command fails, the handlers' greenlet ends after what it still has."""
        if not self._run:
            return
        self._run = False
        self.connected = False
        self._closed_because = self._closed_because or reason
        if not self._greeting.ready():
            self._greeting.set_exception(self._lost())
        while self._waiters:
            self._waiters.popleft().answer.set_exception(self._lost())
        if self.sock is not None:
            self.sock.close()
        self._arrived.set()
