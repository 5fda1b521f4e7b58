"""The feed: a Redis stream of everything that happened in a company, for pages, the dialer and an admin's eyes.

Entries carry ids and states, never a phone number. Scripts write most of them (`feed` in `lua/_lib.lua`).
"""

from redis import Redis

from fsdialer.store.keys import Keys

Entry = tuple[str, dict[str, str]]


class Feed:
    """Reading and writing one company's feed."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def publish(self, kind: str, **fields: str) -> None:
        """Add an entry of type `kind`."""
        self._redis.xadd(self._keys.feed, {"type": kind, **fields}, maxlen=10_000, approximate=True)

    def last_id(self) -> str:
        """The newest entry's id; ``0-0`` for an empty feed."""
        newest = self._redis.xrevrange(self._keys.feed, count=1)
        return newest[0][0] if newest else "0-0"

    def read(self, after_id: str, block_ms: int, count: int = 500) -> list[Entry]:
        """Entries after `after_id`, oldest first, waiting up to `block_ms` for the first.

        The client must allow for the wait: see `store.connect(block_s=…)`.
        """
        answer = self._redis.xread({self._keys.feed: after_id}, count=count, block=block_ms)
        return answer[0][1] if answer else []

    def since(self, at: float) -> list[Entry]:
        """Entries from `at` (epoch seconds, by Redis' clock) on, oldest first."""
        entries: list[Entry] = self._redis.xrange(self._keys.feed, min=f"{int(at * 1000)}-0")
        return entries
