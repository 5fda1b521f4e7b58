"""The verb `fsdialer lab`: starts everything, shows it, ends everything."""

import contextlib
import json
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from fsdialer import settings
from fsdialer.core.dispositions import Disposition
from fsdialer.core.times import day, iso
from fsdialer.demo.picture import picture
from fsdialer.demo.processes import Processes, ProcessFailed
from fsdialer.demo.robots import Robots
from fsdialer.errors import FsdialerError
from fsdialer.lab.people import People
from fsdialer.lab.redis_server import RedisServer
from fsdialer.store import Store, connect

COMPANY, CAMPAIGN = "lab", "spring"
ROBOTS = ("1001", "1002", "1003", "1004", "1005")
SEAT = "1006"

#: What `--fast` changes, so that a lead's whole life passes in two minutes.
NORMAL = {
    "talk_scale": "1",
    "retry": "{ missed = 90, unavailable = 90, busy = 5, technical = 10, machine = 90 }",
    "wrap_up_s": "15",
    "ring_s": "25",
    "max_attempts": "6",
}
FAST = {
    "talk_scale": "0.2",
    "retry": "{ missed = 0.25, unavailable = 0.3, busy = 0.1, technical = 0.15, machine = 0.25 }",
    "wrap_up_s": "4",
    "ring_s": "5",
    "max_attempts": "4",
}


@dataclass(frozen=True)
class LabOptions:
    """The options of the verb."""

    leads: Path | None = None
    fast: bool = False
    mode: str = "multiplier"
    seed: int = 1
    web: bool = True
    minutes: float | None = None
    as_json: bool = False
    data: Path | None = None


class Stop(Exception):
    """Ctrl-C or SIGTERM."""


def run(options: LabOptions) -> None:
    """The lab, from start to end; raises FsdialerError when it cannot run."""
    with _stop_on_signals(), _folder(options.data) as folder:
        lab = Lab(options, folder)
        try:
            lab.start()
            lab.show()
        except Stop:
            pass
        except ProcessFailed as error:
            raise FsdialerError(str(error)) from None
        finally:
            summary = lab.stop()
        if summary is not None:
            _print_summary(summary, options.as_json)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the lab in order; further ones change nothing."""

    def stop(signum: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Stop

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """Where Redis persists and logs go: `data`, or a temporary folder that goes with the lab."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
        return
    folder = Path(tempfile.mkdtemp(prefix="fsdialer-lab-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Lab:
    """Everything that runs, and what is shown of it."""

    def __init__(self, options: LabOptions, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._recordings = _recordings_in(folder)
        self._pace = FAST if options.fast else NORMAL
        self._redis = RedisServer(folder)
        self._processes: Processes | None = None
        self._store: Store | None = None
        self._seat_password = secrets.token_urlsafe(6)
        self._admin_password = secrets.token_urlsafe(6)
        self._head: list[str] = []

    # -- start ---------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Redis, the switch, the company, then dialer, worker and web; the robots sit down last."""
        self._redis.start()
        password, port = secrets.token_hex(16), _free_port()
        environment = {
            "FSDIALER_REDIS_URL": self._redis.url,
            "FSDIALER_SECRET_KEY": secrets.token_hex(32),
            "FSDIALER_LISTEN": f"127.0.0.1:{port}",
            "FSDIALER_DIALER_NAME": "lab",
            "FSDIALER_RECORDINGS": self._recordings,
            "LAB_PASSWORD": password,
        }
        self._processes = Processes(self._folder, environment)
        said = self._processes.start("switch", *self._switch_arguments(), ready="listening ")
        self._processes.environ("FSDIALER_SWITCHES", f"esl://:{password}@{said.split()[1]}?name=lab")
        self._store = Store(connect(self._redis.url))
        self._set_up()
        self._processes.start("dialer", "fsdialer", "dial")
        self._processes.start("worker", "fsdialer", "worker")
        if self._options.web:
            self._processes.start("web", "fsdialer", "web")
        self._head = self._welcome(port)
        self._robots = Robots(
            self._store.company(COMPANY),
            CAMPAIGN,
            ROBOTS,
            self._options.seed,
            1.5 if self._options.fast else 6.0,
            People(by_chance=True, seed=self._options.seed).is_machine,
        )
        self._robots.sit_down(time.time())

    def _switch_arguments(self) -> list[str]:
        return [
            "fsdialer.lab.switch",
            "--port=0",
            f"--seed={self._options.seed}",
            "--people=chance",
            f"--talk-scale={self._pace['talk_scale']}",
            "--gateway=trunk:channels=30:cps=10",
            *([f"--recordings={self._recordings}"] if self._recordings else []),
        ]

    def _set_up(self) -> None:
        """The way an administrator does it: `apply`, `load`, `user add`."""
        assert self._processes is not None
        setup = self._folder / "lab.toml"
        template = resources.files("fsdialer.demo").joinpath("lab.toml").read_text()
        mode = self._options.mode
        multiplier = "1.2" if mode == "multiplier" else "1"  # with predictive it would be a cap
        record = "true" if self._recordings else "false"
        for name, value in {**self._pace, "mode": mode, "multiplier": multiplier, "record": record}.items():
            template = template.replace(f"@{name}@", value)
        setup.write_text(template)
        leads = self._options.leads or Path(str(resources.files("fsdialer.demo").joinpath("leads.csv")))
        self._processes.run("apply", ["fsdialer", "apply", str(setup)])
        self._processes.run("load", ["fsdialer", "load", str(leads), "--company", COMPANY, "--campaign", CAMPAIGN])
        self._add_user(SEAT, self._seat_password, "--role", "operator", "--operator", SEAT)
        self._add_user("admin", self._admin_password, "--role", "admin")

    def _add_user(self, login: str, password: str, *more: str) -> None:
        assert self._processes is not None
        self._processes.environ("FSDIALER_NEW_PASSWORD", password)
        arguments = [
            "fsdialer",
            "user",
            "add",
            login,
            "--company",
            COMPANY,
            "--password-env",
            "FSDIALER_NEW_PASSWORD",
        ]
        self._processes.run("user add", [*arguments, *more])

    def _welcome(self, port: int) -> list[str]:
        if not self._options.web:
            return ["Five robots are on the line.", f"Redis: {self._redis.url}"]
        return [
            f"Take the sixth seat: http://127.0.0.1:{port}/   login {SEAT}   password {self._seat_password}",
            f"Administrator:       http://127.0.0.1:{port}/   login admin  password {self._admin_password}",
            f"Redis: {self._redis.url}",
        ]

    # -- show ----------------------------------------------------------------------------------------------
    def show(self) -> None:
        """The live picture, until the time is up or somebody stops it."""
        assert self._store is not None and self._processes is not None
        company = self._store.company(COMPANY)
        console = Console(stderr=self._options.as_json)
        if self._options.as_json or not console.is_terminal:
            for line in self._head:
                console.print(line, highlight=False, markup=False)
        until = None if self._options.minutes is None else time.monotonic() + self._options.minutes * 60
        live = console.is_terminal and not self._options.as_json
        with Live(console=console, auto_refresh=False, screen=False) if live else contextlib.nullcontext() as screen:
            while until is None or time.monotonic() < until:
                now = time.time()
                self._robots.look(now)
                self._processes.check()
                if screen is not None:
                    snapshot = company.stats.snapshot(CAMPAIGN, now)
                    screen.update(picture(snapshot, company.operators.views(), now, self._head), refresh=True)
                time.sleep(0.25)  # the picture's own rhythm

    # -- stop ----------------------------------------------------------------------------------------------
    def stop(self) -> dict[str, Any] | None:
        """End everything; the summary, or None when it never came to calls."""
        summary = None
        with contextlib.suppress(Exception):  # ending must go on whatever state the lab is in
            summary = self._summary()
        if self._processes is not None:
            self._processes.stop()
        self._redis.stop()
        return summary

    def _summary(self) -> dict[str, Any] | None:
        if self._store is None:
            return None
        company, now = self._store.company(COMPANY), time.time()
        snapshot = company.stats.snapshot(CAMPAIGN, now)
        today = company.stats.day(CAMPAIGN, day(now))
        utilisation = company.stats.utilisation(now, CAMPAIGN)
        return {
            "at": iso(now),
            "attempts": today.get("attempts", 0),
            "answers": today.get("answers", 0),
            "bridges": today.get("bridges", 0),
            "abandons": today.get("abandoned", 0),
            "abandon_rate": snapshot["abandon_rate"],
            "dispositions": {str(d): today.get(str(d), 0) for d in Disposition},
            "operator_utilisation": utilisation,
            "answer_to_voice_ms": snapshot["voice_ms"],
            "leads": snapshot["leads"],
        }


def _print_summary(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary))
        return
    console = Console()
    voice = summary["answer_to_voice_ms"]
    console.print(f"[bold]{datetime.now():%H:%M} The lab has ended.[/bold]")
    console.print(
        f"{summary['attempts']} attempts, {summary['answers']} answered, {summary['bridges']} bridged, "
        f"{summary['abandons']} abandoned ({summary['abandon_rate']:.1%})."
    )
    console.print("Dispositions: " + ", ".join(f"{k} {v}" for k, v in summary["dispositions"].items() if v))
    if summary["operator_utilisation"] is not None:
        console.print(
            f"Operators talked or wrapped up {summary['operator_utilisation']:.0%} of their time on the line."
        )
    if voice["p50"] is not None:
        console.print(f"From answer to voice: {voice['p50']:.0f} ms (p50), {voice['p99']:.0f} ms (p99).")
    console.print("Leads: " + ", ".join(f"{k} {v}" for k, v in summary["leads"].items()))


def _recordings_in(folder: Path) -> str:
    """Where recordings go: below the lab's folder, unless its name has what may not stand in a command."""
    wished = str(folder.resolve() / "recordings")
    try:
        return settings.load({"FSDIALER_RECORDINGS": wished}).recordings
    except FsdialerError:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
