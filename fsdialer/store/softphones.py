"""The phones in operators' pages: which page has an operator's phone, and the salt its password is made with.

One page at a time: whoever takes the phone last has it. A page keeps it by renewing; what is not renewed is gone after
`LIFE_S`, and with it the password, which is kept nowhere (`core.switch_config.browser_password`).
"""

import secrets
from dataclasses import dataclass

from redis import Redis

from fsdialer.core.times import iso
from fsdialer.store.feed import Feed
from fsdialer.store.keys import Keys

#: Seconds a page's password lasts without being renewed.
LIFE_S = 180
_ASKED_S = 3600


@dataclass(frozen=True, slots=True)
class Softphone:
    """The page that has the phone, of which sign-in, and the salt of its password."""

    page: str
    session: str
    salt: str

    def is_of(self, page: str, session: str) -> bool:
        """Is it this page's, of that sign-in?"""
        return (self.page, self.session) == (page, session)


class Softphones:
    """The phones in the pages of one company's operators."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._feed = Feed(redis, keys)

    def holder(self, operator: str) -> Softphone | None:
        """The page that has the phone now."""
        record = self._redis.hgetall(self._keys.softphone(operator))
        return Softphone(record["page"], record["session"], record["salt"]) if "salt" in record else None

    def take(self, operator: str, page: str, session: str, now: float) -> Softphone:
        """The phone is this page's from now on, under a new password unless it was already."""
        if self.renew(operator, page, session):
            holder = self.holder(operator)
            if holder is not None and holder.is_of(page, session):
                return holder
        taken = Softphone(page, session, secrets.token_hex(16))
        key = self._keys.softphone(operator)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping={"page": page, "session": session, "salt": taken.salt, "since": iso(now)})
            pipe.expire(key, LIFE_S)
            pipe.execute()
        self._feed.publish("softphone", what="taken", operator=operator)
        return taken

    def renew(self, operator: str, page: str, session: str) -> bool:
        """The page is still there; False when the phone is not its own (any more)."""
        holder = self.holder(operator)
        if holder is None or not holder.is_of(page, session):
            return False
        return bool(self._redis.expire(self._keys.softphone(operator), LIFE_S))

    def cut_off(self, operator: str) -> None:
        """The calls of the page that has the phone are no more, whatever the switch has heard of it."""
        self._feed.publish("softphone", what="cut_off", operator=operator)

    def give_up(self, operator: str, session: str) -> None:
        """That sign-in is over: its password ends, and the switch is to forget the phone."""
        holder = self.holder(operator)
        if holder is not None and holder.session == session:
            self._redis.delete(self._keys.softphone(operator))
            self._feed.publish("softphone", what="given_up", operator=operator)

    def was_asked_for(self, operator: str) -> None:
        """A switch has asked for the password there is now."""
        holder = self.holder(operator)
        if holder is not None:
            self._redis.set(self._keys.softphone_asked(operator), holder.salt, ex=_ASKED_S)

    def has_been_asked_for(self, operator: str) -> bool:
        """Has a switch asked for the password there is now?"""
        holder = self.holder(operator)
        return holder is not None and self._redis.get(self._keys.softphone_asked(operator)) == holder.salt
