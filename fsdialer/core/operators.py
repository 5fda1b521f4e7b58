"""The states of an operator: their names, and what people read."""

from enum import StrEnum


class OperatorState(StrEnum):
    """Where an operator stands; `store/lua/_lib.lua` moves them."""

    OFF = "off"
    CONNECTING = "connecting"
    AVAILABLE = "available"
    RESERVED = "reserved"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


LABELS = {
    OperatorState.OFF: "Off the line",
    OperatorState.CONNECTING: "Calling your phone",
    OperatorState.AVAILABLE: "Free",
    OperatorState.RESERVED: "A customer is coming",
    OperatorState.ON_CALL: "Talking",
    OperatorState.WRAP_UP: "Wrap-up",
    OperatorState.PAUSED: "Paused",
}
