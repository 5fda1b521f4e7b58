"""What operators read about their phones."""

import pytest

from fsdialer.core.phones import judge_test, phone_failure


@pytest.mark.parametrize(
    ("cause", "packets", "addresses", "answered_s", "ok", "words"),
    [
        ("NORMAL_CLEARING", 290, 1, 0.31, True, "answered after 0.3 s and its audio came through"),
        ("NORMAL_CLEARING", None, 1, 0.31, True, "its audio came through"),
        ("NORMAL_CLEARING", 3, 1, 0.31, False, "no audio came from it: check its microphone, then the firewall"),
        ("NORMAL_CLEARING", 290, 2, 0.31, False, "it is registered at 2 addresses: sign the others out"),
        ("NO_ANSWER", None, 1, None, False, "did not answer: switch on its automatic answer"),
        ("USER_NOT_REGISTERED", None, 0, None, False, "is not registered: start it"),
        ("SOMETHING_ODD", None, 1, None, False, "failed (SOMETHING_ODD)"),
    ],
)
def test_a_phone_test_says_in_words_what_to_mend(cause, packets, addresses, answered_s, ok, words):
    result = judge_test("1001", cause, answered_s, packets, addresses)
    assert (result.ok, result.answered_after_s) == (ok, answered_s)
    assert result.words.startswith("Your phone 1001 ") and words in result.words


def test_a_failure_says_what_to_do_and_to_get_on_the_line_again():
    assert phone_failure("1001", "USER_BUSY") == (
        "Your phone 1001 is busy: end its other call. Get on the line again when it works."
    )
