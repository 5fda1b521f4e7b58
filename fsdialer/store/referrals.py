"""Which gateways do not do REFER, as the dialer found out, for as long as it does not try again."""

from dataclasses import dataclass

from redis import Redis

from fsdialer.core.times import epoch, iso
from fsdialer.store.keys import Keys

#: So long (seconds) customers are bridged without another try, after a gateway failed one.
REST_S = 3600


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason` in words; `at` and `until`, epoch seconds: when it was found, and when REFER is tried again."""

    reason: str
    at: float
    until: float


class Referrals:
    """The memory of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def refused(self, gateway: str, reason: str, now: float) -> None:
        """The gateway did not do it: the next customers are bridged at once."""
        key = self._keys.gateway_refer(gateway)
        with self._redis.pipeline() as pipe:
            pipe.hset(key, mapping={"reason": reason, "at": iso(now), "until": iso(now + REST_S)})
            pipe.expire(key, REST_S)
            pipe.execute()

    def refusal(self, gateway: str) -> Refusal | None:
        """Why REFER is not tried at a gateway now; None when it is."""
        record = self._redis.hgetall(self._keys.gateway_refer(gateway))
        if not record.get("at") or not record.get("until"):
            return None
        return Refusal(record.get("reason", ""), epoch(record["at"]), epoch(record["until"]))

    def forget(self, gateway: str) -> bool:
        """Try again with the next customer; False when nothing was remembered."""
        return bool(self._redis.delete(self._keys.gateway_refer(gateway)))
