"""Where calls go: gateways with their limits, and operators' phones with their moods."""

import time
from collections import deque
from dataclasses import dataclass, field

#: What a phone may be told to do: answer by itself, or only after three seconds; ring (nobody picks up); refuse; send
#: sound and then answer; not be there.
PHONE_MODES = ("auto", "slow", "manual", "noanswer", "reject", "early", "unregistered")


@dataclass
class Gateway:
    """A way to the carrier. `channels` and `cps` None: no limit; a call beyond one is answered 503.

    Down: the switch knows, and refuses at once. Unreachable: it does not know, and finds nobody there. Mute: nothing at
    all comes back, and the switch gives up by its own timer.
    """

    name: str
    up: bool = True
    unreachable: bool = False
    mute: bool = False
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

    @property
    def silent(self) -> bool:
        """Does nobody answer there?"""
        return self.unreachable or self.mute

    @classmethod
    def parse(cls, text: str) -> "Gateway":
        """From ``NAME:channels=N:cps=N:down``."""
        name, *options = text.split(":")
        gateway = cls(name)
        for option in options:
            gateway.set(option)
        return gateway

    def set(self, option: str) -> None:
        """One of ``up``, ``down``, ``unreachable``, ``mute``, ``channels=N``, ``cps=N``; else ValueError."""
        what, _, value = option.partition("=")
        if what in ("up", "down", "unreachable", "mute"):
            self.up, self.unreachable, self.mute = what != "down", what == "unreachable", what == "mute"
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
    #: Another user of its contact at each start; the registration of before lasts until it runs out.
    contacts: tuple[str, ...] = ("0x55f073a8d350",)

    @property
    def registered(self) -> bool:
        """Can it be rung?"""
        return self.mode != "unregistered"

    def register_anew(self) -> None:
        """Under another contact and Call-ID, as when it is started again without a goodbye."""
        self.contacts += (f"0x55f073a8d{len(self.contacts):03}",)
