"""Where the web listens."""

import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.journey import Process, wait_until

SECRET = "a-secret-for-listening-0123456789"


def bound(family, host):
    """A socket at a free port of this machine, and the port."""
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.bind((host, 0))
    return taken, taken.getsockname()[1]


def environment(redis_url, listen):
    return {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_SECRET_KEY": SECRET, "FSDIALER_LISTEN": listen}


def test_the_web_listens_on_an_ipv6_address(redis_url, redis, tmp_path):
    try:
        taken, port = bound(socket.AF_INET6, "::1")
    except OSError:
        pytest.skip("no IPv6 here: the web was not tried on it")
    taken.close()
    web = Process(tmp_path / "web.log", "fsdialer", "web", env=environment(redis_url, f"[::1]:{port}"))
    try:
        wait_until(lambda: web.said("state=listening"), 20, "the web to listen")
        assert urllib.request.urlopen(f"http://[::1]:{port}/login").status == 200
    finally:
        web.stop()


def test_a_port_that_is_taken_is_said_in_words(redis_url, redis):
    taken, port = bound(socket.AF_INET, "127.0.0.1")
    with taken:
        taken.listen()
        ended = subprocess.run(
            [sys.executable, "-m", "fsdialer", "web"],
            env=environment(redis_url, f"127.0.0.1:{port}"),
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert f"FSDIALER_LISTEN: 127.0.0.1:{port}: Address already in use" in ended.stderr
