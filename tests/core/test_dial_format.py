"""A number becomes the address that is dialled, and nothing else than an address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.dial_format import DEFAULT, check, destination, preview, render
from fsdialer.errors import InvalidSetting

OWN_HOST = Gateway("acme", "trunk", host="pbx.example.com", port=5070)
SWITCHS_OWN = Gateway("acme", "trunk")


@pytest.mark.parametrize(
    ("dial_format", "address"),
    [
        (DEFAULT, "+12125550100@pbx.example.com:5060"),
        ("{number}@{host}", "12125550100@pbx.example.com"),
        ("9{number}*77@{server}:{port}", "912125550100*77@dialer.example.com:5060"),
        ("sip:{number}@{host}", "12125550100@pbx.example.com"),
        (" SIP:{number}@{host} ", "12125550100@pbx.example.com"),
    ],
)
def test_macros_are_filled_in_and_the_scheme_taken_off(dial_format, address):
    assert render(check(dial_format), "12125550100", "pbx.example.com", 5060, "dialer.example.com") == address


@pytest.mark.parametrize(
    ("dial_format", "fix"),
    [
        ("{phone}@{host}", "unknown macro {phone}: there are {number} {host} {port} {server}"),
        ("100@{host}", "no {number} in it: for example +{number}@{host}:{port}"),
        ("{number}", "USER@HOST or USER@HOST:PORT"),
        ("{number}@{host};fs_path=sip:x", "is not an address"),
        ("{number}@{host}\n", None),
        ("{number}@{host}\nx", "is not an address"),
        ("[a=b]{number}@{host}", "is not an address"),
        ("{number}}@{host}", "is not an address"),
        ("{number}@{host},{number}@evil", "is not an address"),
        ("{number}@{host}|x", "is not an address"),
    ],
)
def test_format_that_makes_no_safe_address_is_refused_with_the_fix(dial_format, fix):
    if fix is None:
        assert check(dial_format) == dial_format.strip()
        return
    with pytest.raises(InvalidSetting, match=re.escape(fix)):
        check(dial_format)


@pytest.mark.parametrize(
    "number", ["1;fs_path=sip:evil", "1@evil", "1,2", "1'2", "1 2", "1}2", "1\r\n2", "{server}", ""]
)
def test_hostile_number_makes_no_address(number):
    with pytest.raises(InvalidSetting):
        render("{number}@{host}", number, "pbx.example.com", 5060, "s")


def test_gateway_with_a_host_is_dialled_through_its_profile():
    assert destination(Company("acme"), OWN_HOST, "+12125550100") == "sofia/external/+12125550100@pbx.example.com:5070"


def test_gateway_of_the_switch_is_dialled_by_name_with_the_user_part():
    company = Company("acme", dial_format="00{number}@{host}")
    assert destination(company, SWITCHS_OWN, "+12125550100") == "sofia/gateway/trunk/0012125550100"


def test_preview_shows_what_would_be_dialled():
    assert preview(Company("acme"), OWN_HOST) == "+12125550100@pbx.example.com:5070"
    assert preview(Company("acme", dial_format="{number}@{server}"), None) == "12125550100@dialer.example.com"


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_goes_in_only_safe_characters_come_out(dial_format, number, host, server):
    try:
        address = render(dial_format, number, host, 5060, server)
    except InvalidSetting:
        return
    assert re.fullmatch(r"[0-9A-Za-z+*#._-]+@[0-9A-Za-z.-]+(:[0-9]+)?", address, re.ASCII)
