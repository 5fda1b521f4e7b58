"""What is to be done about a call, as `core.calls.advance` decides it; `engine.switchboard` carries it out."""

from dataclasses import dataclass

#: Seconds a failed originate waits for its hang-up event, which alone carries the SIP status. In the captures the
#: two are at most 20 ms apart; a dead gateway or an unregistered phone never sends the second.
HANGUP_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class SeekOperator:
    """Reserve an operator: `preferred` if free, else who waits longest; nobody in `passed_over`."""

    preferred: str
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RingOperator:
    """Call the operator's phone on channel `leg`."""

    operator: str
    leg: str


@dataclass(frozen=True, slots=True)
class ReferCustomer:
    """Ask the far side, by SIP REFER, to send the customer to the operator; `leg` names the promise."""

    operator: str
    leg: str


@dataclass(frozen=True, slots=True)
class LetRing:
    """The far side is at it: the customer hears ringing, under a new limit: until `until`."""

    until: float


@dataclass(frozen=True, slots=True)
class ReferOver:
    """How a REFER went: remember a gateway that does not do it (`reason`), forget that of one that did (empty)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Join the customer and `leg`."""

    leg: str


@dataclass(frozen=True, slots=True)
class CheckLegs:
    """Ask the switch which of the customer and `leg` is still there."""

    leg: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End channel `leg`."""

    leg: str
    cause: str


@dataclass(frozen=True, slots=True)
class FreeOperator:
    """The promise is off and no fault of the operator's: available again."""

    operator: str


@dataclass(frozen=True, slots=True)
class FailOperator:
    """The operator's phone could not be reached: off the line, with the reason on their page."""

    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class MarkTalking:
    """Voice flows: the operator is on a call, `voice_ms` after the customer answered."""

    operator: str
    voice_ms: float


@dataclass(frozen=True, slots=True)
class TellCutOff:
    """The operator's phone died in the talk: somebody has to look at it."""

    operator: str
    cause: str


@dataclass(frozen=True, slots=True)
class AwaitHangUp:
    """Report `GraceOver` after `HANGUP_GRACE_S`."""


@dataclass(frozen=True, slots=True)
class CloseCall:
    """The attempt is over. What the network said; `core.dispositions` gives it its name."""

    cause: str
    sip_status: int | None
    rang: bool
    by_customer: bool
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class SendAway:
    """No operator is to have this call: hang up, or leave the campaign's message. `beeped`: the machine records now."""

    beeped: bool


Effect = (
    SeekOperator
    | RingOperator
    | ReferCustomer
    | LetRing
    | ReferOver
    | Bridge
    | CheckLegs
    | HangUp
    | FreeOperator
    | FailOperator
    | MarkTalking
    | TellCutOff
    | AwaitHangUp
    | CloseCall
    | SendAway
)
