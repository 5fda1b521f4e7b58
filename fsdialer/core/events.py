"""What can happen to a leg, in the dialer's own words.

`esl.translate` makes these from Event Socket frames; `core.calls` is the one that answers them. A leg is one
channel on the switch, named by its uuid; `at` is epoch seconds by the switch's clock.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The far side rings (CHANNEL_PROGRESS, CHANNEL_PROGRESS_MEDIA)."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The far side picked up (CHANNEL_ANSWER). Not yet to be bridged: see `LegReady`."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class LegReady:
    """The answered leg waits under the switch's own limit, or is parked: from here it may be bridged.

    CHANNEL_PARK, or CHANNEL_EXECUTE of the silence that opens the waiting room. Bridging on CHANNEL_ANSWER is
    too early: the originate's own thread may still put its application over the bridge.
    """

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class WaitExpired:
    """`max_wait_s` is over: the switch plays the campaign's message or hangs up; or the dialer's timer says so.

    `answered_at`: of a customer found so, whose answer nobody heard of.
    """

    leg: str
    at: float
    answered_at: float | None = None


@dataclass(frozen=True, slots=True)
class LegsBridged:
    """Both legs hear each other (CHANNEL_BRIDGE)."""

    leg: str
    other: str
    at: float


@dataclass(frozen=True, slots=True)
class LegHungUp:
    """The leg is gone (CHANNEL_HANGUP_COMPLETE), with everything the switch knows of why.

    `answered_at` and `rang` repeat what earlier events said, for a reader who missed them; `sip_status` is the
    carrier's final answer (None where there was none); `by_far_end` is True when the far side ended or refused it;
    `opted_out`: they asked by key not to be called again; `packets` of audio came from it (None where the switch did
    not count), `heard`: some of it was no silence (phones under test alone are listened to). `refer` is the far side's
    answer to a REFER, `refer_result` what it said came of it: SIP statuses. `bridge_cause`: why the one it was bridged
    with was hung up, the first of the two to be.
    """

    leg: str
    at: float
    cause: str
    sip_status: int | None = None
    rang: bool = False
    answered_at: float | None = None
    by_far_end: bool = False
    opted_out: bool = False
    packets: int | None = None
    heard: bool = False
    refer: int | None = None
    refer_result: int | None = None
    bridge_cause: str = ""


@dataclass(frozen=True, slots=True)
class JobDone:
    """A background command ended (BACKGROUND_JOB). `job` is the id chosen when it was sent.

    `ok` is False for `-ERR …` and `-USAGE…`; `text` is the body without the `+OK ` or `-ERR ` in front: the new
    leg's uuid, a hangup cause such as ``USER_BUSY``, or a message.
    """

    job: str
    at: float
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The switch is alive (HEARTBEAT): its core's uuid, which changes at a restart, and its load."""

    core: str
    at: float
    sessions: int
    max_sessions: int


@dataclass(frozen=True, slots=True)
class MachineHeard:
    """A detector on the switch takes the far end for an answering machine.

    `beep`: by its beep (``avmd::beep``, which may come twice), else by its greeting (``amd::info``). `spare`: let an
    operator have the call all the same, whose word then is the truth (the switchboard's to say, never the switch's).
    """

    leg: str
    at: float
    beep: bool
    spare: bool = False


@dataclass(frozen=True, slots=True)
class PhoneGone:
    """A phone is registered no more: it said so itself, or the connection of the browser it is in has ended."""

    extension: str
    at: float


@dataclass(frozen=True, slots=True)
class LineOnHold:
    """A phone put its line on hold (CHANNEL_HOLD), or took it off (`on` false, CHANNEL_UNHOLD): whoever is joined to it
    meanwhile hears nobody."""

    leg: str
    at: float
    on: bool


LegEvent = LegRinging | LegAnswered | LegReady | WaitExpired | LegsBridged | LegHungUp | MachineHeard
SwitchEvent = LegEvent | JobDone | Heartbeat
#: All that a switch reports: of calls, and of phones.
Reported = SwitchEvent | PhoneGone | LineOnHold


# -- what only the dialer itself can report ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OperatorReserved:
    """The store promised `operator` to this call; `leg` is their channel, already up when `held`.

    `refer`: the customer is to be sent to them; `leg` is used only should that fail.
    """

    operator: str
    leg: str
    held: bool
    at: float
    refer: bool = False


@dataclass(frozen=True, slots=True)
class ReferAccepted:
    """The far side will send the customer to the operator behind `leg` (2xx to the REFER), who
    from now on may wait until `until`."""

    leg: str
    at: float
    until: float


@dataclass(frozen=True, slots=True)
class ReferDone:
    """The customer is with the operator, away from our switch (the last NOTIFY says 2xx)."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class ReferFailed:
    """The far side refused, said nothing, or could not do it. `by_gateway`: nor will it for the next customer."""

    leg: str
    at: float
    reason: str
    by_gateway: bool = True


@dataclass(frozen=True, slots=True)
class OperatorSlow:
    """The leg has rung for `operator_ring_s` and is not up: another operator may be asked."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class OperatorGone:
    """The operator's channel is not there (asked of the switch after a refused bridge, or lost with the switch)."""

    leg: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class BridgeRefused:
    """`uuid_bridge` was answered -ERR. Either leg may be the one that is gone."""

    leg: str
    at: float


@dataclass(frozen=True, slots=True)
class GraceOver:
    """`HANGUP_GRACE_S` after a failed originate: no hang-up event will come."""

    at: float


@dataclass(frozen=True, slots=True)
class CallLost:
    """The customer's channel is not there and no event said why: switch restarted, or the call was never placed."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class HangUpAsked:
    """A person asked for it: the operator ends the talk, or the master switch cancels what rings."""

    at: float


@dataclass(frozen=True, slots=True)
class MachineSaid:
    """The operator who has the call says that it is a machine's."""

    operator: str
    at: float


CallEvent = (
    LegRinging
    | LegAnswered
    | LegReady
    | WaitExpired
    | LegsBridged
    | LegHungUp
    | MachineHeard
    | MachineSaid
    | JobDone
    | OperatorReserved
    | ReferAccepted
    | ReferDone
    | ReferFailed
    | OperatorSlow
    | OperatorGone
    | BridgeRefused
    | GraceOver
    | CallLost
    | HangUpAsked
)
