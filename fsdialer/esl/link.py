"""Keeps a switch within reach: two connections, made again whenever they end, watched while they live.

The *events* connection subscribes and from then on only reads; the *commands* connection only runs `bgapi`, so that no
answer ever waits behind an event. The engine is told of every change. A wrong password or an access list is said
plainly and tried again slowly; everything else with growing, jittered pauses. Nothing that was asked of a switch is
ever asked again from here: what was in flight at a cut fails, and whoever asked finds out what became of it.
"""

import logging
import random
import re
import time
import uuid as uuids
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

import gevent
from gevent import Greenlet, socket
from gevent.event import AsyncResult, Event

from fsdialer.core.events import Heartbeat, JobDone, Reported
from fsdialer.core.switches import address
from fsdialer.errors import (
    CommandRefused,
    InvalidSetting,
    NobodyListens,
    SwitchError,
    SwitchRefusedUs,
    SwitchTimeout,
    SwitchUnreachable,
)
from fsdialer.esl import commands, frames
from fsdialer.esl.client import EslClient
from fsdialer.esl.patience import Pulse, Timings
from fsdialer.esl.translate import SUBSCRIPTION, ClockShift, to_event

log = logging.getLogger(__name__)

DEFAULT_PASSWORD = "ClueCon"
#: Questions in a row without an answer after which a switch is lost.
MISSES = 2
#: A link that was lost is knocked for after so long (seconds), however long the pause before the next try.
KNOCK_S = 0.3
#: How the ids of our own questions begin; their answers are for nobody else.
_ASKED = "ask-"
_CORE = re.compile(r"[0-9A-Fa-f-]{8,64}")


@dataclass(frozen=True, slots=True)
class SwitchAddress:
    """Where a switch is. `domain` is that of its operators' phones; empty: the switch's own. `trunk` is where it takes
    calls of other switches (host:port); empty: where it says itself."""

    name: str
    host: str
    port: int
    password: str = field(repr=False)
    domain: str = ""
    trunk: str = ""

    @classmethod
    def parse(cls, url: str) -> "SwitchAddress":
        """From ``esl://:PASSWORD@HOST:PORT?name=…&domain=…&trunk=…``; InvalidSetting says what is missing."""
        parts = urlsplit(url)
        where = f"FSDIALER_SWITCHES ({parts.hostname or '?'})"
        try:
            port = parts.port or 8021
        except ValueError:
            raise InvalidSetting(where, "the port is no number") from None
        if parts.scheme != "esl" or not parts.hostname:
            raise InvalidSetting(where, "must look like esl://:PASSWORD@HOST:8021")
        password = unquote(parts.password or "")
        if not password:
            raise InvalidSetting(where, "no password: esl://:PASSWORD@HOST:8021")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if password == DEFAULT_PASSWORD and options.get("insecure") != "1":
            raise InvalidSetting(
                where, f"the password is FreeSWITCH's default, {DEFAULT_PASSWORD}: change it in event_socket.conf.xml"
            )
        trunk = options.get("trunk", "")
        if trunk and not address(trunk):
            raise InvalidSetting(where, f"trunk={trunk} is not HOST:PORT")
        domain = options.get("domain", "")
        return cls(options.get("name", parts.hostname), parts.hostname, port, password, domain, trunk)


def addresses(urls: Iterable[str]) -> list[SwitchAddress]:
    """Of all switches; InvalidSetting when two are called the same, for then one of them would not be used."""
    found = [SwitchAddress.parse(url) for url in urls]
    twice = [name for name, times in Counter(each.name for each in found).items() if times > 1]
    if twice:
        raise InvalidSetting("FSDIALER_SWITCHES", f"several are called {twice[0]}: give each its own ?name=")
    return found


@dataclass(frozen=True, slots=True)
class LinkState:
    """`restarted`: the switch is a new one since we last knew it, all its calls are gone. `reason` is for people.
    `gone`: not only silent; its machine says that it does not run."""

    up: bool
    core: str | None
    restarted: bool
    reason: str
    gone: bool = False


class SwitchLink:
    """The link to one switch.

    `on_event(event)` comes from one greenlet in wire order, the first one after `on_state` said that the link is up;
    `on_state(link, state)` after each change.
    """

    def __init__(
        self,
        address: SwitchAddress,
        on_event: Callable[[Reported], None],
        on_state: Callable[["SwitchLink", LinkState], None],
        *,
        timings: Timings | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        #: The switch's present or last Core-UUID, and what we last said of it.
        self.core: str | None = None
        self.state = LinkState(False, None, False, "not connected yet")
        self._on_event = on_event
        self._on_state = on_state
        self._timings = timings or Timings()
        self._rng = rng or random.Random()
        self._clock = clock
        self._events: EslClient | None = None
        self._commands: EslClient | None = None
        self._asking: dict[str, AsyncResult] = {}
        self._clock_shift = ClockShift()
        self._pulse = Pulse(self._timings.beats_min_s)
        self._up = False
        self._admitted: AsyncResult = AsyncResult()  # may events pass? They wait until it is said
        self._lost = Event()
        self._lost_because = ""
        self._stopping = Event()
        self._keeper: Greenlet | None = None

    # -- life ----------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Connect, and stay so; returns at once."""
        self._keeper = gevent.spawn(self._keep)

    def stop(self) -> None:
        """Close both connections."""
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.kill(timeout=1)
        self._drop(goodbye=True)

    @property
    def up(self) -> bool:
        """Connected, authenticated and subscribed."""
        return self._up

    @property
    def lag_s(self) -> float:
        """How far the handling of events is behind their coming."""
        return self._events.lag_s if self._events is not None else 0.0

    # -- commands ------------------------------------------------------------------------------------------
    def bgapi(self, command: str, job_id: str) -> None:
        """Run a command in the background; its JobDone comes with `job_id`. Errors as of `EslClient.bgapi`."""
        client = self._commands
        if client is None or not self._up:
            raise SwitchUnreachable(f"switch {self.address.name} is not connected")
        client.bgapi(command, job_id)

    def ask(self, command: str, timeout_s: float = 5.0) -> str:
        """Run a command in the background and wait for what it answers."""
        job = f"{_ASKED}{uuids.uuid4()}"
        answer = self._asking[job] = AsyncResult()
        late = SwitchTimeout(f"switch {self.address.name}: no answer within {timeout_s:.1f} s")
        try:
            with gevent.Timeout(timeout_s, late):
                self.bgapi(command, job)
                text = str(answer.get())
        finally:
            self._asking.pop(job, None)
        return text

    # -- keeping it up -------------------------------------------------------------------------------------
    def _keep(self) -> None:
        """Open, watch, drop, pause, and again. Nothing but `stop` ends it."""
        failures = 0
        while not self._stopping.is_set():
            pause_s, level, gone, was_up = None, logging.WARNING, False, False
            try:
                self._open()
                opened, was_up = time.monotonic(), True
                self._watch()
                reason = self._lost_because
                failures = 0 if time.monotonic() - opened >= self._timings.steady_s else failures
            except SwitchRefusedUs as error:
                reason, level = str(error), logging.ERROR
                pause_s = self._timings.refused_s * self._rng.uniform(0.5, 1.5)
            except SwitchError as error:
                reason, gone = str(error), isinstance(error, NobodyListens)
            except Exception as error:  # noqa: BLE001 - whatever it was, a dialer without its switch is worse
                log.exception("switch=%s link=failed", self.address.name)
                reason = f"{type(error).__name__}: {error}"
            self._drop(goodbye=False)
            failures += 1
            self._down(reason, level, gone)
            pause_s = self._timings.pause_s(failures, self._rng) if pause_s is None else pause_s
            if was_up and pause_s > KNOCK_S and not self._stopping.wait(KNOCK_S) and self._nobody_listens():
                self._down("nobody listens there any more", level, True)
                pause_s -= KNOCK_S
            self._stopping.wait(pause_s)

    def _nobody_listens(self) -> bool:
        """Does its machine say that it does not run? A talk across that has died must not wait for the next try."""
        try:
            socket.create_connection((self.address.host, self.address.port), self._timings.connect_s).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False

    def _open(self) -> None:
        """Both connections, subscribed last: what happens from now on is heard, and may be answered."""
        self._lost = Event()
        self._admitted = AsyncResult()
        self._clock_shift, self._pulse = ClockShift(), Pulse(self._timings.beats_min_s)
        self._commands = self._connect(None)
        self._events = self._connect(self._heard)
        core = self._events.api("global_getvar core_uuid").strip()
        if not _CORE.fullmatch(core):
            raise SwitchError(f"{self.address.host}:{self.address.port}: does not say its core_uuid: {core[:60]!r}")
        self._events.subscribe(SUBSCRIPTION)
        restarted = self.core is not None and core != self.core
        self.core = core
        self._up = True
        self._tell(LinkState(True, core, restarted, "connected"))
        self._admitted.set(True)

    def _connect(self, on_event: Callable[[frames.Event], None] | None) -> EslClient:
        client = EslClient(
            self.address.host,
            self.address.port,
            self.address.password,
            on_event=on_event,
            on_closed=partial(self._closed, self._lost),
            connect_timeout_s=self._timings.connect_s,
            command_timeout_s=self._timings.command_s,
        )
        client.connect()
        return client

    def _watch(self) -> None:
        """Until the link is lost: ask for signs of life; silence ends it, and heartbeats that no longer come."""
        misses = 0
        while not self._lost.wait(0 if misses else self._timings.probe_s):
            misses = 0 if self._answers() else misses + 1
            if misses >= MISSES:
                self._lost_because = "the switch does not answer"
                return
            # An answer comes by the same way as a beat: one that was sent before it has been handled too.
            late_s = self._pulse.late_s(time.monotonic())
            if late_s and not misses and self.lag_s < self._timings.answer_s:
                self._lost_because = f"no heartbeat for {late_s:.0f} s"
                return

    def _answers(self) -> bool:
        """Is the switch alive on both connections? What it sent counts, even while our handling of it is behind."""
        asked_at = time.monotonic()
        try:
            self.ask(commands.sign_of_life(), self._timings.answer_s)
        except CommandRefused:
            return True
        except SwitchError as error:
            heard = [client.heard_at >= asked_at for client in (self._events, self._commands) if client is not None]
            if len(heard) == 2 and all(heard):
                return True
            log.warning("switch=%s probe=unanswered reason=%s", self.address.name, error)
            return False
        return True

    def _closed(self, lost: Event, reason: str) -> None:
        """One of the connections `lost` belongs to is over; the first one's reason counts."""
        if not lost.is_set():
            self._lost_because = reason
            lost.set()

    def _drop(self, *, goodbye: bool) -> None:
        """Close both; what was read is handled before the next connection's first event."""
        self._up = False
        if not self._admitted.ready():
            self._admitted.set(False)
        for client in (self._commands, self._events):
            if client is not None:
                client.stop(goodbye=goodbye)
        self._events = self._commands = None
        for answer in list(self._asking.values()):
            answer.set_exception(SwitchUnreachable(f"switch {self.address.name} was lost"))

    def _down(self, reason: str, level: int, gone: bool) -> None:
        """Say so when it is news; a refusal, which somebody has to mend, each time."""
        news = self.state.up or self.state.reason != reason
        if news or level >= logging.ERROR:
            log.log(level, "switch=%s up=no reason=%s", self.address.name, reason)
        if news:
            self._tell(LinkState(False, self.core, False, reason, gone))

    def _tell(self, state: LinkState) -> None:
        self.state = state
        try:
            self._on_state(self, state)
        except Exception:  # noqa: BLE001 - whoever listens must not end the link
            log.exception("switch=%s listener=failed", self.address.name)

    # -- events --------------------------------------------------------------------------------------------
    def _heard(self, event: frames.Event) -> None:
        if not self._admitted.get():
            return
        told = to_event(event, self._clock_shift.seen(event, self._clock()))
        if told is None:
            return
        if isinstance(told, Heartbeat):
            self._pulse.beat(told.at, time.monotonic())
        if isinstance(told, JobDone) and told.job.startswith(_ASKED):
            asking = self._asking.get(told.job)
            if asking is not None:
                asking.set(event.body)
            return
        self._on_event(told)
