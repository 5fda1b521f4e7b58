"""Where a switch is: read from a URL, its password kept from view."""

import pytest

from fsdialer.errors import InvalidSetting
from fsdialer.esl.link import SwitchAddress


def test_an_address_is_read_from_a_url():
    assert SwitchAddress.parse("esl://:s%40crt@10.0.0.5:8022?name=fs2&domain=pbx.example") == SwitchAddress(
        "fs2", "10.0.0.5", 8022, "s@crt", "pbx.example"
    )
    assert SwitchAddress.parse("esl://:secret@[::1]") == SwitchAddress("::1", "::1", 8021, "secret")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("esl://10.0.0.5", "no password"),
        ("http://:x@10.0.0.5", "esl://"),
        ("esl://:x@", "esl://"),
        ("esl://:x@host:port", "port"),
        ("esl://:ClueCon@10.0.0.5", "default"),
    ],
)
def test_an_address_that_will_not_do_says_why(url, reason):
    with pytest.raises(InvalidSetting, match=reason):
        SwitchAddress.parse(url)


def test_the_password_is_not_shown_with_the_address():
    assert "secret" not in repr(SwitchAddress.parse("esl://:secret@10.0.0.5"))
