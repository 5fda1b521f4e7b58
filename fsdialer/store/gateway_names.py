"""Which company has which gateway's name, over all companies: two savers at once cannot both get it.

The record says who had it first; a gateway that was written by hand counts without an entry, one that was deleted by
hand no longer. What having a name means is decided in `core.gateway_names`.
"""

from collections.abc import Mapping

from redis import Redis
from redis.client import Pipeline

from fsdialer.core.campaigns import Gateway
from fsdialer.core.destinations import gateway_in
from fsdialer.core.gateway_names import Holder, in_order, may_have, places, places_of
from fsdialer.core.times import iso
from fsdialer.errors import Refused
from fsdialer.store import keys as names
from fsdialer.store.clock import redis_time
from fsdialer.store.feed import Feed
from fsdialer.store.keys import Keys

#: A name taken so lately (seconds) is somebody's although their gateway is not written yet.
BEING_SAVED_S = 60.0


class GatewayNames:
    """The names as one company sees them."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._company = keys.company_id

    def holders(self, name: str) -> list[Holder]:
        """The companies that have the name, who had it first before the others."""
        return self._holders(name, self._redis.hgetall(names.gateway_name(name)), redis_time(self._redis))

    def may_have(self, gateway: Gateway) -> bool:
        """Could the company have a gateway of this name?"""
        wanted = places_of(gateway)
        if not wanted:
            return True
        record = self._redis.hgetall(names.gateway_name(gateway.name))
        if set(record) == {self._company} and record[self._company].split(" ")[1:] == [wanted]:
            return True  # as nearly always: no need to look at all companies
        return may_have(self._company, wanted, self._holders(gateway.name, record, redis_time(self._redis)))

    def of_another(self, dial: str) -> str:
        """Why nobody may be rung through the gateway of this destination, in words; empty when they may."""
        name = gateway_in(dial)
        return "" if not name or self.may_have(Gateway(self._company, name)) else taken(name)

    def claim(self, gateway: Gateway) -> None:
        """Take the name, before the gateway is written; Refused when it is another company's."""
        wanted, key, now = places_of(gateway), names.gateway_name(gateway.name), redis_time(self._redis)
        if not wanted:
            return

        def change(pipe: Pipeline) -> None:
            holders = self._holders(gateway.name, pipe.hgetall(key), now)
            if not may_have(self._company, wanted, holders):
                raise Refused(taken(gateway.name))
            kept = {holder.company: holder for holder in holders}
            mine = kept.get(self._company)
            kept[self._company] = Holder(self._company, mine.since if mine else iso(now), wanted)
            pipe.multi()
            pipe.delete(key)
            pipe.hset(key, mapping={each.company: f"{each.since} {each.places}" for each in kept.values()})

        self._redis.transaction(change, key)

    def release(self, name: str) -> None:
        """The company's gateway has the name no more. Whoever had it too is told: it may be theirs now."""
        self._redis.hdel(names.gateway_name(name), self._company)
        for other in self.holders(name):
            Feed(self._redis, Keys(other.company)).publish("settings", what="gateway", id=name)

    def _holders(self, name: str, record: Mapping[str, str], now: float) -> list[Holder]:
        companies, fresh = sorted(self._redis.smembers(names.companies())), iso(now - BEING_SAVED_S)
        with self._redis.pipeline(transaction=False) as pipe:
            for company in companies:
                pipe.hgetall(Keys(company).gateway(name))
            there = dict(zip(companies, pipe.execute(), strict=True))
        found = []
        for company, said in record.items():
            since, _, where = said.partition(" ")
            if since > fresh or _places(there.get(company, {})):
                found.append(Holder(company, since, where))
        # Set up before there was this record, or by hand: who has the switch make the gateway before who only names it.
        others = {company: gateway for company, gateway in there.items() if company not in record and _places(gateway)}
        late = sorted(others, key=lambda company: (not others[company].get("proxy"), company))
        found += [Holder(company, iso(now + n / 1000), _places(others[company])) for n, company in enumerate(late)]
        return in_order(found)


def taken(name: str) -> str:
    """What an administrator reads; of the other company nothing."""
    return f"{name!r} is another company's gateway on the switch: choose another name, or set a host of your own"


def _places(record: Mapping[str, str]) -> str:
    return places(record.get("host", ""), record.get("proxy", ""), record.get("switches", "").split()) if record else ""
