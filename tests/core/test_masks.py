"""Numbers hidden from operators, however they are written."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.core.masks import mask, mask_fields

NUMBER = "+12125550123"


def masked(text, number=NUMBER, country="US"):
    return mask_fields({"Note": text}, number, country)["Note"]


def digits(text):
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


@pytest.mark.parametrize(
    ("number", "masked"), [("+12125550100", "+1212•••••00"), ("+33142685300", "+3314•••••00"), ("+2901234", "+•••••34")]
)
def test_mask_shows_where_it_is_and_never_the_number(number, masked):
    assert mask(number) == masked


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_mask_hides_five_digits_at_the_least(number):
    assert mask(number).count("•") >= 5 and len(mask(number)) == len(number)


@pytest.mark.parametrize(
    "text", ["call +1 212-555-0100 at six", "12125550100", "(212) 555-0100", "or 212.555.0199, his wife's"]
)
def test_telephone_numbers_within_card_fields_are_masked(text):
    masked = mask_fields({"Note": text}, "+12125550100", "US")["Note"]
    assert "•••••" in masked
    assert "5550100" not in re.sub(r"\D", "", masked) and "0199" not in masked


def test_dates_amounts_and_order_ids_are_left_readable():
    fields = {"When": "2026-11-23 04:51", "Amount": "1 038.00 USD", "Order": "A-1001"}
    assert mask_fields(fields, "+12125550100", "US") == fields


@pytest.mark.parametrize(
    "text",
    [
        "2125550123", "212-555-0123", "(212) 555 0123", "12125550123", "0012125550123", "0112125550123",
        "cust2125550123", "ID2125550123X", "212_555_0123", "$2125550123", "2125550123€", "order 2125550123-1",
        "01:2125550123", "2125550123.0", "212/555/0123", "212.555.01.23", "2 1 2 5 5 5 0 1 2 3", "+1 (212) 555–0123",
        "5550123", "555-0123", "555_0123", "x555.0123x", "call 555 – 0123 now", "tel:+1-212-555-0123",
        "https://crm.example/?phone=2125550123", "https://crm.example/?phone=%2B1212%20555%200123", "50%5550123",
        "https://crm.example/c/2125550123", "2125550123@sms.example", "2125550123,2125550124", "9992125550123999",
        "２１２５５５０１２３", "٢١٢٥٥٥٠١٢٣",
        "2​1​2​5550123", "2125550123 2125550123",
    ],
)  # fmt: skip
def test_the_leads_own_number_is_hidden_however_it_is_written(text):
    shown = masked(text)
    assert "5550123" not in digits(shown) and shown.count("•") >= 5
    assert len(shown) == len(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cust2125550123", "cust212•••••23"),
        ("555-0123", "•••-••23"),
        ("order 2125550123-1", "order 212•••••23-1"),
        ("https://crm.example/c?n=212_555_0123&page=17", "https://crm.example/c?n=212_•••_••23&page=17"),
    ],
)
def test_what_stands_around_it_is_left(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    ["550123", "0123", "order 5550", "2026-11-23 04:51", "12 555 01 24", "1 038.00 USD", "A-5550", "flat 0123, no 12",
     "212", "555 one 0123", "5 of 5, 5 more, 01 and 23"],
)  # fmt: skip
def test_other_digits_are_left_readable(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    ("number", "country", "text"),
    [
        ("+33142685300", "FR", "client_0142685300"),
        ("+33142685300", "FR", "x01.42.68.53.00x"),
        ("+4930123456", "DE", "ref030/123456-0"),
        ("+298123456", "FO", "no123456"),
        ("+2901234", "SH", "a2901234"),
    ],
)
def test_numbers_of_other_countries_are_hidden_too(number, country, text):
    shown = masked(text, number, country)
    assert digits(number)[-6:] not in digits(shown) and "••" in shown.replace(".", "")


def test_a_short_national_number_alone_may_be_anything_and_is_left():
    assert masked("room 1234", "+2901234", "SH") == "room 1234"


@given(
    st.text("x_-/ .(ABC€%&=з", max_size=10),
    st.lists(st.text("_-/ .()–€ :;,*", max_size=6), min_size=10, max_size=10),
    st.text("x_-/ .)ABC€%&=з", max_size=10),
    st.booleans(),
)
def test_whatever_is_no_letter_between_its_digits_does_not_show_the_number(before, between, after, country):
    written = "".join(gap + digit for gap, digit in zip(between, "2125550123", strict=True))
    shown = masked(f"{before}{'+1' if country else ''}{written}{after}")
    assert "5550123" not in digits(shown)


@given(st.text(max_size=100))
def test_any_text_keeps_its_length_and_loses_nothing_but_digits_of_numbers(text):
    shown = masked(text)
    assert len(shown) == len(text)


@pytest.mark.parametrize("text", ["5550123" * 15_000, "5" * 100_000, "5-" * 50_000, "%25" * 33_000])
def test_a_long_text_takes_no_longer_than_its_length(text):
    from fsdialer.core.masks import _own

    began = time.process_time()
    list(_own(text, NUMBER))
    assert time.process_time() - began < 2
