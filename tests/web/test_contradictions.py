"""What a file may not say no page lets through either: settings that are right by themselves and wrong together."""

import dataclasses

import pytest

from fsdialer.core.campaigns import Amd, AmdAction, Company, Gateway, Operator, PhoneFamily, Station
from fsdialer.core.fields import to_hash
from fsdialer.core.setup import InvalidSetup, read_toml, to_toml

#: A box that is not ticked is not in a form.
FLAGS = ("active", "hide_numbers", "premium_allowed", "register", "record")


def submit(admin, path, thing, **changes):
    form = {**to_hash(thing), **changes}
    return admin.submit(f"/admin/{path}", **{k: v for k, v in form.items() if v != "0" or k not in FLAGS})


def refer(acme):
    """Operator 1001 is sent their customers by REFER, and knows where their PBX is."""
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="pbx.acme.com"))
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), station=Station.REFER))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"station": "webrtc", "dial": "user/7"}, "leave it out: the phone of station webrtc is in the browser"),
        (
            {"station": "webrtc", "phone": "none"},
            "auto instead of none: the phone of station webrtc answers when it is",
        ),
        ({"station": "webrtc-nailed", "phone": "none"}, "auto instead of none"),
        ({"campaigns": "autumn"}, "no campaign &#39;autumn&#39; in this company"),
        (
            {"station": "refer"},
            "gateway trunk has neither host nor proxy: write the PBX&#39;s address instead of {host}",
        ),
        ({"extension": "1002"}, "&#39;1002&#39; belongs to operator 1002"),
    ],
)
def test_an_operator_is_refused_what_a_file_would_be(acme, admin, changes, words):
    before = acme.setup.operator("1001")
    answer = submit(admin, "operators/1001", before, **changes)
    assert answer.status_code == 200 and words in answer.text
    assert acme.setup.operator("1001") == before


def test_an_operators_page_and_a_file_say_the_same(acme, admin):
    operator = dataclasses.replace(acme.setup.operator("1001"), station=Station.WEBRTC, phone=PhoneFamily.NONE)
    others = [each for each in acme.setup.operators() if each.id != "1001"]
    with pytest.raises(InvalidSetup) as refused:
        read_toml(to_toml([dataclasses.replace(acme.setup.whole(), operators=(operator, *others))]))
    [problem] = refused.value.problems
    assert problem.rpartition(": the phone")[2] in submit(admin, "operators/1001", operator).text


def test_a_campaign_is_refused_a_message_to_machines_that_there_is_not(acme, admin):
    page = submit(admin, "campaigns/spring", acme.setup.campaign("spring"), amd="beep", amd_action="message").text
    assert "neither amd_message nor message is set" in page


def test_a_company_is_refused_a_soft_limit_above_the_hard_one(acme, admin):
    wrong = {"abandon_soft_limit": "0.04", "abandon_hard_limit": "0.03"}
    assert "0.04 is above abandon_hard_limit 0.03" in submit(admin, "company", acme.setup.company(), **wrong).text
    assert not acme.setup.company().abandon_soft_limit
    submit(admin, "company", acme.setup.company(), **{**wrong, "abandon_hard_limit": "0.05"})
    assert str(acme.setup.company().abandon_hard_limit) == "0.05"


def test_a_refer_format_with_a_host_is_refused_where_a_gateway_has_none(acme, admin):
    acme.setup.save_company(Company("acme", refer_format="{number}@10.0.0.5"))
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), station=Station.REFER))
    answer = submit(admin, "company", acme.setup.company(), refer_format="{number}@{host}:{port}")
    assert answer.status_code == 200 and "gateway trunk has neither host nor proxy" in answer.text
    assert acme.setup.company().refer_format == "{number}@10.0.0.5"


def test_a_gateway_and_a_campaign_are_refused_what_would_leave_nowhere_to_refer_to(acme, admin):
    refer(acme)
    answer = submit(admin, "gateways/trunk", acme.setup.gateway("trunk"), proxy="")
    assert "refer_format: gateway trunk has neither host nor proxy" in answer.text
    acme.setup.save_gateway(Gateway("acme", "voip"))
    answer = submit(admin, "campaigns/spring", acme.setup.campaign("spring"), gateways="trunk voip")
    assert "refer_format: gateway voip has neither host nor proxy" in answer.text
    assert (acme.setup.gateway("trunk").proxy, acme.setup.campaign("spring").gateways) == ("pbx.acme.com", ("trunk",))


def test_what_was_wrong_before_does_not_keep_the_master_switch_or_a_campaign_on(acme, admin):
    acme.setup.save_operator(dataclasses.replace(acme.setup.operator("1001"), station=Station.REFER))
    acme.setup.save_operator(Operator("acme", "1002", "Bob", "1002", dial="user/7", station=Station.WEBRTC))
    spring = dataclasses.replace(acme.setup.campaign("spring"), amd=Amd.BEEP, amd_action=AmdAction.MESSAGE)
    acme.setup.save_campaign(spring)
    assert submit(admin, "company", acme.setup.company(), active="0").status_code == 302
    assert submit(admin, "campaigns/spring", spring, mode="off").status_code == 302
    assert submit(admin, "operators/1001", acme.setup.operator("1001"), name="Anna").status_code == 302
    assert (acme.setup.company().active, acme.setup.campaign("spring").mode) == (False, "off")
    assert "leave it out" in submit(admin, "operators/1002", acme.setup.operator("1002"), name="Bobby").text


def test_a_set_up_edited_into_nonsense_does_not_keep_the_master_switch_on(acme, admin, redis):
    redis.hset(acme.keys.operator("1002"), "station", "carrier pigeon")
    assert submit(admin, "company", acme.setup.company(), active="0").status_code == 302
    assert acme.setup.company().active is False
