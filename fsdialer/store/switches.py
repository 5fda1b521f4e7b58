"""Switches in Redis: how each is found, what it may carry, what it carries. One place for all companies and dialers.

A switch's calls are leases, renewed while the switch confirms them, so that a dialer that died holds no room for long.
Leases and the second that calls are counted in go by Redis' clock: the dialers' may differ.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.switches import Room, limits
from fsdialer.core.times import epoch, iso
from fsdialer.errors import NotFound
from fsdialer.store import keys as names
from fsdialer.store.calls import LEASE_S
from fsdialer.store.clock import redis_time
from fsdialer.store.scripts import Scripts

log = logging.getLogger(__name__)

#: How many of people's deeds are kept.
_LOG_LENGTH = 1000
#: A second as `take_switch.lua` measures it.
_SECOND_S = 1.1


@dataclass(frozen=True, slots=True)
class SwitchView:
    """A switch as a dialer found it last: `up`, since when (epoch seconds), `reason` in words; `trunk` is where it
    takes calls of the others, empty for nowhere; `drained_by` whoever said that it gets no new calls, `drained_at` when
    (ISO); `channels` and `calls_per_second` as set by hand, 0 when they are not."""

    name: str
    up: bool
    since: float
    reason: str
    trunk: str
    room: Room
    drained_by: str = ""
    drained_at: str = ""
    channels: int = 0
    calls_per_second: int = 0


class Switches:
    """All switches."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts: dict[str, Scripts] = {}

    # -- how they are --------------------------------------------------------------------------------------
    def found(self, switch: str, up: bool, reason: str, now: float, facts: Mapping[str, str] | None = None) -> None:
        """A dialer's word on a switch; `facts` as the switch gave them: trunk, max_sessions, sessions_per_second."""
        key = names.switch(switch)
        state = "up" if up else "down"
        before = self._redis.hget(key, "state")
        record = {"state": state, "reason": reason, **(facts or {})}
        if before != state:
            record["since"] = iso(now)
        with self._redis.pipeline() as pipe:
            pipe.sadd(names.switches(), switch)
            pipe.hset(key, mapping=record)
            pipe.execute()

    def drain(self, switch: str, by: str, now: float) -> None:
        """No new calls there, until `undrain`; NotFound for a switch no dialer has met."""
        self._known(switch)
        self._redis.hset(names.switch(switch), mapping={"drained": by or "by hand", "drained_at": iso(now)})
        self._note(switch, "drained it", by or "by hand", now)

    def undrain(self, switch: str, by: str, now: float) -> bool:
        """It gets calls again; False when it was not drained."""
        self._known(switch)
        was = bool(self._redis.hdel(names.switch(switch), "drained", "drained_at"))
        if was:
            self._note(switch, "took it back", by, now)
        return was

    def limit(self, switch: str, channels: int, calls_per_second: int, by: str, now: float) -> None:
        """What the switch may carry; 0: half of what it says itself."""
        self._known(switch)
        figures = {"channels": str(channels), "calls_per_second": str(calls_per_second)}
        self._redis.hset(names.switch(switch), mapping=figures)
        self._note(switch, f"limited it to {channels} calls, {calls_per_second} a second", by, now)

    def forget(self, switch: str, by: str, now: float) -> None:
        """One that is no more."""
        self._known(switch)
        self._redis.srem(names.switches(), switch)
        self._redis.delete(names.switch(switch), names.switch_calls(switch), names.switch_starts(switch))
        self._note(switch, "forgot it", by, now)

    def said(self, most: int) -> list[dict[str, str]]:
        """What people did to the switches, the last first: `at`, `by`, `switch`, `what`."""
        return [dict(fields) for _, fields in self._redis.xrevrange(names.switches_log(), count=most)]

    def _note(self, switch: str, what: str, by: str, now: float) -> None:
        log.info("switch=%s by=%r did=%r", switch, by, what)
        entry = {"at": iso(now), "by": by, "switch": switch, "what": what}
        self._redis.xadd(names.switches_log(), entry, maxlen=_LOG_LENGTH, approximate=True)

    def _known(self, switch: str) -> None:
        if not self._redis.sismember(names.switches(), switch):
            known = ", ".join(sorted(self._redis.smembers(names.switches()))) or "none: no dialer has met one yet"
            raise NotFound(f"no switch {switch!r}: there are {known}")

    def views(self) -> list[SwitchView]:
        """All switches any dialer has met, by name."""
        return [self._view(name) for name in sorted(self._redis.smembers(names.switches()))]

    def _view(self, switch: str) -> SwitchView:
        record = self._redis.hgetall(names.switch(switch))
        return SwitchView(
            name=switch,
            up=record.get("state") == "up",
            since=epoch(record["since"]) if record.get("since") else 0.0,
            reason=record.get("reason", ""),
            trunk=record.get("trunk", ""),
            room=self.rooms([switch])[0],
            drained_by=record.get("drained", ""),
            drained_at=record.get("drained_at", ""),
            channels=_figure(record.get("channels")),
            calls_per_second=_figure(record.get("calls_per_second")),
        )

    # -- what they carry -----------------------------------------------------------------------------------
    def rooms(self, switches: Sequence[str]) -> list[Room]:
        """What these can still take, over all companies and dialers."""
        now = redis_time(self._redis)
        with self._redis.pipeline(transaction=False) as pipe:
            for switch in switches:
                pipe.hgetall(names.switch(switch))
                pipe.zcount(names.switch_calls(switch), f"({now}", "+inf")
                pipe.zcount(names.switch_starts(switch), f"({now - _SECOND_S}", "+inf")
            answers = pipe.execute()
        rooms = []
        for at, switch in enumerate(switches):
            record, live, starts = answers[3 * at : 3 * at + 3]
            most, per_second = limits(record)
            rooms.append(Room(switch, live, most, starts, per_second, bool(record.get("drained"))))
        return rooms

    def take(self, switch: str, uuids: Sequence[str]) -> list[str]:
        """Those of these calls, from the first on, that there is room for; what is not placed is given back."""
        most, per_second = limits(self._redis.hgetall(names.switch(switch)))
        got = self._of(switch).run("take_switch", LEASE_S, most, per_second, *uuids)
        return list(uuids[: int(got)])

    def give_back(self, switch: str, uuids: Iterable[str]) -> None:
        """These were not placed after all."""
        if unused := list(uuids):
            self._redis.zrem(names.switch_calls(switch), *unused)
            self._redis.zrem(names.switch_starts(switch), *unused)

    def over(self, switch: str, uuid: str) -> None:
        """A call on the switch has ended."""
        self._redis.zrem(names.switch_calls(switch), uuid)

    def keep(self, switch: str, uuids: Sequence[str]) -> None:
        """The switch has just confirmed these calls."""
        if uuids:
            until = redis_time(self._redis) + LEASE_S
            self._redis.zadd(names.switch_calls(switch), dict.fromkeys(uuids, until))

    def _of(self, switch: str) -> Scripts:
        if switch not in self._scripts:
            self._scripts[switch] = Scripts(self._redis, names.switch(switch))
        return self._scripts[switch]


def _figure(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
