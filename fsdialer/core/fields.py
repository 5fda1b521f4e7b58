"""Each setting once: its name, how it reads from a file or from Redis, how it is written, what is refused.

`core.setup` reads whole files with this table, `store.campaigns` keeps settings in hashes with it, the
administrator's pages check what was typed with it. A value may come typed (TOML) or as text (Redis, a form).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import phonenumbers

from fsdialer.core import dial_format, hours
from fsdialer.core.campaigns import (
    Amd,
    AmdAction,
    CallerIdChoice,
    Campaign,
    Company,
    Gateway,
    Mode,
    Operator,
    PhoneFamily,
    PhoneTestRule,
    RecordFormat,
    RetryDelays,
    Station,
    Window,
)
from fsdialer.core.hosts import is_host, is_host_and_port
from fsdialer.errors import InvalidSetting

T = TypeVar("T", Company, Gateway, Campaign, Operator)

#: What ids of companies, campaigns, gateways and operators may look like: they stand in keys and commands.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class Wrong(Exception):
    """What is wrong with a value, to be joined with where it stands."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one setting is read and written."""

    read: Callable[[Any], Any]
    write: Callable[[Any], str] = str


def _text(limit: int, pattern: str = r"[^\x00-\x1f\x7f]*", like: str = "plain text") -> Kind:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"must be text in quotes, not {value!r}")
        if len(value) > limit:
            raise Wrong(f"{len(value)} characters: {limit} are the most")
        if not re.fullmatch(pattern, value):
            raise Wrong(f"{value!r} is not {like}")
        return value

    return Kind(read)


def _address(looks_right: Callable[[str], bool], like: str) -> Kind:
    def read(value: Any) -> str:
        text: str = _text(260).read(value)
        if text and not looks_right(text):
            raise Wrong(f"{text!r} is not {like}")
        return text

    return Kind(read)


def _flag() -> Kind:
    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).strip().lower() in ("1", "true", "yes", "on"):
            return True
        if str(value).strip().lower() in ("0", "false", "no", "off", ""):
            return False
        raise Wrong(f"must be true or false, not {value!r}")

    return Kind(read, lambda value: "1" if value else "0")


def _number(make: Callable[[str], Any], low: float, high: float, unit: str = "") -> Kind:
    def read(value: Any) -> Any:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = make(str(value).strip())
            in_range = low <= number <= high
        except (ValueError, InvalidOperation):
            shown = value if isinstance(value, Decimal) else repr(value)
            raise Wrong(f"{shown} is not a {'whole ' if make is int else ''}number") from None
        if not in_range:
            raise Wrong(f"{value} must be between {low:g} and {high:g}{unit}")
        return number

    return Kind(read, _plain)


def _plain(number: int | float | Decimal) -> str:
    """The shortest text that reads back to the same number, without an exponent: 15, 1.2, 0.25."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _one_of(choices: type[StrEnum], later: tuple[str, ...] = ()) -> Kind:
    def read(value: Any) -> Any:
        if value in later:
            raise Wrong(f"{value!r} is not in this version: one of {', '.join(choices)}")
        if value not in list(choices):
            raise Wrong(f"{value!r} must be one of {', '.join(choices)}")
        return choices(value)

    return Kind(read)


def _many(pattern: str, like: str) -> Kind:
    def read(value: Any) -> tuple[str, ...]:
        items = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
            raise Wrong(f"must be a list of texts, not {value!r}")
        for item in items:
            if not re.fullmatch(pattern, item):
                raise Wrong(f"{item!r} is not {like}")
        return tuple(dict.fromkeys(items))

    return Kind(read, " ".join)


def _country() -> Kind:
    def read(value: Any) -> str:
        code = str(value).upper()
        if code not in phonenumbers.SUPPORTED_REGIONS:
            raise Wrong(f"{value!r} is not a country code like US or FR")
        return code

    return Kind(read)


def _destinations() -> Kind:
    like = "a country code like US or a prefix like +4930"
    prefixes = _many(r"[A-Za-z]{2}|\+[1-9][0-9]{0,11}", like)

    def read(value: Any) -> tuple[str, ...]:
        items = tuple(item.upper() for item in prefixes.read(value))
        for item in items:
            if not item.startswith("+") and item not in phonenumbers.SUPPORTED_REGIONS:
                raise Wrong(f"{item!r} is not {like}")
        return items

    return Kind(read, " ".join)


def _asked(check: Callable[[str], str]) -> Kind:
    """What another module of the core checks, and gives the one form of."""

    def read(value: Any) -> str:
        try:
            return check(str(value))
        except InvalidSetting as error:
            raise Wrong(error.reason) from None

    return Kind(read)


def _lines(check: Callable[[str], str], like: str, parted: str) -> Kind:
    line = _asked(check)

    def read(value: Any) -> tuple[str, ...]:
        lines = re.split(parted, value) if isinstance(value, str) else value
        if not isinstance(lines, list | tuple) or not all(isinstance(each, str | date) for each in lines):
            raise Wrong(f"must be a list of texts like {like!r}, not {value!r}")
        return tuple(dict.fromkeys(line.read(each) for each in lines if str(each).strip()))

    return Kind(read, ", ".join)


_MINUTES = _number(float, 0, 60 * 24 * 60, " minutes")
_HOST = _address(is_host, "a host name like pbx.example.com or an address like 10.0.0.5")
_PROXY = _address(is_host_and_port, "a host name or address, with :PORT (1 to 65535) if need be")
# The kinds of way a switch of ours has; ":_:" would make several calls of one.
_DESTINATION = (
    r"(?!.*:_:)((user|loopback|verto\.rtc)/[A-Za-z0-9_.@:/+*#-]+|sofia/[A-Za-z0-9_.-]+/[A-Za-z0-9_.@:/+*#-]+)?"
)
_WAYS = (
    "a way a switch can call: user/1001, sofia/gateway/pbx/1001, sofia/internal/1001@host, loopback/… or verto.rtc/…"
)
_HOLIDAYS = _lines(hours.holiday, "2026-12-25", r"[,;\s]")
# As in ``?name=`` of FSDIALER_SWITCHES.
_SWITCH = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
# A file, or one of FreeSWITCH's generated sounds; the wire text is made, and checked again, by `esl.commands`.
_NOTICE = r"none|tone|/?[A-Za-z0-9_./-]{1,200}"
_SOUND = r"(/?[A-Za-z0-9_./-]{1,200}|(silence|tone)_stream://[A-Za-z0-9%(),.;=*_-]{1,150})?"

KINDS: dict[type, dict[str, Kind]] = {
    Company: {
        "name": _text(80),
        "active": _flag(),
        "country": _country(),
        "hide_numbers": _flag(),
        "dial_format": _asked(partial(dial_format.check, setting="dial_format")),
        "refer_format": _asked(partial(dial_format.check, setting="refer_format")),
        "phone_test": _one_of(PhoneTestRule),
        "server": _HOST,
        "abandon_window": _one_of(Window),
        "abandon_soft_limit": _number(Decimal, 0, 0.1),
        "abandon_hard_limit": _number(Decimal, 0, 0.1),
        "allowed_destinations": _destinations(),
        "premium_allowed": _flag(),
        "max_attempts_per_hour": _number(int, 0, 10_000_000, " attempts"),
        "time_zone": _asked(hours.check_zone),
        "holidays": _HOLIDAYS,
    },
    Gateway: {
        "host": _HOST,
        "port": _number(int, 1, 65535),
        "profile": _text(32, ID.pattern, "a SIP profile's name"),
        "channels": _number(int, 1, 10_000, " channels"),
        "calls_per_second": _number(int, 1, 1000, " calls per second"),
        "weight": _number(int, 0, 1000),
        "proxy": _PROXY,
        "username": _text(64, r"[A-Za-z0-9_.+@*#-]{0,64}", "a user name of letters, digits and _ . + @ * # -"),
        "register": _flag(),
        "ping_s": _number(int, 0, 3600, " seconds"),
        "switches": _many(_SWITCH, "a switch's name"),
    },
    Campaign: {
        "name": _text(80),
        "mode": _one_of(Mode, later=("preview",)),
        "multiplier": _number(Decimal, 1, 10),
        "target_abandon": _number(Decimal, 0, 0.1),
        "gateways": _many(ID.pattern, "a gateway's name"),
        "caller_ids": _many(r"\+?[0-9]{3,15}", "a caller id like +15550100"),
        "caller_id_by": _one_of(CallerIdChoice),
        "ring_s": _number(int, 1, 120, " seconds"),
        "max_wait_s": _number(float, 0.5, 60, " seconds"),
        "operator_ring_s": _number(float, 0.2, 60, " seconds"),
        "message": _text(200, _SOUND, "a sound file's path or a tone_stream"),
        "held_sound": _text(200, _SOUND, "tone, silence, a sound file's path or a tone_stream"),
        "opt_out_key": _text(1, r"[0-9]?", "one digit"),
        "record": _flag(),
        "record_format": _one_of(RecordFormat),
        "record_keep_days": _number(int, 1, 3650, " days"),
        "record_notice": _text(200, _NOTICE, "none, tone or a sound file's path"),
        "wrap_up_s": _number(float, 0, 3600, " seconds"),
        "max_attempts": _number(int, 1, 100),
        "max_talk_s": _number(int, 30, 86_400, " seconds"),
        "amd": _one_of(Amd),
        "amd_action": _one_of(AmdAction),
        "amd_message": _text(200, _SOUND, "a sound file's path or a tone_stream"),
        "amd_sample": _number(int, 0, 100, " percent"),
        "calling_hours": _lines(hours.canonical, "mon-fri 09:00-20:00", r"[,;\n]"),
        "holidays": _HOLIDAYS,
    },
    Operator: {
        "name": _text(80),
        "extension": _text(20, r"[0-9A-Za-z_.-]{1,20}", "an extension like 1001"),
        "dial": _text(200, _DESTINATION, _WAYS),
        "station": _one_of(Station),
        "phone": _one_of(PhoneFamily),
        "campaigns": _many(ID.pattern, "a campaign's id"),
        "home": _text(64, f"({_SWITCH})?", "a switch's name"),
    },
}
_DELAYS = ("missed", "unavailable", "busy", "technical", "machine")


def read_setting(kind: type, name: str, value: Any) -> Any:
    """One value of a company, gateway, campaign or operator; raises Wrong with the reason."""
    return KINDS[kind][name].read(value)


def read_delays(values: Mapping[str, Any]) -> RetryDelays:
    """Retry delays by name, in minutes; raises Wrong."""
    unknown = set(values) - set(_DELAYS)
    if unknown:
        raise Wrong(f"unknown key {sorted(unknown)[0]!r}: there are {', '.join(_DELAYS)}")
    return RetryDelays(**{name: _MINUTES.read(value) for name, value in values.items()})


def to_hash(thing: Company | Gateway | Campaign | Operator) -> dict[str, str]:
    """The settings as text, for a Redis hash; delays not set are left out."""
    fields = {name: kind.write(getattr(thing, name)) for name, kind in KINDS[type(thing)].items()}
    if isinstance(thing, Company | Campaign):
        for name in _DELAYS:
            minutes = getattr(thing.retry_min, name)
            if minutes is not None:
                fields[f"retry_{name}_min"] = _plain(minutes)
    return fields


def from_hash(kind: type[T], where: str, identity: Mapping[str, str], fields: Mapping[str, str]) -> T:
    """The thing a hash describes; InvalidSetting, naming `where`, for a value that was edited into nonsense.

    `identity` holds its ids (company, id or name); what the hash does not have takes its default.
    """
    values: dict[str, Any] = dict(identity)
    for name in KINDS[kind]:
        if name in fields:
            try:
                values[name] = read_setting(kind, name, fields[name])
            except Wrong as wrong:
                raise InvalidSetting(f"{where}.{name}", str(wrong)) from None
    thing = kind(**values)
    if isinstance(thing, Company | Campaign):
        return replace(thing, retry_min=_delays_of(where, fields).over(thing.retry_min))
    return thing


def _delays_of(where: str, fields: Mapping[str, str]) -> RetryDelays:
    delays = {}
    for name in _DELAYS:
        key = f"retry_{name}_min"
        if fields.get(key):
            try:
                delays[name] = _MINUTES.read(fields[key])
            except Wrong as wrong:
                raise InvalidSetting(f"{where}.{key}", str(wrong)) from None
    return RetryDelays(**delays)


def checked(thing: T) -> T:
    """The thing, if every id and setting of it may be kept; InvalidSetting naming the first that may not."""
    kind = type(thing)
    names = [name for name in ("company", "id", "name") if hasattr(thing, name) and name not in KINDS[kind]]
    identity: dict[str, str] = {name: getattr(thing, name) for name in names}
    where = ".".join([kind.__name__.lower(), *identity.values()])
    for name, value in identity.items():
        if not ID.fullmatch(value):
            raise InvalidSetting(where, f"{value!r} is no {name}: letters, digits, - and _, 32 at the most")
    return from_hash(kind, where, identity, to_hash(thing))
