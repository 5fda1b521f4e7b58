"""The abandon budget: the law's formula over its window, two locks, a threshold that follows."""

import pytest

from fsdialer.core.pacing.budget import HOURS_KEPT, Budget

DAY = 86400.0


def spent(answers, abandons, window="day", target=0.03, t=0.0, **limits):
    budget = Budget(target, limits.get("hard", target), limits.get("soft", target), window, limits.get("zone_s", 0.0))
    fill(budget, answers, abandons, t)
    return budget


def fill(budget, answers, abandons, t):
    for _ in range(answers):
        budget.answered(t)
    for _ in range(abandons):
        budget.abandoned(t)


def test_one_more_abandoned_call_must_fit_into_the_budget():
    assert spent(4000, 119).locked(3600) == ""
    assert spent(4000, 120).locked(3600) == "budget"


def test_a_day_may_begin_with_a_few_abandoned_calls_that_later_answers_pay_for():
    assert spent(60, 4).locked(0) == ""
    assert spent(60, 7).locked(0) == "budget"
    assert spent(60, 4, target=0.005).locked(0) == "budget", "less at a lower target"
    assert spent(2000, 61).locked(0) == "budget", "the credit of the first hours is gone"


def test_luck_is_saved_for_before_it_is_needed():
    """A day that stands just at its target goes slower than one a few customers below it."""
    saved, none = spent(2000, 52), spent(2000, 59)
    assert saved.slack(10) > 0 > none.slack(10)


def test_what_is_over_is_spent_over_the_rest_of_the_day():
    """The same count leaves less to spend it on the later it is; beyond the day planned for there is always an hour."""
    early, late, beyond = (spent(2000, 40).threshold(hours * 3600.0, 20) for hours in (1, 7, 20))
    assert late > 1.2 * early
    assert beyond == pytest.approx(late, rel=0.2)


def test_less_is_kept_back_for_luck_the_less_is_left_of_the_day():
    assert spent(2000, 54).slack(7 * 3600.0) > spent(2000, 54).slack(3600.0) + 1


def test_a_day_taken_over_is_planned_from_its_first_answer():
    first = spent(2000, 40, t=100.0)
    other = Budget(0.03, 0.03, 0.03, "day")
    other.restore(first.state())
    assert other.threshold(6 * 3600.0, 20) == first.threshold(6 * 3600.0, 20)
    counted = Budget(0.03, 0.03, 0.03, "day")
    counted.recount({0: (2000, 40)}, 6 * 3600.0)
    assert counted.to_come(6 * 3600.0) == pytest.approx(first.to_come(6 * 3600.0), rel=0.02)


def test_the_credit_of_a_days_beginning_is_for_bad_luck_not_for_spending():
    assert spent(60, 4).threshold(0, 20) < spent(60, 1).threshold(0, 20)


def test_going_slow_comes_before_the_lock():
    calm, narrow = spent(2000, 50), spent(2000, 59)
    assert narrow.locked(10) == ""
    assert narrow.threshold(10, 20) < 0.4 * calm.threshold(10, 20)


def test_few_operators_may_take_more_risk_a_call():
    assert spent(1000, 20).threshold(10, 5) > 1.4 * spent(1000, 20).threshold(10, 50)


def test_thresholds_that_cost_more_than_meant_are_lowered_for_good():
    """The count being the same, what it came from tells."""
    meant, dearer = spent(0, 0), spent(0, 0)
    for budget, lost_at_once in ((meant, False), (dearer, True)):
        for answer in range(4000):
            if not lost_at_once:
                budget.threshold(10, 20)
            budget.answered(10)
            if answer % 40 == 39:
                budget.abandoned(10)
    assert dearer.threshold(10, 20) < 0.6 * meant.threshold(10, 20)


def test_a_burst_in_the_last_minutes_locks_although_the_day_could_afford_it():
    budget = spent(2000, 0)
    fill(budget, 100, 12, t=4 * 3600.0)
    assert budget.day.rate < 0.01
    assert budget.locked(4 * 3600.0) == "half hour"
    assert budget.locked(4.5 * 3600.0) == ""


def test_machines_found_out_after_their_answer_are_taken_off():
    budget = spent(100, 3)
    budget.answered(0.0, -10)
    assert budget.day.rate == pytest.approx(3 / 90)


def test_midnight_begins_a_new_day_where_the_campaign_is():
    budget = spent(100, 5, zone_s=-5 * 3600.0, t=20 * 3600.0)
    assert budget.in_window(26 * 3600.0).answers == 100
    assert budget.in_window(29 * 3600.0).answers == 0


def test_24_hours_roll_on():
    budget = spent(100, 5, window="24h")
    assert budget.in_window(23 * 3600.0).abandons == 5
    assert budget.in_window(26 * 3600.0).abandons == 0


def test_30_days_over_their_limit_lock_a_day_that_is_within_its_own():
    budget = spent(1000, 60, window="30d")
    fill(budget, 1000, 5, t=2 * DAY)
    assert budget.locked(2 * DAY) == "hard limit"
    assert budget.locked(40 * DAY) == ""


def test_a_calendar_month_ends_with_it():
    first_of_march = 1772323200.0
    budget = spent(1000, 60, window="month", t=first_of_march - DAY)
    assert budget.in_window(first_of_march - 3600).abandons == 60
    assert budget.in_window(first_of_march + 3600).abandons == 0


def test_above_the_soft_limit_calls_must_be_safer():
    calm = spent(2000, 44, window="30d", soft=0.03, hard=0.03)
    warned = spent(2000, 44, window="30d", soft=0.02, hard=0.03)
    assert warned.threshold(10, 20) < 0.95 * calm.threshold(10, 20)


def test_threshold_falls_as_the_budget_is_spent_and_with_the_target():
    assert spent(1000, 28).threshold(10, 20) < spent(1000, 20).threshold(10, 20)
    assert spent(1000, 4, target=0.01).threshold(10, 20) < spent(1000, 4, target=0.03).threshold(10, 20)


def test_counts_kept_are_bounded_over_months():
    budget = spent(0, 0, window="30d")
    for hour in range(HOURS_KEPT * 3):
        budget.answered(hour * 3600.0)
    assert len(budget.state()["hours"]) <= HOURS_KEPT + 2


def test_counts_survive_in_another_dialer():
    budget, other = spent(1000, 28, window="30d"), spent(0, 0, window="30d")
    other.restore(budget.state())
    assert other.threshold(10, 20) == budget.threshold(10, 20)
    assert other.locked(10) == budget.locked(10)


@pytest.mark.parametrize("broken", [{}, {"hours": {"x": [1, 2]}}, {"hours": {}, "day": [-1, 0], "today": 1}])
def test_broken_counts_are_refused(broken):
    with pytest.raises((KeyError, ValueError)):
        spent(0, 0).restore(broken)
