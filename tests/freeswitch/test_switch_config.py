"""What a switch is told: XML as a tree, passwords never in clear, variables that cannot break out of their line."""

import hashlib
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core import switch_config
from fsdialer.core.campaigns import Gateway
from fsdialer.core.switch_config import Phone, Trunk, a1_hash, fingerprint, phone_password, with_variables
from fsdialer.errors import InvalidSetting

KEY = "a-secret-key-of-some-length"
ANN = Phone("acme", "ann", "Ann", "1001", "her-password")
TRUNK = Trunk(Gateway("acme", "trunk", proxy="sip.example.com:5070", username="us", register=True), "carrier-secret")
VARS = '<include>\n  <X-PRE-PROCESS cmd="set" data="domain=a"/>\n  <!-- kept -->\n</include>\n'


def params(element):
    return {node.get("name"): node.get("value") for node in element.iter() if node.tag in ("param", "variable")}


def test_the_directory_has_the_a1_hash_and_not_the_password():
    text = switch_config.document(switch_config.directory("pbx.example.com", [ANN])).decode()
    assert hashlib.md5(b"1001:pbx.example.com:her-password").hexdigest() in text
    assert "her-password" not in text


def test_every_phone_has_another_password_which_is_the_same_each_time():
    made = {phone_password(KEY, c, o, s) for c in ("acme", "beta") for o in ("ann", "bob") for s in ("", "x")}
    assert len(made) == 8
    assert phone_password(KEY, "acme", "ann", "") in made
    assert phone_password(KEY + "x", "acme", "ann", "") not in made
    assert all(len(password) == 24 and password.isalnum() for password in made)


def test_an_unknown_phone_gets_a_domain_without_users_so_that_old_files_do_not_let_it_in():
    root = ElementTree.fromstring(switch_config.document(switch_config.directory("d", [])))
    assert root.find("section/domain").get("name") == "d" and not list(root.iter("user"))


def test_a_document_without_a_domain_says_not_found():
    root = ElementTree.fromstring(switch_config.document())
    assert root.find("section").get("name") == "result" and root.find("section/result").get("status") == "not found"


@given(st.text(max_size=60))
def test_no_name_breaks_the_xml_or_reaches_the_switch_as_an_expression(name):
    phone = Phone("acme", "ann", name, "1001", "secret")
    root = ElementTree.fromstring(switch_config.document(switch_config.directory("d", [phone])))
    shown = params(root)["effective_caller_id_name"]
    assert len(list(root.iter("user"))) == 1
    assert not set(shown) & set('${}<>"\\\r\n')


def test_a_gateway_is_made_with_its_account():
    found = params(switch_config.gateways([TRUNK]))
    assert found["proxy"] == "sip.example.com:5070" and found["realm"] == "sip.example.com"
    assert (found["username"], found["password"], found["register"]) == ("us", "carrier-secret", "true")
    assert found["ping"] == "30" and found[switch_config.MARK] == fingerprint(TRUNK)


def test_a_gateways_mark_changes_with_what_the_switch_is_told_and_with_nothing_else():
    other = {"proxy": "b.example.com", "username": "me", "register": False, "ping_s": 0}
    marks = {fingerprint(Trunk(replace(TRUNK.gateway, **{k: v}), TRUNK.password)) for k, v in other.items()}
    marks |= {fingerprint(TRUNK), fingerprint(Trunk(TRUNK.gateway, "another"))}
    assert len(marks) == 6
    assert fingerprint(Trunk(replace(TRUNK.gateway, channels=7, weight=3), TRUNK.password)) == fingerprint(TRUNK)


@pytest.mark.parametrize(
    "password", ["p$${domain}w", "$$$", '<X-PRE-process cmd="set" data="a=b"/>', "&<>\"' ä€\\%25,;|"]
)
def test_a_gateways_password_is_read_as_it_is_whatever_freeswitch_expands_in_a_file(password):
    for text in (switch_config.document, switch_config.static_file):
        made = text(switch_config.gateways([replace(TRUNK, password=password)]))
        assert b"$$" not in made and b"x-pre-process" not in made.lower()
        assert params(ElementTree.fromstring(made))["password"] == password


def test_what_two_companies_claim_is_given_to_neither():
    alone, twice = switch_config.unclashing(["1001", "1002", "1001"], lambda extension: extension)
    assert alone == ["1002"] and twice == ["1001", "1001"]


def test_variables_are_set_in_place_and_everything_else_stays():
    text = with_variables(VARS, {"domain": "pbx.example.com"})
    assert switch_config.variables(text) == {"domain": "pbx.example.com"} and "<!-- kept -->" in text


@pytest.mark.parametrize("value", ['a"/><x', "a b", "a\nb", "a&b", "é", "x" * 301])
def test_a_value_that_could_leave_its_line_is_refused(value):
    with pytest.raises(InvalidSetting):
        with_variables(VARS, {"domain": value})


def test_a_misspelt_variable_is_refused_naming_those_there_are():
    with pytest.raises(InvalidSetting, match="domian.*domain"):
        with_variables(VARS, {"domian": "a"})


def test_the_hash_is_that_of_sip_digest():
    assert a1_hash("Mufasa", "testrealm@host.com", "Circle Of Life") == "939e7578ed9e3c518a452acee763bce9"  # RFC 2617
