"""Redis: where everything is kept. What a thing *is* stands in the module of the same name in `core`.

`Store` opens companies; a `CompanyStore` has a room for each kind of thing. Every `now` is epoch seconds.
"""

from functools import cached_property

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSilent
from redis.retry import Retry

from fsdialer.errors import NotFound
from fsdialer.store import keys as names
from fsdialer.store.accounts import Accounts
from fsdialer.store.alerts import Alerts
from fsdialer.store.calls import Calls
from fsdialer.store.campaigns import Setup
from fsdialer.store.feed import Feed
from fsdialer.store.gateway_names import GatewayNames
from fsdialer.store.hours import Hours
from fsdialer.store.leads import Leads
from fsdialer.store.machines import MachineTallies
from fsdialer.store.operators import Operators
from fsdialer.store.ownership import Ownership
from fsdialer.store.pacing import PacingStore
from fsdialer.store.phone_tests import PhoneTests
from fsdialer.store.recordings import Recordings
from fsdialer.store.referrals import Referrals
from fsdialer.store.scripts import Scripts
from fsdialer.store.softphones import Softphones
from fsdialer.store.stats import Stats
from fsdialer.store.switches import Switches
from fsdialer.store.users import Users
from fsdialer.store.whereabouts import Whereabouts

#: Redis cannot be reached, is starting, or says nothing: a trouble of its own, in no line of ours.
REDIS_AWAY = (RedisGone, RedisSilent)


def connect(url: str, *, max_connections: int = 50, block_s: float = 0.0) -> Redis:
    """A client whose every wait is bounded: 5 s for quick commands, `block_s` more for one that blocks by design.

    No retries inside the client: a command that may have run is never sent twice behind our back.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=max_connections,
        timeout=5,
        socket_timeout=block_s + 5,
        socket_connect_timeout=3,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class CompanyStore:
    """Everything of one company."""

    def __init__(self, redis: Redis, company: str) -> None:
        self.redis = redis
        self.id = company
        self.keys = names.Keys(company)
        self.scripts = Scripts(redis, self.keys.root)

    @cached_property
    def setup(self) -> Setup:
        """Company, gateways, campaigns and operators, as an administrator set them."""
        return Setup(self.redis, self.keys)

    @cached_property
    def gateway_names(self) -> GatewayNames:
        """Which gateways' names on the switches are this company's."""
        return GatewayNames(self.redis, self.keys)

    @cached_property
    def accounts(self) -> Accounts:
        """What a switch is told: operators' phones, gateways."""
        return Accounts(self.redis, self.keys, self.setup)

    @cached_property
    def softphones(self) -> Softphones:
        """The phones in operators' pages."""
        return Softphones(self.redis, self.keys)

    @cached_property
    def users(self) -> Users:
        """Who may sign in."""
        return Users(self.redis, self.keys)

    @cached_property
    def leads(self) -> Leads:
        """The people to reach, and the two queues they stand in."""
        return Leads(self.redis, self.keys, self.scripts)

    @cached_property
    def hours(self) -> Hours:
        """Whether people may be called now."""
        return Hours(self.redis, self.keys)

    @cached_property
    def operators(self) -> Operators:
        """Presence, promises and wrap-up."""
        return Operators(self.redis, self.keys, self.scripts)

    @cached_property
    def phone_tests(self) -> PhoneTests:
        """Whether operators' phones are well."""
        return PhoneTests(self.redis, self.keys, self.operators)

    @cached_property
    def whereabouts(self) -> Whereabouts:
        """On which switch operators' phones are, and whether it answers."""
        return Whereabouts(self.redis, self.keys, self.scripts)

    @cached_property
    def calls(self) -> Calls:
        """Live calls and how they ended."""
        return Calls(self.redis, self.keys, self.scripts, self.hours)

    @cached_property
    def alerts(self) -> Alerts:
        """What is wrong, until it is mended or read."""
        return Alerts(self.redis, self.keys, self.scripts)

    @cached_property
    def recordings(self) -> Recordings:
        """What was recorded, and what is known of it."""
        return Recordings(self.redis, self.keys)

    @cached_property
    def machines(self) -> MachineTallies:
        """How often the detectors of answering machines are wrong."""
        return MachineTallies(self.redis, self.keys)

    @cached_property
    def referrals(self) -> Referrals:
        """Gateways that do not do REFER."""
        return Referrals(self.redis, self.keys)

    @cached_property
    def pacing(self) -> PacingStore:
        """What the pacing decided and learned."""
        return PacingStore(self.redis, self.keys)

    @cached_property
    def stats(self) -> Stats:
        """Counters, and the picture of a moment."""
        return Stats(self.redis, self.keys)

    @cached_property
    def feed(self) -> Feed:
        """Everything that happened."""
        return Feed(self.redis, self.keys)

    @cached_property
    def ownership(self) -> Ownership:
        """Which dialer runs which campaign."""
        return Ownership(self.redis, self.keys, self.scripts)


class Store:
    """All companies."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.switches = Switches(redis)
        self._open: dict[str, CompanyStore] = {}

    def companies(self) -> list[str]:
        """Ids, sorted."""
        return sorted(self.redis.smembers(names.companies()))

    def company(self, company: str) -> CompanyStore:
        """The store of a company; NotFound when there is none of that id."""
        if company not in self._open:
            if not self.redis.sismember(names.companies(), company):
                raise NotFound(f"no company {company!r}: there are {', '.join(self.companies()) or 'none yet'}")
            self._open[company] = CompanyStore(self.redis, company)
        return self._open[company]
