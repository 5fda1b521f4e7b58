"""What an administrator sets up: kept as plain text, told to the feed, extensions unique."""

from dataclasses import replace
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, RetryDelays, Station
from fsdialer.errors import InvalidSetting, NotFound, Refused
from fsdialer.store import CompanyStore, Store, connect
from tests.store.conftest import NOW


def settings_entries(acme, since):
    return [(f["what"], f["id"]) for _, f in acme.feed.read(since, 1) if f["type"] == "settings"]


def test_everything_comes_back_as_it_was_saved(acme):
    company = Company("acme", "Acme", active=False, hide_numbers=True, retry_min=RetryDelays(1, 2, 3.5, 4, 5))
    gateway = Gateway("acme", "spare", "pbx.example.com", 5070, "internal", 7, 2)
    campaign = Campaign(
        "acme", "autumn", "Autumn", Mode.MULTIPLIER, Decimal("1.16"), ("trunk", "spare"), ("+15550100",)
    )
    operator = Operator("acme", "dee", "Dée", "1009", "user/1009@pbx", Station.NAILED, ("spring", "autumn"))
    acme.setup.save_company(company)
    acme.setup.save_gateway(gateway)
    acme.setup.save_campaign(campaign)
    acme.setup.save_operator(operator)
    assert acme.setup.company() == company
    assert acme.setup.gateway("spare") == gateway
    assert acme.setup.campaign("autumn") == campaign
    assert acme.setup.operator("dee") == operator
    assert [each.id for each in acme.setup.campaigns()] == ["autumn", "spring"]
    assert [each.name for each in acme.setup.gateways()] == ["spare", "trunk"]
    assert [each.id for each in acme.setup.operators()] == ["ann", "bob", "cid", "dee"]


def test_every_change_is_told_to_the_feed(acme):
    since = acme.feed.last_id()
    acme.setup.save_company(acme.setup.company())
    acme.setup.save_gateway(acme.setup.gateway("trunk"))
    acme.setup.save_campaign(acme.setup.campaign("spring"))
    acme.setup.save_operator(acme.setup.operator("ann"))
    acme.setup.remove_operator("bob")
    assert settings_entries(acme, since) == [
        ("company", "acme"), ("gateway", "trunk"), ("campaign", "spring"), ("operator", "ann"), ("operator", "bob"),
    ]  # fmt: skip


@pytest.mark.parametrize("room", ["campaign", "gateway", "operator"])
def test_what_is_not_there_is_not_found(acme, room):
    with pytest.raises(NotFound, match="'nowhere' in company acme"):
        getattr(acme.setup, room)("nowhere")


def test_unknown_company_is_not_found_and_says_which_there_are(acme):
    with pytest.raises(NotFound, match="no company 'acne': there are acme"):
        Store(acme.redis).company("acne")


def test_delay_taken_out_of_a_campaign_is_the_companys_again(acme):
    spring = acme.setup.campaign("spring")
    acme.setup.save_campaign(replace(spring, retry_min=RetryDelays(busy=1)))
    assert acme.setup.campaign("spring").retry_min == RetryDelays(busy=1)
    acme.setup.save_campaign(spring)
    assert acme.setup.campaign("spring").retry_min == RetryDelays()


def test_setting_made_by_hand_is_read(acme):
    acme.redis.hset(acme.keys.settings("spring"), mapping={"multiplier": "1.7", "mode": "off"})
    assert acme.setup.campaign("spring").multiplier == Decimal("1.7")
    assert acme.setup.campaign("spring").mode is Mode.OFF


def test_setting_made_by_hand_into_nonsense_is_refused_naming_the_key(acme):
    acme.redis.hset(acme.keys.settings("spring"), "multiplier", "lots")
    with pytest.raises(InvalidSetting, match=r"fsdialer:\{acme\}:spring:settings\.multiplier: 'lots' is not a number"):
        acme.setup.campaign("spring")


def test_what_could_not_be_read_back_is_not_kept(acme):
    with pytest.raises(InvalidSetting, match="ring_s"):
        acme.setup.save_campaign(Campaign("acme", "autumn", ring_s=-1))
    with pytest.raises(InvalidSetting, match="'a:b'"):
        acme.setup.save_gateway(Gateway("acme", "a:b"))
    assert [each.id for each in acme.setup.campaigns()] == ["spring"]
    assert [each.name for each in acme.setup.gateways()] == ["trunk"]


# -- extensions ----------------------------------------------------------------------------------------------------


def test_extension_of_another_operator_is_refused_and_nothing_changes(acme):
    before = acme.redis.hgetall(acme.keys.operator("bob"))
    with pytest.raises(Refused, match="extension 1001 belongs to operator ann"):
        acme.setup.save_operator(replace(acme.setup.operator("bob"), extension="1001"))
    assert acme.redis.hgetall(acme.keys.operator("bob")) == before
    assert acme.redis.hgetall(acme.keys.extensions) == {"1001": "ann", "1002": "bob", "1003": "cid"}


def test_extension_given_up_is_free_for_another(acme):
    acme.setup.save_operator(replace(acme.setup.operator("ann"), extension="1010"))
    acme.setup.save_operator(replace(acme.setup.operator("bob"), extension="1001"))
    assert acme.redis.hgetall(acme.keys.extensions) == {"1010": "ann", "1001": "bob", "1003": "cid"}


def test_operators_may_exchange_extensions(acme):
    ann, bob = acme.setup.operator("ann"), acme.setup.operator("bob")
    acme.setup.save_operators([replace(ann, extension="1002"), replace(bob, extension="1001")])
    assert acme.redis.hgetall(acme.keys.extensions) == {"1002": "ann", "1001": "bob", "1003": "cid"}


def test_one_extension_for_two_operators_at_once_is_refused(acme):
    ann, bob = acme.setup.operator("ann"), acme.setup.operator("bob")
    with pytest.raises(Refused, match="two operators"):
        acme.setup.save_operators([replace(ann, extension="7"), replace(bob, extension="7")])


def test_extension_of_an_operator_deleted_by_hand_is_free(acme):
    acme.redis.delete(acme.keys.operator("ann"))
    acme.redis.srem(acme.keys.operators, "ann")
    acme.setup.save_operator(Operator("acme", "dee", "Dee", "1001"))
    assert acme.redis.hget(acme.keys.extensions, "1001") == "dee"


def test_of_many_who_want_one_extension_at_once_exactly_one_gets_it(acme, redis_url):
    outcomes, gate = [], Barrier(6)

    def want(name):
        mine = Store(connect(redis_url)).company("acme").setup
        gate.wait()
        try:
            mine.save_operator(Operator("acme", name, name, "2000"))
            outcomes.append(name)
        except Refused as refused:
            outcomes.append(str(refused))

    threads = [Thread(target=want, args=(f"new{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if outcome.startswith("new")]
    assert acme.redis.hget(acme.keys.extensions, "2000") == winner
    assert outcomes.count(f"extension 2000 belongs to operator {winner}") == 5


def test_a_destination_the_company_may_not_call_is_refused(acme, redis):
    ann = acme.setup.operator("ann")
    with pytest.raises(Refused, match=r"operator ann: .*9005551234 may not be dialled: .*premium_allowed"):
        acme.setup.save_operator(replace(ann, dial="sofia/gateway/trunk/+19005551234"))
    CompanyStore(redis, "beta").setup.save_company(Company("beta"))
    CompanyStore(redis, "beta").setup.save_gateway(Gateway("beta", "betas"))
    with pytest.raises(Refused, match="another company's gateway"):
        acme.setup.save_operator(replace(ann, dial="sofia/gateway/betas/1001"))
    assert acme.setup.operator("ann") == ann
    acme.setup.save_operator(replace(ann, dial="sofia/gateway/pbx/1001"))


def test_an_extension_customers_are_sent_to_is_no_number_the_company_may_not_call(acme):
    ann = replace(acme.setup.operator("ann"), extension="19005551234")
    acme.setup.save_operator(ann)  # a phone of the switch's own
    with pytest.raises(Refused, match=r"extension 19005551234 may not be dialled: .*premium_allowed"):
        acme.setup.save_operator(replace(ann, station=Station.REFER))


def test_saving_an_operator_does_not_touch_where_they_stand(acme):
    acme.operators.go_on_line("ann", "spring", NOW)
    acme.setup.save_operator(replace(acme.setup.operator("ann"), name="Anna"))
    assert acme.operators.view("ann").state == "available"
    assert acme.operators.view("ann").name == "Anna"


# -- removing ------------------------------------------------------------------------------------------------------


def test_removed_operator_leaves_nothing_behind(acme):
    acme.setup.remove_operator("bob")
    assert [each.id for each in acme.setup.operators()] == ["ann", "cid"]
    assert "1002" not in acme.redis.hgetall(acme.keys.extensions)
    assert not acme.redis.exists(acme.keys.operator("bob"))


def test_operator_on_the_line_is_not_removed(acme):
    acme.operators.go_on_line("ann", "spring", NOW)
    with pytest.raises(Refused, match=r"ann is on the line \(available\): take them off first"):
        acme.setup.remove_operator("ann")


def test_gateway_in_use_is_not_removed(acme):
    with pytest.raises(Refused, match="gateway trunk is used by campaign spring"):
        acme.setup.remove_gateway("trunk")
    acme.setup.save_gateway(Gateway("acme", "spare"))
    acme.redis.hset(acme.keys.gateway_state("spare"), "state", "up")  # as the dialer found it
    acme.setup.remove_gateway("spare")
    assert [each.name for each in acme.setup.gateways()] == ["trunk"]
    assert list(acme.redis.scan_iter("*spare*")) == []
