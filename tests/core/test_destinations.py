"""Where a company's leads may make it call, and what is shown there."""

from dataclasses import replace

import pytest

from fsdialer.core.caller_ids import choose
from fsdialer.core.campaigns import CallerIdChoice, Company
from fsdialer.core.destinations import barred, barred_dial, barred_extension, gateway_in

ANYWHERE = Company("acme")
SOME = Company("acme", allowed_destinations=("US", "+4930"))


@pytest.mark.parametrize("number", ["+12125550100", "+4930123456", "+442079460000"])
def test_without_a_list_every_ordinary_number_may_be_called(number):
    assert barred(number, ANYWHERE) == ""


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+12125550100", True),
        ("+16135550100", False),  # Canada shares +1 with the United States
        ("+4930123456", True),
        ("+4989123456", False),
    ],
)
def test_a_list_of_countries_and_prefixes_is_kept_to(number, may):
    assert (barred(number, SOME) == "") is may


@pytest.mark.parametrize("number", ["+19005550100", "+449098790000", "+447012345678", "+8816123456", "+97912345678"])
def test_numbers_that_cost_the_caller_extra_are_refused_unless_asked_for(number):
    assert "premium_allowed" in barred(number, ANYWHERE)
    assert barred(number, Company("acme", premium_allowed=True)) == ""


def test_what_is_no_number_is_refused():
    assert barred("sip:x@y", ANYWHERE)


IDS = ("+12125550100", "+13105550100", "+442079460000")


def test_caller_ids_go_in_turn():
    assert [choose(IDS, CallerIdChoice.TURN, "+13105550199", turn) for turn in range(4)] == [*IDS, IDS[0]]


def test_the_nearest_caller_id_shares_the_most_digits():
    assert choose(IDS, CallerIdChoice.NEAREST, "+13105550199", 0) == IDS[1]
    assert choose(IDS, CallerIdChoice.NEAREST, "+442079460199", 1) == IDS[2]


def test_equally_near_caller_ids_go_in_turn():
    shown = [choose(IDS, CallerIdChoice.NEAREST, "+14155550199", turn) for turn in range(3)]
    assert shown == [IDS[0], IDS[1], IDS[0]]


def test_a_caller_id_as_it_is_dialled_in_the_country_can_be_the_nearest():
    assert choose(("2125550100", "3125550100"), CallerIdChoice.NEAREST, "+13125551234", 0) == "3125550100"
    assert choose(("02079460000", "+33123456789"), CallerIdChoice.NEAREST, "+442079460199", 1, "GB") == "02079460000"
    assert choose(("442079460000", "100"), CallerIdChoice.NEAREST, "+442079460199", 1) == "442079460000"


def test_without_caller_ids_none_is_shown():
    assert choose((), CallerIdChoice.NEAREST, "+12125550100", 3) == ""


# -- where operators are rung --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dial",
    [
        "sofia/gateway/ta/+19005551234",
        "sofia/gateway/ta/19005551234",
        "sofia/gateway/ta/9005551234",
        "sofia/gateway/ta/1-900-555-1234",
        "sofia/gateway/carrier::ta/+19005551234",
        "SOFIA/Gateway/ta/00449098790000",
        "sofia/gateway/ta/x/449098790000",
        "sofia/gateway/ta/+1900/5551234",
        "sofia/carrier/sip:+19005551234@sip.example.com",
        "sofia/gateway/ta/881612345678",
        "loopback/19005551234/default",
    ],
)
def test_an_operator_is_not_rung_at_a_number_that_costs_extra(dial):
    assert "premium_allowed" in barred_dial(dial, ANYWHERE)
    assert barred_dial(dial, Company("acme", premium_allowed=True)) == ""


@pytest.mark.parametrize(
    "dial",
    [
        "",
        "user/1001@pbx",
        "sofia/gateway/pbx/1001",
        "sofia/internal/1001@10.20.30.40",
        "sofia/gateway/trunk-900/ann",
        "sofia/gateway/ta/+12125550100",
        "sofia/gateway/ta/2125550100",
        "sofia/internal/493012345@pbx.example.com",
        "error/USER_BUSY",
    ],
)
def test_extensions_and_ordinary_numbers_may_be_rung(dial):
    assert barred_dial(dial, ANYWHERE) == ""


@pytest.mark.parametrize(("number", "may"), [("+4930123456", True), ("+4989123456", False), ("2125550100", True)])
def test_a_list_of_countries_holds_for_operators_too(number, may):
    assert (barred_dial(f"sofia/gateway/ta/{number}", SOME) == "") is may


def test_digits_nobody_can_read_are_no_number_for_a_gateway():
    assert "write it with +" in barred_dial("sofia/gateway/ta/99019005551234", ANYWHERE)


def test_the_gateway_of_a_destination_is_found_however_it_is_written():
    names = map(gateway_in, ("sofia/gateway/ta/1", "Sofia/GATEWAY/carrier::ta/1", "sofia/internal/1@ta", "user/1"))
    assert list(names) == ["ta", "ta", "", ""]


def test_an_extension_behind_a_gateway_is_judged_by_the_number_the_format_makes_of_it():
    assert barred_extension("1001", ANYWHERE) == "" and barred_extension("anna", ANYWHERE) == ""
    assert "premium_allowed" in barred_extension("19005551234", ANYWHERE)
    assert "premium_allowed" in barred_extension(
        "5551234", replace(ANYWHERE, refer_format="sip:+1900{number}@pbx.test")
    )
    assert barred_extension("200300400", ANYWHERE) == "", "nobody can read it, and the PBX may have it"
