"""Several switches: which of them carries the next calls, and how one reaches an operator's phone on another.

Pure: what room a switch has comes in as figures (`store.switches` keeps them), destinations go out as text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fsdialer.core.campaigns import Gateway, PhoneFamily
from fsdialer.errors import InvalidSetting

#: The SIP profile between switches, and how its numbers begin: a phone's line to be joined, or an operator to be rung,
#: by the family of the phone (how it is asked to answer by itself).
PROFILE, JOIN = "switches", "held-"
RING = {PhoneFamily.CALL_INFO: "op-", PhoneFamily.ALERT_INFO: "alert-", PhoneFamily.NONE: "plain-"}
#: What is answered by a switch itself, with an echo (`freeswitch/dialplan/switches.xml`).
ECHO = "check"
#: No limit was set, and the switch told none.
NO_LIMIT = 1_000_000

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[0-9A-Za-z.-]{1,253}):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Room:
    """What a switch can still take: calls `live` of at most `most` at a time, `starts` in this second of at most
    `per_second`. `drained`: no new ones. `operators` are free on it and promised to no call on its way there."""

    switch: str
    live: int = 0
    most: int = NO_LIMIT
    starts: int = 0
    per_second: int = NO_LIMIT
    drained: bool = False
    operators: int = 0

    @property
    def free(self) -> int:
        """Calls it takes at this moment."""
        return 0 if self.drained else max(0, min(self.most - self.live, self.per_second - self.starts))


def limits(told: Mapping[str, str]) -> tuple[int, int]:
    """Calls at a time and calls per second of a switch, by its record in Redis: what an administrator set, else half
    of what the switch says it takes, because a call has two legs."""
    return (
        _limit(told.get("channels"), told.get("max_sessions")),
        _limit(told.get("calls_per_second"), told.get("sessions_per_second")),
    )


def _limit(set_by_hand: str | None, told: str | None) -> int:
    if set_by_hand and set_by_hand.isdecimal() and int(set_by_hand):
        return int(set_by_hand)
    if told and told.isdecimal() and int(told):
        return max(1, int(told) // 2)
    return NO_LIMIT


def spread(calls: int, rooms: Sequence[Room]) -> dict[str, int]:
    """Switch → how many of the next calls it gets: where operators are free first, then where the greatest part of
    the capacity is; nowhere more than there is room for."""
    shares = {room.switch: 0 for room in rooms}
    for _ in range(calls):
        fit = [room for room in rooms if room.free > shares[room.switch]]
        if not fit:
            break
        best = max(fit, key=lambda room: _claim(room, shares[room.switch]))
        shares[best.switch] += 1
    return {switch: share for switch, share in shares.items() if share}


def _claim(room: Room, given: int) -> tuple[int, float, str]:
    return max(0, room.operators - given), (room.most - room.live - given) / room.most, room.switch


def has(gateway: Gateway, switch: str) -> bool:
    """Does the gateway exist on the switch? One that names none exists on all."""
    return not gateway.switches or switch in gateway.switches


def address(said: str) -> str:
    """Where a switch takes calls of the others, as it says itself: host:port; empty when it takes none."""
    text = said.strip()
    return text if _ADDRESS.fullmatch(text) else ""


def to_operator(extension: str, at: str, family: PhoneFamily = PhoneFamily.CALL_INFO) -> str:
    """The destination that rings an operator's phone on the switch at `at`."""
    return _destination(RING[family], extension, at)


def to_line(leg: str, at: str) -> str:
    """The destination that joins the held line `leg` on the switch at `at`."""
    return _destination(JOIN, leg, at)


def to_echo(at: str) -> str:
    """The destination that is answered by the switch at `at` itself."""
    return _destination(ECHO, "", at)


def _destination(what: str, whom: str, at: str) -> str:
    if not _ADDRESS.fullmatch(at):
        raise InvalidSetting("switch", f"{at!r} is no address like 10.0.0.2:5070")
    return f"sofia/{PROFILE}/{what}{whom}@{at}"


def unreachable(switch: str) -> str:
    """What an operator reads while the switch their phone is on does not answer."""
    name = f" {switch}" if switch else ""
    return f"The telephone switch{name} does not answer: no calls come to your phone until it does."


def no_way(switch: str) -> str:
    """What an operator reads whose switch answers, and cannot be reached from those that make the calls."""
    return f"The other telephone switches do not reach {switch}, where your phone is. You get no calls until they do."


def page_away() -> str:
    """What an operator reads whose phone is in their page, and not connected: nobody can be put through to it."""
    return "The phone in your page is not connected. You are free again by yourself when it is."


def coming_back(switch: str) -> str:
    """What they read while the phone in their page connects to a switch that was started anew."""
    return f"The telephone switch {switch} was started anew: your phone is connecting to it."


def alert_name(what: str, *switches: str) -> str:
    """An alert's name has fewer characters than a host may have, and no room for two long ones."""
    return "-".join([what, *(re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:58] for name in switches)])


def alerts_about(switch: str, others: Sequence[str]) -> list[str]:
    """The names of all alerts there may be of a switch, and of the ways between it and the others."""
    ways = [way for other in others if other != switch for way in ((switch, other), (other, switch))]
    return [alert_name("switch", switch), *(alert_name("switches", *way) for way in ways)]


def down(switch: str, reason: str, others: Sequence[str]) -> str:
    """The alert for administrators; `others` are the switches that answer."""
    goes_on = f"Calls go on through {', '.join(others)}." if others else "No calls can be made."
    return (
        f"Switch {switch} does not answer ({reason}): no calls are placed there, and operators whose phones are on it "
        f"get none. {goes_on}"
    )


def shut(one: str, other: str) -> str:
    """The alert for administrators of two switches that answer, one of which cannot call the other."""
    return (
        f"Switch {one} cannot call switch {other}, and both answer: customers on {one} are not connected with "
        f"operators whose phones are on {other}. `fsdialer check` says what to mend."
    )
