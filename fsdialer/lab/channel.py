"""One channel: what is known of it, and how an event about it reads. What FreeSWITCH sets when is in `stages`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gevent import Greenlet

from fsdialer.lab import headers
from fsdialer.lab.people import Plan
from fsdialer.lab.places import Gateway
from fsdialer.lab.profile import OtherLeg, Profile, Times

STATE_NUMBERS = {
    "CS_INIT": 2,
    "CS_SOFT_EXECUTE": 3,
    "CS_EXECUTE": 4,
    "CS_PARK": 6,
    "CS_CONSUME_MEDIA": 7,
    "CS_RESET": 8,
    "CS_HANGUP": 10,
    "CS_REPORTING": 11,
}
_CODEC = "".join(
    f"Channel-{way}-Codec-Name: PCMU\nChannel-{way}-Codec-Rate: 8000\nChannel-{way}-Codec-Bit-Rate: 64000\n"
    for way in ("Read", "Write")
)


@dataclass(eq=False)
class Channel:
    """A leg on the switch. `kind` is customer or operator; `state` is where it is, `heading` where it is going."""

    uuid: str
    kind: str
    name: str
    number: str
    session: int
    profile: Profile
    times: Times
    gateway: Gateway | None = None
    #: Of a leg to another switch: whom it calls there, and where that is.
    trunk: tuple[str, str] | None = None
    plan: Plan | None = None
    state: str = "CS_INIT"
    heading: str = "CS_INIT"
    call_state: str = "DOWN"
    hit_dialplan: bool = False
    application: str = ""
    application_data: str = ""
    application_uuid: str = ""
    #: The last application of its own that it ran, and its argument.
    last: tuple[str, str] = ("", "")
    cause: str = ""
    sip_status: int | None = None
    sip_phrase: str = ""
    hangup_by: str = ""
    partner: "Channel | None" = None
    other: OtherLeg | None = None
    recording: str = ""
    recording_since: int = 0
    #: Since when (µs) whom the one recorded talks to, by number; "" for nobody.
    recorded: list[tuple[int, str]] = field(default_factory=list)
    timers: list[Greenlet] = field(default_factory=list)
    playing: Greenlet | None = None
    playing_since: float = 0.0
    #: What it runs after the present application, each with its argument.
    todo: list[tuple[str, str]] = field(default_factory=list)
    #: Listens for a beep (mod_avmd).
    listening: bool = False
    #: What it says comes back to it; and the tone it listens for: its key, pitch in Hz, and what to hang up with.
    echoes: bool = False
    listens_for: tuple[str, str, str] | None = None
    #: Since when (µs) nobody is at the far end any more, who said no goodbye; 0: somebody is.
    deserted: int = 0
    on_key: Callable[[str], None] | None = None
    on_ended: Any = None
    _variables: dict[str, str] = field(default_factory=dict)
    _variable_lines: dict[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Not hung up, nor about to be."""
        return not self.cause

    @property
    def answered(self) -> bool:
        """Somebody picked up."""
        return bool(self.times.answered)

    @property
    def originator(self) -> bool:
        """Is it the A leg of its bridge?"""
        return self.other is not None and self.other.kind == "originatee"

    def meet(self, partner: "Channel", kind: str) -> None:
        """From now on `partner` is the other leg, its originator or originatee."""
        self.other = OtherLeg.of(kind, partner.uuid, partner.name, partner.profile, partner.times)

    # -- variables -----------------------------------------------------------------------------------------
    def get(self, name: str) -> str:
        """A variable's value, given or set by the switch; "" when there is none."""
        return self._variables.get(name, "")

    def variables_like(self, beginning: str) -> list[str]:
        """The values of those whose names begin so, whatever the case, in the order they were set."""
        return [value for name, value in self._variables.items() if name.lower().startswith(beginning)]

    def set(self, **values: str) -> None:
        """Set variables; an empty value takes one away."""
        self.update(values.items())

    def update(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Set variables, as `set` does."""
        for name, value in pairs:
            if value:
                self._variables[name] = value
                self._variable_lines[name] = f"variable_{name}: {headers.encode(value)}\n"
            elif name in self._variables:
                del self._variables[name], self._variable_lines[name]

    def move(self, state: str) -> None:
        """It is in a state now."""
        self.state = self.heading = state

    def stop_timers(self) -> None:
        """Nothing more happens to it by itself."""
        for timer in [*self.timers, *([self.playing] if self.playing else [])]:
            timer.kill(block=False)
        self.timers.clear()
        self.playing = None

    # -- as header lines -----------------------------------------------------------------------------------
    def lines(self) -> str:
        """The channel's headers and variables, as they stand in every event of it."""
        profile = self.profile.lines("Caller", self.uuid, self.name, self.times)
        other = self.other.lines() if self.other else ""
        return self._state_lines() + profile + other + "".join(self._variable_lines.values())

    def _state_lines(self) -> str:
        answer = "early" if self.times.progress_media else "ringing"
        answer = "hangup" if self.cause else "answered" if self.answered else answer
        presence = f"Channel-Presence-ID: {self.number}%40127.0.0.1\n" if self.kind == "operator" else ""
        hangup = f"Hangup-Cause: {self.cause}\n" if self.cause else ""
        return (
            f"Channel-State: {self.state}\nChannel-Call-State: {self.call_state}\n"
            f"Channel-State-Number: {STATE_NUMBERS[self.heading]}\nChannel-Name: {headers.encode(self.name)}\n"
            f"Unique-ID: {self.uuid}\nCall-Direction: outbound\nPresence-Call-Direction: outbound\n"
            f"Channel-HIT-Dialplan: {'true' if self.hit_dialplan else 'false'}\n{presence}"
            f"Channel-Call-UUID: {self.call_uuid}\nAnswer-State: {answer}\n{hangup}{_CODEC if self.answered else ''}"
        )

    @property
    def call_uuid(self) -> str:
        """The A leg's uuid, which both have in common."""
        return self.get("call_uuid") or self.uuid
