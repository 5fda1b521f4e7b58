"""A switch's clock and ours: every time is told by ours."""

import pytest

from fsdialer.esl.translate import ClockShift, to_event
from tests.esl.recorded import HANGUP, event_of


def stamped(at):
    return event_of(Event_Date_Timestamp=str(round(at * 1e6)))


def test_every_time_in_an_event_is_told_by_our_clock():
    hangup = event_of(**HANGUP, Caller_Channel_Answered_Time="7000000")
    told = to_event(hangup, clock_shift_s=100.0)
    assert (told.at, told.answered_at) == (109.0, 107.0)
    never = to_event(event_of(**HANGUP, Caller_Channel_Answered_Time="0"), clock_shift_s=100.0)
    assert never.answered_at is None


def test_the_switchs_clock_is_as_far_from_ours_as_its_quickest_event():
    shift = ClockShift()
    assert shift.seen(stamped(1000), now=1003.0) == 3.0
    assert shift.seen(stamped(1001), now=1003.5) == 2.5  # this one took less time to come
    assert shift.seen(stamped(1002), now=1009.0) == 2.5  # and this one more


def test_a_switch_ahead_of_us_is_shifted_back():
    assert ClockShift().seen(stamped(2000), now=1500.0) == -500.0


def test_a_drifting_clock_is_followed():
    shift = ClockShift()
    for beat in range(600):  # one in twenty seconds, while ours gains ten milliseconds a minute
        now, ahead = 10_000 + beat * 20.0, beat * 0.01 / 3
        assert shift.seen(stamped(now - ahead), now) == pytest.approx(ahead, abs=0.025)


def test_an_event_that_was_long_on_its_way_is_not_taken_for_a_change_of_clocks():
    shift = ClockShift()
    for second in range(60):
        shift.seen(stamped(1000 + second), now=1000.0 + second)
    assert shift.seen(stamped(1060), now=1065.0) == 0.0  # the first one after a minute


def test_a_step_of_our_clock_is_followed():
    shift = ClockShift()
    assert shift.seen(stamped(5000), now=5000.0) == 0.0
    assert shift.seen(stamped(5001), now=1401.0) == -3600.0  # an hour back: no event comes before it happened
    for beat in range(30):  # and then it gains ten milliseconds a minute: followed from there
        now, ahead = 1402 + beat * 20.0, beat * 0.01 / 3
        assert shift.seen(stamped(now - ahead + 3600), now) == pytest.approx(ahead - 3600, abs=0.025)


def test_a_step_forth_is_followed_within_two_minutes():
    shift = ClockShift()
    shift.seen(stamped(1000), now=1000.0)
    for second in range(1, 130):
        seen = shift.seen(stamped(1000 + second), now=4600.0 + second)
    assert seen == 3600.0


def test_events_without_a_time_change_nothing():
    shift = ClockShift()
    assert shift.seen(event_of(Event_Name="HEARTBEAT"), now=5.0) == 0.0
    shift.seen(stamped(1000), now=1003.0)
    assert shift.seen(event_of(Event_Date_Timestamp="soon"), now=1004.0) == 3.0
