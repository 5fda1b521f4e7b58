"""The Redis server that the lab and the tests bring along."""

import os
import shutil
import socket

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from fsdialer.lab import redis_server
from fsdialer.lab.redis_server import NoServer, RedisServer, find_server


@pytest.fixture
def server(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


def test_server_binary_is_found_here():
    assert os.access(find_server(), os.X_OK)


def test_server_on_path_goes_before_the_packages(tmp_path, monkeypatch):
    own = tmp_path / "valkey-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == own
    shutil.copy(own, tmp_path / "redis-server")
    assert find_server() == tmp_path / "redis-server"


def test_no_server_anywhere_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NoServer, match="apt-get install redis-server"):
        find_server()


def test_data_survives_stop_and_start(server):
    Redis.from_url(server.url).set("kept", "yes")
    server.stop()
    with pytest.raises(NoConnection):
        Redis.from_url(server.url).ping()
    server.start()
    assert Redis.from_url(server.url).get("kept") == b"yes"


def test_after_a_crash_start_returns_only_when_the_server_answers(server):
    for _ in range(3):
        server.kill()
        server.start()
        assert Redis.from_url(server.url).ping()


def test_data_is_never_evicted_and_is_persistent(server):
    redis = Redis.from_url(server.url)
    assert redis.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    assert redis.info("persistence")["aof_enabled"] == 1


def test_folder_with_a_very_long_name_still_gets_a_socket(tmp_path):
    server = RedisServer(tmp_path / ("x" * 120))
    server.start()
    assert Redis.from_url(server.url).ping()
    server.stop()


def test_server_may_listen_on_a_port_of_loopback_only(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = RedisServer(tmp_path, port)
    server.start()
    assert Redis.from_url(server.url).ping()
    assert server.url == f"redis://127.0.0.1:{port}/0"
    server.stop()


def test_server_that_cannot_start_says_what_it_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NoServer, match="(?i)address already in use"):
        RedisServer(tmp_path, taken.getsockname()[1]).start()
