"""The states of an operator: their names, what people read, which move to which, and what a person may ask for.

The moves are made by `store/lua` (`move` and `settle` in `_lib.lua`); a test holds the two together.
"""

from collections.abc import Mapping
from enum import StrEnum


class OperatorState(StrEnum):
    """Where an operator stands."""

    OFF = "off"
    CONNECTING = "connecting"
    AVAILABLE = "available"
    RESERVED = "reserved"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class Ask(StrEnum):
    """What an operator, or an administrator for them, may ask for."""

    ON = "on"
    OFF = "off"
    PAUSE = "pause"
    READY = "ready"


LABELS = {
    OperatorState.OFF: "Off the line",
    OperatorState.CONNECTING: "Calling your phone",
    OperatorState.AVAILABLE: "Free",
    OperatorState.RESERVED: "A customer is coming",
    OperatorState.ON_CALL: "Talking",
    OperatorState.WRAP_UP: "Wrap-up",
    OperatorState.PAUSED: "Paused",
}

#: An operator's page gives a sign every five seconds: who gave none for so long (seconds) may not be there.
RECENT_S = 7.0
#: A page that was left is back within so long (seconds), when it was only loaded again.
BACK_S = 10.0


def at_page(seen: float | None, left: float | None, now: float) -> bool:
    """Is somebody's page open, as far as its last sign and its goodbye tell?"""
    return seen is not None and now - seen <= RECENT_S and (left is None or left < seen)


def page_gone(seen: float | None, left: float | None, now: float, grace_s: float) -> bool:
    """Has the page been closed, or been silent for `grace_s`? Then nobody sees the next customer's card."""
    if seen is None or now - seen > grace_s:
        return True
    return left is not None and left >= seen and now - left > BACK_S


#: Free, or free as soon as the nailed-up phone is on the line again.
_FREE = {OperatorState.AVAILABLE, OperatorState.CONNECTING}

#: Every move there is. From each state one may be taken off the line; a promise or a call ends where the wish says.
MOVES: Mapping[OperatorState, frozenset[OperatorState]] = {
    OperatorState.OFF: frozenset(_FREE),
    OperatorState.CONNECTING: frozenset({OperatorState.AVAILABLE, OperatorState.OFF}),
    OperatorState.AVAILABLE: frozenset(
        {OperatorState.RESERVED, OperatorState.CONNECTING, OperatorState.PAUSED, OperatorState.OFF}
    ),
    OperatorState.RESERVED: frozenset({OperatorState.ON_CALL, *_FREE, OperatorState.PAUSED, OperatorState.OFF}),
    OperatorState.ON_CALL: frozenset({OperatorState.WRAP_UP, *_FREE, OperatorState.PAUSED, OperatorState.OFF}),
    OperatorState.WRAP_UP: frozenset({*_FREE, OperatorState.PAUSED, OperatorState.OFF}),
    OperatorState.PAUSED: frozenset({*_FREE, OperatorState.OFF}),
}

#: During these a wish to leave or pause waits until the call is over, and `ready` takes it back.
WITH_A_CUSTOMER = frozenset({OperatorState.RESERVED, OperatorState.ON_CALL})

#: What makes a difference in each state: the buttons of a page. The store refuses `pause` and `ready` elsewhere.
ASKS: Mapping[OperatorState, frozenset[Ask]] = {
    OperatorState.OFF: frozenset({Ask.ON}),
    OperatorState.CONNECTING: frozenset({Ask.OFF}),
    OperatorState.AVAILABLE: frozenset({Ask.OFF, Ask.PAUSE}),
    OperatorState.RESERVED: frozenset({Ask.OFF, Ask.PAUSE, Ask.READY}),
    OperatorState.ON_CALL: frozenset({Ask.OFF, Ask.PAUSE, Ask.READY}),
    OperatorState.WRAP_UP: frozenset({Ask.OFF, Ask.PAUSE, Ask.READY}),
    OperatorState.PAUSED: frozenset({Ask.OFF, Ask.READY, Ask.ON}),
}
