"""What a switch remembers of how a call ended, for a dialer that was not there.

They are tasks that do nothing, named after the call, and gone by themselves after a while. To read them takes none
away: a dialer that dies before it has written down what it read finds them again.
"""

from collections.abc import Collection

from fsdialer.esl import allowed
from fsdialer.esl.allowed import checked

#: How long a task waits (seconds; most calls are talks, and a dialer that was only started anew finds them still up),
#: and its command, which costs nothing.
_KEPT_S, _TALK_KEPT_S, _NOTHING = 86_400, 3600, "uptime"


def abandoned(call: str) -> str:
    """As a mark's name: they had answered, and were gone before anybody was joined to them."""
    return f"fsdialer-abandoned-{checked('call', allowed.UUID, call)}"


def talked(call: str) -> str:
    """As a mark's name: they were joined to somebody."""
    return f"fsdialer-talked-{checked('call', allowed.UUID, call)}"


def pressed(call: str, key: str) -> str:
    """As a mark's name: `key` was pressed during the message; it may be what the switch is to put there."""
    return f"fsdialer-key-{checked('call', allowed.UUID, call)}-{key}"


def leave(mark: str) -> str:
    """As a step of an inline dialplan."""
    return f"eval:${{sched_api(+{_KEPT_S} {mark} {_NOTHING})}}"


def abandoned_hook(call: str) -> str:
    """As a value of ``api_hangup_hook``: what an answered call leaves when it ends."""
    return f"sched_api +{_KEPT_S} {abandoned(call)} {_NOTHING}"


def talked_hook(call: str) -> str:
    """The same of one that was joined to somebody."""
    return f"sched_api +{_TALK_KEPT_S} {talked(call)} {_NOTHING}"


#: The command that asks for all of them; `translate.task_names` reads its answer.
ASK = "show tasks as json"


def waited(call: str, left: Collection[str]) -> bool:
    """Did this customer wait in vain, by what was `left`?"""
    return abandoned(call) in left or asked_by_key(call, left)


def asked_by_key(call: str, left: Collection[str]) -> bool:
    """And did they press the key?"""
    return any(pressed(call, key) in left for key in "0123456789")
