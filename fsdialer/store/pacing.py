"""What the pacing leaves in Redis: the last decision, the last hour of them, what was learned, and the counters of the
legal window."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from fsdialer.core.campaigns import Window
from fsdialer.core.times import epoch, iso
from fsdialer.store.keys import Keys

#: Seconds decisions are kept.
DECISIONS_KEPT_S = 3600
_LEARNED_KEPT_S = 40 * 86400


class PacingStore:
    """The pacing of one company's campaigns."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def save(self, campaign: str, decision: dict[str, str], keep: bool) -> None:
        """The last decision (`at`, `calls`, `reason` in words, the counts it saw); `keep` it among the last hour's."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.delete(self._keys.pace(campaign))
            pipe.hset(self._keys.pace(campaign), mapping=decision)
            if keep:
                oldest = int((epoch(decision["at"]) - DECISIONS_KEPT_S) * 1000)
                pipe.xadd(self._keys.decisions(campaign), decision, minid=f"{oldest}-0", approximate=True)
                pipe.expire(self._keys.decisions(campaign), DECISIONS_KEPT_S)
            pipe.execute()

    def last(self, campaign: str) -> dict[str, str]:
        """The last decision; empty before the first."""
        return dict(self._redis.hgetall(self._keys.pace(campaign)))

    def decisions(self, campaign: str, count: int = 100) -> list[dict[str, str]]:
        """The last decisions, newest first."""
        return [fields for _, fields in self._redis.xrevrange(self._keys.decisions(campaign), count=count)]

    def save_learned(self, campaign: str, policy: str, state: dict[str, Any], now: float) -> None:
        """Keep what a policy has learned, for whoever runs the campaign next."""
        key = self._keys.learned(campaign)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(key, mapping={"policy": policy, "at": iso(now), "state": json.dumps(state)})
            pipe.expire(key, _LEARNED_KEPT_S)
            pipe.execute()

    def learned(self, campaign: str, policy: str) -> dict[str, Any] | None:
        """What that policy had learned; None when nothing is kept, or nothing that can be read."""
        kept, text = self._redis.hmget(self._keys.learned(campaign), "policy", "state")
        if kept != policy or not text:
            return None
        try:
            state = json.loads(text)
        except ValueError:
            return None
        return state if isinstance(state, dict) else None

    def forget_learned(self, campaign: str) -> None:
        """Begin anew."""
        self._redis.delete(self._keys.learned(campaign))

    def hours(self, campaign: str, window: Window, now: float) -> dict[int, tuple[int, int]]:
        """(answered by people, abandoned) by the hour since 1970 (UTC), since a day or more before the window began:
        what the law's share is made of. East of Greenwich midnight comes earlier; west of it, the last month goes on
        for hours into UTC's new one."""
        there = now - 86400 if window is Window.MONTH else now
        first = window_start(window, there).replace(hour=0) - timedelta(days=1)
        days = [first + timedelta(days=n) for n in range((_utc(now) - first).days + 1)]
        with self._redis.pipeline(transaction=False) as pipe:
            for day in days:
                pipe.hgetall(self._keys.stats(campaign, day.date().isoformat()))
            counters = pipe.execute()
        found = {}
        for day, counts in zip(days, counters, strict=True):
            for hour in range(24):
                answers, said, heard = (
                    int(counts.get(f"{hour:02d}.{name}", 0)) for name in ("answers", "outcome.machine", "machine")
                )
                abandoned = int(counts.get(f"{hour:02d}.abandoned", 0))
                if answers or abandoned:
                    people = max(answers - said - heard, abandoned)
                    found[int(day.timestamp() // 3600) + hour] = (people, abandoned)
        return found


def window_start(window: Window, now: float) -> datetime:
    """When the legal window that `now` is in began (UTC, a whole hour)."""
    moment = _utc(now).replace(minute=0, second=0, microsecond=0)
    match window:
        case Window.DAY:
            return moment.replace(hour=0)
        case Window.HOURS_24:
            return moment - timedelta(hours=24)
        case Window.DAYS_30:
            return moment - timedelta(days=30)
        case Window.MONTH:
            return moment.replace(day=1, hour=0)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
