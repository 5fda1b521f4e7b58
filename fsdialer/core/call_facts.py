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
    MACHINE = "machine"
    ENDED = "ended"


class Refer(StrEnum):
    """How far the sending of a customer to their operator's own PBX has got; see `core.hand_over`."""

    NONE = ""
    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one attempt. Instants are epoch seconds, None until they happen.

    `operator` is who is promised to the customer, `leg` that operator's channel; `held` says the leg was up before
    (a nailed-up phone) and outlives the call. `passed_over` are operators whose phone failed this customer. `amd`: what
    listens for a machine (empty: nothing), `machine_at`: when it heard one, `beeped_at`: its beep; `spared`: an
    operator gets it all the same; `dismissed_at`: since when it is only a machine's, to be ended or left a message.
    `wait_until`: a limit of the wait later than the first, once the operator's own PBX has accepted the customer.
    `cut_off`: the talk ended because the operator's phone had died. `promised`: an operator promised this call.
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
    promised: bool = False
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
    amd: str = ""
    machine_at: float | None = None
    beeped_at: float | None = None
    spared: bool = False
    dismissed_at: float | None = None
    refer: Refer = Refer.NONE
    wait_until: float | None = None
    cut_off: bool = False

    @property
    def state(self) -> CallState:
        """The facts in one word."""
        if self.ended_at is not None:
            return CallState.ENDED
        if self.dismissed_at is not None:
            return CallState.MACHINE
        if self.bridged_at is not None:
            return CallState.TALKING
        if self.expired_at is not None:
            return CallState.ABANDONED
        if self.answered_at is not None:
            return CallState.CONNECTING if self.operator else CallState.WAITING
        return CallState.RINGING if self.rang_at is not None else CallState.DIALLING

    @property
    def was_a_machine(self) -> bool:
        """No person was on it, by all we know: taken for a machine's, and no operator has had it."""
        over = self.dismissed_at is not None or self.expired_at is not None or self.ended_at is not None
        return self.machine_at is not None and self.bridged_at is None and over

    @property
    def away(self) -> bool:
        """Talking on the company's own PBX: no leg on our switch, and nothing there will tell of the end."""
        return self.refer is Refer.DONE

    @property
    def referring(self) -> bool:
        """A REFER has been sent and what comes of it is not known yet."""
        return self.refer in (Refer.SENT, Refer.ACCEPTED) and self.bridged_at is None

    @property
    def in_flight(self) -> bool:
        """Placed, and not yet somebody's: what the pacing counts against the free operators."""
        return self.state in (CallState.DIALLING, CallState.RINGING, CallState.WAITING)
