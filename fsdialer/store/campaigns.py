"""What an administrator set up, as kept in Redis: companies, gateways, campaigns, operators.

Hashes of plain text that may be edited by hand; a value edited into nonsense is refused when it is read, naming the
key. Every change is told to the feed, and the dialer follows within a second.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

from redis import Redis
from redis.client import Pipeline

from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator, Station
from fsdialer.core.destinations import barred_dial, barred_extension
from fsdialer.core.fields import checked, from_hash, to_hash
from fsdialer.core.setup import CompanySetup
from fsdialer.core.times import iso
from fsdialer.errors import InvalidSetting, NotFound, Refused
from fsdialer.store import keys as names
from fsdialer.store.feed import Feed
from fsdialer.store.gateway_names import GatewayNames
from fsdialer.store.keys import Keys

log = logging.getLogger(__name__)

#: What begins the fields of a gateway's state that are of one switch each.
_ON = "on."


class Setup:
    """The set-up of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._feed = Feed(redis, keys)
        self._names = GatewayNames(redis, keys)

    # -- reading -------------------------------------------------------------------------------------------
    def company(self) -> Company:
        """The company's settings."""
        record = self._redis.hgetall(self._keys.company)
        return from_hash(Company, self._keys.company, {"id": self._keys.company_id}, record)

    def campaigns(self) -> list[Campaign]:
        """All campaigns, by id."""
        return [self.campaign(campaign) for campaign in sorted(self._redis.smembers(self._keys.campaigns))]

    def campaign(self, campaign: str) -> Campaign:
        """NotFound when there is none of that id."""
        record = self._redis.hgetall(self._keys.settings(campaign))
        if not record:
            raise NotFound(f"no campaign {campaign!r} in company {self._keys.company_id}")
        identity = {"company": self._keys.company_id, "id": campaign}
        return from_hash(Campaign, self._keys.settings(campaign), identity, record)

    def gateways(self) -> list[Gateway]:
        """All gateways, by name."""
        return [self.gateway(name) for name in self.gateway_names()]

    def good_gateways(self) -> Iterator[Gateway]:
        """The same without those edited into nonsense, or removed meanwhile: they are logged."""
        for name in self.gateway_names():
            try:
                yield self.gateway(name)
            except (InvalidSetting, NotFound) as error:
                log.error("company=%s gateway=%s left=out reason=%s", self._keys.company_id, name, error)

    def gateway_names(self) -> list[str]:
        """The names of all gateways."""
        return sorted(self._redis.smembers(self._keys.gateways))

    def gateway(self, name: str) -> Gateway:
        """NotFound when there is none of that name."""
        record = self._redis.hgetall(self._keys.gateway(name))
        if not record:
            raise NotFound(f"no gateway {name!r} in company {self._keys.company_id}")
        return from_hash(Gateway, self._keys.gateway(name), {"company": self._keys.company_id, "name": name}, record)

    def gateway_states(self) -> dict[str, dict[str, str]]:
        """Name → `state` in words and `since`, as the dialer found it; gateways nobody has looked at are left out."""
        states = {name: self._redis.hgetall(self._keys.gateway_state(name)) for name in self.gateway_names()}
        return {name: state for name, state in states.items() if "state" in state}

    def operators(self) -> list[Operator]:
        """All operators, by id."""
        return [self.operator(operator) for operator in sorted(self._redis.smembers(self._keys.operators))]

    def operator(self, operator: str) -> Operator:
        """NotFound when there is none of that id."""
        record = self._redis.hgetall(self._keys.operator(operator))
        if "extension" not in record:
            raise NotFound(f"no operator {operator!r} in company {self._keys.company_id}")
        identity = {"company": self._keys.company_id, "id": operator}
        return from_hash(Operator, self._keys.operator(operator), identity, record)

    def whole(self) -> CompanySetup:
        """Everything, as `fsdialer export` writes it."""
        return CompanySetup(self.company(), tuple(self.gateways()), tuple(self.campaigns()), tuple(self.operators()))

    # -- writing -------------------------------------------------------------------------------------------
    # Each refuses, with InvalidSetting, what could not be read back.
    def save_company(self, company: Company) -> None:
        """Create or change the company."""
        self._replace(self._keys.company, to_hash(checked(company)))
        self._redis.sadd(names.companies(), company.id)
        self._tell("company", company.id)

    def save_gateway(self, gateway: Gateway) -> None:
        """Create or change a gateway; Refused when its name on the switch is another company's."""
        fields = to_hash(checked(gateway))
        self._names.claim(gateway)
        self._replace(self._keys.gateway(gateway.name), fields)
        self._redis.sadd(self._keys.gateways, gateway.name)
        if gateway.host:
            self._names.release(gateway.name)
        self._tell("gateway", gateway.name)

    def gateway_on(self, name: str) -> dict[str, str]:
        """Switch → how the gateway was found there when it was looked at last, in words."""
        record = self._redis.hgetall(self._keys.gateway_state(name))
        return {field.removeprefix(_ON): state for field, state in record.items() if field.startswith(_ON)}

    def save_gateway_on(self, name: str, states: Mapping[str, str]) -> None:
        """How the switches that answer find a gateway; of the others what they said last stays."""
        self._redis.hset(self._keys.gateway_state(name), mapping={f"{_ON}{each}": states[each] for each in states})

    def save_gateway_state(self, name: str, state: str, now: float) -> None:
        """How the dialer finds a gateway."""
        self._redis.hset(self._keys.gateway_state(name), mapping={"state": state, "since": iso(now)})

    def save_campaign(self, campaign: Campaign) -> None:
        """Create or change a campaign; a delay not set any more is the company's again."""
        self._replace(self._keys.settings(campaign.id), to_hash(checked(campaign)))
        self._redis.sadd(self._keys.campaigns, campaign.id)
        self._tell("campaign", campaign.id)

    def save_operator(self, operator: Operator) -> None:
        """Create or change an operator; Refused when the extension is another's."""
        self.save_operators([operator])

    def barred_dial(self, dial: str) -> str:
        """Why no operator may be rung at this destination, in words; empty when they may: the number in it must be one
        the company may call, and the gateway not another company's."""
        return self._names.of_another(dial) or (barred_dial(dial, self.company()) if dial else "")

    def barred_phone(self, station: str, extension: str, dial: str) -> str:
        """Why no operator may be reached so, in words; empty when they may."""
        if dial and (reason := self.barred_dial(dial)):
            return f"{dial} may not be dialled: {reason}"
        if station == Station.REFER and (reason := barred_extension(extension, self.company())):
            return f"extension {extension} may not be dialled: {reason}"
        return ""

    def save_operators(self, operators: Sequence[Operator]) -> None:
        """Create or change operators, who may exchange extensions among themselves. Refused, before any is
        changed, when an extension is somebody else's, or a destination may not be dialled."""
        for operator in operators:
            if reason := self.barred_phone(operator.station, operator.extension, operator.dial):
                raise Refused(f"operator {operator.id}: {reason}")
        saved = {operator.extension: checked(operator) for operator in operators}
        if len(saved) < len(operators):
            raise Refused("one extension is given to two operators")
        among = {operator.id for operator in operators}
        extensions = self._keys.extensions

        def change(pipe: Pipeline) -> None:
            holders = pipe.hgetall(extensions)
            for extension in saved:
                holder = holders.get(extension)
                if holder and holder not in among and pipe.hget(self._keys.operator(holder), "extension") == extension:
                    raise Refused(f"extension {extension} belongs to operator {holder}")
            given_up = [held for held, by in holders.items() if by in among and held not in saved]
            pipe.multi()
            for extension, operator in saved.items():
                pipe.hset(extensions, extension, operator.id)
                pipe.hset(self._keys.operator(operator.id), mapping=to_hash(operator))
                pipe.sadd(self._keys.operators, operator.id)
            if given_up:
                pipe.hdel(extensions, *given_up)

        self._redis.transaction(change, extensions)
        for operator in operators:
            self._tell("operator", operator.id)

    def remove_operator(self, operator: str) -> None:
        """Forget an operator; Refused while they are on the line."""
        state, extension = self._redis.hmget(self._keys.operator(operator), "state", "extension")
        if state not in (None, "", "off"):
            raise Refused(f"operator {operator} is on the line ({state}): take them off first")
        self._redis.delete(self._keys.operator(operator), self._keys.softphone(operator))
        self._redis.srem(self._keys.operators, operator)
        if extension:
            self._free_extension(extension, operator)
        self._tell("operator", operator)

    def remove_gateway(self, name: str) -> None:
        """Forget a gateway; Refused while a campaign uses it."""
        users = [campaign.id for campaign in self.campaigns() if name in campaign.gateways]
        if users:
            raise Refused(f"gateway {name} is used by campaign {', '.join(users)}")
        keys = self._keys
        self._redis.delete(keys.gateway(name), keys.gateway_account(name), keys.gateway_state(name))
        self._redis.srem(keys.gateways, name)
        self._names.release(name)
        self._tell("gateway", name)

    def _replace(self, key: str, fields: dict[str, str]) -> None:
        """The hash has these fields and no others; nobody reads it half-written."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            pipe.hset(key, mapping=fields)
            pipe.execute()

    def _free_extension(self, extension: str, operator: str) -> None:
        if self._redis.hget(self._keys.extensions, extension) == operator:
            self._redis.hdel(self._keys.extensions, extension)

    def _tell(self, what: str, name: str) -> None:
        self._feed.publish("settings", what=what, id=name)
