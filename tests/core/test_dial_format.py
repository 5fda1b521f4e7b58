"""A number becomes the address that is dialled, and nothing else than an address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.dial_format import (
    DEFAULT,
    DEFAULT_REFER,
    check,
    destination,
    operator_destination,
    preview,
    preview_refer,
    refer_target,
    render,
)
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
        ("sip: sip:{number}@{host}", "12125550100@pbx.example.com"),
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
        ("{number}@{host},{number}@evil", "{number} must stand before the @"),
        ("{number}@{host},evil", "is not an address"),
        ("{number}@{host}|x", "is not an address"),
    ],
)
def test_format_that_makes_no_safe_address_is_refused_with_the_fix(dial_format, fix):
    if fix is None:
        assert check(dial_format) == dial_format.strip()
        return
    with pytest.raises(InvalidSetting, match=re.escape(fix)):
        check(dial_format)


@pytest.mark.parametrize("setting", ["dial_format", "refer_format"])
@pytest.mark.parametrize(
    ("never_works", "fix"),
    [
        ("{number}@{host}:99999", "99999 is no port: 1 to 65535"),
        ("{number}@{host}:0", "0 is no port: 1 to 65535"),
        ("{number}@..", "'..' is no host: a name like pbx.example.com, or 10.0.0.5"),
        ("{number}@-", "'-' is no host"),
        ("{number}@10.0.0.300", "'10.0.0.300' is no host"),
        ("{number}@5060", "'5060' is no host"),
        ("{number}@{host}{port}", "{port} must stand behind a colon at the end: for example"),
        ("{number}@{port}", "{port} must stand behind a colon"),
        ("{number}@{host}:{port}:{port}", "{port} must stand behind a colon"),
        ("{number}@{host}:5{port}", "{port} must stand behind a colon"),
        ("x@{number}", "{number} must stand before the @, and there alone: for example"),
        ("{server}@{number}", "{number} must stand before the @"),
        ("{number}@{host}:{number}", "{number} must stand before the @"),
    ],
)
def test_format_that_can_never_work_is_refused_naming_the_setting_and_the_fix(setting, never_works, fix):
    with pytest.raises(InvalidSetting, match=re.escape(fix)) as refused:
        check(never_works, setting)
    assert refused.value.where == setting


@pytest.mark.parametrize(
    "text", ["{number}@sip.{host}:5062", "{number}@10.0.0.5", "{number}-{port}@pbx", "{number}@3com"]
)
def test_format_that_may_work_is_taken(text):
    assert check(text) == text


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


@pytest.mark.parametrize(
    ("gateway", "shown"),
    [
        (OWN_HOST, "sip:12125550100@sip.acme.com"),
        (Gateway("acme", "trunk", proxy="carrier.example:5062"), "sip:12125550100@carrier.example:5062"),
        (SWITCHS_OWN, "12125550100, by the switch's own gateway trunk"),
        (None, "sip:12125550100@sip.acme.com"),
    ],
)
def test_preview_shows_what_would_be_dialled(gateway, shown):
    assert preview(Company("acme", dial_format="{number}@{server}", server="sip.acme.com"), gateway) == shown


def test_preview_without_a_server_takes_the_gateways_host_as_the_call_does():
    assert preview(Company("acme"), OWN_HOST) == "sip:+12125550100@pbx.example.com:5070"
    company = Company("acme", dial_format="{number}@{server}")
    assert preview(company, OWN_HOST) == "sip:12125550100@pbx.example.com"
    assert destination(company, OWN_HOST, "+12125550100") == "sofia/external/12125550100@pbx.example.com"


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_goes_in_only_safe_characters_come_out(dial_format, number, host, server):
    try:
        address = render(dial_format, number, host, 5060, server)
    except InvalidSetting:
        return
    assert re.fullmatch(r"[0-9A-Za-z+*#._-]+@[0-9A-Za-z.-]+(:[0-9]+)?", address, re.ASCII)


# -- where a customer is sent -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("refer_format", "target"),
    [
        (DEFAULT_REFER, "sip:1001@pbx.example.com:5070"),
        ("sip:{number}@{host}", "sip:1001@pbx.example.com"),
        ("SIP:7{number}@10.0.0.5", "sip:71001@10.0.0.5"),
        ("{number}@{server}:{port}", "sip:1001@dialer.acme.com:5070"),
    ],
)
def test_an_operators_extension_becomes_a_refer_to(refer_format, target):
    company = Company("acme", refer_format=check(refer_format, "refer_format"), server="dialer.acme.com")
    assert refer_target(company, OWN_HOST, "1001") == target


@pytest.mark.parametrize(
    ("refer_format", "fix"),
    [
        ("{extension}@{host}", "refer_format: unknown macro {extension}: there are {number} {host} {port} {server}"),
        ("1001@{host}", "refer_format: no {number} in it: for example {number}@{host}:{port}"),
        ("{number}@{host}?Replaces=1", "refer_format: '1001"),
        ("<sip:{number}@{host}>", "is not an address"),
        ("{number}@{host} inline", "is not an address"),
        ("{number}@{host};method=INVITE", "is not an address"),
    ],
)
def test_refer_format_that_makes_no_safe_address_is_refused_with_the_fix(refer_format, fix):
    with pytest.raises(InvalidSetting, match=re.escape(fix.replace("'1001", "'12125550100"))):
        check(refer_format, "refer_format")


def test_the_pbx_is_the_gateways_proxy_where_it_has_no_host_of_its_own():
    gateway = Gateway("acme", "trunk", proxy="10.0.0.5:5062")
    assert refer_target(Company("acme"), gateway, "1001") == "sip:1001@10.0.0.5:5062"
    assert operator_destination(Company("acme"), gateway, "1001") == "sofia/gateway/trunk/1001"
    assert operator_destination(Company("acme"), OWN_HOST, "1001") == "sofia/external/1001@pbx.example.com:5070"


def test_a_gateway_only_the_switch_knows_needs_the_pbx_written_into_the_format():
    with pytest.raises(InvalidSetting, match="gateway trunk has neither host nor proxy"):
        refer_target(Company("acme"), SWITCHS_OWN, "1001")
    company = Company("acme", refer_format="{number}@10.0.0.5")
    assert refer_target(company, SWITCHS_OWN, "1001") == "sip:1001@10.0.0.5"
    assert operator_destination(Company("acme"), SWITCHS_OWN, "1001") == "sofia/gateway/trunk/1001"


def test_preview_shows_where_a_customer_would_be_sent():
    assert preview_refer(Company("acme"), OWN_HOST) == "sip:1001@pbx.example.com:5070"
    assert preview_refer(Company("acme"), None) == "sip:1001@pbx.example.com:5060"
    company = Company("acme", refer_format="{number}@{server}:5070", server="sip.acme.com")
    assert preview_refer(company, OWN_HOST) == refer_target(company, OWN_HOST, "1001") == "sip:1001@sip.acme.com:5070"
    with pytest.raises(InvalidSetting, match="write the PBX's address instead of {host}"):
        preview_refer(Company("acme"), SWITCHS_OWN)


@given(st.text(max_size=40), st.text(max_size=20))
def test_whatever_the_format_and_the_extension_only_a_plain_sip_address_comes_out(refer_format, extension):
    try:
        company = Company("acme", refer_format=check(refer_format, "refer_format"))
        target = refer_target(company, OWN_HOST, extension)
    except InvalidSetting:
        return
    assert re.fullmatch(r"sip:[0-9A-Za-z+*#._-]+@[0-9A-Za-z.-]+(:[0-9]+)?", target, re.ASCII)


MACRO_FORMATS = st.lists(
    st.sampled_from(["{number}", "{host}", "{port}", "{server}", "{", "}", "@", ":", "+", "9", "sip:", " ", "x"]),
    max_size=8,
).map("".join)


@given(MACRO_FORMATS)
def test_what_is_saved_can_be_rendered_and_saves_to_itself(dial_format):
    try:
        kept = check(dial_format)
    except InvalidSetting:
        return
    assert check(kept) == kept and check("sip:" + kept) == kept
    address = render(kept, "12125550100", "pbx.example.com", 5060, "dialer.example.com")
    assert "{" not in address and "12125550100" in address
