"""A switch that does as the test says, on a real socket, in greenlets of the test's own process.

`Switch` accepts connections and hands each to `serve`, a function of the test's; `Line` is the switch's end of one.
Nothing here knows the code under test: bytes are written out as FreeSWITCH writes them.
"""

import contextlib
import time

import gevent
from gevent import socket
from gevent.queue import Queue

PASSWORD = "a-password-of-the-tests"
GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
#: How long anything awaited may take before a test has failed (seconds).
PATIENCE_S = 15.0
#: Within which something must happen that must happen at once, on a busy machine (seconds).
AT_ONCE_S = 3.0


def wait_until(condition, what="", timeout_s=PATIENCE_S):
    """The condition's first true answer, other greenlets running meanwhile."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what or condition}"
        gevent.sleep(0.001)
    return answer


def reply(text, job=None):
    """A ``command/reply``."""
    more = f"Job-UUID: {job}\n" if job else ""
    return f"Content-Type: command/reply\nReply-Text: {text}\n{more}\n".encode()


def response(body):
    """An ``api/response``; `body` may be any bytes."""
    body = body.encode() if isinstance(body, str) else body
    return b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(body), body)


def notice(text=GOODBYE, disposition=""):
    """A ``text/disconnect-notice``."""
    more = f"Content-Disposition: {disposition}\n" if disposition else ""
    return f"Content-Type: text/disconnect-notice\n{more}Content-Length: {len(text)}\n\n{text}".encode()


def plain(headers, body=b""):
    """An event as ``event plain`` sends it; header values are given as they stand on the wire."""
    text = "".join(f"{name}: {value}\n" for name, value in headers.items()).encode()
    inner = text + (b"Content-Length: %d\n\n%s" % (len(body), body) if body else b"\n")
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner)


def event(name, leg="", body=b"", **headers):
    """An event with the headers a dialer reads; underscores in names stand for hyphens."""
    more = {key.replace("_", "-"): value for key, value in headers.items()}
    return plain({"Event-Name": name, **({"Unique-ID": leg} if leg else {}), **more}, body)


class Line:
    """The switch's end of a connection."""

    def __init__(self, sock):
        self.sock = sock
        self._read = b""

    def send(self, *data):
        """Write these bytes, whole; to a client that has gone, none."""
        with contextlib.suppress(OSError):
            self.sock.sendall(b"".join(data))

    def command(self):
        """The next command, without the blank line that ends it; None when the client has gone."""
        while b"\n\n" not in self._read:
            try:
                data = self.sock.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            self._read += data
        command, _, self._read = self._read.partition(b"\n\n")
        return command.decode()

    def welcome(self):
        """Greeting and password, as far as +OK."""
        self.send(b"Content-Type: auth/request\n\n")
        command = self.command()
        if command != f"auth {PASSWORD}":
            self.send(reply("-ERR invalid"), notice())
            self.close()
            return False
        self.send(reply("+OK accepted"))
        return True

    def close(self):
        """Close properly: what was sent arrives, then the end."""
        with contextlib.suppress(OSError):  # the client may have closed it first
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self):
        """End it as a crash does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


class Switch:
    """Listens; each connection is served by `serve(line)` in a greenlet."""

    def __init__(self, serve=None, family=socket.AF_INET):
        self._serve = serve or self._queue
        self._family = family
        #: Lines that were welcomed and wait for the test.
        self.welcomed = Queue()
        self.lines = []
        #: How many connections there have been.
        self.accepted = 0
        self.port = 0
        self.start()

    def start(self):
        """Listen, on the same port as before."""
        self._listener = socket.socket(self._family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("::1" if self._family == socket.AF_INET6 else "127.0.0.1", self.port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._accepting = gevent.spawn(self._accept)

    def stop(self):
        """Listen no more and end every connection."""
        self._accepting.kill()
        self._listener.close()
        self.cut()

    def cut(self):
        """End every connection, and go on listening."""
        for line in self.lines:
            line.close()
        self.lines.clear()

    def line(self):
        """The next welcomed connection's end."""
        return self.welcomed.get(timeout=PATIENCE_S)

    def _accept(self):
        while True:
            sock, _ = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line(sock)
            self.accepted += 1
            self.lines.append(line)
            gevent.spawn(self._serve, line)

    def _queue(self, line):
        if line.welcome():
            self.welcomed.put(line)
