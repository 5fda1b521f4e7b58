"""How a switch finds a gateway, read from its words."""

import pytest

from fsdialer.esl.gateway_status import gateway_state

STATUS = "=====\nName    \ttrunk\nPingFreq\t5\nState   \t{}\nStatus  \t{}\n=====\n"


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("NOREG", "UP", "up"),
        ("NOREG", "UP (ping)", "up"),
        ("TRYING", "UP", "up"),
        ("NOREG", "DOWN", "down: DOWN"),
        ("REGED", "DOWN (ping)", "down: DOWN (ping)"),
        ("FAIL_WAIT", "DOWN", "not registered: the carrier refused it, or did not answer (FAIL_WAIT)"),
    ],
)
def test_a_gateway_that_is_not_registered_is_not_merely_down(state, status, words):
    assert gateway_state(STATUS.format(state, status)) == words


def test_one_the_switch_does_not_know_is_unknown():
    assert gateway_state("Invalid Gateway!\n") == "unknown to the switch"
    assert gateway_state("") == "down: no answer"
