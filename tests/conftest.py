"""What all tests share: a real Redis, one server for the session, emptied for each test."""

import pytest

from fsdialer.lab.redis_server import RedisServer
from fsdialer.store import connect


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """The address of a Redis server of this session's own; without one the tests fail."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis(redis_url):
    """A client of it, as the store uses one; empty."""
    client = connect(redis_url)
    client.flushall()
    yield client
    client.close()
