"""The abandon budget: the law's formula over its window, two locks, a threshold that follows."""

import pytest

from fsdialer.core.pacing.budget import HOURS_KEPT, Budget

HOUR, DAY = 3600.0, 86400.0
#: Where eight hours from the first answer are over.
EVENING = 8 * HOUR


def spent(answers, abandons, window="day", target=0.03, t=0.0, **limits):
    budget = Budget(target, limits.get("hard", target), limits.get("soft", target), window, limits.get("zone_s", 0.0))
    fill(budget, answers, abandons, t)
    return budget


def fill(budget, answers, abandons, t):
    for _ in range(answers):
        budget.answered(t)
    for _ in range(abandons):
        budget.abandoned(t)


def test_one_more_abandoned_call_must_fit_into_the_budget_at_the_days_end():
    assert spent(4000, 119).locked(EVENING) == ""
    assert spent(4000, 120).locked(EVENING) == "budget"


def test_a_day_may_stand_above_its_target_by_what_the_rest_of_it_can_make_good():
    """Answers to come pay for it, but never for more than luck explains."""
    assert spent(2000, 62).locked(4 * HOUR) == ""
    assert spent(2000, 71).locked(4 * HOUR) == "budget"
    assert spent(2000, 62).locked(7.75 * HOUR) == "budget", "hardly any answers are left"


def test_a_day_may_begin_with_a_few_abandoned_calls_that_later_answers_pay_for():
    assert spent(60, 4).locked(0) == ""
    assert spent(60, 13).locked(0) == "budget"
    assert spent(60, 4, target=0.005).locked(0) == "budget", "less at a lower target"


def test_nothing_is_lent_on_answers_that_will_not_come():
    """Calling ends soon, or the list does."""
    for known in ({"ends_in": 300.0}, {"answers": 10.0}):
        budget = spent(2000, 62)
        budget.foresee(4 * HOUR, 20, **known)
        assert budget.locked(4 * HOUR) == "budget"
        budget.foresee(4 * HOUR, 20)
        assert budget.locked(4 * HOUR) == ""


def test_nothing_is_lent_on_answers_of_the_next_day():
    for zone_s in (0.0, -5 * HOUR):
        midnight = DAY - zone_s
        for before, lock in ((3 * HOUR, ""), (240.0, "budget")):
            budget = spent(2000, 62, t=midnight - before, zone_s=zone_s)
            budget.foresee(midnight - before, 20)
            assert budget.locked(midnight - before) == lock


def test_a_part_is_kept_back_so_that_luck_seldom_takes_a_day_above_its_target():
    assert spent(2000, 56).slack(EVENING) > 0 > spent(2000, 57).slack(EVENING)
    assert spent(200, 0, target=0.01).slack(EVENING) < 0 < spent(300, 0, target=0.01).slack(EVENING)


def test_what_is_over_or_missing_is_spread_over_the_rest_of_the_day():
    """The same count leaves less to spread it over the later it is."""
    early, late, beyond = (spent(2000, 50).threshold(hours * HOUR) for hours in (1, 7, 20))
    assert beyond >= late > 1.2 * early
    early, late = (spent(2000, 60).threshold(hours * HOUR) for hours in (1, 7))
    assert late < 0.6 * early


def test_a_day_taken_over_is_planned_from_its_first_answer():
    first = spent(2000, 40, t=100.0)
    other = Budget(0.03, 0.03, 0.03, "day")
    other.restore(first.state())
    assert other.threshold(6 * HOUR) == first.threshold(6 * HOUR)
    counted = Budget(0.03, 0.03, 0.03, "day")
    counted.recount({0: (2000, 40)}, 6 * HOUR)
    assert counted.to_come(6 * HOUR) == pytest.approx(first.to_come(6 * HOUR), rel=0.02)


def test_a_day_is_planned_to_last_as_long_as_the_last_one():
    """Four hours yesterday: what is over is spent within four hours today, and nothing is lent beyond them."""
    usual, short = spent(2000, 62, t=DAY), spent(100, 0, t=HOUR)
    short.answered(5 * HOUR)
    fill(short, 2000, 62, t=DAY)
    assert (usual.locked(DAY + 4 * HOUR), short.locked(DAY + 4 * HOUR)) == ("", "budget")
    other = Budget(0.03, 0.03, 0.03, "day")
    other.restore(short.state())
    assert other.locked(DAY + 4 * HOUR) == "budget"


def test_a_day_of_a_few_answers_says_nothing_of_how_long_days_are():
    budget = spent(10, 0, t=HOUR)
    fill(budget, 2000, 62, t=DAY)
    assert budget.locked(DAY + 4 * HOUR) == ""


def test_going_slow_comes_before_the_lock():
    calm, narrow = spent(2000, 50), spent(2000, 59)
    assert narrow.locked(7.5 * HOUR) == ""
    assert narrow.threshold(7.5 * HOUR) < 0.4 * calm.threshold(7.5 * HOUR)


def test_few_operators_may_take_more_risk_a_call():
    few, many = spent(1000, 20), spent(1000, 20)
    few.foresee(10, 5)
    many.foresee(10, 50)
    assert few.threshold(10) > 1.4 * many.threshold(10)


def test_thresholds_that_cost_more_than_meant_are_lowered_for_good():
    """The count being the same, what it came from tells."""
    meant, dearer = spent(0, 0), spent(0, 0)
    for budget, lost_at_once in ((meant, False), (dearer, True)):
        for answer in range(4000):
            if not lost_at_once:
                budget.threshold(10)
            budget.answered(10)
            if answer % 40 == 39:
                budget.abandoned(10)
    assert dearer.threshold(10) < 0.6 * meant.threshold(10)


def test_a_burst_in_the_last_minutes_locks_although_the_day_could_afford_it():
    budget = spent(2000, 0)
    fill(budget, 100, 12, t=4 * HOUR)
    assert budget.day.rate < 0.01
    assert budget.locked(4 * HOUR) == "half hour"
    assert budget.locked(4.5 * HOUR) == ""


def test_machines_found_out_after_their_answer_are_taken_off():
    budget = spent(100, 3)
    budget.answered(0.0, -10)
    assert budget.day.rate == pytest.approx(3 / 90)


def test_midnight_begins_a_new_day_where_the_campaign_is():
    budget = spent(100, 5, zone_s=-5 * HOUR, t=20 * HOUR)
    assert budget.in_window(26 * HOUR).answers == 100
    assert budget.in_window(29 * HOUR).answers == 0


def test_24_hours_roll_on():
    budget = spent(100, 5, window="24h")
    assert budget.in_window(23 * HOUR).abandons == 5
    assert budget.in_window(26 * HOUR).abandons == 0


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


def test_the_nearer_the_lock_the_slower_and_gently_at_first():
    """At 20 operators a day of 1,000 answers is locked nine customers above its target."""
    at, little, half, nearly = (spent(1000, lost).threshold(4 * HOUR) for lost in (30, 32, 34, 38))
    assert little > 0.85 * at and half > 0.6 * at
    assert nearly < 0.35 * at
    assert spent(1000, 38).locked(4 * HOUR) == "budget" == spent(1000, 39).locked(4 * HOUR)


def test_a_day_a_little_above_its_target_is_steered_back_and_not_slowed_down_besides():
    """The window's limits are the day's own target unless they are set lower: the plan of the day has seen to it."""
    within, above = spent(1000, 30).threshold(4 * HOUR), spent(1000, 31).threshold(4 * HOUR)
    assert above > 0.9 * within
    warned = spent(1000, 31, soft=0.025).threshold(4 * HOUR)
    assert warned < 0.5 * above


def test_above_the_soft_limit_calls_must_be_safer():
    calm = spent(2000, 44, window="30d", soft=0.03, hard=0.03)
    warned = spent(2000, 44, window="30d", soft=0.02, hard=0.03)
    assert warned.threshold(10) < 0.95 * calm.threshold(10)


def test_threshold_falls_as_the_budget_is_spent_and_with_the_target():
    assert spent(1000, 28).threshold(10) < spent(1000, 20).threshold(10)
    assert spent(1000, 4, target=0.01).threshold(10) < spent(1000, 4, target=0.03).threshold(10)


def test_counts_kept_are_bounded_over_months():
    budget = spent(0, 0, window="30d")
    for hour in range(HOURS_KEPT * 3):
        budget.answered(hour * HOUR)
    assert len(budget.state()["hours"]) <= HOURS_KEPT + 2


def test_counts_survive_in_another_dialer():
    budget, other = spent(1000, 28, window="30d"), spent(0, 0, window="30d")
    other.restore(budget.state())
    assert other.threshold(10) == budget.threshold(10)
    assert other.locked(10) == budget.locked(10)


@pytest.mark.parametrize("broken", [{}, {"hours": {"x": [1, 2]}}, {"hours": {}, "day": [-1, 0], "today": 1}])
def test_broken_counts_are_refused(broken):
    with pytest.raises((KeyError, ValueError)):
        spent(0, 0).restore(broken)
