"""What a switch remembers of how a call ended, for a dialer that was not there.

They are tasks that do nothing, named after the call, and gone by themselves after a while. To read them takes none
away: a dialer that dies before it has written down what it read finds them again.
"""

from collections.abc import Collection
from dataclasses import dataclass

from fsdialer.esl import allowed
from fsdialer.esl.allowed import checked

#: How long a task waits (seconds; most calls are talks, and a dialer that was only started anew finds them still up; a
#: test call is asked about at once), and its command, which costs nothing.
_KEPT_S, _TALK_KEPT_S, _SILENT_KEPT_S, _NOTHING = 86_400, 3600, 60, "uptime"


def abandoned(call: str) -> str:
    """As a mark's name: they had answered, and were gone before anybody was joined to them."""
    return f"fsdialer-abandoned-{checked('call', allowed.UUID, call)}"


def sent_on(call: str, answer: str, result: str, ended_by: str) -> str:
    """The same of one the far side was asked by REFER to send on: what it answered, what it said came of that, and
    FreeSWITCH's word for who ended the leg; they may be what the switch is to put there."""
    return f"fsdialer-sent-on-{checked('call', allowed.UUID, call)}-{answer}-{result}-{ended_by}"


def talked(call: str) -> str:
    """As a mark's name: they were joined to somebody."""
    return f"fsdialer-talked-{checked('call', allowed.UUID, call)}"


def pressed(call: str, key: str) -> str:
    """As a mark's name: `key` was pressed during the message; it may be what the switch is to put there."""
    return f"fsdialer-key-{checked('call', allowed.UUID, call)}-{key}"


def silent(call: str) -> str:
    """As a mark's name: the tone of a test call did not come back."""
    return f"fsdialer-silent-{checked('call', allowed.UUID, call)}"


def leave(mark: str, kept_s: int = _KEPT_S) -> str:
    """As a step of an inline dialplan."""
    return f"eval:${{sched_api(+{kept_s} {mark} {_NOTHING})}}"


def leave_silent(call: str) -> str:
    """As the step of a test call after its tone."""
    return leave(silent(call), _SILENT_KEPT_S)


def abandoned_hook(call: str) -> str:
    """As a value of ``api_hangup_hook``: what an answered call leaves when it ends."""
    return f"sched_api +{_KEPT_S} {abandoned(call)} {_NOTHING}"


def sent_on_hook(call: str) -> str:
    """The same, once a REFER has been sent. An originate, and ``set``, would put the values there at once."""
    said = "${sip_refer_status_code}", "${sip_refer_target_status_code}", "${sip_hangup_disposition}"
    return f"sched_api +{_KEPT_S} {sent_on(call, *said)} {_NOTHING}"


def talked_hook(call: str) -> str:
    """The same of one that was joined to somebody."""
    return f"sched_api +{_TALK_KEPT_S} {talked(call)} {_NOTHING}"


#: The command that asks for all of them; `translate.task_names` reads its answer.
ASK = "show tasks as json"


@dataclass(frozen=True, slots=True)
class Abandoned:
    """What a mark says of a customer nobody was joined to: SIP statuses of a REFER, None where there was none."""

    refer: int | None = None
    result: int | None = None
    by_far_end: bool = False
    by_key: bool = False


def read(call: str, left: Collection[str]) -> Abandoned | None:
    """The mark of this call among those that were `left`; None when it has none."""
    by_key = any(pressed(call, key) in left for key in "0123456789")
    beginning = sent_on(call, "", "", "").rstrip("-") + "-"
    for mark in left:
        if mark.startswith(beginning):
            answer, result, ended_by = (*mark.removeprefix(beginning).split("-"), "", "")[:3]
            return Abandoned(_status(answer), _status(result), ended_by.startswith("recv_"), by_key)
    return Abandoned(by_key=by_key) if by_key or abandoned(call) in left else None


def _status(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
