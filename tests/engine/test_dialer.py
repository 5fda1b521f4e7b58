"""How soon the dialer decides, and how its decisions keep within the trunk."""

import uuid as uuids
from types import SimpleNamespace

import pytest

from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign, Company, Gateway
from fsdialer.core.leads import NewLead
from fsdialer.core.times import epoch
from fsdialer.engine.dialer import SURELY_OURS_S, Dialer
from fsdialer.engine.lines import Lines
from fsdialer.engine.trunks import Trunks
from fsdialer.store import CompanyStore
from tests.journey import wait_until

#: Rounds of which the quickest counts: a busy machine may hold any one of them up.
ROUNDS = 3


def last_free(centre):
    """When an operator last became available (epoch seconds), by the feed."""
    for entry_id, entry in centre.redis.xrevrange(centre.store.keys.feed):
        if entry.get("type") == "operator" and entry.get("state") == "available":
            return int(entry_id.split("-")[0]) / 1000
    raise AssertionError("nobody was ever free")


def test_an_operator_who_becomes_free_gets_the_next_call_within_a_tenth_of_a_second(centre):
    c = centre()
    leads = [c.add_lead(f"+1{area}5550200") for area in range(212, 212 + ROUNDS + 1)]
    c.store.operators.go_on_line("1001", "spring", epoch("2026-01-01T00:00:00.000Z"), via="cli")
    waits = []
    for lead in leads:
        call = c.talking(lead)
        waits.append(epoch(call["placed"]) - last_free(c))
        c.switch.api(f"uuid_kill {call['uuid']}")
    assert min(waits[1:]) < 0.1, waits
    assert all(wait > -0.005 for wait in waits), f"called before anybody was free: {waits}"


def test_a_new_lead_is_dialled_within_a_second(centre):
    c = centre()
    c.on_line("1001")
    wait_until(lambda: c.redis.hget(c.store.keys.pace("spring"), "reason"), what="a decision without leads")
    lead = c.add_lead("+12125550200")
    called = wait_until(lambda: c.call_of(lead).get("placed"), 5, "the call", every_s=0.005)
    (added,) = [i for i, e in c.redis.xrange(c.store.keys.feed) if e.get("type") == "leads"]
    assert epoch(called) - int(added.split("-")[0]) / 1000 < 1.0


def test_nobody_is_called_through_a_gateway_that_is_another_companys_on_the_switch(centre):
    c = centre()
    rival = CompanyStore(c.redis, "rival")
    rival.setup.save_company(Company("rival"))
    c.redis.hset(rival.keys.gateway("trunk"), "channels", "30")  # as two had it before names were one company's
    c.redis.hset("fsdialer:gateway:{trunk}", "rival", "2026-01-01T00:00:00.000Z *")
    c.store.setup.save_company(c.store.setup.company())
    pace = c.store.keys.pace("spring")
    lead = c.add_lead("+12125550200")
    c.on_line("1001")
    wait_until(lambda: c.redis.hget(pace, "reason") == "the campaign has no gateway", what="the refusal")
    assert [alert.name for alert in c.store.alerts.standing()] == ["gateway-name.trunk"]
    assert c.call_of(lead) == {}
    rival.setup.remove_gateway("trunk")
    wait_until(lambda: c.call_of(lead).get("placed"), what="the call, once the name is given up")


@pytest.mark.parametrize(("slept_s", "taken", "placed"), [(0.1, True, 1), (20.0, False, 1), (20.0, True, 0)])
def test_a_dialer_that_slept_between_claim_and_wire_makes_no_call_that_another_has_given_up(
    redis, slept_s, taken, placed
):
    """Within the first seconds nobody can have taken it: not asked, for speed."""
    assert slept_s < SURELY_OURS_S or slept_s > 6
    acme, now, made = CompanyStore(redis, "acme"), [1000.0], []
    acme.setup.save_company(Company("acme"))
    gateway, campaign = Gateway("acme", "trunk", host="10.0.0.9"), Campaign("acme", "spring", gateways=("trunk",))
    acme.setup.save_gateway(gateway)
    acme.setup.save_campaign(campaign)
    acme.leads.add("spring", [NewLead("+12125550200")], now[0])
    owner, clock = acme.ownership.take("spring", "d1", 60), lambda: now[0]
    board = SimpleNamespace(place=lambda call, command: made.append(call.uuid))
    dialer = Dialer(acme, "spring", owner, None, board, Trunks(Lines(), clock), clock)
    uuid = "36f8cdb2-85dc-4ab0-a0bb-07f0b5f251ad"
    [claim] = acme.calls.claim(campaign, owner, gateway, "fs1", [uuid], now[0])
    call = Call(uuid, "acme", "spring", claim.lead, claim.number, "trunk", "fs1", 1, now[0])
    now[0] += slept_s
    if taken:
        acme.ownership.give_back("spring", owner)
        acme.ownership.take("spring", "d2", 60)
    dialer._send(call, gateway, ())
    assert len(made) == placed


def test_caller_ids_in_turn_go_on_where_the_dialer_before_stopped(redis):
    acme, now, shown = CompanyStore(redis, "acme"), 1000.0, []
    acme.setup.save_company(Company("acme"))
    ids = ("+12125550101", "+12125550102", "+12125550103")
    gateway = Gateway("acme", "trunk", host="10.0.0.9")
    campaign = Campaign("acme", "spring", gateways=("trunk",), caller_ids=ids)
    acme.setup.save_gateway(gateway)
    acme.setup.save_campaign(campaign)
    acme.leads.add("spring", [NewLead(f"+1212555020{n}") for n in range(4)], now)

    def place(call, command):
        shown.append(next(each for each in ids if each in command))

    board = SimpleNamespace(place=place, of_campaign=lambda company, campaign: [])
    for _ in range(2):
        owner = acme.ownership.take("spring", "d1", 60)
        dialer = Dialer(acme, "spring", owner, None, board, Trunks(Lines(), lambda: now), lambda: now)
        dialer.reload()
        for _ in range(2):
            uuid = str(uuids.uuid4())
            [claim] = acme.calls.claim(campaign, owner, gateway, "fs1", [uuid], now)
            call = Call(uuid, "acme", "spring", claim.lead, claim.number, "trunk", "fs1", 1, now)
            dialer._send(call, gateway, ())
        acme.ownership.give_back("spring", owner)
    assert shown == [*ids, ids[0]]
