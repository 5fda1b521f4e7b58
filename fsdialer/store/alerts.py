"""Named alerts: what is wrong in a company until it is mended, or until a person has read it.

An alert's name says what it is about (``recording-silent.spring``, ``gateway-refer.trunk``), so that the same trouble
found a hundred times is one alert with a count. It refuses to know who finds what, and never holds a phone number.
"""

import re
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.times import epoch, iso
from fsdialer.errors import InvalidSetting
from fsdialer.store.keys import Keys
from fsdialer.store.scripts import Scripts

#: A cleared alert is still shown in Redis for so long (seconds).
CLEARED_S = 30 * 86400
#: Who has mended what a dialer finds mended by itself.
DIALER = "the dialer"

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class Alert:
    """`first` and `last`: when it was said (epoch seconds), `count` how often; `cleared` None while it stands."""

    name: str
    text: str
    first: float
    last: float
    count: int
    cleared: float | None = None
    cleared_by: str = ""


class Alerts:
    """The alerts of one company."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    def say(self, name: str, text: str, now: float) -> bool:
        """Something is wrong, in words that say how to mend it; True when this is news.

        Said again it keeps its beginning, takes the new words and is counted; after it was cleared it begins anew.
        """
        if not _NAME.fullmatch(name):
            raise InvalidSetting("alert", f"{name!r}: letters, digits and _ . -, lower case first")
        return int(self._scripts.run("alert", name, now, text)) == 1

    def clear(self, name: str, now: float, by: str = "") -> bool:
        """It is mended, or a person (`by`) has read it; False when it did not stand."""
        if self._redis.zscore(self._keys.alerts, name) is None:
            return False
        key = self._keys.alert(name)
        with self._redis.pipeline() as pipe:
            pipe.zrem(self._keys.alerts, name)
            pipe.hset(key, mapping={"cleared": iso(now), "cleared_by": by})
            pipe.expire(key, CLEARED_S)
            pipe.xadd(
                self._keys.feed,
                {"type": "alert", "name": name, "state": "cleared"},
                maxlen=10_000,
                approximate=True,
            )
            return bool(pipe.execute()[0])

    def standing(self) -> list[Alert]:
        """What is wrong now, last said first."""
        names = self._redis.zrevrange(self._keys.alerts, 0, -1)
        found = (self.get(name) for name in names)
        return [alert for alert in found if alert is not None and alert.cleared is None]

    def get(self, name: str) -> Alert | None:
        """One alert, standing or cleared; None when there is none of that name."""
        record = self._redis.hgetall(self._keys.alert(name))
        if not record.get("first"):
            return None
        return Alert(
            name=name,
            text=record.get("text", ""),
            first=epoch(record["first"]),
            last=epoch(record["last"]),
            count=int(record.get("count", "1")),
            cleared=epoch(record["cleared"]) if record.get("cleared") else None,
            cleared_by=record.get("cleared_by", ""),
        )
