"""Calling hours: when a person may be called, by the clocks where they are.

A campaign's hours are lines like ``mon-fri 09:00-20:00``. They hold in the time zone the lead's file names, else in
every zone the number's prefix may stand for, else in the company's own (16 CFR 310.4(c): 8 to 21 at the called
person's location; where the number leaves it open, all must be open). On a holiday, of
the calendar where they are, nobody is called. Pure: `now` is an argument.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

from fsdialer.errors import InvalidSetting

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Opening is looked for so many days ahead: a week has every line of the hours in it. And one more for each holiday to
#: come, up to so many.
LOOK_AHEAD_DAYS, HOLIDAYS_AHEAD = 8, 30

_LINE = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<from>[0-9]{1,2}:[0-9]{2})-(?P<to>[0-9]{1,2}:[0-9]{2})"
)
_NO_ZONE = ("Etc/Unknown",)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of the day, from `begins` until before `ends`, on these weekdays (Monday is 0)."""

    days: frozenset[int]
    begins: int
    ends: int

    def holds(self, local: datetime) -> bool:
        """Is this moment, by a clock on the wall, within?"""
        return local.weekday() in self.days and self.begins <= local.hour * 60 + local.minute < self.ends

    def edges(self, day: date, zone: ZoneInfo) -> list[float]:
        """When it begins and ends on that day, epoch seconds; none on other weekdays."""
        if day.weekday() not in self.days:
            return []
        midnight = datetime.combine(day, time(), zone)
        return [(midnight + timedelta(minutes=m)).timestamp() for m in (self.begins, self.ends)]


def parse_line(text: str) -> Span:
    """``mon-fri 09:00-20:00``, ``sat 10:00-16:00`` or ``09:00-20:00`` for every day; InvalidSetting names the fault."""
    match = _LINE.fullmatch(_plain(text))
    if match is None:
        raise InvalidSetting("calling_hours", f"{text!r} is not like 'mon-fri 09:00-20:00', 'sat 10:00-16:00'")
    begins, ends = _minutes(match["from"]), _minutes(match["to"])
    if begins >= ends:
        raise InvalidSetting("calling_hours", f"{text!r} ends before it begins: give the part after midnight a line")
    return Span(_days(match["first"], match["last"]), begins, ends)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _minutes(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise InvalidSetting("calling_hours", f"{text!r} is no time of the day: 00:00 to 24:00")
    return hours * 60 + minutes


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last or first):
        if name not in DAYS:
            raise InvalidSetting("calling_hours", f"{name!r} is no day: {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset(day % 7 for day in range(begin, end + 1 + 7 * (end < begin)))


def canonical(text: str) -> str:
    """The line as it is kept and shown; InvalidSetting as `parse_line`."""
    span = parse_line(text)
    days, _, _ = _plain(text).rpartition(" ")
    clock = "-".join(f"{m // 60:02d}:{m % 60:02d}" for m in (span.begins, span.ends))
    return f"{days} {clock}".strip()


def holiday(text: str) -> str:
    """A date like ``2026-12-25``, as it is kept; InvalidSetting for anything else."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
            raise ValueError
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise InvalidSetting("holidays", f"{text!r} is no date like 2026-12-25") from None


@dataclass(frozen=True, slots=True)
class Outlook:
    """`opens`: the first moment from now on at which a call may be placed, None when there is none within a week, its
    holidays not counted. `closes`: when that time ends, `day_ends`: when the last of that day does. Epoch seconds."""

    opens: float | None
    closes: float
    day_ends: float


class CallingHours:
    """The hours of a campaign; without a line, always open but on `holidays`."""

    def __init__(self, lines: Sequence[str] = (), holidays: Iterable[str] = ()) -> None:
        self.holidays = frozenset(date.fromisoformat(holiday(text)) for text in holidays)
        all_day = ["00:00-24:00"] if self.holidays else []
        self.spans = tuple(parse_line(line) for line in lines or all_day)

    def open(self, at: float, zones: Sequence[str]) -> bool:
        """Is it within the hours in every one of these zones?"""
        return not self.spans or all(self._open_in(at, zone) for zone in zones)

    def _open_in(self, at: float, zone: str) -> bool:
        local = datetime.fromtimestamp(at, _zone(zone))
        return local.date() not in self.holidays and any(span.holds(local) for span in self.spans)

    def outlook(self, now: float, zones: Sequence[str], lasting: float = 0.0) -> Outlook:
        """When a call that may ring for `lasting` seconds can be placed into these zones; days are the first one's."""
        openings = list(self._openings(now, zones))
        opening = next(((begin, end) for begin, end in openings if end - begin >= lasting), None)
        if opening is None:
            return Outlook(None, math.inf, math.inf)
        zone = _zone(zones[0])
        tomorrow = datetime.fromtimestamp(opening[0], zone).date() + timedelta(days=1)
        midnight = datetime.combine(tomorrow, time(), zone).timestamp()
        return Outlook(*opening, max(end for begin, end in openings if begin < midnight))

    def _openings(self, now: float, zones: Sequence[str]) -> Iterator[tuple[float, float]]:
        """(begin, end) of the times open in all zones, from now on; the first may have begun."""
        if not self.spans:
            yield now, math.inf
            return
        edges = [now, *sorted(edge for edge in self._edges(now, zones) if edge > now)]
        begun: float | None = None
        for edge in edges:
            is_open = self.open(edge, zones)
            if is_open and begun is None:
                begun = edge
            elif not is_open and begun is not None:
                yield begun, edge
                begun = None
        if begun is not None:
            yield begun, edges[-1]

    def _edges(self, now: float, zones: Sequence[str]) -> set[float]:
        edges: set[float] = set()
        for name in zones:
            zone = _zone(name)
            today = datetime.fromtimestamp(now, zone).date()
            to_come = sum(each >= today for each in self.holidays)
            for day in range(-1, LOOK_AHEAD_DAYS + min(to_come, HOLIDAYS_AHEAD)):
                for span in self.spans:
                    edges.update(span.edges(today + timedelta(days=day), zone))
        return edges


def check_zone(name: str, setting: str = "time_zone") -> str:
    """The name of an IANA time zone; InvalidSetting for anything else."""
    try:
        _zone(name)
    except InvalidSetting:
        raise InvalidSetting(setting, f"{name!r} is no time zone: a name like Europe/Paris, America/New_York") from None
    return name


def offset_s(zone: str, at: float) -> float:
    """Local time less UTC, seconds."""
    offset = datetime.fromtimestamp(at, _zone(zone)).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def local_midnight(zone: str, at: float) -> float:
    """When that zone's day began; of a name that is no zone, UTC's."""
    try:
        local = datetime.fromtimestamp(at, _zone(zone))
    except InvalidSetting:
        local = datetime.fromtimestamp(at, UTC)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def zones_of(number: str, home: str = "") -> tuple[str, ...]:
    """The time zones an E.164 number may be in, one of each kind of clock (`home` where its clock is one of them); none
    when the prefix does not say."""
    zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    if tuple(zones) == _NO_ZONE:
        return ()
    by_clock: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(zones, key=lambda name: (name != home, name)):
        try:
            by_clock.setdefault(_clock(name), name)
        except InvalidSetting:
            continue  # a zone this machine's tables do not have yet
    return tuple(by_clock.values())


@lru_cache(maxsize=1000)
def _clock(name: str) -> tuple[timedelta | None, ...]:
    """How a zone's clocks stand in winter and in summer."""
    return tuple(datetime(2026, month, 15, tzinfo=UTC).astimezone(_zone(name)).utcoffset() for month in (1, 7))


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    try:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", name):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidSetting("time_zone", f"{name!r} is no time zone") from None
