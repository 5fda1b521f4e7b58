"""What the network said of an attempt that nobody answered, and what it means for the lead.

One table, read by SIP status first (a carrier's ``Reason: Q.850`` may overwrite the cause) and by FreeSWITCH's hangup
cause second. FreeSWITCH turns 401, 402, 403, 407 and 603 all into CALL_REJECTED and 480 into NO_USER_RESPONSE, so the
cause alone is not enough; whether the phone rang parts "missed" from "unavailable".
"""

from dataclasses import dataclass
from enum import StrEnum


class Disposition(StrEnum):
    """How an attempt ended."""

    ANSWERED = "answered"
    MISSED = "missed"
    UNAVAILABLE = "unavailable"
    BUSY = "busy"
    TECHNICAL = "technical"
    ABANDONED = "abandoned"
    MACHINE = "machine"
    DEAD = "dead"
    CANCELLED = "cancelled"


#: What people read.
LABELS = {
    Disposition.ANSWERED: "Answered",
    Disposition.MISSED: "Missed (no answer)",
    Disposition.UNAVAILABLE: "Unavailable",
    Disposition.BUSY: "Busy",
    Disposition.TECHNICAL: "Technical error",
    Disposition.ABANDONED: "No free operators",
    Disposition.MACHINE: "Answering machine",
    Disposition.DEAD: "Number does not exist",
    Disposition.CANCELLED: "Cancelled by us",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`charged`: the lead pays an attempt. `final`: the lead is not called again. `detail`: in words, for people.
    `do_not_call`: nor is anybody else of the company to call this number."""

    disposition: Disposition
    charged: bool
    final: bool
    detail: str
    do_not_call: bool = False


def _ours(detail: str) -> Verdict:
    """A fault on our side or the carrier's: the lead must not pay for it."""
    return Verdict(Disposition.TECHNICAL, charged=False, final=False, detail=detail)


_MISSED = Verdict(Disposition.MISSED, True, False, "no answer")
_GONE_AT_ONCE = Verdict(Disposition.MISSED, True, False, "hung up in the moment of the answer")
_UNAVAILABLE = Verdict(Disposition.UNAVAILABLE, True, False, "switched off or out of reach")
_REJECTED = Verdict(Disposition.UNAVAILABLE, True, False, "rejected the call")
_UNWANTED = Verdict(Disposition.UNAVAILABLE, True, True, "does not want our calls", do_not_call=True)
_BUSY = Verdict(Disposition.BUSY, True, False, "busy")
_DEAD = Verdict(Disposition.DEAD, True, True, "the number does not exist")
_UNKNOWN = Verdict(Disposition.TECHNICAL, True, False, "ended for an unknown reason")

_BY_STATUS = {
    404: _DEAD,
    410: _DEAD,
    484: _DEAD,
    485: _DEAD,
    604: _DEAD,
    486: _BUSY,
    600: _BUSY,
    603: _REJECTED,
    607: _UNWANTED,
    401: _ours("the carrier refused our account"),
    402: _ours("the carrier wants payment"),
    403: _ours("the carrier forbids the call"),
    407: _ours("the carrier refused our account"),
    421: _ours("the carrier asks for an extension of SIP that is not switched on (SIP 421)"),
    608: _ours("a network on the way blocked the call"),
}

_BY_CAUSE = {
    "USER_BUSY": _BUSY,
    "BUSY_EVERYWHERE": _BUSY,
    "NO_ANSWER": _MISSED,
    "ALLOTTED_TIMEOUT": _MISSED,
    "PROGRESS_TIMEOUT": _UNAVAILABLE,
    "SUBSCRIBER_ABSENT": _UNAVAILABLE,
    "DECLINE": _REJECTED,
    "CALL_REJECTED": _REJECTED,
    "UNWANTED": _UNWANTED,
    "UNALLOCATED_NUMBER": _DEAD,
    "NO_ROUTE_DESTINATION": _DEAD,
    "NUMBER_CHANGED": _DEAD,
    "INVALID_NUMBER_FORMAT": _DEAD,
    "GATEWAY_DOWN": _ours("the gateway is down"),
    "INVALID_GATEWAY": _ours("the switch knows no such gateway"),
    "INVALID_PROFILE": _ours("the switch knows no such SIP profile"),
    "INVALID_URL": _ours("the dial format makes no valid address"),
    "CHAN_NOT_IMPLEMENTED": _ours("the switch lacks a module for this destination"),
    "DESTINATION_OUT_OF_ORDER": _ours("the switch refused: too many calls, or calls per second"),
    "NORMAL_CIRCUIT_CONGESTION": _ours("the carrier's lines are full"),
    "SWITCH_CONGESTION": _ours("the carrier's switch is overloaded"),
    "NORMAL_TEMPORARY_FAILURE": _ours("the carrier failed for a moment"),
    "NETWORK_OUT_OF_ORDER": _ours("the carrier's network is out of order"),
    "SERVICE_UNAVAILABLE": _ours("the carrier does not serve this call"),
    "SERVICE_NOT_IMPLEMENTED": _ours("the carrier does not serve this call"),
    "INCOMPATIBLE_DESTINATION": _ours("no common codec with the carrier"),
    "EXCHANGE_ROUTING_ERROR": _ours("the carrier could not route the call"),
    "INTERWORKING": _ours("the carrier failed"),
    "REQUESTED_CHAN_UNAVAIL": _ours("the carrier's lines are full"),
    "ACCOUNT_REFUSED": _ours("the carrier refused our account"),
    "SYSTEM_SHUTDOWN": _ours("the switch was shut down"),
    "MANAGER_REQUEST": _ours("ended by an administrator"),
    "LOSE_RACE": _ours("another leg was faster"),
    "MEDIA_TIMEOUT": _ours("no audio from the carrier"),
    "SWITCH_RESTARTED": _ours("the switch was restarted"),
    "SWITCH_GONE": _ours("the switch could not be asked any more"),
    "NOT_PLACED": _ours("the call could not be placed"),
    "BARRED": Verdict(Disposition.CANCELLED, False, True, "the company does not call this destination"),
}

_ELSEWHERE = _ours("the carrier sends the call elsewhere (SIP 302), which is not followed")
# The switch's own ends of a call, which come with 487: what they say counts. A phone that rang, and then forwards the
# call, was called.
_GIVEN_UP = {"NO_ANSWER": _MISSED, "ALLOTTED_TIMEOUT": _MISSED, "REQUESTED_CHAN_UNAVAIL": _ELSEWHERE}
# STIR/SHAKEN refusals (428-438): the network mistrusts our number, not the lead.
_BLOCKED_BY_IDENTITY = range(428, 439)
# What says nothing by itself: no answer if it rang, and if it did not, what stands here.
_STATUS_BEFORE_RINGING = {
    408: _UNAVAILABLE,
    480: _UNAVAILABLE,
    487: _UNAVAILABLE,
    504: _ours("the carrier did not answer in time"),
}
_CAUSE_BEFORE_RINGING = {
    "NO_USER_RESPONSE": _UNAVAILABLE,
    "ORIGINATOR_CANCEL": _UNAVAILABLE,
    "NORMAL_CLEARING": _UNAVAILABLE,
    "RECOVERY_ON_TIMER_EXPIRE": _ours("the carrier did not answer in time"),
    "REQUESTED_CHAN_UNAVAIL": _ELSEWHERE,
    # Its end was not heard of: no dialer ran, most likely. A phone that has rung was called.
    "LOST": _ours("the switch lost the call"),
}


def classify(cause: str, sip_status: int | None, rang: bool) -> Verdict:
    """The verdict on an attempt nobody answered.

    `cause` is FreeSWITCH's hangup cause or one of ours (LOST, NOT_PLACED, BARRED, …); `sip_status` the carrier's final
    answer, None when there was none; `rang` whether a 180 or 183 was seen. Our own ring limit ends as NO_ANSWER with
    a 487.
    """
    if sip_status is not None and sip_status >= 400:
        return _by_status(sip_status, cause, rang)
    if sip_status is not None and sip_status >= 200 and cause == "NORMAL_CLEARING":
        return _GONE_AT_ONCE  # the switch had no time to see it answered
    if cause in _CAUSE_BEFORE_RINGING:
        return _MISSED if rang else _CAUSE_BEFORE_RINGING[cause]
    return _BY_CAUSE.get(cause, _UNKNOWN)


def _by_status(status: int, cause: str, rang: bool) -> Verdict:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _BLOCKED_BY_IDENTITY:
        return _ours("the network does not trust our caller id")
    if status == 487 and cause in _GIVEN_UP:
        return _MISSED if rang else _GIVEN_UP[cause]
    if status in _STATUS_BEFORE_RINGING:
        return _MISSED if rang else _STATUS_BEFORE_RINGING[status]
    # The cause may come from a Reason header that contradicts the status: then it only adds words to a fault of ours.
    named = _BY_CAUSE.get(cause, _UNKNOWN)
    return named if named.disposition is Disposition.TECHNICAL and not named.charged else _ours(_answered(status))


def _answered(status: int) -> str:
    return f"the carrier answered {status}"
