"""The lead queue: order, duplicates, retries that fall due."""

from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.leads import NewLead, due_score
from fsdialer.core.retry import NextStep
from tests.store.conftest import NOW, add_leads

BUSY = Verdict(Disposition.BUSY, charged=True, final=False, detail="busy")


def queue(acme):
    return acme.redis.zrange(acme.keys.due("spring"), 0, -1)


def make_wait(acme, owner, campaign, trunk, uuid, until):
    (claim,) = acme.calls.claim(campaign, owner, trunk, "fs1", [uuid], NOW)
    acme.calls.finish(uuid, owner, NOW + 1, BUSY, NextStep(until, "waiting", "busy"), 0, "USER_BUSY", 486)
    return claim.lead


def test_same_number_or_external_id_is_added_once(acme):
    first = NewLead("+15550100001", external_id="A-1")
    same_number = NewLead("+15550100001", external_id="A-2")
    same_id = NewLead("+15550100002", external_id="A-1")
    result = acme.leads.add("spring", [first, same_number, same_id], NOW)
    assert (result.added, result.duplicate_numbers, result.duplicate_ids) == (1, 1, 1)
    assert result.lead_ids[1:] == [None, None]
    again = acme.leads.add("spring", [first], NOW)
    assert again.added == 0


def test_same_number_in_two_campaigns_is_two_leads(acme):
    acme.redis.sadd(acme.keys.campaigns, "autumn")
    lead = NewLead("+15550100001")
    assert acme.leads.add("spring", [lead], NOW).added == 1
    assert acme.leads.add("autumn", [lead], NOW).added == 1


def test_card_fields_are_kept(acme):
    (lead,) = acme.leads.add("spring", [NewLead("+15550100001", "Zoé", fields={"City": "Nîmes"})], NOW).lead_ids
    record = acme.leads.get(lead)
    assert (record.name, record.fields) == ("Zoé", {"City": "Nîmes"})


def test_queue_is_new_before_retries_then_priority_then_time(acme, owner, campaign, trunk):
    add_leads(acme, 1, first=0)
    retry = make_wait(acme, owner, campaign, trunk, "u1", NOW + 10)
    acme.leads.release_due("spring", NOW + 20)
    (late,) = add_leads(acme, 1, first=1, now=NOW + 30)
    (early,) = add_leads(acme, 1, first=2, now=NOW + 29)
    (urgent,) = add_leads(acme, 1, first=3, priority=9, now=NOW + 40)
    assert queue(acme) == [urgent, early, late, retry]


def test_score_in_redis_is_the_documented_formula(acme):
    (lead,) = add_leads(acme, 1, priority=7)
    assert acme.redis.zscore(acme.keys.due("spring"), lead) == due_score(False, 7, NOW)


def test_retry_falls_due_once_however_often_it_is_released(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    lead = make_wait(acme, owner, campaign, trunk, "u1", NOW + 300)
    assert acme.leads.release_due("spring", NOW + 299) == 0
    assert acme.leads.release_due("spring", NOW + 301) == 1
    assert acme.leads.release_due("spring", NOW + 301) == 0
    assert queue(acme) == [lead]
    assert acme.leads.get(lead).state == "due"
    assert acme.leads.counts("spring") == {"due": 1, "waiting": 0, "calling": 0, "done": 0, "total": 1}


def test_a_hundred_thousand_retries_of_one_minute_are_all_released(acme):
    with acme.redis.pipeline(transaction=False) as pipe:
        for n in range(100_000):
            pipe.hset(acme.keys.lead(str(n)), mapping={"state": "waiting", "priority": "0"})
            pipe.zadd(acme.keys.waiting("spring"), {str(n): NOW + n % 60})
            if n % 5000 == 0:
                pipe.execute()
        pipe.execute()
    released = 0
    while moved := acme.leads.release_due("spring", NOW + 60):
        released += moved
    assert released == 100_000
    assert acme.redis.zcard(acme.keys.due("spring")) == 100_000


def test_why_says_what_stands_in_the_way(acme, owner):
    (lead,) = add_leads(acme, 1)
    said = " ".join(acme.leads.why(lead, NOW))
    assert "number 1 in the queue" in said and "No operator is on the line" in said


def test_only_one_dialer_owns_a_campaign_and_the_fence_grows(acme):
    first = acme.ownership.take("spring", "d1", 0.05)
    assert first == "d1#1"
    assert acme.ownership.take("spring", "d2", 5) == ""
    assert acme.ownership.take("spring", "d1", 5) == "d1#1"
    acme.ownership.give_back("spring", first)
    assert acme.ownership.take("spring", "d2", 5) == "d2#2"


def test_why_says_what_a_waiting_lead_waits_for(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    lead = make_wait(acme, owner, campaign, trunk, "u1", NOW + 300)
    assert acme.leads.why(lead, NOW) == [
        "It waits after 1 attempt, the last one busy: due again in 5 min.",
    ]
    assert acme.leads.why(lead, NOW + 280) == [
        "It waits after 1 attempt, the last one busy: due again in 20 s.",
    ]
