"""What becomes of a lead after an attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import RetryDelays
from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import next_step

NOW = 1_795_400_000.0


def after(disposition, *, charged=True, final=False, attempts=1, delays=None, cap=6, promised=False, failures=0):
    return next_step(
        verdict=Verdict(disposition, charged, final, ""),
        attempts=attempts,
        promised=promised,
        failures=failures,
        retry_min=delays or RetryDelays(),
        max_attempts=cap,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("disposition", "minutes"),
    [
        (Disposition.MISSED, 90),
        (Disposition.UNAVAILABLE, 90),
        (Disposition.BUSY, 5),
        (Disposition.TECHNICAL, 10),
        (Disposition.ABANDONED, 10),
    ],
)
def test_a_failed_lead_is_due_again_after_its_delay(disposition, minutes):
    step = after(disposition)
    assert (step.retry_at, step.lead_state) == (NOW + minutes * 60, "waiting")


def test_busy_lead_is_due_again_after_the_busy_delay_that_was_set():
    assert after(Disposition.BUSY, delays=RetryDelays(busy=0.5)).retry_at == NOW + 30


def test_campaigns_delay_goes_before_the_companys_and_the_companys_before_the_default():
    delays = RetryDelays(missed=1).over(RetryDelays(missed=2, busy=3))
    assert after(Disposition.MISSED, delays=delays).retry_at == NOW + 60
    assert after(Disposition.BUSY, delays=delays).retry_at == NOW + 180
    assert after(Disposition.UNAVAILABLE, delays=delays).retry_at == NOW + 5400


def test_abandoned_lead_waits_as_long_as_after_a_technical_error():
    assert after(Disposition.ABANDONED, delays=RetryDelays(technical=7)).retry_at == NOW + 420


def test_dead_number_is_done():
    step = after(Disposition.DEAD, final=True)
    assert (step.retry_at, step.lead_state) == (None, "done")


def test_last_attempt_under_the_cap_ends_the_lead_and_says_why():
    assert after(Disposition.MISSED, attempts=2, cap=3).lead_state == "waiting"
    step = after(Disposition.MISSED, attempts=3, cap=3)
    assert (step.retry_at, step.lead_state, step.reason) == (None, "done", "attempt cap of 3 reached")


def test_attempt_that_was_not_charged_does_not_count_towards_the_cap():
    assert after(Disposition.TECHNICAL, charged=False, attempts=3, cap=3).lead_state == "waiting"


def test_lead_already_at_a_cap_that_was_lowered_meanwhile_is_done_even_after_a_fault_of_ours():
    assert after(Disposition.TECHNICAL, charged=False, attempts=4, cap=3).lead_state == "done"


@pytest.mark.parametrize(("charged", "state"), [(False, "waiting"), (True, "done")])
def test_a_promised_call_back_above_the_cap_is_made_after_a_fault_of_ours_and_once(charged, state):
    step = after(Disposition.TECHNICAL, charged=charged, attempts=4, cap=3, promised=True)
    assert step.lead_state == state


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 10), (2, 10), (3, 20), (4, 40), (8, 640), (10, 1440), (10_000, 1440)]
)
def test_a_lead_that_is_failed_again_and_again_at_no_attempt_waits_twice_as_long_each_time_up_to_a_day(
    failures, minutes
):
    step = after(Disposition.TECHNICAL, charged=False, failures=failures)
    assert (step.retry_at, step.lead_state) == (NOW + minutes * 60, "waiting")


def test_failures_wait_longer_even_where_the_delay_is_none_and_never_less_than_the_delay():
    assert (
        after(Disposition.TECHNICAL, charged=False, failures=3, delays=RetryDelays(technical=0)).retry_at == NOW + 120
    )
    step = after(Disposition.TECHNICAL, charged=False, failures=3, delays=RetryDelays(technical=2000))
    assert step.retry_at == NOW + 2000 * 60


@pytest.mark.parametrize("disposition", [Disposition.BUSY, Disposition.TECHNICAL, Disposition.ABANDONED])
def test_an_attempt_the_lead_pays_waits_its_own_time_whatever_failed_before(disposition):
    assert after(disposition, failures=9).retry_at == after(disposition).retry_at


def test_what_we_cancelled_ourselves_waits_no_longer_for_failures():
    assert after(Disposition.CANCELLED, charged=False, failures=9).retry_at == NOW + 600


delays = st.builds(RetryDelays, *[st.none() | st.floats(0, 10_000) for _ in range(4)])


@given(
    st.sampled_from(list(Disposition)), st.booleans(), st.booleans(), st.integers(1, 200), st.integers(1, 100), delays
)
def test_a_step_is_either_a_time_to_come_or_the_end(disposition, charged, final, attempts, cap, given_delays):
    step = after(disposition, charged=charged, final=final, attempts=attempts, cap=cap, delays=given_delays)
    assert (step.lead_state == "done") == (step.retry_at is None)
    assert step.retry_at is None or step.retry_at >= NOW
    assert step.reason


@given(
    st.lists(st.tuples(st.sampled_from(["missed", "busy", "technical"]), st.booleans()), max_size=60), st.integers(1, 9)
)
def test_charged_attempts_never_exceed_the_cap_whatever_the_order_of_endings(endings, cap):
    attempts = 0
    for name, charged in endings:
        step = after(Disposition(name), charged=charged, attempts=attempts + 1, cap=cap)
        attempts += charged
        if step.lead_state == "done":
            break
    assert attempts <= cap
