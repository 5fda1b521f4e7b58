"""What a switch remembers of a customer nobody took, for a dialer that was not there.

They are tasks that do nothing, named after the call: asked for by taking them away, and gone by themselves after a day;
of who merely answered, which is most, after minutes.
"""

from fsdialer.esl import allowed
from fsdialer.esl.allowed import checked

#: How long a task waits (seconds), that of an answer, that of a test call, and its command, which costs nothing.
_KEPT_S, _ANSWER_KEPT_S, _SILENT_KEPT_S, _NOTHING = 86_400, 600, 60, "uptime"


def answered(call: str) -> str:
    """As a mark's name: the wait began."""
    return f"fsdialer-answered-{checked('call', allowed.UUID, call)}"


def abandoned(call: str) -> str:
    """As a mark's name: the wait was over."""
    return f"fsdialer-abandoned-{checked('call', allowed.UUID, call)}"


def pressed(call: str, key: str) -> str:
    """As a mark's name: `key` was pressed during the message; it may be what the switch is to put there."""
    return f"fsdialer-key-{checked('call', allowed.UUID, call)}-{key}"


def silent(call: str) -> str:
    """As a mark's name: the tone of a test call did not come back."""
    return f"fsdialer-silent-{checked('call', allowed.UUID, call)}"


def leave(mark: str, kept_s: int = _KEPT_S) -> str:
    """As a step of an inline dialplan."""
    return f"eval:${{sched_api(+{kept_s} {mark} {_NOTHING})}}"


def leave_answered(call: str) -> str:
    """As the first of its steps."""
    return leave(answered(call), _ANSWER_KEPT_S)


def leave_silent(call: str) -> str:
    """As the step after the tone."""
    return leave(silent(call), _SILENT_KEPT_S)


def take(mark: str) -> str:
    """As a command; `was_there` reads its answer."""
    return f"sched_del {mark}"


def was_there(answer: str) -> bool:
    """Was it left?"""
    count = answer.strip().removeprefix("+OK Deleted: ")
    return count.isdecimal() and int(count) > 0
