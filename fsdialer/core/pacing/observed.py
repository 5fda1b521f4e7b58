"""What a policy is told: the moves of calls and operators as the events of `Policy.observe`. Pure.

A policy knows nothing of legs, stations or Redis; this is the one place where ours become its words.
"""

from collections.abc import Iterable
from typing import Any

from fsdialer.core.call_facts import Call
from fsdialer.core.effects import CloseCall, Effect

Observation = dict[str, Any]


def placed(call: Call) -> Observation:
    """A call was placed."""
    return _observation("originate", call.placed_at, call=call.uuid)


def under_way(call: Call) -> list[Observation]:
    """A call that another dialer placed: how far it has come, so that nothing of it is taken for news."""
    if call.answered_at is None:
        return [placed(call)]
    seen = [_observation("answer", call.answered_at, call=call.uuid)]
    if call.bridged_at is not None:
        seen.append(_observation("connect", call.bridged_at, call=call.uuid, operator=call.operator))
    return seen


def found_a_machine(call: str, now: float) -> Observation:
    """What answered was a machine: an operator says so, or a detector."""
    return _observation("machine", now, call=call)


def of_call(before: Call, after: Call, effects: Iterable[Effect], now: float) -> list[Observation]:
    """What a step of a call's life means: answer, then connect or abandon, talk_end; or fail, with its cause."""
    seen = []
    if before.answered_at is None and after.answered_at is not None:
        seen.append(_observation("answer", after.answered_at, call=after.uuid))
    if before.bridged_at is None and after.bridged_at is not None:
        seen.append(_observation("connect", after.bridged_at, call=after.uuid, operator=after.operator))
    if after.was_a_machine and not before.was_a_machine:
        seen.append(found_a_machine(after.uuid, now))
    elif _given_up(after) and not _given_up(before):
        seen.append(_observation("abandon", now, call=after.uuid))
    if after.bridged_at is not None and before.dismissed_at is None and after.dismissed_at is not None:
        seen.append(_observation("talk_end", after.dismissed_at, call=after.uuid, operator=after.operator))
    if before.ended_at is None and after.ended_at is not None:
        if after.bridged_at is not None and before.dismissed_at is None:
            seen.append(_observation("talk_end", after.ended_at, call=after.uuid, operator=after.operator))
        elif after.answered_at is None and after.bridged_at is None:
            cause = next((e.cause for e in effects if isinstance(e, CloseCall)), None)
            seen.append(_observation("fail", after.ended_at, call=after.uuid, cause=cause))
    return seen


def of_operator(operator: str, was_on_line: bool, state: str, now: float) -> list[Observation]:
    """What an operator's new state means: login, ready, logout."""
    if state == "off":
        return [_observation("logout", now, operator=operator)] if was_on_line else []
    seen = [] if was_on_line else [_observation("login", now, operator=operator)]
    return seen + ([_observation("ready", now, operator=operator)] if state == "available" else [])


def _given_up(call: Call) -> bool:
    """Answered, and over for the customer without an operator; what was taken for a machine is nobody's loss."""
    over = (call.expired_at is not None or call.ended_at is not None) and call.machine_at is None
    return over and call.answered_at is not None and call.bridged_at is None


def _observation(
    kind: str, t: float, call: str | None = None, operator: str | None = None, cause: str | None = None
) -> Observation:
    return {"t": t, "type": kind, "cause": cause, "call": call, "operator": operator}
