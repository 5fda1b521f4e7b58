"""Calling hours: by the clocks of the person called, summer time and unknown places included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.hours import DAYS, CallingHours, canonical, check_zone, holiday, offset_s, parse_line, zones_of
from fsdialer.errors import InvalidSetting

USUAL = CallingHours(["mon-fri 09:00-20:00", "sat 10:00-16:00"])
PARIS = ("Europe/Paris",)


def at(text, zone="Europe/Paris"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T08:59:59", False),
        ("2026-11-30T09:00:00", True),  # a Monday
        ("2026-11-30T19:59:59", True),
        ("2026-11-30T20:00:00", False),
        ("2026-11-28T10:00:00", True),  # a Saturday
        ("2026-11-28T16:00:00", False),
        ("2026-11-29T12:00:00", False),  # a Sunday
    ],
)
def test_open_from_the_first_minute_until_before_the_last(moment, is_open):
    assert USUAL.open(at(moment), PARIS) is is_open


def test_without_a_line_it_is_always_open():
    outlook = CallingHours().outlook(0.0, PARIS, 25)
    assert (outlook.opens, outlook.closes) == (0.0, float("inf"))


def test_a_number_that_may_be_in_several_zones_may_be_called_when_all_of_them_are_open():
    coasts = ("America/New_York", "America/Los_Angeles")
    hours = CallingHours(["09:00-20:00"])
    outlook = hours.outlook(at("2026-11-30T09:30:00", "America/New_York"), coasts)
    assert outlook.opens == at("2026-11-30T09:00:00", "America/Los_Angeles")
    assert outlook.closes == at("2026-11-30T20:00:00", "America/New_York")


def test_no_phone_rings_after_the_hours_end():
    just_before = at("2026-11-30T19:59:40")
    assert USUAL.outlook(just_before, PARIS, lasting=20).opens == just_before
    assert USUAL.outlook(just_before, PARIS, lasting=25).opens == at("2026-12-01T09:00:00")


CHRISTMAS = ["2026-12-25", "2026-12-26", "2026-12-24"]


@pytest.mark.parametrize("lines", [["mon-fri 09:00-20:00", "sat 10:00-16:00"], []])
def test_nobody_is_called_on_a_holiday(lines):
    hours = CallingHours(lines, CHRISTMAS)
    evening, noon = at("2026-12-23T19:00:00"), at("2026-12-25T12:00:00")
    assert hours.open(evening, PARIS) and not hours.open(noon, PARIS)
    after = at("2026-12-28T09:00:00") if lines else at("2026-12-27T00:00:00")
    assert hours.outlook(noon, PARIS).opens == after
    assert hours.outlook(evening, PARIS).closes == (at("2026-12-23T20:00:00") if lines else at("2026-12-24T00:00:00"))


def test_a_holiday_is_one_by_the_calendar_where_they_are():
    hours, far = CallingHours([], CHRISTMAS), ("Pacific/Auckland", "Europe/Paris")
    assert not hours.open(at("2026-12-23T13:00:00"), far[:1])  # it is Christmas Eve there
    assert hours.open(at("2026-12-23T13:00:00"), far[1:])
    outlook = hours.outlook(at("2026-12-25T12:00:00"), far)
    assert outlook.opens == at("2026-12-27T00:00:00")


def test_holidays_of_a_fortnight_do_not_hide_what_opens_after_them():
    closed = [f"2026-12-{day}" for day in range(18, 32)]
    assert CallingHours(["mon 09:00-20:00"], closed).outlook(at("2026-12-18T12:00:00"), PARIS).opens == at(
        "2027-01-04T09:00:00"
    )


@pytest.mark.parametrize("text", ["25.12.2026", "2026-02-30", "20261225", "2026-W52-5", "christmas", ""])
def test_what_is_no_date_is_no_holiday(text):
    with pytest.raises(InvalidSetting, match="is no date like 2026-12-25"):
        holiday(text)


def test_the_day_ends_with_its_last_hours():
    hours = CallingHours(["09:00-12:00", "14:00-18:00"])
    outlook = hours.outlook(at("2026-11-30T10:00:00"), PARIS)
    assert (outlook.closes, outlook.day_ends) == (at("2026-11-30T12:00:00"), at("2026-11-30T18:00:00"))


def test_hours_that_meet_nowhere_never_open():
    far_apart = ("Asia/Kolkata", "America/New_York")
    assert CallingHours(["09:00-12:00"]).outlook(at("2026-11-30T10:00:00"), far_apart).opens is None


def test_friday_to_monday_goes_over_the_weekend():
    assert parse_line("fri-mon 09:00-10:00").days == {4, 5, 6, 0}


@pytest.mark.parametrize(("day", "utc_hour"), [("2026-03-27", 8), ("2026-03-30", 7)])
def test_the_hours_follow_summer_time(day, utc_hour):
    opens = USUAL.outlook(at(f"{day}T03:00:00"), PARIS).opens
    assert datetime.fromtimestamp(opens, UTC).hour == utc_hour


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("9-20", "is not like"),
        ("mon-fri 9 to 20", "is not like"),
        ("mon-son 09:00-20:00", "'son' is no day"),
        ("20:00-09:00", "ends before it begins"),
        ("09:00-09:00", "ends before it begins"),
        ("09:60-20:00", "no time of the day"),
        ("09:00-24:01", "no time of the day"),
        ("", "is not like"),
    ],
)
def test_a_wrong_line_is_refused_by_name(line, fault):
    with pytest.raises(InvalidSetting, match=fault) as refused:
        parse_line(line)
    assert refused.value.where == "calling_hours"


def test_lines_are_kept_in_one_form():
    assert canonical(" Mon-Fri   9:00-20:00 ") == "mon-fri 09:00-20:00"
    assert canonical("0:00-24:00") == "00:00-24:00"


@pytest.mark.parametrize("name", ["Paris", "", "../../etc/passwd", "/etc/localtime", "Europe/Paris\n", "UTC+1 "])
def test_a_wrong_time_zone_is_refused(name):
    with pytest.raises(InvalidSetting, match="no time zone"):
        check_zone(name)


def test_a_number_tells_where_it_is_if_its_prefix_does():
    assert zones_of("+12125550100") == ("America/New_York",)
    assert zones_of("+447911123456", home="Europe/London") == ("Europe/London",)
    assert zones_of("+34612345678") == ("Atlantic/Canary", "Europe/Madrid")
    assert zones_of("+15550100000") == ()


def test_the_offset_is_that_of_the_day():
    assert offset_s("Europe/Paris", at("2026-01-15T12:00:00")) == 3600
    assert offset_s("Europe/Paris", at("2026-07-15T12:00:00")) == 7200


lines = st.builds(
    lambda first, last, begin, length: (
        f"{first}-{last} {begin // 60:02d}:{begin % 60:02d}-"
        f"{min(1440, begin + length) // 60:02d}:{min(1440, begin + length) % 60:02d}"
    ),
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
zones = st.lists(
    st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"]),
    min_size=1,
    max_size=3,
    unique=True,
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda d: d.replace(tzinfo=UTC).timestamp())


@given(st.lists(lines, min_size=1, max_size=3), zones, moments, st.floats(0, 120))
def test_wherever_it_is_said_to_open_everybodys_clock_says_so_until_it_closes(lines, zones, now, lasting):
    hours = CallingHours(lines)
    outlook = hours.outlook(now, zones, lasting)
    if outlook.opens is None:
        return
    assert outlook.opens >= now
    assert outlook.closes - outlook.opens >= lasting
    assert outlook.day_ends >= outlook.closes
    for share in (0.0, 0.25, 0.5, 0.999):
        assert hours.open(outlook.opens + share * min(outlook.closes - outlook.opens, 7200), zones)


@given(st.lists(lines, min_size=1, max_size=3), zones, moments)
def test_a_minute_before_it_opens_it_is_closed(lines, zones, now):
    hours = CallingHours(lines)
    opens = hours.outlook(now, zones).opens
    if opens is not None and opens - 60 > now:
        assert not hours.open(opens - timedelta(seconds=1).total_seconds(), zones)
