"""The settings of a process: from the environment, with an ini file below it; read once and passed on.

No secret has a default, and none is shown: not in a repr, not in a message.
"""

import configparser
import difflib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from fsdialer.core.hosts import in_url
from fsdialer.errors import InvalidSetting

_PREFIX = "FSDIALER_"
#: What an ini file may hold; `history_url` is read by a later version.
_NAMES = {
    "redis_url",
    "rq_redis_url",
    "history_url",
    "switches",
    "secret_key",
    "metrics_token",
    "listen",
    "sip_ws",
    "dialer_name",
    "browser_grace_s",
    "recordings",
    "log_level",
}
# It stands in a page's security policy: no blanks, commas, semicolons.
_WEBSOCKET = re.compile(r"wss?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?|/[A-Za-z0-9._~/-]*")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know before it can ask Redis for the rest.

    `switches` are ``esl://:PASSWORD@HOST:PORT`` with ``?domain=…&name=…``; `listen` is HOST:PORT of the web; `sip_ws`
    is where browsers' phones register: ``wss://HOST:PORT``, or ``/PATH`` behind the web's own TLS proxy.
    `recordings`: the directory they are kept in, under the same path for switch, worker and web; empty: nothing is
    recorded.
    """

    redis_url: str = field(repr=False)
    rq_redis_url: str = field(repr=False)
    switches: tuple[str, ...] = field(default=(), repr=False)
    secret_key: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    listen: str = "127.0.0.1:8080"
    sip_ws: tuple[str, ...] = ()
    dialer_name: str = ""
    browser_grace_s: float = 20.0
    log_level: str = "INFO"
    recordings: str = ""

    def need_switches(self) -> "Settings":
        """Itself; InvalidSetting when no switch is named."""
        if not self.switches:
            raise InvalidSetting(f"{_PREFIX}SWITCHES", "not set: name at least one, esl://:PASSWORD@HOST:8021")
        return self

    @property
    def sip_domain(self) -> str:
        """What phones write after the @: ``?domain=`` of the first switch that says it, else the WebSocket's host."""
        for url in (*self.switches, *self.sip_ws):
            parts = urlsplit(url)
            if domain := parse_qs(parts.query).get("domain", [parts.hostname if "ws" in parts.scheme else ""])[0]:
                return domain
        return ""

    @property
    def browsers_address(self) -> str:
        """Where a phone in any browser connects; empty when browsers are let in through the page's own host alone."""
        return next((url for url in self.sip_ws if url.startswith("ws")), "")

    def need_secret(self) -> "Settings":
        """Itself; InvalidSetting when there is no secret to sign sessions with."""
        if len(self.secret_key) < 16:
            how = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
            raise InvalidSetting(f"{_PREFIX}SECRET_KEY", f"not set, or under 16 characters: make one with {how}")
        return self


def load(environment: Mapping[str, str] | None = None, ini: Path | None = None) -> Settings:
    """Settings from ``FSDIALER_…`` variables; those not set are read from section [fsdialer] of the ini file
    (`ini`, or what FSDIALER_INI names). InvalidSetting names the variable and the fix."""
    values = dict(os.environ if environment is None else environment)
    from_ini = _read_ini(ini or (Path(values["FSDIALER_INI"]) if values.get("FSDIALER_INI") else None))

    def value(name: str, default: str = "") -> str:
        return values.get(_PREFIX + name) or from_ini.get(name.lower()) or default

    redis_url = value("REDIS_URL", "redis://127.0.0.1:6379/0")
    return Settings(
        redis_url=_redis_url("REDIS_URL", redis_url),
        rq_redis_url=_redis_url("RQ_REDIS_URL", value("RQ_REDIS_URL", redis_url)),
        switches=tuple(part.strip() for part in value("SWITCHES").split(",") if part.strip()),
        secret_key=value("SECRET_KEY"),
        metrics_token=value("METRICS_TOKEN"),
        listen=_listen(value("LISTEN", "127.0.0.1:8080")),
        sip_ws=tuple(_websocket(part.strip()) for part in value("SIP_WS").split(",") if part.strip()),
        dialer_name=_name(value("DIALER_NAME", f"{socket.gethostname().split('.')[0]}-{os.getpid()}")),
        browser_grace_s=_seconds("BROWSER_GRACE_S", value("BROWSER_GRACE_S", "20")),
        log_level=_level(value("LOG_LEVEL", "INFO")),
        recordings=_directory("RECORDINGS", value("RECORDINGS")),
    )


def _read_ini(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        if not parser.read(path):
            raise InvalidSetting(f"{_PREFIX}INI", f"cannot read {path}")
    except configparser.Error as error:
        raise InvalidSetting(str(path), str(error)) from None
    found = dict(parser["fsdialer"]) if parser.has_section("fsdialer") else {}
    unknown = sorted(set(found) - _NAMES)
    if unknown:
        near = difflib.get_close_matches(unknown[0], _NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(_NAMES))}"
        raise InvalidSetting(str(path), f"unknown key {unknown[0]!r}: {hint}")
    return found


def _redis_url(name: str, url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise InvalidSetting(_PREFIX + name, "must begin with redis://, rediss:// or unix://")
    return url


def _directory(name: str, text: str) -> str:
    """It stands in commands to the switch: plain characters only."""
    path = text.rstrip("/")
    if text and (not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+", path) or len(path) > 200):
        raise InvalidSetting(_PREFIX + name, f"{text!r} is not a path like /var/lib/fsdialer/recordings")
    return path


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise InvalidSetting(f"{_PREFIX}LISTEN", f"{text!r} is not HOST:PORT, like 127.0.0.1:8080")
    return f"{in_url(host)}:{port}"


def _websocket(text: str) -> str:
    if not _WEBSOCKET.fullmatch(text):
        what = f"{text!r} is not wss://HOST:PORT, ws://HOST:PORT or /PATH"
        raise InvalidSetting(f"{_PREFIX}SIP_WS", what)
    return text


def _name(text: str) -> str:
    if "#" in text or not text.isprintable() or " " in text:
        raise InvalidSetting(f"{_PREFIX}DIALER_NAME", f"{text!r}: no spaces and no #")
    return text


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise InvalidSetting(_PREFIX + name, f"{text!r} is not a number of seconds") from None
    if not 1 <= seconds <= 86_400:
        raise InvalidSetting(_PREFIX + name, "must be between 1 and 86400 seconds")
    return seconds


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InvalidSetting(f"{_PREFIX}LOG_LEVEL", f"{text!r}: one of DEBUG, INFO, WARNING, ERROR")
    return text.upper()
