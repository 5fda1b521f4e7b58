"""What time, people and dead processes leave behind is put right, and doing it twice changes nothing."""

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator, Station
from fsdialer.core.leads import NewLead
from fsdialer.core.times import iso
from fsdialer.engine.janitor import AWAY_S, BATCH, FORGOTTEN_S, RQ_GRACE_S, SIGNS_AGAIN_S, Janitor
from fsdialer.store import Store

NOW = 1_795_400_000.0


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(redis).company("acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_campaign(Campaign("acme", "spring"))
    acme.setup.save_operator(Operator("acme", "1001", "Ann", "1001", station=Station.RING, campaigns=("spring",)))
    return acme


def chores(acme, at=NOW):
    return Janitor(acme, lambda: at, browser_grace_s=20.0)


def wait_for_retry(acme, count, at):
    ids = acme.leads.add("spring", [NewLead(f"+1212{2_000_000 + n}") for n in range(count)], NOW).lead_ids
    with acme.redis.pipeline() as pipe:
        pipe.delete(acme.keys.due("spring"))
        for lead in ids:
            pipe.hset(acme.keys.lead(lead), "state", "waiting")
        pipe.zadd(acme.keys.waiting("spring"), dict.fromkeys(ids, at))
        pipe.execute()
    return ids


def look_after_presence(acme, at=NOW):
    """By one that has looked all the time."""
    times = iter((at - SIGNS_AGAIN_S, at - AWAY_S, at))
    janitor = Janitor(acme, lambda: next(times), browser_grace_s=20.0)
    for _ in range(3):
        janitor.heed_presence({"spring": acme.setup.campaign("spring")}, acme.operators.views())


def test_a_retry_is_rqs_to_release_for_a_second_and_the_janitors_from_then_on(acme):
    (lead,) = wait_for_retry(acme, 1, at=NOW)
    assert chores(acme, NOW + RQ_GRACE_S - 0.1).release_overdue("spring") == 0
    assert acme.leads.get(lead).state == "waiting"
    assert chores(acme, NOW + RQ_GRACE_S).release_overdue("spring") == 1
    assert acme.leads.get(lead).state == "due"


def test_all_that_is_overdue_is_released_in_one_go_and_once(acme):
    leads = wait_for_retry(acme, 2 * BATCH + 7, at=NOW)
    assert chores(acme, NOW + 60).release_overdue("spring") == len(leads)
    assert chores(acme, NOW + 60).release_overdue("spring") == 0
    assert sorted(acme.redis.zrange(acme.keys.due("spring"), 0, -1)) == sorted(leads)


@pytest.mark.parametrize(("unseen_s", "state"), [(19.0, "available"), (21.0, "off")])
def test_an_operator_leaves_the_line_when_the_browser_was_gone_for_the_grace_time(acme, unseen_s, state):
    acme.operators.go_on_line("1001", "spring", NOW, via="web")
    look_after_presence(acme, NOW + unseen_s)
    assert acme.operators.view("1001").state == state


@pytest.mark.parametrize(
    ("left_s", "seen_s", "now_s", "state"),
    [
        (1, 0, 10, "available"),  # it may be loading again
        (1, 0, 12, "off"),
        (1, 2, 20, "available"),  # it was, or another window is open
        (1, 2, 23, "off"),
    ],
)
def test_a_page_that_was_left_is_given_time_to_be_loaded_again(acme, left_s, seen_s, now_s, state):
    acme.operators.go_on_line("1001", "spring", NOW, via="web")
    acme.operators.left("1001", NOW + left_s)
    acme.operators.seen("1001", NOW + seen_s)
    look_after_presence(acme, NOW + now_s)
    assert acme.operators.view("1001").state == state


@pytest.mark.parametrize("first", [0, 25])
@pytest.mark.parametrize(("back", "state"), [(True, "available"), (False, "off")])
def test_while_nobody_could_write_no_browser_is_missed(acme, back, state, first):
    """Redis was away, for longer than a browser may be: it is given the time for a sign. Also by a dialer that has
    the campaign only since then."""
    times = iter((NOW + first, NOW + 25, NOW + 30, NOW + 34, NOW + 36))
    janitor = Janitor(acme, lambda: next(times), browser_grace_s=20.0)
    acme.operators.go_on_line("1001", "spring", NOW, via="web")

    def look():
        janitor.heed_presence({"spring": acme.setup.campaign("spring")}, acme.operators.views())
        return acme.operators.view("1001").state

    assert [look() for _ in range(4)] == ["available"] * 4
    if back:
        acme.operators.seen("1001", NOW + 34)
    assert look() == state


@pytest.mark.parametrize(("ahead_s", "state"), [(60, "off"), (0, "available"), (-60, "available")])
def test_the_signs_of_a_page_are_judged_by_the_clock_they_were_given_by(acme, ahead_s, state):
    """Redis'; a minute after the dialer's here it is all the more gone."""
    times = iter((NOW, NOW + 4, NOW + 8, NOW + 12))
    janitor = Janitor(acme, lambda: next(times), 20.0, lambda: ahead_s)
    acme.operators.go_on_line("1001", "spring", NOW, "web", seen=NOW)
    for _ in range(4):
        janitor.heed_presence({"spring": acme.setup.campaign("spring")}, acme.operators.views())
    assert acme.operators.view("1001").state == state


def test_an_operator_put_on_the_line_by_command_needs_no_browser(acme):
    acme.operators.go_on_line("1001", "spring", NOW, via="cli")
    look_after_presence(acme, NOW + 3600)
    assert acme.operators.view("1001").state == "available"


def test_who_is_taken_out_of_the_presence_set_by_hand_is_off_the_line_and_reads_why(acme):
    acme.operators.go_on_line("1001", "spring", NOW, via="cli")
    acme.redis.srem(acme.keys.online("spring"), "1001")
    look_after_presence(acme)
    view = acme.operators.view("1001")
    assert (view.state, view.reason) == ("off", "Taken off the line by an administrator.")


def test_who_is_put_into_the_presence_set_by_hand_is_on_the_line(acme):
    acme.redis.sadd(acme.keys.online("spring"), "1001")
    look_after_presence(acme)
    assert acme.operators.view("1001").state == "available"


def test_a_campaign_another_dialer_owns_is_left_alone(acme):
    acme.operators.go_on_line("1001", "spring", NOW, via="cli")
    acme.redis.srem(acme.keys.online("spring"), "1001")
    chores(acme).heed_presence({}, acme.operators.views())
    assert acme.operators.view("1001").state == "available"


@pytest.fixture
def promised_twice(acme):
    """Ann was promised to a call that had Bob promised then; the dialer died before it let Ann go."""
    acme.setup.save_operator(Operator("acme", "1002", "Bob", "1002", station=Station.RING, campaigns=("spring",)))
    acme.setup.save_gateway(Gateway("acme", "trunk"))
    acme.leads.add("spring", [NewLead("+12125550100")], NOW)
    owner = acme.ownership.take("spring", "d1", 60)
    acme.calls.claim(acme.setup.campaign("spring"), owner, acme.setup.gateway("trunk"), "fs1", ("u-1",), NOW)
    for operator, passed_over in (("1001", ()), ("1002", ("1001",))):
        acme.operators.go_on_line(operator, "spring", NOW, via="cli")
        acme.operators.reserve("u-1", owner, operator, passed_over, NOW)


@pytest.mark.parametrize(("after_s", "states"), [(-1, "reserved reserved"), (0, "available reserved")])
def test_an_operator_no_call_names_any_more_is_free_and_the_one_it_names_is_not(acme, promised_twice, after_s, states):
    chores(acme, NOW + FORGOTTEN_S + after_s).free_forgotten({"spring"}, acme.operators.views())
    assert [acme.operators.view(each).state for each in ("1001", "1002")] == states.split()


def test_an_operator_promised_to_a_call_that_is_over_is_free(acme, promised_twice):
    acme.redis.zrem(acme.keys.calls, "u-1")
    chores(acme, NOW + FORGOTTEN_S).free_forgotten({"spring"}, acme.operators.views())
    assert {acme.operators.view(each).state for each in ("1001", "1002")} == {"available"}


def test_a_name_nobody_has_does_not_stay_on_the_line(acme):
    acme.operators.go_on_line("1001", "spring", NOW, via="cli")
    acme.redis.sadd(acme.keys.online("spring"), "10001", "", "ann")
    look_after_presence(acme)
    assert acme.operators.on_line("spring") == {"1001"}


def test_who_has_a_state_nobody_knows_gets_on_the_line_at_the_first_try(acme):
    acme.redis.hset(acme.keys.operator("1001"), mapping={"state": "dancing", "campaign": "spring", "since": iso(NOW)})
    acme.operators.go_on_line("1001", "spring", NOW + 60, via="cli")
    assert acme.operators.view("1001").state == "available"
    assert acme.operators.on_line("spring") == {"1001"}
    assert acme.operators.today("1001", NOW) == {}


@pytest.mark.parametrize(
    ("name", "value"), [("state", "dancing"), ("state", ""), ("since", "yesterday"), ("seen", "?")]
)
def test_what_somebody_wrote_into_an_operators_record_stops_nobodys_calls(acme, name, value):
    acme.operators.go_on_line("1001", "spring", NOW, via="cli")
    acme.redis.hset(acme.keys.operator("1001"), name, value)
    acme.operators.working("spring", NOW + 1)
    acme.stats.utilisation(NOW + 1, "spring")
    look_after_presence(acme, NOW + 1)
    assert acme.operators.view("1001").state == "available"
    assert acme.operators.working("spring", NOW + 2).keys() == {"available"}


def test_an_operator_who_comes_or_goes_while_the_janitor_looks_was_not_moved_by_hand(acme):
    """What it read is of before: it takes neither for an administrator's doing."""
    look = chores(acme).heed_presence
    campaigns = {"spring": acme.setup.campaign("spring")}
    off = acme.operators.views()
    acme.operators.go_on_line("1001", "spring", NOW, via="web")
    look(campaigns, off)
    assert acme.operators.view("1001").via == "web", "or nobody would miss their browser"
    on = acme.operators.views()
    acme.operators.phone_down("1001", "Your phone 1001 is busy.", NOW)
    look(campaigns, on)
    assert acme.operators.view("1001").reason == "Your phone 1001 is busy."
