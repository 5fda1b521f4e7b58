"""Who asked not to be called again is called by no campaign of the company."""

import pytest

from fsdialer.core.campaigns import Campaign
from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.leads import NewLead
from fsdialer.core.retry import NextStep
from fsdialer.core.times import iso
from tests.store.conftest import NOW

NUMBER = "+15550100000"
TALKED = Verdict(Disposition.ANSWERED, True, True, "talked")
SAID = (
    "Nobody of the company calls this number: it is on the do-not-call list "
    f"({iso(NOW + 35)}, said to operator ann, campaign spring, lead 1, call u1)."
)
BY_KEY = Verdict(Disposition.ABANDONED, True, True, "asked by key not to be called again", do_not_call=True)


@pytest.fixture
def two_campaigns(acme):
    """The same person is in both: a function that tries to call them, for either campaign."""
    acme.setup.save_campaign(Campaign("acme", "autumn", gateways=("trunk",), max_attempts=3))
    owners, trunk = {}, acme.setup.gateway("trunk")
    for name in ("spring", "autumn"):
        owners[name] = acme.ownership.take(name, "d1", 60)
        acme.leads.add(name, [NewLead(NUMBER)], NOW)

    def claim(name, uuid, now):
        return acme.calls.claim(acme.setup.campaign(name), owners[name], trunk, "fs1", [uuid], now)

    def finish(name, uuid, verdict, now):
        acme.calls.finish(uuid, owners[name], now, verdict, NextStep(None, "done", ""), 15, "NORMAL_CLEARING", None)

    return claim, finish


@pytest.fixture
def talked_to(acme, two_campaigns):
    """Ann has talked to them, in campaign spring, as call u1."""
    claim, finish = two_campaigns
    owner = acme.ownership.owner("spring")
    acme.operators.go_on_line("ann", "spring", NOW)
    claim("spring", "u1", NOW)
    acme.operators.reserve("u1", owner, "ann", (), NOW)
    acme.calls.talking("u1", owner, "ann", NOW, 100)
    finish("spring", "u1", TALKED, NOW + 30)


def of_autumn(acme):
    return acme.leads.get(acme.leads.find("autumn", NUMBER))


def test_by_key_or_through_their_network_once_is_for_every_campaign(acme, two_campaigns):
    claim, finish = two_campaigns
    claim("spring", "u1", NOW)
    finish("spring", "u1", BY_KEY, NOW + 5)
    assert claim("autumn", "u2", NOW + 60) == []
    assert (of_autumn(acme).state, of_autumn(acme).detail) == ("done", "on the do-not-call list")


def test_said_to_an_operator_is_for_every_campaign(acme, two_campaigns, talked_to):
    acme.operators.save_outcome("ann", "u1", "do_not_call", "", None, NOW + 35)
    assert two_campaigns[0]("autumn", "u2", NOW + 60) == []
    assert of_autumn(acme).detail == "on the do-not-call list"


def test_pressed_by_mistake_is_taken_back(acme, two_campaigns, talked_to):
    acme.operators.save_outcome("ann", "u1", "do_not_call", "", None, NOW + 35)
    acme.operators.save_outcome("ann", "u1", "sale", "", None, NOW + 36)
    assert len(two_campaigns[0]("autumn", "u2", NOW + 60)) == 1


def test_who_was_on_the_list_before_it_was_pressed_by_mistake_stays_there(acme, redis, two_campaigns, talked_to):
    redis.sadd(acme.keys.do_not_call, NUMBER)
    acme.operators.save_outcome("ann", "u1", "do_not_call", "", None, NOW + 35)
    acme.operators.save_outcome("ann", "u1", "sale", "", None, NOW + 36)
    assert two_campaigns[0]("autumn", "u2", NOW + 60) == []


def test_a_number_put_there_by_hand_is_not_called_until_it_is_taken_off(acme, redis, two_campaigns):
    claim, _ = two_campaigns
    redis.sadd(acme.keys.do_not_call, NUMBER)
    assert claim("spring", "u1", NOW) == []
    redis.srem(acme.keys.do_not_call, NUMBER)
    assert len(claim("autumn", "u2", NOW)) == 1


def test_why_tells_of_the_list_however_far_the_lead_is(acme, redis, two_campaigns, talked_to):
    """One promised a call-back in the other campaign meanwhile is done when it is claimed, its outcome a call-back."""
    lead = acme.leads.find("autumn", NUMBER)
    assert "do-not-call" not in " ".join(acme.leads.why(lead, NOW))
    acme.operators.save_outcome("ann", "u1", "do_not_call", "", None, NOW + 35)
    assert acme.leads.why(lead, NOW)[-1] == SAID
    redis.hset(acme.keys.lead(lead), "outcome", "callback")
    two_campaigns[0]("autumn", "u2", NOW + 60)
    assert acme.leads.why(lead, NOW) == ["It is done: callback.", SAID]


def test_why_tells_when_and_how_a_number_came_onto_the_list(acme, redis, two_campaigns):
    claim, finish = two_campaigns
    claim("spring", "u1", NOW)
    finish("spring", "u1", BY_KEY, NOW + 5)
    lead, at = acme.leads.find("autumn", NUMBER), iso(NOW + 5)
    said = f"list ({at}, asked by key not to be called again, campaign spring, lead 1, call u1)."
    assert acme.leads.why(lead, NOW)[-1].endswith(said)
    redis.hdel(acme.keys.do_not_call_why, NUMBER)  # as of a number put there by hand, or before it was noted
    assert acme.leads.why(lead, NOW)[-1] == "Nobody of the company calls this number: it is on the do-not-call list."


def test_what_was_known_of_a_number_goes_with_the_mistake(acme, redis, talked_to):
    acme.operators.save_outcome("ann", "u1", "do_not_call", "", None, NOW + 35)
    acme.operators.save_outcome("ann", "u1", "sale", "", None, NOW + 36)
    assert not redis.exists(acme.keys.do_not_call_why)
