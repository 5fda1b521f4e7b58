"""The simulated FreeSWITCH as a process: ``python -m fsdialer.lab.switch --port 0``; password in ``LAB_PASSWORD``.

It says ``listening HOST:PORT`` when it is ready, and ends on SIGTERM or SIGINT.
"""

import argparse
import os
import signal
import time
from pathlib import Path
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event
from gevent.server import StreamServer

from fsdialer.lab.apis import Apis
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.listings import VERSION, uptime
from fsdialer.lab.people import People
from fsdialer.lab.places import Gateway
from fsdialer.lab.wire import Connection


class SimulatedSwitch:
    """An exchange behind an Event Socket."""

    def __init__(self, exchange: Exchange, password: str, host: str, port: int, heartbeat_s: float = 20.0) -> None:
        self.exchange = exchange
        self._password = password
        self._address = (host, port)
        self._heartbeat_s = heartbeat_s
        self._apis = Apis(exchange, self._fate)
        self._connections: set[Connection] = set()
        self._server: StreamServer | None = None
        self._heart: gevent.Greenlet | None = None

    def start(self) -> tuple[str, int]:
        """Listen; where."""
        self._listen()
        self.exchange.trunks.listen(self._address[0])
        self._heart = gevent.spawn(self._beat)
        return self._address

    def stop(self) -> None:
        """Stop listening and drop everybody."""
        if self._heart is not None:
            self._heart.kill()
        self._close()

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._address)
        listener.listen(16)
        self._address = listener.getsockname()[:2]
        self._server = StreamServer(listener, self._serve)
        self._server.start()

    def _close(self) -> None:
        if self._server is not None:
            self._server.stop(timeout=0)
        for connection in list(self._connections):
            connection.cut()

    def _serve(self, sock: socket.socket, address: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, self.exchange, self._apis, self._password)
        self._connections.add(connection)
        writer = gevent.spawn(connection.write_out)
        try:
            connection.serve()
            writer.join(timeout=5)
        finally:
            writer.kill(block=False)
            self._connections.discard(connection)

    def _beat(self) -> None:
        while True:
            gevent.sleep(self._heartbeat_s)
            exchange = self.exchange
            more = {
                "Event-Info": "System Ready",
                "Up-Time": uptime(exchange),
                "FreeSWITCH-Version": f"{VERSION}~64bit",
                "Uptime-msec": int((time.time() - exchange.started) * 1000),
                "Session-Count": len(exchange.channels),
                "Max-Sessions": exchange.max_sessions,
                "Session-Per-Sec": exchange.sps,
                "Session-Per-Sec-Last": exchange.this_second,
                "Session-Per-Sec-Max": exchange.peak_sps,
                "Session-Per-Sec-FiveMin": exchange.peak_sps,
                "Session-Since-Startup": exchange.sessions,
                "Session-Peak-Max": exchange.peak_sessions,
                "Session-Peak-FiveMin": exchange.peak_sessions,
                "Idle-CPU": "99.000000",
            }
            exchange.fire("HEARTBEAT", None, "", **more)

    # -- fate ----------------------------------------------------------------------------------------------
    def _fate(self, what: str, seconds: float) -> str:
        """Told a moment later, so that who asked still gets an answer."""
        if what == "stall":
            gevent.spawn_later(0.02, time.sleep, seconds)
        else:
            gevent.spawn_later(0.02, self._cut if what == "cut" else self._restart)
        return "+OK\n"

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.cut()

    def _restart(self) -> None:
        self.exchange.die()
        self._close()
        gevent.sleep(0.2)
        self._listen()


def main() -> None:
    """The command line of the process."""
    options = _options()
    people = People(options.people == "chance", options.seed, options.talk_scale)
    exchange = Exchange(
        people,
        [Gateway.parse(text) for text in options.gateway or ["trunk"]],
        seed=options.seed,
        max_sessions=options.max_sessions,
        sps=options.sps,
        recordings=options.recordings,
    )
    if options.phones is not None:
        exchange.destinations.here = set(options.phones.split(","))
    password = options.password or os.environ.get("LAB_PASSWORD", "")
    if not password:
        raise SystemExit("a password is needed: --password, or LAB_PASSWORD in the environment")
    switch = SimulatedSwitch(exchange, password, options.host, options.port, options.heartbeat_s)
    host, port = switch.start()
    print(f"listening {host}:{port}", flush=True)
    over = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(signum, over.set)
    over.wait()
    switch.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fsdialer.lab.switch", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8021)
    parser.add_argument("--password", help="better: LAB_PASSWORD in the environment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", choices=["suffix", "chance"], default="suffix")
    parser.add_argument("--talk-scale", type=float, default=1.0, help="shortens ringing and talking")
    parser.add_argument("--gateway", action="append", help="NAME[:channels=N][:cps=N][:down]")
    parser.add_argument("--max-sessions", type=int, default=5000)
    parser.add_argument("--sps", type=int, default=500)
    parser.add_argument("--phones", help="which of 1000-1999 are registered here: 1001,1002; all when left out")
    parser.add_argument("--recordings", type=Path, help="recordings below this folder are written")
    parser.add_argument("--heartbeat-s", type=float, default=20.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
