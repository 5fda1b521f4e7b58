"""What is said of the way from one switch to another, and of what a switch reads of operators and gateways."""

from xml.etree import ElementTree

import pytest

from fsdialer.core import switch_config
from fsdialer.core.campaigns import Company, Gateway, Operator
from fsdialer.core.switch_config import a1_hash
from fsdialer.errors import UnsafeCommand
from fsdialer.esl.check_commands import account, originate_across
from fsdialer.store import CompanyStore
from fsdialer.verbs.check.accounts import look_at_accounts
from fsdialer.verbs.check.between import judged
from fsdialer.verbs.check.echo import End
from fsdialer.verbs.check.finding import Level
from fsdialer.verbs.check.needs import Needs

SECRET, DOMAIN = "a-secret-for-the-check-0123456789", "pbx.example.com"


@pytest.mark.parametrize(
    ("end", "level", "mend"),
    [
        (End("NORMAL_CLEARING", "239", "200"), Level.OK, ""),
        (End("MEDIA_TIMEOUT", "", "200"), Level.FAIL, "rtp_first_port"),
        (End("CALL_REJECTED", "", "403"), Level.FAIL, "add the address of fs1 to switches_peers of fs2"),
        (End("CALL_REJECTED", "", "603"), Level.FAIL, "older dialplan/switches.xml"),
        (End("NORMAL_TEMPORARY_FAILURE"), Level.FAIL, "switches_address of fs2"),
        (End("NO_ANSWER"), Level.FAIL, "switches_address of fs2"),
    ],
)
def test_call_from_one_switch_to_another_that_fails_says_which_of_them_to_mend(end, level, mend):
    finding = judged("fs1", "fs2", "10.0.0.2:5070", end)
    assert finding.level is level and mend in finding.mend and "10.0.0.2:5070" in finding.what


@pytest.fixture
def acme(redis):
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="sip.example.com"))
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001"))
    return acme


@pytest.fixture
def look(acme):
    """What is found of a switch that says so: level and words. `gateways`: the web's answer, a file's, or none."""

    def look(gateways="web", password="", module="true", secret=SECRET, **needs):
        trunks = switch_config.gateways(acme.accounts.trunks(), accounts=gateways != "web")
        own = acme.accounts.phone("ann", SECRET).password
        said = {
            "module_exists mod_xml_curl": module,
            "xml_locate directory domain name gateways": ElementTree.tostring(trunks, "unicode")
            if gateways
            else "-ERR",
            account("1001", DOMAIN): password or a1_hash("1001", DOMAIN, own),
        }
        found = look_at_accounts(said.__getitem__, "fs1", DOMAIN, secret, [acme], Needs(**needs))
        return [(str(each.level), each.what.removeprefix("fs1: ")) for each in found]

    return look


def test_switch_that_asks_the_web_and_is_answered_is_good(look):
    assert [level for level, _ in look()] == ["ok", "ok", "ok"]


def test_web_that_does_not_answer_is_a_failure_only_where_phones_are_in_pages(look):
    assert look(gateways="file")[0][0] == "warn"
    assert look(gateways="file", browsers=1)[0][0] == "fail"
    assert not any("the web" in what for _, what in look(gateways="file", module="false")), "static files ask nobody"


def test_old_settings_are_named(acme, look):
    there = {"web": look()}
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="sip.example.org"))
    assert look() == there["web"]
    old = switch_config.gateways([])
    said = {"xml_locate directory domain name gateways": ElementTree.tostring(old, "unicode")}
    found = look_at_accounts(lambda c: said.get(c, "false"), "fs1", "", SECRET, [acme], Needs())
    assert [each.what for each in found] == ["fs1: reads other settings of gateway trunk than are set up"]


def test_another_password_is_named_by_its_phone_and_never_shown(look):
    other = a1_hash("1001", DOMAIN, "another")
    assert look(password=other)[-1] == ("fail", "reads another password for phone 1001, or none")
    assert look(password="-ERR no reply")[-1][0] == "fail"
    assert len(look(password=other, secret="")) == 2, "without the secret key nobody can tell"


def test_switch_that_gets_nothing_from_us_is_not_judged_by_it(look):
    assert look(gateways="", password="-ERR user_data Command not found!") == []


@pytest.mark.parametrize("at", ["", "10.0.0.2", "10.0.0.2:5070 &park", "10.0.0.2:5070'"])
def test_only_an_address_is_called(at):
    with pytest.raises(UnsafeCommand):
        originate_across("0" * 36, at)
