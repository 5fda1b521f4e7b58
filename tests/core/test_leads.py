"""A row of a file becomes a lead, or is refused with the field and the reason."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.leads import OUTCOMES, NewLead, due_score, e164, parse_header, parse_row
from fsdialer.errors import InvalidLead

HEADER = ["Order", "Name", "Phone", "City"]


def row(*cells, header=HEADER, country="US"):
    return parse_row(parse_header(header), list(cells), country)


# -- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("+12125550100", "FR"),
        ("(212) 555-0100", "US"),
        ("1 212 555 0100", "US"),
        ("0012125550100", "FR"),
        ("\u0661\u0662\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0660", "US"),
        ("\uff0b1 212\u2011555\u20110100", "FR"),
        ("\u202a+12125550100\u202c", "FR"),
        ("'+12125550100", "FR"),
    ],
    ids=["E.164", "national", "with 1", "with 00", "Arabic digits", "full width", "direction marks", "quote"],
)
def test_a_number_however_written_becomes_e164(written, country):
    assert e164(written, country) == "+12125550100"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "abc",
        "123",
        "+1 212 555 0100;fs_path=sip:evil",
        "+12125550100@evil.example",
        "{a=b}+12125550100",
        "+12125550100\nEvent-Name: X",
        "1.21255501E+10",
        "+999 12345678",
        "+12125550100 ext 5",
        "1" * 50,
    ],
)
def test_what_is_no_number_is_refused_naming_the_field(written):
    with pytest.raises(InvalidLead) as refused:
        e164(written, "US")
    assert refused.value.field == "number"


@pytest.mark.parametrize("written", ["7.9E+10", "7,90112e+10", "+79011234567.0", "493012345678.0", "0301234567,00"])
def test_what_a_spreadsheet_made_of_a_number_is_never_read_as_another(written):
    """In Germany 493012345678.0 would be +49 30 12345678 0, whose phone rings at somebody else's."""
    with pytest.raises(InvalidLead, match="is what a spreadsheet makes of one: format its column as text") as refused:
        e164(written, "DE")
    assert refused.value.field == "number"


def test_number_of_another_country_without_plus_is_refused_with_the_fix():
    with pytest.raises(InvalidLead, match=r"not a valid number in US: add the country code"):
        e164("0142685300", "US")
    assert e164("0142685300", "FR") == "+33142685300"


@given(st.text(max_size=45) | st.text("+0123456789 ()-.\u0660\u0669\u200e", max_size=20))
def test_only_strict_e164_ever_comes_out(text):
    try:
        number = e164(text, "US")
    except InvalidLead:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number, re.ASCII)


# -- header and rows -----------------------------------------------------------------------------------------------


def test_columns_are_found_by_name_whatever_the_order_case_and_spaces():
    lead = row("Ann", " A-7 ", "5", "(212) 555-0100", header=["FULL name", "Lead_ID", "priority", " Mobile "])
    assert lead == NewLead("+12125550100", "Ann", "A-7", 5)


@pytest.mark.parametrize(
    "title",
    ["phone", "number", "tel", "telephone", "mobile", "Phone Number", "Telefon", "Téléphone", "Cell phone", "Телефон"],
)
def test_the_number_goes_by_many_names(title):
    assert row("+12125550100", header=[title]).number == "+12125550100"


@pytest.mark.parametrize("title", ["external_id", "id", "order", "lead_id"])
def test_the_external_id_goes_by_many_names(title):
    assert row("+12125550100", "X9", header=["phone", title]).external_id == "X9"


def test_first_and_last_name_make_the_name():
    assert row("Ann", "Lee", "+12125550100", header=["first_name", "Last Name", "tel"]).name == "Ann Lee"


def test_any_other_column_is_kept_as_a_card_field_and_empty_ones_are_left_out():
    lead = row("A-1", "Ann", "+12125550100", "Nîmes", "", header=[*HEADER, "Remark"])
    assert lead.fields == {"City": "Nîmes"}


def test_a_lead_may_say_where_it_is():
    header = ["phone", "Time zone"]
    assert row("+12125550100", "America/Denver", header=header).time_zone == "America/Denver"
    assert row("+12125550100", "", header=header).time_zone == ""
    with pytest.raises(InvalidLead, match="time_zone: 'Denver' is no time zone: a name like Europe/Paris"):
        row("+12125550100", "Denver", header=header)


def test_two_columns_of_one_name_are_both_kept():
    lead = row("+12125550100", "tea", "cup", "pot", header=["phone", "Item", "Item", "Item"])
    assert lead.fields == {"Item": "tea", "Item (2)": "cup", "Item (3)": "pot"}


def test_header_without_a_number_is_refused_saying_what_was_seen():
    with pytest.raises(InvalidLead, match=r"no column for it.*'Name', 'City'"):
        parse_header(["Name", "City"])


def test_header_of_too_many_columns_is_refused():
    with pytest.raises(InvalidLead, match="60 fields are the most"):
        parse_header(["phone", *(f"c{n}" for n in range(61))])


def test_short_row_leaves_the_rest_empty():
    assert row("A-1", "Ann", "+12125550100").fields == {}


def test_row_with_more_fields_than_the_header_is_refused_for_its_columns_have_shifted():
    with pytest.raises(InvalidLead, match="5 fields where the header has 4"):
        row("A-1", "Lee", "Ann", "+12125550100", "Nîmes")
    assert row("A-1", "Ann", "+12125550100", "Nîmes", "", " ").number == "+12125550100"


def test_row_without_a_number_is_refused():
    with pytest.raises(InvalidLead, match="number: empty"):
        row("A-1", "Ann", " ", "Nîmes")


@pytest.mark.parametrize("priority", ["100", "-1", "high", "1.5", "\u0663"])
def test_priority_is_a_whole_number_from_0_to_99(priority):
    with pytest.raises(InvalidLead, match="priority"):
        row("+12125550100", priority, header=["phone", "priority"])


def test_field_over_the_limit_is_refused_by_name():
    with pytest.raises(InvalidLead, match="City: 1025 characters"):
        row("A-1", "Ann", "+12125550100", "x" * 1025)


def test_control_characters_become_spaces():
    assert row("A-1", "An\r\nn\x00\x1b", "+12125550100", "x").name == "An n"


# -- order, outcomes ----------------------------------------------------------------------------------------


def test_queue_order_is_new_before_retries_then_priority_then_time():
    scores = [
        due_score(retry, priority, at)
        for retry, priority, at in itertools.product((False, True), (99, 5, 0), (1_795_400_000.0, 1_795_400_000.001))
    ]
    assert scores == sorted(scores) and len(set(scores)) == len(scores)


@given(st.booleans(), st.integers(0, 99), st.integers(0, 4_102_444_800_000))
def test_score_is_a_whole_number_that_a_double_holds_exactly(retry, priority, ms):
    score = due_score(retry, priority, ms / 1000)
    assert score == int(score) and score < 2**53


def test_outcomes_are_those_of_the_operators_page():
    assert list(OUTCOMES) == [
        "sale", "interested", "not_interested", "callback", "wrong_number", "machine", "do_not_call",
    ]  # fmt: skip
    assert OUTCOMES["machine"] == "Machine or beeps"
