"""Who calls whom: what FreeSWITCH calls a caller profile, and how it reads in an event, as one's own or the other's."""

from copy import copy
from dataclasses import dataclass, field

from fsdialer.lab import headers

NAME = "Outbound Call"


@dataclass
class Times:
    """When things happened to a channel: epoch microseconds, 0 until they do."""

    created: int = 0
    answered: int = 0
    progress: int = 0
    progress_media: int = 0
    bridged: int = 0
    hung_up: int = 0
    profile_created: int = 0

    def lines(self, who: str) -> str:
        """As headers of ``Caller`` or ``Other-Leg``."""
        return (
            f"{who}-Profile-Created-Time: {self.profile_created}\n"
            f"{who}-Channel-Created-Time: {self.created}\n{who}-Channel-Answered-Time: {self.answered}\n"
            f"{who}-Channel-Progress-Time: {self.progress}\n{who}-Channel-Progress-Media-Time: {self.progress_media}\n"
            f"{who}-Channel-Hangup-Time: {self.hung_up}\n{who}-Channel-Transfer-Time: 0\n"
            f"{who}-Channel-Resurrect-Time: 0\n{who}-Channel-Bridged-Time: {self.bridged}\n"
            f"{who}-Channel-Last-Hold: 0\n{who}-Channel-Hold-Accum: 0\n"
        )


@dataclass
class Profile:
    """Names are "" when there is none. `caller` and `callee` change places once a dialled channel runs something."""

    destination: str
    caller_number: str
    caller_name: str = ""
    callee_number: str = ""
    callee_name: str = NAME
    dialplan: str = ""
    network: str = ""
    logical: str = "outbound"
    transfer_source: str = ""
    index: int = 1
    flipped: bool = False
    original_name: str = field(init=False)
    original_number: str = field(init=False)

    def __post_init__(self) -> None:
        self.original_name, self.original_number = self.caller_name, self.caller_number
        self.caller_name, self.caller_number = _sanitised(self.caller_name), _sanitised(self.caller_number)
        self.callee_number = self.callee_number or self.destination

    def flip(self) -> None:
        """The one who was called becomes the caller: as if they had rung us."""
        if not self.flipped:
            self.flipped = True
            self.caller_number, self.callee_number = self.callee_number, self.caller_number
            self.caller_name, self.callee_name = self.callee_name, self.caller_name

    @property
    def caller_id(self) -> str:
        """As the variable of that name has it."""
        return f'"{self.caller_name}" <{self.caller_number}>' if self.caller_name else self.caller_number

    def lines(self, who: str, uuid: str, channel_name: str, times: Times) -> str:
        """As headers of ``Caller`` or ``Other-Leg``."""
        own = who == "Caller"
        optional = (
            ("Dialplan", self.dialplan),
            ("Caller-ID-Name", self.caller_name),
            ("Orig-Caller-ID-Name", self.original_name),
            ("Callee-ID-Name", self.callee_name),
            ("Network-Addr", self.network),
            ("Transfer-Source", self.transfer_source if own else ""),
            ("Profile-Index", str(self.index) if own else ""),
        )
        return (
            f"{who}-Direction: outbound\n{who}-Logical-Direction: {self.logical if own else 'inbound'}\n"
            + "".join(f"{who}-{name}: {headers.encode(value)}\n" for name, value in optional if value)
            + f"{who}-Caller-ID-Number: {headers.encode(self.caller_number)}\n"
            f"{who}-Orig-Caller-ID-Number: {headers.encode(self.original_number)}\n"
            f"{who}-Callee-ID-Number: {headers.encode(self.callee_number)}\n"
            f"{who}-ANI: {headers.encode(self.original_number)}\n"
            f"{who}-Destination-Number: {headers.encode(self.destination)}\n{who}-Unique-ID: {uuid}\n"
            f"{who}-Source: src/switch_ivr_originate.c\n{who}-Context: default\n"
            f"{who}-Channel-Name: {headers.encode(channel_name)}\n{times.lines(who)}{who}-Screen-Bit: true\n"
            f"{who}-Privacy-Hide-Name: false\n{who}-Privacy-Hide-Number: false\n"
        )


@dataclass(frozen=True)
class OtherLeg:
    """The other one's profile as it was when the two came together. `kind`: our originator or originatee."""

    kind: str
    uuid: str
    name: str
    profile: Profile
    times: Times

    @classmethod
    def of(cls, kind: str, uuid: str, name: str, profile: Profile, times: Times) -> "OtherLeg":
        """As it is now. When who called was called is not told, when who was called was is."""
        return cls(kind, uuid, name, copy(profile), copy(times) if kind == "originatee" else Times())

    def lines(self) -> str:
        """As headers."""
        return f"Other-Type: {self.kind}\n" + self.profile.lines("Other-Leg", self.uuid, self.name, self.times)


def _sanitised(text: str) -> str:
    """As `switch_sanitize_number` does, to names too: only what stands before an ``@`` and after ``/`` and ``:``."""
    return text.partition("@")[0].rpartition("/")[2].rpartition(":")[2]
