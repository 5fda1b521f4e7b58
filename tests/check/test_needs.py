"""What running campaigns ask of a switch."""

from decimal import Decimal

from fsdialer.core.campaigns import Campaign, Gateway, Mode, Operator, Station
from fsdialer.verbs.check.needs import Needs, of_company

TRUNK = Gateway("acme", "trunk", channels=30, calls_per_second=5)


def operators(count, **more):
    return [Operator("acme", f"op{n}", f"Op {n}", str(1000 + n), campaigns=("spring",), **more) for n in range(count)]


def spring(**more):
    return Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+1",), **more)


def test_progressive_needs_a_call_and_a_phone_for_each_operator():
    needs = of_company([spring()], [TRUNK], operators(10))
    assert (needs.calls, needs.phones, needs.sessions) == (10, 10, 20)


def test_no_more_calls_than_the_gateways_have_channels_for():
    needs = of_company([spring(mode=Mode.PREDICTIVE)], [TRUNK], operators(10))
    assert needs.calls == 30
    needs = of_company([spring(mode=Mode.MULTIPLIER, multiplier=Decimal("1.25"))], [TRUNK], operators(10))
    assert needs.calls == 13


def test_a_multiplier_caps_what_predictive_needs():
    needs = of_company([spring(mode=Mode.PREDICTIVE, multiplier=Decimal("1.5"))], [TRUNK], operators(10))
    assert needs.calls == 15


def test_every_call_a_second_may_ring_a_phone():
    assert of_company([spring()], [TRUNK], operators(1)).sessions_per_second == 10
    assert of_company([spring()], [TRUNK], []).sessions_per_second == 5


def test_campaign_that_is_off_needs_nothing():
    assert of_company([spring(mode=Mode.OFF, record=True)], [TRUNK], operators(3)) == Needs()


def test_a_gateway_two_campaigns_share_is_counted_once():
    autumn = Campaign("acme", "autumn", gateways=("trunk",), caller_ids=("+1",), mode=Mode.PREDICTIVE)
    both = [Operator("acme", "ann", "Ann", "1001", campaigns=("spring", "autumn"))] * 20
    assert of_company([spring(), autumn], [TRUNK], both).calls == 30
    assert of_company([spring(), autumn], [TRUNK], both).calls_per_second == 5


def test_browsers_and_recordings_are_noticed():
    needs = of_company([spring(record=True)], [TRUNK], operators(2, station=Station.WEBRTC))
    assert needs.browsers == 2 and needs.records


def test_companies_add_up():
    assert Needs(1, 2, 3, 0, False) + Needs(10, 20, 30, 4, True) == Needs(11, 22, 33, 4, True)
