"""Where operators' phones are, and whether they can be reached: what the dialer finds out about their switches."""

from redis import Redis

from fsdialer.store.keys import Keys
from fsdialer.store.scripts import Scripts


class Whereabouts:
    """The operators of one company."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    def unreachable(self, operator: str, words: str, now: float) -> None:
        """The switch of their phone does not answer: free for nobody until it does."""
        self._say(operator, "unreachable", now, words)

    def reachable(self, operator: str, now: float) -> None:
        """The switch of their phone answers again."""
        self._say(operator, "reachable", now)

    def found_on(self, operator: str, switch: str, now: float) -> None:
        """Their phone is on this switch; empty: on none that is known."""
        self._say(operator, "found", now, switch)

    def free_by_switch(self, campaign: str) -> dict[str, int]:
        """Switch → how many of the campaign's free operators have their phone on it; "" for not known yet."""
        counts: dict[str, int] = {}
        free = self._redis.zrange(self._keys.available(campaign), 0, -1)
        with self._redis.pipeline(transaction=False) as pipe:
            for operator in free:
                pipe.hget(self._keys.operator(operator), "switch")
            for switch in pipe.execute() if free else []:
                counts[switch or ""] = counts.get(switch or "", 0) + 1
        return counts

    def _say(self, operator: str, action: str, now: float, detail: str = "") -> None:
        self._scripts.run("presence", operator, action, now, "", "", detail)
