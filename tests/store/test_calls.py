"""Claim, finish and what lies between, as Redis keeps them."""

import dataclasses

import pytest

from fsdialer.core.call_facts import Call
from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import NextStep
from fsdialer.core.times import day, iso
from fsdialer.errors import StaleOwner
from fsdialer.store.clock import redis_time
from tests.journey import wait_until
from tests.store.conftest import NOW, add_leads

BUSY = Verdict(Disposition.BUSY, charged=True, final=False, detail="busy")
OUR_FAULT = Verdict(Disposition.TECHNICAL, charged=False, final=False, detail="gateway down")
TALKED = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")
DONE = NextStep(None, "done", "talked")


def again(at):
    return NextStep(at, "waiting", "busy")


@pytest.fixture
def claim(acme, campaign, trunk, owner):
    def claim(*uuids, now=NOW, campaign=campaign, trunk=trunk, owner=owner):
        return acme.calls.claim(campaign, owner, trunk, "fs1", uuids, now)

    return claim


def finish(acme, owner, uuid, verdict, step, now=NOW + 1, wrap_up_s=15.0):
    return acme.calls.finish(uuid, owner, now, verdict, step, wrap_up_s, "CAUSE", None)


def test_claim_takes_each_lead_once_and_writes_its_call_before_anything_is_dialled(acme, claim):
    one, two = add_leads(acme, 2)
    claims = claim("u1", "u2", "u3")
    assert [(c.uuid, c.lead, c.attempt) for c in claims] == [("u1", one, 1), ("u2", two, 1)]
    assert acme.calls.get("u1")["state"] == "dialling"
    assert set(acme.calls.live_uuids()) == {"u1", "u2"}
    assert acme.leads.get(one).state == "calling"
    assert claim("u4") == []


def test_claim_by_a_dialer_that_lost_the_campaign_is_refused_and_changes_nothing(acme, claim):
    (lead,) = add_leads(acme, 1)
    with pytest.raises(StaleOwner):
        claim("u1", owner="d0#1")
    assert acme.leads.get(lead).state == "new"


def test_claim_stops_at_the_trunks_channels(acme, claim, trunk):
    add_leads(acme, 5)
    small = dataclasses.replace(trunk, channels=2)
    assert len(claim("u1", "u2", "u3", trunk=small)) == 2
    assert claim("u4", now=NOW + 60, trunk=small) == []


def test_claim_never_starts_more_calls_in_a_second_than_the_trunk_takes(acme, claim):
    add_leads(acme, 12)
    began = redis_time(acme.redis)
    assert len(claim(*"abcdefgh")) == 5
    wait_until(lambda: claim("j"), every_s=0.005)
    assert 1.1 <= redis_time(acme.redis) - began < 5


@pytest.mark.parametrize("apart_s", [-60, -2, 2, 60])
def test_dialers_whose_clocks_differ_keep_a_trunks_calls_per_second_between_them(acme, claim, apart_s):
    add_leads(acme, 12)
    assert len(claim("a", "b", "c", now=NOW)) == 3
    assert len(claim("d", "e", "f", now=NOW + apart_s)) == 2
    assert claim("g", now=NOW) == []


def test_claim_never_places_more_calls_in_an_hour_than_the_companys_ceiling(acme, claim):
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), max_attempts_per_hour=3))
    add_leads(acme, 8)
    start = NOW - NOW % 3600 + 1800
    assert len(claim("a", "b", now=start)) == 2
    assert len(claim("c", "d", now=start + 3000)) == 1, "an hour is any 60 minutes, not the clock's"
    assert claim("e", now=start + 3659) == []
    assert len(claim("f", "g", "h", now=start + 3660)) == 2
    assert acme.redis.hlen(acme.keys.attempts) == 2, "minutes gone by are forgotten"


def test_a_call_that_was_never_dialled_does_not_use_up_the_ceiling(acme, claim, owner):
    add_leads(acme, 2)
    claim("a", "b")
    assert acme.calls.in_the_last_hour(NOW + 1) == 2
    acme.calls.finish("a", owner, NOW + 1, BUSY, DONE, 0, "BARRED", None)
    acme.calls.finish("b", owner, NOW + 1, BUSY, DONE, 0, "USER_BUSY", 486)
    assert acme.calls.in_the_last_hour(NOW + 1) == 1
    assert acme.calls.in_the_last_hour(NOW + 3661) == 0


def test_a_gateway_does_not_get_back_a_lead_it_has_just_failed_while_another_may(acme, claim, owner, trunk):
    one, two = add_leads(acme, 2)
    claim("a")
    step = NextStep(NOW + 1, "waiting", "soon", not_by="trunk")
    acme.calls.finish("a", owner, NOW, OUR_FAULT, step, 0, "NORMAL_TEMPORARY_FAILURE", 503)
    acme.leads.release_due("spring", NOW + 1)
    assert [c.lead for c in claim("b", "c", now=NOW + 2)] == [two], "and it hides nobody behind it"
    other = dataclasses.replace(trunk, name="other")
    assert [c.lead for c in claim("d", now=NOW + 2, trunk=other)] == [one]
    assert acme.redis.hmget(acme.keys.lead(one), "not_by", "not_by_until") == [None, None]


def test_a_gateway_gets_a_lead_back_when_no_other_has_taken_it(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    claim("a")
    step = NextStep(NOW + 1, "waiting", "soon", not_by="trunk")
    acme.calls.finish("a", owner, NOW, OUR_FAULT, step, 0, "NORMAL_TEMPORARY_FAILURE", 503)
    acme.leads.release_due("spring", NOW + 1)
    assert claim("b", now=NOW + 30) == []
    assert [c.lead for c in claim("c", now=NOW + 32)] == [lead]


def test_claim_does_nothing_with_the_master_switch_off(acme, claim):
    add_leads(acme, 1)
    acme.setup.save_company(dataclasses.replace(acme.setup.company(), active=False))
    assert claim("u1") == []


def test_number_in_another_call_is_not_called_and_does_not_hide_those_behind_it(acme, claim, redis):
    one, two = add_leads(acme, 2)
    redis.set(acme.keys.number(acme.leads.get(one).number), "some-other-call")
    assert [c.lead for c in claim("u1")] == [two]
    assert acme.leads.get(one).state == "waiting"


def test_lead_at_its_attempt_cap_is_done(acme, claim, redis):
    (lead,) = add_leads(acme, 1)
    redis.hset(acme.keys.lead(lead), "attempts", "3")
    assert claim("u1") == []
    assert acme.leads.get(lead).state == "done"


def test_busy_lead_waits_for_its_time_and_its_number_is_free(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    claim("u1")
    assert finish(acme, owner, "u1", BUSY, again(NOW + 300))
    record = acme.leads.get(lead)
    assert (record.state, record.disposition, record.next_at) == ("waiting", "busy", NOW + 300)
    assert acme.leads.next_retries("spring", 5) == [(lead, NOW + 300)]
    assert acme.calls.live_uuids() == {}
    assert acme.redis.get(acme.keys.number(record.number)) is None
    assert acme.redis.scard(acme.keys.gateway_calls("trunk")) == 0


def test_call_is_counted_once_however_often_it_is_finished(acme, claim, owner):
    add_leads(acme, 1)
    claim("u1")
    assert finish(acme, owner, "u1", BUSY, again(NOW + 300))
    assert not finish(acme, owner, "u1", OUR_FAULT, again(NOW + 600))
    today = acme.stats.day("spring", day(NOW))
    assert (today["attempts"], today["busy"], today.get("technical")) == (1, 1, None)
    assert today[f"{iso(NOW)[11:13]}.busy"] == 1


def test_our_own_fault_costs_the_lead_no_attempt(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    claim("u1")
    finish(acme, owner, "u1", OUR_FAULT, again(NOW + 600))
    assert acme.leads.get(lead).attempts == 0


def test_faults_of_ours_in_a_row_are_counted_until_an_attempt_is_paid(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    handed_on = NextStep(NOW, "waiting", "soon", not_by="another")
    ends = [(OUR_FAULT, again(NOW)), (OUR_FAULT, handed_on), (OUR_FAULT, again(NOW)), (BUSY, again(NOW))]
    counted = []
    for n, (verdict, step) in enumerate(ends):
        assert claim(f"u{n}")
        finish(acme, owner, f"u{n}", verdict, step)
        acme.leads.release_due("spring", NOW + 1)
        counted.append(acme.leads.failures(lead))
    assert counted == [1, 1, 2, 0], "one that another gateway makes good is none"


def test_saved_call_comes_back_as_it_was(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    (claimed,) = claim("u1")
    call = Call(
        uuid="u1",
        company="acme",
        campaign="spring",
        lead=lead,
        number=claimed.number,
        gateway="trunk",
        switch="fs1",
        attempt=1,
        placed_at=NOW,
        rang_at=NOW + 1,
        answered_at=NOW + 5,
        ready_at=NOW + 5.02,
        operator="ann",
        leg="phone",
        held=True,
        leg_ready=True,
        bridging=True,
        passed_over=("bob",),
        amd="rules",
        machine_at=NOW + 6.6,
        beeped_at=NOW + 9,
        spared=True,
        dismissed_at=NOW + 10,
    )
    assert acme.calls.save(call, owner, NOW + 5)
    (loaded,) = acme.calls.load("acme", "spring")
    assert loaded == call
    assert acme.stats.day("spring", day(NOW))["answers"] == 1


def test_saving_a_finished_call_does_not_bring_it_back(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    (c,) = claim("u1")
    call = Call("u1", "acme", "spring", lead, c.number, "trunk", "fs1", 1, NOW, rang_at=NOW + 1)
    finish(acme, owner, "u1", BUSY, again(NOW + 300))
    assert not acme.calls.save(call, owner, NOW + 2)
    assert acme.calls.get("u1")["state"] == "ended"
    assert acme.calls.live_uuids() == {}


def test_talk_ends_in_wrap_up_and_wrap_up_ends_in_time(acme, claim, owner):
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    claim("u1")
    assert acme.operators.reserve("u1", owner, "", (), NOW + 5).id == "ann"
    assert acme.operators.view("ann").state == "reserved"
    assert acme.calls.talking("u1", owner, "ann", NOW + 5.2, 150)
    assert acme.operators.view("ann").state == "on_call"
    finish(acme, owner, "u1", TALKED, DONE, now=NOW + 65, wrap_up_s=15)
    view = acme.operators.view("ann")
    assert (view.state, view.wrap_until) == ("wrap_up", pytest.approx(NOW + 80, abs=0.01))
    assert acme.operators.end_wrap_up(NOW + 79) == 0
    assert acme.operators.end_wrap_up(NOW + 80.1) == 1
    assert acme.operators.view("ann").state == "available"
    today = acme.operators.today("ann", NOW)
    assert today["calls"] == 1
    assert today["on_call_s"] == pytest.approx(59.8, abs=0.01)
    assert today["wrap_up_s"] == pytest.approx(15.1, abs=0.01)
    assert acme.stats.voice_ms("spring") == {"p50": 150.0, "p99": 150.0}


def test_customer_lost_before_the_bridge_makes_the_operator_available_again(acme, claim, owner):
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    claim("u1")
    acme.operators.reserve("u1", owner, "", (), NOW + 5)
    finish(acme, owner, "u1", Verdict(Disposition.ABANDONED, True, False, ""), again(NOW + 600), now=NOW + 6)
    assert acme.operators.view("ann").state == "available"


def test_an_operator_promised_when_the_dialer_died_is_the_customers_still_or_free_after_them(acme, claim, owner):
    """It had heard one more thing of the call before it knew whom it was promised."""
    (lead,) = add_leads(acme, 1)
    for operator in ("ann", "bob"):
        acme.operators.go_on_line(operator, "spring", NOW)
    (c,) = claim("u1")
    call = Call("u1", "acme", "spring", lead, c.number, "trunk", "fs1", 1, NOW, answered_at=NOW + 5, seeking=True)
    acme.calls.save(call, owner, NOW + 5)
    promised = acme.operators.reserve("u1", owner, "", (), NOW + 5).id
    acme.calls.save(dataclasses.replace(call, ready_at=NOW + 5.02), owner, NOW + 5.02)
    (adopted,) = acme.calls.load("acme", "spring")
    assert (adopted.seeking, adopted.operator) == (True, "")
    assert acme.operators.reserve("u1", owner, "", (), NOW + 8).id == promised
    finish(acme, owner, "u1", Verdict(Disposition.ABANDONED, True, False, ""), again(NOW + 600), now=NOW + 9)
    assert {acme.operators.view(operator).state for operator in ("ann", "bob")} == {"available"}


def test_an_operator_whose_phone_failed_this_customer_is_not_kept_for_them(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    (c,) = claim("u1")
    acme.operators.reserve("u1", owner, "", (), NOW + 5)
    facts = {"answered_at": NOW + 5, "seeking": True, "passed_over": ("ann",)}
    acme.calls.save(Call("u1", "acme", "spring", lead, c.number, "trunk", "fs1", 1, NOW, **facts), owner, NOW + 6)
    assert acme.calls.get("u1")["operator"] == ""
    assert acme.operators.reserve("u1", owner, "", ("ann",), NOW + 6) is None


def test_stale_owner_cannot_finish(acme, claim):
    add_leads(acme, 1)
    claim("u1")
    with pytest.raises(StaleOwner):
        finish(acme, "d0#1", "u1", BUSY, again(NOW + 300))
    assert set(acme.calls.live_uuids()) == {"u1"}


def test_feed_tells_of_calls_without_their_numbers(acme, claim, owner):
    (lead,) = add_leads(acme, 1)
    before = acme.feed.last_id()
    claim("u1")
    finish(acme, owner, "u1", BUSY, again(NOW + 300))
    entries = [entry for _, entry in acme.feed.read(before, 1)]
    assert [(e["call"], e["state"]) for e in entries] == [("u1", "dialling"), ("u1", "ended")]
    assert not any("555010" in value for e in entries for value in e.values())


def test_call_that_is_closed_late_was_over_when_it_was(acme, claim, owner):
    """Redis was away when it ended: its talk is no longer for it, and what follows counts from now."""
    (lead,) = add_leads(acme, 1)
    claim("u1")
    acme.calls.talking("u1", owner, "ann", NOW + 2, 100)
    acme.calls.finish("u1", owner, NOW + 20, TALKED, DONE, 15, "NORMAL_CLEARING", None, ended_at=NOW + 9)
    record = acme.calls.get("u1")
    assert (record["ended"], float(record["talk_s"])) == (iso(NOW + 9), 7)
    assert acme.redis.hget(acme.keys.lead(lead), "ended") == iso(NOW + 9)
    claim_again = acme.calls.finish("u1", owner, NOW + 21, TALKED, DONE, 15, "NORMAL_CLEARING", None)
    assert not claim_again and acme.calls.get("u1")["ended"] == iso(NOW + 9)
