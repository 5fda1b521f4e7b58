"""Who may sign in: operators and administrators of a company, with argon2id password hashes."""

from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from redis import Redis

from fsdialer.errors import NotFound
from fsdialer.store.keys import Keys

ROLES = ("operator", "admin")
#: Shortest password accepted.
PASSWORD_LENGTH = 8

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
        """Create or change a user."""
        self._redis.sadd(self._keys.users, user.login)
        fields = {
            "name": user.name,
            "role": user.role,
            "operator": user.operator,
            "password_hash": user.password_hash,
        }
        self._redis.hset(self._keys.user(user.login), mapping=fields)

    def get(self, login: str) -> User | None:
        """None when there is no such user."""
        record = self._redis.hgetall(self._keys.user(login))
        return User(login=login, **record) if record else None

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
