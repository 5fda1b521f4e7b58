"""What the pacing keeps in Redis."""

from fsdialer.core.campaigns import Window
from fsdialer.core.pacing import make
from fsdialer.core.times import epoch, iso
from fsdialer.store.pacing import window_start
from fsdialer.store.stats import abandon_rate
from tests.store.conftest import NOW


def at(text):
    return epoch(f"{text}Z")


def test_the_last_decision_stands_alone_and_the_kept_ones_in_order(acme):
    first = {"at": iso(NOW), "calls": "2", "reason": "a", "extra": "1"}
    second = {"at": iso(NOW + 1), "calls": "0", "reason": "b"}
    acme.pacing.save("spring", first, keep=True)
    acme.pacing.save("spring", second, keep=True)
    acme.pacing.save("spring", {**second, "reason": "c"}, keep=False)
    assert acme.pacing.last("spring") == {**second, "reason": "c"}
    assert acme.pacing.decisions("spring") == [second, first]


def test_what_was_learned_is_for_the_same_policy_only(acme):
    acme.pacing.save_learned("spring", "predictive", {"rate": 0.3}, NOW)
    assert acme.pacing.learned("spring", "predictive") == {"rate": 0.3}
    assert acme.pacing.learned("spring", "other") is None
    acme.pacing.forget_learned("spring")
    assert acme.pacing.learned("spring", "predictive") is None


def test_nonsense_by_hand_is_nothing_learned(acme):
    acme.redis.hset(acme.keys.learned("spring"), mapping={"policy": "predictive", "state": "{oops"})
    assert acme.pacing.learned("spring", "predictive") is None


def test_windows_begin_where_the_law_says():
    now = at("2026-11-23T14:35:10")
    starts = {window: window_start(window, now).isoformat()[:16] for window in Window}
    assert starts == {
        Window.DAY: "2026-11-23T00:00",
        Window.HOURS_24: "2026-11-22T14:00",
        Window.DAYS_30: "2026-10-24T14:00",
        Window.MONTH: "2026-11-01T00:00",
    }


def test_the_counters_of_the_window_are_told_by_the_hour(acme):
    now = at("2026-11-23T14:35:10")

    def count(when, answers, abandoned, machines=0, heard=0):
        hour = when[11:13]
        counts = {f"{hour}.answers": answers, f"{hour}.abandoned": abandoned, f"{hour}.outcome.machine": machines}
        counts[f"{hour}.machine"] = heard
        acme.redis.hset(acme.keys.stats("spring", when[:10]), mapping=counts)
        return int(at(when) // 3600)

    today = count("2026-11-23T09:00", 115, 3, machines=10, heard=5)
    yesterday = count("2026-11-22T15:00", 50, 2)
    first = count("2026-11-01T00:00", 10, 4)
    last_month = count("2026-10-24T13:00", 1000, 500)
    # A day more than the window: where the company is, it may have begun before UTC's midnight.
    assert acme.pacing.hours("spring", Window.DAY, now) == {today: (100, 3), yesterday: (50, 2)}
    assert acme.pacing.hours("spring", Window.HOURS_24, now) == {today: (100, 3), yesterday: (50, 2)}
    assert acme.pacing.hours("spring", Window.MONTH, now) == {today: (100, 3), yesterday: (50, 2), first: (10, 4)}
    assert last_month in acme.pacing.hours("spring", Window.DAYS_30, now)


def test_the_months_last_evening_west_of_greenwich_still_has_its_month(acme):
    now, zone_s = at("2026-12-01T02:00:00"), -5 * 3600  # 30 November, 21:00, in Toronto
    for day in ("2026-11-01", "2026-11-15"):
        acme.redis.hset(acme.keys.stats("spring", day), mapping={"14.answers": 1000, "14.abandoned": 40})
    policy = make("predictive", window="month", zone_s=zone_s)
    policy.recount(acme.pacing.hours("spring", Window.MONTH, now), now)
    assert policy.budget.in_window(now).abandons == 80
    assert policy.budget.locked(now) == "hard limit"


def test_todays_counters_begin_at_the_companys_own_midnight(acme):
    now = at("2026-11-23T14:35:10")
    before, early, late = ("2026-11-23", "04.answers"), ("2026-11-23", "05.answers"), ("2026-11-23", "14.answers")
    for count, (day, name) in enumerate((before, early, late), 1):
        acme.redis.hset(acme.keys.stats("spring", day), mapping={name: count, "answers": 6})
    acme.redis.hset(acme.keys.stats("spring", "2026-11-22"), mapping={"20.answers": 10, "answers": 10})
    assert acme.stats.today("spring", now) == {"answers": 6}
    for zone, answers in (("America/New_York", 5), ("Asia/Tokyo", 16), ("nowhere", 6)):
        acme.redis.hset(acme.keys.company, "time_zone", zone)
        assert acme.stats.today("spring", now) == {"answers": answers}


def test_an_operators_figures_do_not_begin_anew_in_the_middle_of_a_shift(acme):
    """Midnight UTC is seven in the evening in New York."""
    midnight = at("2026-11-24T00:00:00")
    acme.operators.go_on_line("ann", "spring", midnight - 7200)
    acme.operators.pause("ann", "Lunch", midnight - 3600)
    acme.operators.ready("ann", midnight + 60)
    assert acme.operators.today("ann", midnight + 60) == {"paused_s": 3660}
    acme.redis.hset(acme.keys.company, "time_zone", "America/New_York")
    assert acme.operators.today("ann", midnight + 60) == {"available_s": 3600, "paused_s": 3660}
    assert acme.stats.utilisation(midnight + 60, "spring") == 0.0
    assert acme.operators.today("ann", midnight + 86400) == {}


def test_the_share_of_abandoned_calls_leaves_out_what_operators_called_machines():
    assert abandon_rate({"answers": 110, "outcome.machine": 10, "abandoned": 3}) == 0.03
    assert abandon_rate({"answers": 2, "outcome.machine": 2}) == 0.0
    assert abandon_rate({"answers": 120, "outcome.machine": 10, "machine": 10, "abandoned": 3}) == 0.03
    assert abandon_rate({}) == 0.0
