"""Which dialer runs which campaign: a lease with a fencing number, and the list of dialers alive."""

from redis import Redis

from fsdialer.store import keys as names
from fsdialer.store.keys import Keys
from fsdialer.store.scripts import Scripts


class Ownership:
    """The leases of one company's campaigns."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    def campaigns(self) -> list[str]:
        """Ids of the company's campaigns, sorted."""
        return sorted(self._redis.smembers(self._keys.campaigns))

    def take(self, campaign: str, dialer: str, ttl_s: float) -> str:
        """Take or renew the lease; the answer, NAME#FENCE, goes with every write. Empty: another dialer has it."""
        return str(self._scripts.run("own", campaign, dialer, int(ttl_s * 1000)))

    def give_back(self, campaign: str, owner: str) -> None:
        """Let another dialer take over at once."""
        self._scripts.run("disown", campaign, owner)

    def owner(self, campaign: str) -> str:
        """NAME#FENCE of who has the lease now; empty when nobody."""
        return str(self._redis.get(self._keys.owner(campaign)) or "")


def announce(redis: Redis, dialer: str, facts: dict[str, str], ttl_s: int = 15) -> None:
    """Say that this dialer is alive; it counts as dead `ttl_s` after the last time."""
    with redis.pipeline(transaction=False) as pipe:
        pipe.hset(names.dialer(dialer), mapping=facts)
        pipe.expire(names.dialer(dialer), ttl_s)
        pipe.sadd(names.dialers(), dialer)
        pipe.execute()


def retire(redis: Redis, dialer: str) -> None:
    """Say that this dialer runs no more."""
    redis.delete(names.dialer(dialer))


def dialers(redis: Redis) -> dict[str, dict[str, str]]:
    """Dialers alive: name → what each says of itself. The dead are forgotten on the way."""
    alive = {}
    for name in sorted(redis.smembers(names.dialers())):
        facts = redis.hgetall(names.dialer(name))
        if facts:
            alive[name] = facts
        else:
            redis.srem(names.dialers(), name)
    return alive
