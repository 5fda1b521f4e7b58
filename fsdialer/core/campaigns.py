"""What an administrator sets: companies, their gateways, campaigns and operators.

Plain frozen values with the defaults of the field. Reading them from a file and refusing wrong ones is
`core.setup`; keeping them is `store.campaigns`. Minutes, seconds and calls stand in the names.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Mode(StrEnum):
    """How a campaign is paced."""

    OFF = "off"
    PROGRESSIVE = "progressive"
    MULTIPLIER = "multiplier"
    PREDICTIVE = "predictive"


class Window(StrEnum):
    """Over what time the share of abandoned calls is counted, as the law of the place has it."""

    DAY = "day"
    HOURS_24 = "24h"
    DAYS_30 = "30d"
    MONTH = "month"


class CallerIdChoice(StrEnum):
    """Which of several caller ids a call shows."""

    TURN = "turn"
    NEAREST = "nearest"


class RecordFormat(StrEnum):
    """What recordings are kept as."""

    WAV = "wav"
    OGG = "ogg"
    MP3 = "mp3"


class Amd(StrEnum):
    """What listens for answering machines: nothing, mod_avmd for their beep, mod_amd's rules for their greeting."""

    OFF = "off"
    BEEP = "beep"
    RULES = "rules"


class AmdAction(StrEnum):
    """What an answering machine gets: the end of the call, or a message."""

    HANGUP = "hangup"
    MESSAGE = "message"


class PhoneTestRule(StrEnum):
    """Whether an operator's phone is tested before their first customer of a shift: not at all; tested, and on the line
    with a warning unless it does not answer in time; or on the line only when everything is well."""

    OFF = "off"
    ADVISE = "advise"
    REQUIRE = "require"


class PhoneFamily(StrEnum):
    """By which header a phone is asked to answer by itself; `core.phones` says which phones are of which."""

    AUTO = "auto"
    CALL_INFO = "call-info"
    ALERT_INFO = "alert-info"
    NONE = "none"


class Station(StrEnum):
    """How an operator's phone is reached: rung for each call, or called once and held ("nailed up"), either way maybe
    the softphone in the operator's page; or by sending the customer to it, by SIP REFER to the operator's extension on
    the company's own PBX."""

    RING = "ring"
    NAILED = "nailed"
    WEBRTC = "webrtc"
    WEBRTC_NAILED = "webrtc-nailed"
    REFER = "refer"


#: Phones that stay up between calls.
HELD_STATIONS = frozenset({Station.NAILED, Station.WEBRTC_NAILED})
#: Phones in the operator's page.
BROWSER_STATIONS = frozenset({Station.WEBRTC, Station.WEBRTC_NAILED})


@dataclass(frozen=True, slots=True)
class RetryDelays:
    """Minutes until a lead is called again, by what went wrong (AutoCall's "call transfer time").

    None in a campaign's delays: as the company's.
    """

    missed: float | None = None
    unavailable: float | None = None
    busy: float | None = None
    technical: float | None = None
    machine: float | None = None

    def over(self, base: "RetryDelays") -> "RetryDelays":
        """These delays, with `base` for those not set."""
        return RetryDelays(
            base.missed if self.missed is None else self.missed,
            base.unavailable if self.unavailable is None else self.unavailable,
            base.busy if self.busy is None else self.busy,
            base.technical if self.technical is None else self.technical,
            base.machine if self.machine is None else self.machine,
        )


#: AutoCall's defaults; it knows no machines, and calls them again like a call that was missed.
DEFAULT_DELAYS = RetryDelays(missed=90.0, unavailable=90.0, busy=5.0, technical=10.0, machine=90.0)


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant. `active` is the master switch: off means no new call starts.

    Against toll fraud: `allowed_destinations` are countries (``US``) and prefixes (``+4930``), none for everywhere;
    `max_attempts_per_hour` over all campaigns, 0 for no ceiling; `premium_allowed` numbers that cost the caller extra.
    `abandon_window`: what the share of abandoned calls is counted over. Above `abandon_soft_limit` in it predictive
    pacing slows down, at `abandon_hard_limit` it is progressive; 0: the campaign's `target_abandon`.
    `retry_min` holds the company's delays; a campaign may have its own for any of them.
    `refer_format` makes the address of an operator's extension on the company's own PBX, for operators reached by
    REFER; its ``{number}`` is the extension.
    `time_zone`: where its days begin, and where people are taken to be whose number does not say.
    """

    id: str
    name: str = ""
    active: bool = True
    country: str = "US"
    hide_numbers: bool = False
    dial_format: str = "+{number}@{host}:{port}"
    refer_format: str = "{number}@{host}:{port}"
    phone_test: PhoneTestRule = PhoneTestRule.ADVISE
    server: str = ""
    retry_min: RetryDelays = DEFAULT_DELAYS
    abandon_window: Window = Window.DAY
    allowed_destinations: tuple[str, ...] = ()
    premium_allowed: bool = False
    max_attempts_per_hour: int = 0
    time_zone: str = "UTC"
    abandon_soft_limit: Decimal = Decimal(0)
    abandon_hard_limit: Decimal = Decimal(0)
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway:
    """A way out to the carrier.

    With `host`, numbers are dialled by the company's dial format through the SIP profile `profile`; without, the
    switch has a gateway of this name: it is told to have one when `proxy` (the carrier's host or host:port) is set,
    which `register`s as `username` if so wished and is pinged every `ping_s` seconds (0: never).

    It exists on the `switches` named, none for all of them. `channels` and `calls_per_second` are never exceeded by
    customers' calls, over all dialers and switches. Of several, each is asked first as often as its `weight` says; 0:
    only when the others are full or fail.
    """

    company: str
    name: str
    host: str = ""
    port: int = 5060
    profile: str = "external"
    channels: int = 30
    calls_per_second: int = 5
    weight: int = 1
    proxy: str = ""
    username: str = ""
    register: bool = False
    ping_s: int = 30
    switches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """The unit that is paced. `multiplier` is exact decimal: 1.16 × 25 is 29, not 28.999…

    `target_abandon`: the share of answered calls that predictive pacing may leave without an operator; it takes a
    `multiplier` above 1 for a cap.
    `operator_ring_s`: after so long without an answer the customer is offered to the next free operator.
    `held_sound`: what operators hear on a held phone between calls: ``tone`` (a soft one every 10 s), ``silence``, or
    music: a sound file, or a tone_stream.
    `message`: played by the switch to a customer nobody took within `max_wait_s`; empty: hang up. Whoever presses
    `opt_out_key` (a digit) meanwhile is not called again.
    `record`: every call from its answer on, kept as `record_format` for `record_keep_days`; `record_notice` tells the
    customer: ``none``, ``tone`` (a beep every 15 s) or a sound file on the switch.
    `amd`: what listens for answering machines. One heard before an operator has the call is hung up on or, by
    `amd_action`, left `amd_message` (empty: `message`) after the beep; `amd_sample` percent of those go to an operator
    all the same, whose word says how often the detector is wrong.
    `calling_hours`: lines like ``mon-fri 09:00-20:00`` by the clocks of who is called (`core.hours`); none: any time.
    `holidays`: dates (2026-12-25), with those of the company, on which nobody is called.
    """

    company: str
    id: str
    name: str = ""
    mode: Mode = Mode.PROGRESSIVE
    multiplier: Decimal = Decimal("1.0")
    gateways: tuple[str, ...] = ()
    caller_ids: tuple[str, ...] = ()
    ring_s: int = 25
    max_wait_s: float = 2.0
    operator_ring_s: float = 1.2
    message: str = ""
    wrap_up_s: float = 15.0
    retry_min: RetryDelays = RetryDelays()
    max_attempts: int = 6
    max_talk_s: int = 7200
    held_sound: str = "tone"
    target_abandon: Decimal = Decimal("0.03")
    caller_id_by: CallerIdChoice = CallerIdChoice.TURN
    opt_out_key: str = ""
    record: bool = False
    record_format: RecordFormat = RecordFormat.WAV
    record_keep_days: int = 90
    record_notice: str = "none"
    amd: Amd = Amd.OFF
    amd_action: AmdAction = AmdAction.HANGUP
    amd_message: str = ""
    amd_sample: int = 0
    calling_hours: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()

    @property
    def machine_message(self) -> str:
        """What a machine is left; empty when it is hung up on."""
        return (self.amd_message or self.message) if self.amd_action is AmdAction.MESSAGE else ""

    def name_with(self, reference: str) -> str:
        """For a phone's display, which has room for a short name: what it is cut to leaves the reference whole."""
        return f"{(self.name or self.id)[:28]} {reference}"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who talks. `extension` is unique within the company; `dial` replaces ``user/EXTENSION`` when set.
    `phone`: how it is asked to answer by itself; auto: by what it said of itself when it registered. Of several
    switches the phone is on `home`, or where it is registered when that is empty."""

    company: str
    id: str
    name: str = ""
    extension: str = ""
    dial: str = ""
    station: Station = Station.RING
    campaigns: tuple[str, ...] = ()
    phone: PhoneFamily = PhoneFamily.AUTO
    home: str = ""

    @property
    def in_browser(self) -> bool:
        """Is their phone the one in their page?"""
        return self.station in BROWSER_STATIONS and not self.dial
