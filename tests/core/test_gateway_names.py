"""Whose a gateway's name is: a switch knows it once, so one company has it wherever it exists."""

from fsdialer.core.campaigns import Gateway
from fsdialer.core.gateway_names import Holder, may_have, overlap, places_of


def test_a_gateway_has_its_name_on_its_switches_and_one_with_a_host_of_its_own_has_none():
    assert places_of(Gateway("acme", "ta")) == "*"
    assert places_of(Gateway("acme", "ta", switches=("fs2", "fs1"))) == "fs1,fs2"
    assert places_of(Gateway("acme", "ta", host="pbx.example.com")) == ""


def test_one_with_a_proxy_is_given_to_every_switch_that_asks():
    assert places_of(Gateway("acme", "ta", proxy="sip.example.com", switches=("fs1",))) == "*"


def test_one_name_on_different_switches_is_two_gateways():
    assert not overlap("fs1,fs2", "fs3")
    assert overlap("fs1,fs2", "fs2") and overlap("*", "fs3") and not overlap("*", "")


ACME, BETA = Holder("acme", "2026-11-28T10:00:00.000Z", "*"), Holder("beta", "2026-11-28T11:00:00.000Z", "*")


def test_nobody_gets_anothers_name_and_of_two_that_have_it_the_first_keeps_it():
    assert may_have("acme", "*", []) and may_have("beta", "fs1", [Holder("acme", ACME.since, "fs2")])
    assert not may_have("beta", "*", [ACME])
    assert may_have("acme", "fs1", [BETA, ACME]) and not may_have("beta", "*", [BETA, ACME])


def test_a_gateway_does_not_grow_onto_a_switch_where_its_name_is_anothers():
    one, other = Holder("acme", ACME.since, "fs1"), Holder("beta", BETA.since, "fs2")
    assert may_have("acme", "fs1,fs3", [one, other])
    assert not may_have("acme", "fs1,fs2", [one, other]) and not may_have("acme", "*", [one, other])
