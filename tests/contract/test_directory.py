"""What a switch is told of its set-up, as the dialer tells it: gateways given up and found, operators forgotten."""

import pytest

from fsdialer.core.switch_config import marks
from fsdialer.engine.switch_setup import Settled, settle
from fsdialer.esl import check_commands as check
from fsdialer.esl import commands
from fsdialer.esl import setup_commands as setup
from tests.contract.sides import FORGOTTEN, NOBODY


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (setup.read_files(), "+OK [Success]\n"),
        (setup.forget_operator(NOBODY, "127.0.0.1"), "+OK cleared 0 entries\n"),
        (
            setup.forget_registrations(NOBODY, "127.0.0.1"),
            "+OK flushing all registrations matching specified call_id\n",
        ),
        (setup.rescan_gateways(), "Reload XML [Success]\n+OK scan complete\n"),
        (setup.drop_gateway("nosuch"), "-ERR no such gateway.\n"),
        (setup.gateway_mark("nosuch"), "-ERR no reply\n"),
        ("sofia profile operators gwlist", "-ERR no reply\n"),
        ("sofia profile nowhere rescan", "Invalid Profile [nowhere]"),
        ("sofia profile carrier nosuch", "-ERR Unknown command!\n"),
        ("sofia profile carrier", "Invalid Args!\n"),
        ("sofia_gateway_data", "-ERR Parameter missing\n"),
        (check.knows_domain("127.0.0.1"), "true"),
        (check.knows_domain("pbx.example.org"), "false"),
        (check.own_domain(), "127.0.0.1"),
        ("domain_exists", "-ERR no reply\n"),
        ("xml_locate directory domain name nosuch", "can't find anything\n"),
        ("xml_locate", "-ERR bad args\n"),
    ],
)
def test_answers_are_the_same_word_for_word(talk, command, answer):
    assert talk.api(command) == answer


def test_a_switch_that_has_what_it_offers_is_settled(talk):
    offered = marks(talk.api(setup.offered_gateways()))
    assert settle(talk.api, offered) == Settled([], True)


def test_a_gateway_given_up_is_gone_at_once_and_from_the_list_soon_and_a_rescan_finds_it(talk):
    def listed():
        return "spare" in talk.api(setup.gateways(up=True)).split()

    assert listed()
    assert talk.api(setup.drop_gateway("spare")) == "+OK gateway marked for deletion.\n"
    assert talk.api(commands.gateway_status("spare")) == "Invalid Gateway!\n"
    assert talk.result(talk.job("originate sofia/gateway/spare/1 &park()")) == "-ERR INVALID_GATEWAY\n"
    talk.until("spare to be gone", lambda: not listed())
    talk.api(setup.rescan_gateways())
    assert listed() and "Name" in talk.api(commands.gateway_status("spare"))


def test_a_phone_whose_registration_is_forgotten_is_not_there(talk):
    assert talk.api(commands.contact(FORGOTTEN, "127.0.0.1")).startswith("sofia/")
    talk.api(setup.forget_registrations(FORGOTTEN, "127.0.0.1"))
    assert talk.api(commands.contact(FORGOTTEN, "127.0.0.1")) == "error/user_not_registered"
    assert talk.result(talk.ring(FORGOTTEN)) == "-ERR USER_NOT_REGISTERED\n"
