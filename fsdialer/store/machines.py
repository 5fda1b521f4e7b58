"""How often detectors of answering machines are wrong, gateway by gateway: their verdicts against operators' words."""

from collections import Counter

from redis import Redis

from fsdialer.core.machines import Tally
from fsdialer.core.times import day
from fsdialer.store.keys import Keys

_DAY_S = 86400


class MachineTallies:
    """The tallies of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def tallies(self, now: float, days: int = 1) -> dict[tuple[str, str], Tally]:
        """(gateway, detector: beep or rules) → its tally of the last `days` UTC days, today among them."""
        gateways = sorted(self._redis.smembers(self._keys.gateways))
        counts: dict[tuple[str, str], Counter[str]] = {}
        with self._redis.pipeline(transaction=False) as pipe:
            for gateway in gateways:
                for back in range(days):
                    pipe.hgetall(self._keys.gateway_amd(gateway, day(now - back * _DAY_S)))
            pages = pipe.execute()
        for at, page in enumerate(pages):
            for field, count in page.items():
                detector, _, cell = field.partition(".")
                counts.setdefault((gateways[at // days], detector), Counter())[cell] += int(count)
        return {where: _tally(cells) for where, cells in sorted(counts.items())}


def _tally(cells: Counter[str]) -> Tally:
    return Tally(
        right=cells["heard.machine"],
        false_machine=cells["heard.person"],
        false_person=cells["silent.machine"],
        person=cells["silent.person"],
        unjudged=cells["heard.unsaid"],
    )
