"""Gateways that do not do REFER are remembered for an hour."""

from fsdialer.store.referrals import REST_S, Refusal
from tests.store.conftest import NOW


def test_a_refusal_is_remembered_with_its_age_and_goes_by_itself(acme, redis):
    assert acme.referrals.refusal("trunk") is None
    acme.referrals.refused("trunk", "REFER was refused: 403", NOW)
    assert acme.referrals.refusal("trunk") == Refusal("REFER was refused: 403", NOW, NOW + REST_S)
    assert acme.referrals.refusal("other") is None
    assert 0 < redis.ttl(acme.keys.gateway_refer("trunk")) <= REST_S


def test_a_refusal_is_forgotten_when_asked(acme):
    acme.referrals.refused("trunk", "REFER was not answered", NOW)
    assert acme.referrals.forget("trunk") is True
    assert acme.referrals.refusal("trunk") is None and acme.referrals.forget("trunk") is False
