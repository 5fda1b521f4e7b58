"""An operator's phone account, as words and as each phone's own file."""

from configparser import ConfigParser
from xml.etree import ElementTree

import pytest

from fsdialer.core.phone_settings import FILES, Account, as_file, in_words
from fsdialer.core.switch_config import Phone

ANN = Phone("acme", "ann", "Ann", "1001", "secret")
USUAL = Account(ANN, "pbx.example.com")
ELSEWHERE = Account(ANN, "pbx.example.com", "5062", "wss://w/sip")


def ini(account):
    parser = ConfigParser(interpolation=None)
    parser.read_string(FILES["microsip"](account))
    return parser


def values(account):
    top = ElementTree.fromstring(FILES["grandstream"](account))
    assert top.tag == "gs_provision" and top.get("version") == "1"
    return {each.tag: each.text for each in top.find("config")}


def test_in_words_a_port_is_told_when_it_is_not_the_usual_one():
    lines = list(in_words(ELSEWHERE))
    assert "  server          pbx.example.com:5062" in lines and "  domain          pbx.example.com" in lines
    assert any(';outbound="sip:pbx.example.com:5062"' in line for line in lines)
    assert any("wss://w/sip" in line for line in lines)
    usual = "\n".join(in_words(USUAL))
    assert (
        "  server          pbx.example.com\n" in usual
        and "outbound" not in usual
        and "wss://pbx.example.com:7443" in usual
    )


def test_microsip_registers_and_answers_what_the_dialer_asks_it_to():
    account = ini(ELSEWHERE)["Account1"]
    assert (account["server"], account["domain"]) == ("pbx.example.com:5062", "pbx.example.com")
    assert (account["username"], account["authID"], account["password"]) == ("1001", "1001", "secret")
    assert ini(USUAL)["Settings"]["autoAnswer"] == "header" and ini(USUAL)["Settings"]["accountId"] == "1"


def test_grandstream_registers_and_answers_by_call_info():
    given = values(ELSEWHERE)
    assert (given["P271"], given["P47"], given["P35"], given["P36"]) == ("1", "pbx.example.com:5062", "1001", "1001")
    assert (given["P34"], given["P298"], given["P52"], given["P57"]) == ("secret", "1", "2", "9")


def test_baresip_has_one_line():
    assert FILES["baresip"](USUAL) == (
        "<sip:1001@pbx.example.com>;auth_user=1001;auth_pass=secret;answermode=auto;regint=60\n"
    )


@pytest.mark.parametrize("name", ["</P3><P2>x</P2>", "a\r\n[Account2]\npassword=x", 'Ann "&" Bob'])
def test_no_name_ends_up_as_a_setting_of_its_own(name):
    account = Account(Phone("acme", "ann", name, "1001", "secret"), "pbx.example.com")
    assert values(account)["P3"] == " ".join(name.split()) and "P2" not in values(account)
    assert ini(account).sections() == ["Settings", "Account1"] and ini(account)["Account1"]["password"] == "secret"


def test_a_phone_in_the_page_has_nothing_to_type():
    lines = list(in_words(Account(Phone("acme", "ann", "Ann", "1001", "secret", in_browser=True), "pbx.example.com")))
    assert "sign in, nothing to type" in lines[0] and "secret" not in "\n".join(lines)


@pytest.mark.parametrize("name", ["Zoë", "Юрий"])
def test_a_name_in_any_script_is_read_as_it_is_written(name):
    """MicroSIP reads a file without a byte order mark by Windows' code page."""
    account = Account(Phone("acme", "zoe", name, "1001", "secret"), "pbx.example.com")
    data = as_file("microsip", account)
    assert data.startswith(b"\xff\xfe") and f"displayName={name}\r\n" in data[2:].decode("utf-16-le")
    assert ElementTree.fromstring(as_file("grandstream", account)).find("config/P3").text == name
    assert as_file("microsip", USUAL).decode("ascii") == FILES["microsip"](USUAL)
