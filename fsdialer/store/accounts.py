"""The secrets a switch needs: what an operator's phone password is made with, and gateways' passwords.

A phone's password is not kept at all: `core.switch_config.phone_password` makes it from the secret key and the salt
here; that of a phone in a page from the salt in `store.softphones`, while a page has it. A gateway's has to be kept,
since the carrier wants it in clear; it is never exported or shown.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator

from redis import Redis

from fsdialer.core.campaigns import Gateway
from fsdialer.core.switch_config import Phone, Trunk, browser_password, phone_password
from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store.campaigns import Setup
from fsdialer.store.feed import Feed
from fsdialer.store.gateway_names import GatewayNames
from fsdialer.store.keys import Keys
from fsdialer.store.softphones import Softphones

log = logging.getLogger(__name__)


class Accounts:
    """The switch accounts of one company."""

    def __init__(self, redis: Redis, keys: Keys, setup: Setup) -> None:
        self._redis = redis
        self._keys = keys
        self._setup = setup
        self._softphones = Softphones(redis, keys)
        self._names = GatewayNames(redis, keys)

    def phones(self, secret_key: str) -> Iterator[Phone]:
        """Every operator's, but for those rung at a destination of their own."""
        for operator in self._setup.operators():
            if not operator.dial:
                yield self.phone(operator.id, secret_key)

    def phone(self, operator: str, secret_key: str) -> Phone:
        """An operator's; NotFound when there is none of that id."""
        found = self._setup.operator(operator)
        if found.in_browser:
            password = self._browser_password(operator, secret_key)
        else:
            salt = self._redis.hget(self._keys.operator(operator), "phone_salt") or ""
            password = phone_password(secret_key, self._keys.company_id, operator, salt)
        return Phone(self._keys.company_id, operator, found.name, found.extension, password, found.in_browser)

    def _browser_password(self, operator: str, secret_key: str) -> str:
        """Without a page that has the phone: one nobody knows, so that the switch can ring it and nobody can be it."""
        holder = self._softphones.holder(operator)
        if holder is None:
            return secrets.token_hex(24)
        return browser_password(secret_key, self._keys.company_id, operator, holder.salt)

    def phone_at(self, extension: str, secret_key: str) -> Phone | None:
        """The one with this extension, if the company has it; one edited into nonsense is logged, and nobody's."""
        operator = self._redis.hget(self._keys.extensions, extension)
        if not operator:
            return None
        try:
            phone = self.phone(operator, secret_key)
        except NotFound:  # removed this moment
            return None
        except InvalidSetting as error:
            log.error("company=%s extension=%s served=no reason=%s", self._keys.company_id, extension, error)
            return None
        return phone if phone.extension == extension and not self._setup.operator(operator).dial else None

    def renew_phone(self, operator: str) -> None:
        """Another password from now on; the phone has to be given it. NotFound when there is no such operator."""
        self._setup.operator(operator)
        self._redis.hset(self._keys.operator(operator), "phone_salt", secrets.token_hex(8))
        Feed(self._redis, self._keys).publish("settings", what="operator", id=operator)

    def trunks(self) -> Iterator[Trunk]:
        """The gateways the switch is to be told of: of two companies' one name, that of who had it first. One that was
        edited into nonsense raises InvalidSetting."""
        return self._trunks(self._setup.gateways())

    def good_trunks(self) -> Iterator[Trunk]:
        """The same without those edited into nonsense: they keep no other gateway from the switch."""
        return self._trunks(self._setup.good_gateways())

    def _trunks(self, gateways: Iterable[Gateway]) -> Iterator[Trunk]:
        for gateway in gateways:
            if gateway.proxy and not gateway.host and self._names.may_have(gateway):
                yield Trunk(gateway, self._redis.hget(self._keys.gateway_account(gateway.name), "password") or "")

    def save_gateway_password(self, name: str, password: str) -> None:
        """Set a gateway's password. Before the gateway itself is saved: that tells the dialer."""
        self._redis.hset(self._keys.gateway_account(name), mapping={"password": password})
