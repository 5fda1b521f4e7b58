"""Tests of operators' phones: the wish for one, how it went, and what the operator says of it."""

from redis import Redis

from fsdialer.core.phones import answered, asks, proved
from fsdialer.core.times import iso
from fsdialer.errors import Refused
from fsdialer.store.feed import Feed
from fsdialer.store.keys import Keys
from fsdialer.store.operators import Operators

_CALLED = "Your phone is being called: say something after the tone, and you hear yourself a second later."


class PhoneTests:
    """Those of one company. The last one of each operator stands in the operator's record."""

    def __init__(self, redis: Redis, keys: Keys, operators: Operators) -> None:
        self._redis = redis
        self._keys = keys
        self._operators = operators
        self._feed = Feed(redis, keys)

    def ask(self, operator: str, now: float, then: str = "") -> None:
        """Have the operator's phone tested, and get on the line of campaign `then` if it is well; Refused while they
        are on the line. Nobody may be there to do it: `core.phones.unheard` says when to wait no longer."""
        view = self._operators.view(operator)
        if view.state != "off":
            raise Refused("leave the line first: the test needs your phone")
        if then:
            self._operators.check_campaign(operator, then)
        wish = {"phone_test_then": then, "phone_test_asked": iso(now), "phone_test_of": view.which_phone}
        self._redis.hset(self._keys.operator(operator), mapping=wish)
        self._tell(operator, True, f"{_CALLED} Then you are on the line." if then else _CALLED, None)
        self._feed.publish("wish", what="test_phone", operator=operator)

    def over(self, operator: str, ok: bool, words: str, now: float) -> str:
        """How the test went, for the operator's page; the campaign whose line they asked for, if any."""
        key = self._keys.operator(operator)
        with self._redis.pipeline() as pipe:
            then = pipe.hget(key, "phone_test_then").hdel(key, "phone_test_then").execute()[0]
        self._tell(operator, ok, words, now)
        return then or ""

    def heard(self, operator: str, heard: bool) -> None:
        """What the operator says of the test that asked; Refused when none does."""
        view = self._operators.view(operator)
        if not asks(view.phone_test) or view.phone_tested_at is None:
            raise Refused("no test of your phone asks: test it again")
        self._tell(operator, *answered(view.phone_test, heard), view.phone_tested_at)

    def proved(self, operator: str, now: float) -> bool:
        """Has the operator's phone shown in this shift that it works (`core.phones.proved`)?"""
        view = self._operators.view(operator)
        if view.phone_is_new:
            return False
        ended_at, talk_s = self._operators.last_talk(view)
        return proved(view.phone_test_ok, view.phone_tested_at, talk_s, ended_at, now)

    def _tell(self, operator: str, ok: bool, words: str, at: float | None) -> None:
        record = {"phone_test": words, "phone_test_ok": "1" if ok else "0", "phone_tested": iso(at) if at else ""}
        self._redis.hset(self._keys.operator(operator), mapping=record)
        self._feed.publish("phone_test", operator=operator)
