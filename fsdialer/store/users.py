"""Who may sign in: operators and administrators of a company, with argon2id password hashes."""

import re
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from redis import Redis

from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store.keys import Keys

ROLES = ("operator", "admin")
#: Shortest password accepted.
PASSWORD_LENGTH = 8

_LOGIN = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class User:
    """`role` is operator or admin; `operator` is the seat an operator signs in to."""

    login: str
    name: str
    role: str
    operator: str
    password_hash: str


class Users:
    """The users of one company."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def save(self, user: User) -> None:
        """Create or change a user; InvalidSetting for a login or role that cannot be."""
        if not _LOGIN.fullmatch(user.login):
            raise InvalidSetting("login", f"{user.login!r}: 1 to 64 letters, digits and . _ @ + -")
        if user.role not in ROLES:
            raise InvalidSetting("role", f"{user.role!r}: one of {', '.join(ROLES)}")
        self._redis.sadd(self._keys.users, user.login)
        fields = {
            "name": user.name,
            "role": user.role,
            "operator": user.operator,
            "password_hash": user.password_hash,
        }
        self._redis.hset(self._keys.user(user.login), mapping=fields)

    def get(self, login: str) -> User | None:
        """None when there is no such user. A role edited into nonsense gives the rights of an operator."""
        record = self._redis.hgetall(self._keys.user(login))
        if not record:
            return None
        role = record.get("role", "")
        return User(
            login=login,
            name=record.get("name", login),
            role=role if role in ROLES else ROLES[0],
            operator=record.get("operator", ""),
            password_hash=record.get("password_hash", ""),
        )

    def all(self) -> list[User]:
        """All users, by login."""
        found = (self.get(login) for login in sorted(self._redis.smembers(self._keys.users)))
        return [user for user in found if user is not None]

    def remove(self, login: str) -> None:
        """NotFound when there is no such user."""
        if not self._redis.srem(self._keys.users, login):
            raise NotFound(f"no user {login!r}")
        self._redis.delete(self._keys.user(login))


def hash_password(text: str) -> str:
    """argon2id; about 100 ms of CPU on purpose: in a gevent process run it in the thread pool."""
    return _hasher.hash(text)


def password_matches(password_hash: str, text: str) -> bool:
    """As slow as `hash_password`, whatever the answer."""
    try:
        return _hasher.verify(password_hash, text)
    except (VerificationError, InvalidHashError):
        return False
