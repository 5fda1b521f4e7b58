"""Keeps a switch within reach: two connections, made again whenever they end, watched while they live.

The *events* connection subscribes and from then on only reads; the *commands* connection only runs `bgapi`, so that no
answer ever waits behind an event. The engine is told of every change. A wrong password or an access list is said
plainly and tried again slowly; everything else with growing, jittered pauses.
"""

import logging
import random
import time
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import gevent
from gevent import Greenlet
from gevent.event import AsyncResult, Event

from fsdialer.core.events import JobDone, SwitchEvent
from fsdialer.errors import InvalidSetting, SwitchError, SwitchRefusedUs, SwitchTimeout, SwitchUnreachable
from fsdialer.esl import frames
from fsdialer.esl.client import EslClient
from fsdialer.esl.translate import SUBSCRIPTION, to_event

log = logging.getLogger(__name__)

DEFAULT_PASSWORD = "ClueCon"


@dataclass(frozen=True, slots=True)
class SwitchAddress:
    """Where a switch is. `domain` is that of its operators' phones; empty: the switch's own."""

    name: str
    host: str
    port: int
    password: str = field(repr=False)
    domain: str = ""

    @classmethod
    def parse(cls, url: str) -> "SwitchAddress":
        """From ``esl://:PASSWORD@HOST:PORT?name=…&domain=…``; InvalidSetting says what is missing."""
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
        return cls(options.get("name", parts.hostname), parts.hostname, port, password, options.get("domain", ""))


@dataclass(frozen=True, slots=True)
class LinkState:
    """`restarted`: the switch is a new one since we last knew it, all its calls are gone. `reason` is for people."""

    up: bool
    core: str | None
    restarted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. `silence_s`: without any event for so long the switch is asked, and dropped if it does not answer."""

    connect_s: float = 3.0
    command_s: float = 5.0
    probe_s: float = 5.0
    silence_s: float = 45.0
    back_off_min_s: float = 0.2
    back_off_max_s: float = 5.0
    refused_s: float = 30.0


class SwitchLink:
    """The link to one switch.

    `on_event(event)` comes from one greenlet in wire order; `on_state(link, state)` after each change.
    """

    def __init__(
        self,
        address: SwitchAddress,
        on_event: Callable[[SwitchEvent], None],
        on_state: Callable[["SwitchLink", LinkState], None],
        *,
        timings: Timings = Timings(),
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self.core: str | None = None
        self._on_event = on_event
        self._on_state = on_state
        self._timings = timings
        self._rng = rng or random.Random()
        self._clock = clock
        self._events: EslClient | None = None
        self._commands: EslClient | None = None
        self._asking: dict[str, AsyncResult] = {}
        self._clock_shift_s = 0.0
        self._heard_at = 0.0
        self._up = False
        self._lost = Event()
        self._lost_because = ""
        self._stopping = False
        self._keeper: Greenlet | None = None

    # -- life ----------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Connect, and stay so; returns at once."""
        self._keeper = gevent.spawn(self._keep)

    def stop(self) -> None:
        """Close both connections."""
        self._stopping = True
        self._lost.set()
        if self._keeper is not None:
            self._keeper.join(timeout=1)
            self._keeper.kill(timeout=1)
        self._drop()

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
        job = f"ask-{uuids.uuid4()}"
        answer: AsyncResult = AsyncResult()
        self._asking[job] = answer
        try:
            self.bgapi(command, job)
            return str(answer.get(timeout=timeout_s))
        except gevent.Timeout:
            raise SwitchTimeout(f"switch {self.address.name}: no answer within {timeout_s:.0f} s") from None
        finally:
            self._asking.pop(job, None)

    # -- keeping it up -------------------------------------------------------------------------------------
    def _keep(self) -> None:
        pause = self._timings.back_off_min_s
        while not self._stopping:
            try:
                restarted = self._open()
            except SwitchRefusedUs as error:
                log.error("switch=%s refused_us=yes reason=%s", self.address.name, error)
                self._tell(LinkState(False, self.core, False, str(error)))
                gevent.sleep(self._timings.refused_s)
                continue
            except SwitchError as error:
                log.warning("switch=%s unreachable=yes reason=%s", self.address.name, error)
                self._tell(LinkState(False, self.core, False, str(error)))
                gevent.sleep(pause * self._rng.uniform(0.5, 1.5))
                pause = min(pause * 2, self._timings.back_off_max_s)
                continue
            pause = self._timings.back_off_min_s
            self._tell(LinkState(True, self.core, restarted, "connected"))
            self._watch()
            self._drop()
            if not self._stopping:
                log.warning("switch=%s lost=yes reason=%s", self.address.name, self._lost_because)
                self._tell(LinkState(False, self.core, False, self._lost_because))

    def _open(self) -> bool:
        """Both connections, subscribed; True when the switch is a new one since the last time."""
        self._lost.clear()
        self._clock_shift_s = float("inf")
        self._heard_at = time.monotonic()
        try:
            self._events = self._connect(self._heard)
            core = self._events.api("global_getvar core_uuid").strip()
            self._events.subscribe(SUBSCRIPTION)
            self._commands = self._connect(None)
        except SwitchError:
            self._drop()
            raise
        restarted = self.core is not None and core != self.core
        self.core = core
        self._up = True
        return restarted

    def _connect(self, on_event: Callable[[frames.Event], None] | None) -> EslClient:
        client = EslClient(
            self.address.host,
            self.address.port,
            self.address.password,
            on_event=on_event,
            on_closed=self._closed,
            connect_timeout_s=self._timings.connect_s,
            command_timeout_s=self._timings.command_s,
        )
        client.connect()
        return client

    def _watch(self) -> None:
        """Until the link is lost: ask for a sign of life now and then; two silences in a row end it."""
        misses = 0
        while not self._lost.wait(self._timings.probe_s):
            silent = time.monotonic() - self._heard_at > self._timings.silence_s
            try:
                self.ask("uptime", self._timings.command_s)
                misses = 0
            except SwitchError as error:
                misses += 1
                log.warning("switch=%s probe=unanswered misses=%d reason=%s", self.address.name, misses, error)
            if misses >= 2 or (misses and silent):
                self._lost_because = "the switch does not answer"
                return

    def _closed(self, reason: str) -> None:
        self._lost_because = reason
        self._lost.set()

    def _drop(self) -> None:
        self._up = False
        for client in (self._events, self._commands):
            if client is not None:
                client.stop()
        self._events = self._commands = None
        for answer in list(self._asking.values()):
            answer.set_exception(SwitchUnreachable(f"switch {self.address.name} was lost"))

    def _tell(self, state: LinkState) -> None:
        try:
            self._on_state(self, state)
        except Exception:  # noqa: BLE001 - whoever listens must not end the link
            log.exception("switch=%s listener=failed", self.address.name)

    # -- events --------------------------------------------------------------------------------------------
    def _heard(self, event: frames.Event) -> None:
        self._heard_at = time.monotonic()
        told = to_event(event, self._shift(event))
        if told is None:
            return
        if isinstance(told, JobDone) and told.job in self._asking:
            self._asking[told.job].set(event.body)
            return
        self._on_event(told)

    def _shift(self, event: frames.Event) -> float:
        """What to add to the switch's clock to have ours: the least difference seen; what is more is delay."""
        stamp = event.get("Event-Date-Timestamp")
        if stamp.isdigit():
            self._clock_shift_s = min(self._clock_shift_s, self._clock() - int(stamp) / 1e6)
        return self._clock_shift_s
