"""Presence, promises and outcomes, as Redis keeps them."""

import pytest

from fsdialer.core.campaigns import Operator
from fsdialer.core.dispositions import Disposition, Verdict
from fsdialer.core.retry import NextStep
from fsdialer.errors import NotFound, Refused
from tests.store.conftest import NOW, add_leads

TALKED = Verdict(Disposition.ANSWERED, charged=True, final=True, detail="talked")


@pytest.fixture
def in_call(acme, owner, campaign, trunk):
    """Puts an operator on the line and into a talk under a call uuid; the lead's id."""

    def in_call(operator, uuid, now=NOW):
        (lead,) = add_leads(acme, 1, first=int(now) % 10_000)
        if acme.operators.view(operator).state == "off":
            acme.operators.go_on_line(operator, "spring", now)
        acme.calls.claim(campaign, owner, trunk, "fs1", [uuid], now)
        assert acme.operators.reserve(uuid, owner, operator, (), now + 1).id == operator
        acme.calls.talking(uuid, owner, operator, now + 1.1, 100)
        return lead

    return in_call


def end(acme, owner, uuid, now, wrap_up_s=15.0):
    acme.calls.finish(uuid, owner, now, TALKED, NextStep(None, "done", "talked"), wrap_up_s, "NORMAL_CLEARING", None)


def test_on_the_line_is_in_the_presence_set_and_available(acme):
    acme.operators.go_on_line("ann", "spring", NOW)
    assert acme.operators.on_line("spring") == {"ann"}
    assert acme.redis.zrange(acme.keys.available("spring"), 0, -1) == ["ann"]
    acme.operators.leave_line("ann", NOW + 1)
    assert acme.operators.on_line("spring") == set()
    assert acme.operators.view("ann").state == "off"


def test_nobody_gets_on_the_line_of_a_campaign_that_is_not_theirs(acme):
    with pytest.raises(Refused, match="not of campaign 'autumn'"):
        acme.operators.go_on_line("ann", "autumn", NOW)
    with pytest.raises(NotFound):
        acme.operators.go_on_line("zoe", "spring", NOW)


def test_getting_on_the_line_twice_changes_nothing(acme):
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.operators.go_on_line("ann", "spring", NOW + 5)
    assert acme.operators.view("ann").since == pytest.approx(NOW, abs=0.01)


def test_who_waits_longest_is_reserved_first(acme, owner, campaign, trunk):
    add_leads(acme, 3)
    acme.operators.go_on_line("bob", "spring", NOW)
    acme.operators.go_on_line("ann", "spring", NOW + 1)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1", "u2", "u3"], NOW + 2)
    order = [acme.operators.reserve(u, owner, "", (), NOW + 3) for u in ("u1", "u2", "u3")]
    assert [view and view.id for view in order] == ["bob", "ann", None]


def test_who_served_the_lead_before_is_reserved_before_the_longest_waiting(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    acme.operators.go_on_line("bob", "spring", NOW)
    acme.operators.go_on_line("ann", "spring", NOW + 1)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW + 2)
    assert acme.operators.reserve("u1", owner, "ann", (), NOW + 3).id == "ann"


@pytest.mark.parametrize(("station", "taken"), [("ring", None), ("nailed", "ann")])
def test_who_is_rung_at_a_destination_of_their_home_switch_gets_no_customer_of_another(
    acme, owner, campaign, trunk, station, taken
):
    """Only `ann`'s switch has the gateway; a held line is up there, and may be joined from others."""
    dial = "sofia/gateway/pbx/1001"
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", dial, station, ("spring",), home="fs2"))
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.operators.phone_up("ann", "leg", NOW)
    acme.whereabouts.found_on("ann", "fs2", NOW)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW)
    reserved = acme.operators.reserve("u1", owner, "", (), NOW + 1)
    assert (reserved and reserved.id) == taken


def test_passed_over_operators_are_not_reserved(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW + 2)
    assert acme.operators.reserve("u1", owner, "ann", ("ann",), NOW + 3) is None


def test_operator_whose_phone_failed_is_off_the_line_with_the_reason(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW + 2)
    acme.operators.reserve("u1", owner, "", (), NOW + 3)
    assert acme.operators.release("ann", "u1", NOW + 4, failure="Your phone 1001 did not answer")
    view = acme.operators.view("ann")
    assert (view.state, view.reason, view.call) == ("off", "Your phone 1001 did not answer", "")
    assert acme.operators.on_line("spring") == set()


def test_release_for_another_call_changes_nothing(acme, in_call):
    in_call("ann", "u1")
    assert not acme.operators.release("ann", "u-old", NOW + 4, failure="late news")
    assert acme.operators.view("ann").state == "on_call"


def test_leaving_during_a_call_takes_effect_after_it(acme, owner, in_call):
    in_call("ann", "u1")
    acme.operators.leave_line("ann", NOW + 10)
    assert (acme.operators.view("ann").state, acme.operators.view("ann").wish) == ("on_call", "off")
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.view("ann").state == "off"


def test_wish_to_leave_can_be_taken_back(acme, owner, in_call):
    in_call("ann", "u1")
    acme.operators.leave_line("ann", NOW + 10)
    acme.operators.ready("ann", NOW + 11)
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.view("ann").state == "wrap_up"


def test_pause_during_a_call_begins_after_the_wrap_up(acme, owner, in_call):
    in_call("ann", "u1")
    acme.operators.pause("ann", "Lunch", NOW + 10)
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.view("ann").state == "wrap_up"
    acme.operators.end_wrap_up(["spring"], NOW + 46)
    view = acme.operators.view("ann")
    assert (view.state, view.reason) == ("paused", "Lunch")
    acme.operators.ready("ann", NOW + 100)
    assert acme.operators.view("ann").state == "available"


def test_pause_off_the_line_is_refused(acme):
    with pytest.raises(Refused, match="on the line first"):
        acme.operators.pause("ann", "Lunch", NOW)


def test_outcome_ends_the_wrap_up_and_closes_the_lead(acme, owner, in_call):
    lead = in_call("ann", "u1")
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.card("ann").lead == lead
    acme.operators.save_outcome("ann", "u1", "sale", "two boxes", None, NOW + 35)
    assert acme.operators.view("ann").state == "available"
    record = acme.leads.get(lead)
    assert (record.state, record.outcome, record.note) == ("done", "sale", "two boxes")
    assert acme.operators.card("ann") is None
    assert acme.operators.today("ann", NOW)["outcome.sale"] == 1


def test_outcome_during_the_talk_leaves_no_wrap_up_to_do(acme, owner, in_call):
    lead = in_call("ann", "u1")
    acme.operators.save_outcome("ann", "u1", "sale", "", None, NOW + 20)
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.view("ann").state == "available"
    assert acme.leads.get(lead).outcome == "sale"


def test_outcome_of_somebody_elses_call_is_refused(acme, in_call):
    in_call("ann", "u1")
    with pytest.raises(Refused, match="not yours"):
        acme.operators.save_outcome("bob", "u1", "sale", "", None, NOW + 5)


def test_note_of_a_call_before_does_not_replace_what_was_said_since(acme, owner, in_call):
    lead = in_call("ann", "u1")
    end(acme, owner, "u1", NOW + 30)
    acme.operators.save_note("ann", "u1", "has a dog")
    assert (acme.leads.get(lead).note, acme.operators.view("ann").state) == ("has a dog", "wrap_up")
    acme.redis.hset(acme.keys.lead(lead), mapping={"last_call": "u9", "note": "has two dogs"})
    acme.operators.save_note("ann", "u1", "has a cat")
    assert acme.leads.get(lead).note == "has two dogs" and acme.calls.get("u1")["note"] == "has a cat"


def test_callback_is_due_at_its_time_ahead_of_retries(acme, owner, in_call):
    lead = in_call("ann", "u1")
    end(acme, owner, "u1", NOW + 30)
    acme.operators.save_outcome("ann", "u1", "callback", "after work", NOW + 7200, NOW + 35)
    assert acme.leads.get(lead).next_at == NOW + 7200
    assert acme.leads.release_due("spring", NOW + 7199) == 0
    assert acme.leads.release_due("spring", NOW + 7201) == 1
    assert acme.redis.zscore(acme.keys.due("spring"), lead) < 100 * 1e13


def test_callback_promised_in_the_last_attempt_is_made_once(acme, owner, in_call, campaign, trunk):
    lead = in_call("ann", "u1")
    acme.redis.hset(acme.keys.lead(lead), "attempts", campaign.max_attempts)
    end(acme, owner, "u1", NOW + 30)
    acme.operators.save_outcome("ann", "u1", "callback", "", NOW + 7200, NOW + 35)
    acme.leads.release_due("spring", NOW + 7201)
    claimed = acme.calls.claim(campaign, owner, trunk, "fs1", ["u2"], NOW + 7201)
    assert [each.lead for each in claimed] == [lead]
    acme.redis.hset(acme.keys.lead(lead), mapping={"state": "due", "call": ""})  # it failed
    acme.redis.zadd(acme.keys.due("spring"), {lead: 0})
    acme.redis.delete(acme.keys.number(acme.leads.get(lead).number))
    assert acme.calls.claim(campaign, owner, trunk, "fs1", ["u3"], NOW + 7300) == []
    assert acme.leads.get(lead).state == "done"


@pytest.mark.parametrize(("charged", "claimed"), [(False, 1), (True, 0)])
def test_callback_that_failed_by_no_fault_of_the_customers_is_still_promised(
    acme, owner, in_call, campaign, trunk, charged, claimed
):
    lead = in_call("ann", "u1")
    acme.redis.hset(acme.keys.lead(lead), "attempts", campaign.max_attempts)
    end(acme, owner, "u1", NOW + 30)
    acme.operators.save_outcome("ann", "u1", "callback", "", NOW + 7200, NOW + 35)
    acme.leads.release_due("spring", NOW + 7201)
    (claim,) = acme.calls.claim(campaign, owner, trunk, "fs1", ["u2"], NOW + 7201)
    (call,) = acme.calls.load("acme", "spring")
    assert claim.promised and call.promised
    failed = Verdict(Disposition.TECHNICAL, charged=charged, final=False, detail="the carrier failed")
    again = NextStep(NOW + 7260, "waiting", "again")
    acme.calls.finish("u2", owner, NOW + 7202, failed, again, 15.0, "NORMAL_TEMPORARY_FAILURE", 503)
    acme.leads.release_due("spring", NOW + 7261)
    assert len(acme.calls.claim(campaign, owner, trunk, "fs1", ["u3"], NOW + 7261)) == claimed


def test_callback_in_the_past_is_refused(acme, owner, in_call):
    in_call("ann", "u1")
    with pytest.raises(Refused, match="passed"):
        acme.operators.save_outcome("ann", "u1", "callback", "", NOW - 1, NOW + 35)


def test_machine_is_called_again_like_a_missed_call(acme, owner, in_call):
    lead = in_call("ann", "u1")
    end(acme, owner, "u1", NOW + 30)
    acme.operators.save_outcome("ann", "u1", "machine", "", None, NOW + 35)
    assert acme.leads.get(lead).next_at == NOW + 35 + 90 * 60


def test_operator_removed_from_the_presence_set_by_hand_is_not_put_back(acme, owner, in_call):
    in_call("ann", "u1")
    acme.redis.srem(acme.keys.online("spring"), "ann")
    end(acme, owner, "u1", NOW + 30)
    assert acme.operators.view("ann").state == "off"
    assert acme.operators.on_line("spring") == set()


def test_operator_removed_from_the_presence_set_by_hand_is_not_reserved(acme, owner, campaign, trunk):
    add_leads(acme, 1)
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.redis.srem(acme.keys.online("spring"), "ann")
    acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW + 2)
    assert acme.operators.reserve("u1", owner, "", (), NOW + 3) is None


class TestNailedPhone:
    @pytest.fixture(autouse=True)
    def nailed(self, acme):
        acme.redis.hset(acme.keys.operator("ann"), "station", "nailed")

    def test_is_connecting_until_the_phone_is_up(self, acme):
        acme.operators.go_on_line("ann", "spring", NOW)
        assert acme.operators.view("ann").state == "connecting"
        assert acme.redis.zcard(acme.keys.available("spring")) == 0
        acme.operators.phone_up("ann", "leg-1", NOW + 1)
        assert (acme.operators.view("ann").state, acme.operators.view("ann").leg) == ("available", "leg-1")

    def test_that_fails_takes_its_operator_off_the_line(self, acme):
        acme.operators.go_on_line("ann", "spring", NOW)
        acme.operators.phone_down("ann", "Your phone 1001 is not registered", NOW + 1)
        view = acme.operators.view("ann")
        assert (view.state, view.reason) == ("off", "Your phone 1001 is not registered")

    def test_lost_during_a_talk_is_rung_again_after_the_wrap_up(self, acme, owner, campaign, trunk):
        add_leads(acme, 1)
        acme.operators.go_on_line("ann", "spring", NOW)
        acme.operators.phone_up("ann", "leg-1", NOW + 1)
        acme.calls.claim(campaign, owner, trunk, "fs1", ["u1"], NOW + 2)
        acme.operators.reserve("u1", owner, "", (), NOW + 3)
        acme.calls.talking("u1", owner, "ann", NOW + 3.1, 40)
        acme.operators.phone_lost("ann", NOW + 20)
        end(acme, owner, "u1", NOW + 20.1)
        acme.operators.end_wrap_up(["spring"], NOW + 40)
        assert acme.operators.view("ann").state == "connecting"
