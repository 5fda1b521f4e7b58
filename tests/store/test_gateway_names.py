"""One gateway's name for one company: kept in one place, whoever saves when, and given up again."""

from dataclasses import replace
from threading import Barrier, Thread

import pytest

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.engine.own_gateways import own
from fsdialer.errors import Refused
from fsdialer.store import CompanyStore, connect
from tests.store.conftest import NOW


@pytest.fixture
def beta(redis):
    beta = CompanyStore(redis, "beta")
    beta.setup.save_company(Company("beta"))
    return beta


def by_hand(company, name, **fields):
    """As it stood before names had owners, or as written with redis-cli."""
    company.redis.hset(company.keys.gateway(name), mapping={"channels": "30", **fields})
    company.redis.sadd(company.keys.gateways, name)


def test_a_name_another_company_has_is_refused_without_a_word_about_them(acme, beta):
    for gateway in (Gateway("beta", "trunk"), Gateway("beta", "trunk", proxy="sip.example.com")):
        with pytest.raises(Refused, match="choose another name") as refused:
            beta.setup.save_gateway(gateway)
        assert "acme" not in str(refused.value)
    assert beta.setup.gateways() == [] and list(beta.accounts.trunks()) == []


def test_a_host_of_its_own_needs_no_name_on_the_switch(acme, beta):
    beta.setup.save_gateway(Gateway("beta", "trunk", host="pbx.example.com"))
    acme.setup.save_gateway(replace(acme.setup.gateway("trunk"), channels=20))
    with pytest.raises(Refused):
        beta.setup.save_gateway(Gateway("beta", "trunk"))


def test_a_name_given_up_is_free_and_one_on_other_switches_is_another(acme, beta):
    acme.setup.save_gateway(replace(acme.setup.gateway("trunk"), host="pbx.example.com"))
    beta.setup.save_gateway(Gateway("beta", "trunk", switches=("fs1",)))
    acme.setup.save_gateway(Gateway("acme", "trunk", switches=("fs2",)))
    with pytest.raises(Refused):
        acme.setup.save_gateway(Gateway("acme", "trunk"))
    beta.setup.remove_gateway("trunk")
    acme.setup.save_gateway(Gateway("acme", "trunk"))


def test_a_gateway_deleted_by_hand_gives_its_name_up(acme, beta):
    key = "fsdialer:gateway:{trunk}"
    acme.redis.delete(acme.keys.gateway("trunk"))
    with pytest.raises(Refused):  # it may be about to be written
        beta.setup.save_gateway(Gateway("beta", "trunk"))
    acme.redis.hset(key, "acme", "2026-11-28T10:00:00.000Z *")
    beta.setup.save_gateway(Gateway("beta", "trunk"))
    assert list(acme.redis.hgetall(key)) == ["beta"]


def test_a_name_from_before_names_had_owners_is_its_companys(acme, beta):
    by_hand(acme, "old")
    with pytest.raises(Refused):
        beta.setup.save_gateway(Gateway("beta", "old"))
    acme.setup.save_gateway(replace(acme.setup.gateway("old"), channels=5))


def test_of_two_that_had_a_name_before_who_gave_the_switch_the_gateway_has_it(acme, beta):
    by_hand(acme, "old")
    by_hand(beta, "old", proxy="sip.example.com")
    assert [each.company for each in beta.gateway_names.holders("old")] == ["beta", "acme"]
    assert [trunk.gateway.company for trunk in beta.accounts.trunks()] == ["beta"]
    with pytest.raises(Refused):
        acme.setup.save_gateway(acme.setup.gateway("old"))
    beta.setup.save_gateway(beta.setup.gateway("old"))


def test_nobody_is_called_through_anothers_gateway_and_an_alert_says_so_until_it_is_mended(acme, beta):
    by_hand(beta, "trunk", proxy="sip.example.com")
    by_hand(beta, "betas")
    found = own(beta, beta.setup.gateways(), NOW)
    assert [gateway.name for gateway in found] == ["betas"]
    own(beta, beta.setup.gateways(), NOW + 1)
    [alert] = beta.alerts.standing()
    assert alert.name == "gateway-name.trunk" and "another name" in alert.text and alert.count == 1
    assert "acme" not in alert.text
    assert [trunk.gateway.company for each in (acme, beta) for trunk in each.accounts.trunks()] == []
    assert len(own(acme, acme.setup.gateways(), NOW)) == 1 and acme.alerts.standing() == []
    acme.setup.save_gateway(replace(acme.setup.gateway("trunk"), host="pbx.example.com"))
    assert len(own(beta, beta.setup.gateways(), NOW + 2)) == 2 and beta.alerts.standing() == []


def test_who_had_a_name_second_is_told_when_it_is_theirs(acme, beta):
    by_hand(beta, "trunk")
    acme.setup.save_gateway(replace(acme.setup.gateway("trunk"), channels=5))
    since = beta.feed.last_id()
    acme.setup.save_gateway(replace(acme.setup.gateway("trunk"), host="pbx.example.com"))
    [(_, entry)] = beta.feed.read(since, 1)
    assert (entry["type"], entry["id"]) == ("settings", "trunk")


def test_of_companies_who_want_one_name_at_once_exactly_one_gets_it(redis, redis_url):
    names, outcomes, gate = [f"c{n}" for n in range(6)], [], Barrier(6)
    for name in names:
        CompanyStore(redis, name).setup.save_company(Company(name))

    def want(name):
        mine = CompanyStore(connect(redis_url), name).setup
        gate.wait()
        try:
            mine.save_gateway(Gateway(name, "ta"))
            outcomes.append(name)
        except Refused:
            outcomes.append("")

    threads = [Thread(target=want, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = filter(None, outcomes)
    assert [name for name in names if redis.exists(f"fsdialer:{{{name}}}:gateway:ta")] == [winner]
