"""What is known of a call, and where it stands by that. `core.calls` says which fact each event adds."""

from dataclasses import dataclass
from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands, for people; derived from its facts, see `Call.state`."""

    DIALLING = "dialling"
    RINGING = "ringing"
    WAITING = "waiting"
    CONNECTING = "connecting"
    TALKING = "talking"
    ABANDONED = "abandoned"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one attempt. Instants are epoch seconds, None until they happen.

    `operator` is who is promised to the customer, `leg` that operator's channel; `held` says the leg was up before
    (a nailed-up phone) and outlives the call. `passed_over` are operators whose phone failed this customer.
    """

    uuid: str
    company: str
    campaign: str
    lead: str
    number: str
    gateway: str
    switch: str
    attempt: int
    placed_at: float
    preferred: str = ""
    rang_at: float | None = None
    answered_at: float | None = None
    ready_at: float | None = None
    expired_at: float | None = None
    bridged_at: float | None = None
    ended_at: float | None = None
    operator: str = ""
    leg: str = ""
    held: bool = False
    leg_ready: bool = False
    bridging: bool = False
    seeking: bool = False
    cancelled: bool = False
    failed_with: str = ""
    passed_over: tuple[str, ...] = ()

    @property
    def state(self) -> CallState:
        """The facts in one word."""
        if self.ended_at is not None:
            return CallState.ENDED
        if self.bridged_at is not None:
            return CallState.TALKING
        if self.expired_at is not None:
            return CallState.ABANDONED
        if self.answered_at is not None:
            return CallState.CONNECTING if self.operator else CallState.WAITING
        return CallState.RINGING if self.rang_at is not None else CallState.DIALLING

    @property
    def in_flight(self) -> bool:
        """Placed, and not yet somebody's: what the pacing counts against the free operators."""
        return self.state in (CallState.DIALLING, CallState.RINGING, CallState.WAITING)
