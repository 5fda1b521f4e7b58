"""What all tests share: a real Redis, one server for the session, emptied for each test."""

import hypothesis
import pytest

from fsdialer.lab.redis_server import RedisServer
from fsdialer.store import connect
from tests.journey import Centre

# A test says the same on every run; how long one takes says something of the machine only.
hypothesis.settings.register_profile("fsdialer", deadline=None, derandomize=True)
hypothesis.settings.load_profile("fsdialer")


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


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre (`tests.journey`); closed, whatever happened, at the end."""
    open_centres = []

    def centre(*options, **settings):
        open_centres.append(Centre(redis_url, tmp_path, *options, **settings))
        return open_centres[-1]

    yield centre
    for each in open_centres:
        each.stop()
