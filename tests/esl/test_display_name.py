"""A campaign's name on a phone's display, as written in any script; and nothing of it a switch would read."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsdialer.esl import commands
from fsdialer.esl.allowed import NAME_BYTES, NAME_LENGTH, display_name

LEG = "faf04d36-e802-4918-91c2-0ce8235f5f6c"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Spring sale", "Spring sale"),
        ("Весна 2026", "Весна 2026"),
        ("Été 2026", "Été 2026"),
        ("E\u0301te\u0301 2026", "Été 2026"),  # typed as letter and accent
        ("Frühjahr & Söhne", "Frühjahr Söhne"),
        ("春のセール", "春のセール"),
        ("सेल २०२६", "सेल २०२६"),
        ("מבצע אביב", "מבצע אביב"),
        ("St. Pölten-Süd", "St. Pölten-Süd"),
    ],
)
def test_a_name_is_shown_as_it_is_written(name, shown):
    assert display_name(name) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('O\'Neil "x"', "O Neil x"),
        ("A,B|C;D", "A B C D"),
        ("${system(id)}", "system id"),
        ("{a=b}[c]<d>", "a b c d"),
        ("a\\b`c^^:d", "a b c d"),
        ("a\r\nEvent-Name: x", "a Event-Name x"),
        ("a\u037eb\u1fefc", "a b c"),  # a Greek question mark and an accent, which are ; and ` when composed
        ("\uff1b\uff0c\uff07\uff5b\uff04", "Call"),  # wide punctuation
        ("\u202eabc\u200b\u00add", "abcd"),  # invisible characters, one of which turns the direction
        ("☎ 🎁 ½ Ⅷ ²", "Call"),
        ("%^", "Call"),
        ("", "Call"),
    ],
)
def test_what_a_switch_or_a_phone_would_read_is_left_out(name, shown):
    assert display_name(name) == shown


def test_a_name_is_cut_at_a_whole_character():
    assert display_name("я" * 500) == "я" * 40
    assert display_name("春" * 500) == "春" * 40
    assert display_name("𠀀" * 500) == "𠀀" * 30


@settings(max_examples=500)
@given(st.text(max_size=80) | st.text("'\",;|{}[]<>$^\\`%&\r\n\0aЖ春é\u0301\u037e\u202e ", max_size=80))
def test_of_any_name_letters_marks_digits_spaces_dots_and_hyphens_come_through_alone(name):
    shown = display_name(name)
    for character in shown:
        assert character in " .-" or unicodedata.category(character)[0] in "LM" or character.isdecimal()
    assert shown.isprintable() and shown == shown.strip() and "  " not in shown
    assert 0 < len(shown) <= NAME_LENGTH and len(shown.encode()) <= NAME_BYTES
    assert re.fullmatch(r"[0-9A-Za-z .-]*", re.sub(r"[^\x00-\x7f]", "", shown))
    assert unicodedata.is_normalized("NFC", shown) and display_name(shown) == shown


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_name_stays_between_its_quotes_in_a_command(name):
    text = commands.originate_operator(
        leg=LEG, destination="user/1001", ring_s=10, caller_name=name, caller_number="17", held=True
    )
    assert re.search(r"origination_caller_id_name='[^\x00-\x1f'\"\\,{}$|<>]+',origination_caller_id_number=17,", text)
    assert text.count("'") == 2
    assert commands.framed(text).count(b"\n") == 2
