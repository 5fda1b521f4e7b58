"""Where calls go: gateways with their limits, and operators' phones with their moods."""

import time
from collections import deque
from dataclasses import dataclass, field

#: What a phone may be told to do: answer by itself; ring (nobody picks up); refuse; send sound and then answer; not be
#: there.
PHONE_MODES = ("auto", "manual", "noanswer", "reject", "early", "unregistered")


@dataclass
class Gateway:
    """A way to the carrier. `channels` and `cps` None: no limit; a call beyond one is answered 503.

    Down: the switch knows, and refuses at once. Unreachable: it does not know, and finds nobody there.
    """

    name: str
    up: bool = True
    unreachable: bool = False
    channels: int | None = None
    cps: int | None = None
    in_use: int = 0
    calls_out: int = 0
    failed_out: int = 0
    peak_in_use: int = 0
    peak_per_second: int = 0
    _starts: deque[float] = field(default_factory=deque)

    @property
    def proxy(self) -> str:
        """Where calls are sent: ``host:port``."""
        return "127.0.0.1:5999" if self.unreachable else "127.0.0.1:5090"

    @classmethod
    def parse(cls, text: str) -> "Gateway":
        """From ``NAME:channels=N:cps=N:down``."""
        name, *options = text.split(":")
        gateway = cls(name)
        for option in options:
            gateway.set(option)
        return gateway

    def set(self, option: str) -> None:
        """One of ``up``, ``down``, ``unreachable``, ``channels=N``, ``cps=N``; ValueError for anything else."""
        what, _, value = option.partition("=")
        if what in ("up", "down", "unreachable"):
            self.up, self.unreachable = what != "down", what == "unreachable"
        elif what == "channels":
            self.channels = int(value) or None
        elif what == "cps":
            self.cps = int(value) or None
        else:
            raise ValueError(option)

    def admit(self) -> bool:
        """One more call: counted, and whether the carrier takes it."""
        now = time.monotonic()
        while self._starts and self._starts[0] <= now - 1:
            self._starts.popleft()
        self._starts.append(now)
        self.in_use += 1
        self.calls_out += 1
        self.peak_in_use = max(self.peak_in_use, self.in_use)
        self.peak_per_second = max(self.peak_per_second, len(self._starts))
        fits = (self.channels is None or self.in_use <= self.channels) and (
            self.cps is None or len(self._starts) <= self.cps
        )
        self.failed_out += not fits
        return fits


@dataclass
class Phone:
    """An operator's phone."""

    extension: str
    mode: str = "auto"
    agent: str = "baresip v3.9.0 (x86_64/Linux)"
    #: How often it was started: it registers under another Call-ID each time.
    starts: int = 1

    @property
    def registered(self) -> bool:
        """Can it be rung?"""
        return self.mode != "unregistered"

    @property
    def call_id(self) -> str:
        """What it is registered under."""
        return f"{self.extension}-registration-{self.starts}"
