"""Reading originate commands. The table is what a real FreeSWITCH 1.11 made of the very same lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsdialer.lab.originate import Malformed, Usage, applications_inline, parse, separate


@pytest.mark.parametrize(
    ("command", "a", "c"),
    [
        (r"{a=b,c=d}x/1 &park()", "b", "d"),
        (r"{a='b,c',c=d}x/1 &park()", "b", "d"),  # quotes keep spaces, not commas
        (r"{a=b\,c,c=d}x/1 &park()", "b,c", "d"),
        (r"{a='b c'}x/1 &park()", "b c", ""),
        (r"{a=b\sc}x/1 &park()", "b c", ""),
        (r"{^^:a=b,c:c=d}x/1 &park()", "b,c", "d"),
        (r"[a=b,c=d]x/1 &park()", "b", "d"),
        (r"{a=1}[a=2]x/1 &park()", "1", ""),
        (r"{c=1}{a=b}x/1 &park()", "b", "1"),
        (r"{a=b}x/1 '&park()'", "b", ""),
        (r"{a={b}}x/1 &park()", "{b}", ""),
        (r"{a=[b]}x/1 &park()", "[b]", ""),
        (r"{a=it\'s,c=d}x/1 &park()", "it's", "d"),
        (r"{a=b=c}x/1 &park()", "b=c", ""),
        (r"{a=}x/1 &park()", "", ""),
        (r"{a}x/1 &park()", "", ""),
        (r"{a='b',c=d}x/1 &park()", "b", "d"),
        (r"{a='b'c}x/1 &park()", "bc", ""),
        (r'{a="b,c"}x/1 &park()', '"b', ""),
        (r"{a=b\\c}x/1 &park()", r"b\c", ""),
        (r"{a=x}[^^:a=b,c:c=d]x/1 &park()", "x", "d"),
        (r"{a=b,a=c}x/1 &park()", "c", ""),
        (r"{a='b\'c'}x/1 &park()", "b'c", ""),
        (r"  {a=b}x/1   &park() ", "b", ""),
        (r"{a=${b}}x/1 &park()", "", ""),
        (r"<a=b>x/1 &park()", "b", ""),
        (r"{a=b}x/1 &park() XML default Name 123 5", "b", ""),
    ],
)
def test_variables_are_read_as_by_the_real_one(command, a, c):
    found = parse(command)
    assert (found.destination, found.applications) == ("x/1", [("park", "")])
    assert (found.variables.get("a", ""), found.variables.get("c", "")) == (a, c)


def test_variables_of_a_leg_win_when_they_are_told_to():
    assert parse("{local_var_clobber=true,a=1}[a=2]x/1 &park()").variables["a"] == "2"


@pytest.mark.parametrize("command", ["{a=b c}x/1 &park()", "{ a=b , c=d}x/1 &park()", "{a=b &park()", "[a=b x/1"])
def test_brackets_that_stay_open_lead_nowhere(command):
    with pytest.raises(Malformed):
        parse(command)


@pytest.mark.parametrize("command", ["", "x/1", "{a=b}x/1", "x/1 &park() a b c d e f g"])
def test_too_few_or_too_many_words_are_answered_with_the_usage(command):
    with pytest.raises(Usage):
        parse(command)


@pytest.mark.parametrize(
    ("words", "applications"),
    [
        ("&park", [("park", "")]),
        ("&park()", [("park", "")]),
        ("&playback(silence_stream://100)", [("playback", "silence_stream://100")]),
        ("&playback(tone_stream://%(100,0,440))", [("playback", "tone_stream://%(100,0,440)")]),
        ("'set:a=b\\,c,park' inline", [("set", "a=b,c"), ("park", "")]),
        ("'set:a=b c,park' inline", [("set", "a=b c"), ("park", "")]),
        ("set:a=b,park inline", [("set", "a=b"), ("park", "")]),
        ("'m:^:set:a=b,c^park' inline", [("set", "a=b,c"), ("park", "")]),
        ("5000 XML default", [("transfer", "5000")]),
    ],
)
def test_what_the_channel_is_to_run(words, applications):
    assert parse(f"x/1 {words}").applications == applications


def test_the_text_of_an_inline_dialplan_is_kept_for_the_events_to_show():
    assert parse("x/1 'playback:a.wav,hangup' inline").inline == "playback:a.wav,hangup"
    assert parse("x/1 &park()").inline == ""


#: `m` would name another separator in a dialplan, `local_var_clobber` change who wins.
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda name: name not in ("m", "local_var_clobber"))
#: Anything but line breaks, which end a command, and brackets and `$`, which no quoting protects.
VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="{}[]<>$")).filter(bool)


def quoted(text, separator):
    """One layer of escapes, so that one pass of `separate` gives `text` back."""
    special = {" ": "\\s", "\\": "\\\\", "'": "\\'", separator: f"\\{separator}"}
    return "".join(special.get(char, char) for char in text)


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_whatever_is_quoted_three_times_comes_out_as_it_was(variables):
    pairs = ",".join(quoted(f"{name}={quoted(value, '=')}", ",") for name, value in variables.items())
    written = pairs.replace("\\", "\\\\").replace("'", "\\'").replace(" ", "\\s")
    assert parse(f"{{{written}}}x/1 &park()").variables == variables


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1))
def test_an_inline_dialplan_whose_commas_are_escaped_comes_out_as_it_was(applications):
    written = ",".join(quoted(f"{name}:{data}", ",") for name, data in applications)
    assert applications_inline(written) == applications


@given(st.text())
def test_any_text_at_all_is_understood_or_refused(text):
    try:
        found = parse(text)
    except (Usage, Malformed):
        return
    assert found.destination[:1] not in ("{", "[", "<")


@given(st.lists(st.text("ab c=", min_size=1)), st.sampled_from(",:^"))
def test_text_without_quotes_is_simply_split(parts, separator):
    assert separate(separator.join(parts), separator) == [part.strip(" ") for part in parts]


@given(st.text(), st.sampled_from(" ,=:^"), st.integers(1, 5))
def test_text_is_never_taken_into_more_parts_than_allowed(text, separator, limit):
    assert len(separate(text, separator, limit)) <= limit
