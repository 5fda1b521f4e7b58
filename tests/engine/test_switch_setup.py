"""What a switch is told of changed operators and gateways."""

from fsdialer.core.switch_config import MARK
from fsdialer.engine.switch_setup import Settled, settle


class Switch:
    """The carrier profile's gateways as a switch answers about them, worded as FreeSWITCH 1.11 does; `offered` is what
    a rescan would find (None: neither the web answers nor is there a file). `away`: it asks a web that does not answer,
    and this is its files'. `lost`: the web answers until it is asked by a rescan, whose files know no gateway."""

    def __init__(self, offered, away=False, lost=False, **gateways):
        self.offered, self.away, self.lost, self.gateways, self.told = offered, away, lost, gateways, []

    def ask(self, command):
        self.told.append(command)
        word, _, rest = command.partition(" ")
        if word == "module_exists":
            return "true" if self.away else "false"
        if word == "xml_locate":
            if self.offered is None:
                return "-ERR can't find directory domain name gateways\n"
            gateways = (
                f'<gateway name="{name}"><variables><variable name="{MARK}" value="{mark}"/></variables></gateway>'
                for name, mark in self.offered.items()
            )
            return f'<domain name="gateways">{"".join(gateways)}</domain>'
        if word == "sofia_gateway_data":
            return self.gateways.get(rest.split()[0]) or "-ERR no reply\n"
        if "gwlist up" in command:
            return " ".join(self.gateways)
        if "killgw" in command:
            self.gateways.pop(rest.split()[-1])
        if "rescan" in command and not self.lost:
            self.gateways = {**self.offered, **self.gateways}
        return "+OK\n"

    def gateway_commands(self):
        return [command for command in self.told if "killgw" in command or "rescan" in command]


A, B = "a" * 16, "b" * 16


def test_a_switch_that_has_everything_is_told_to_forget_operators_and_nothing_else():
    switch = Switch({"trunk": A}, trunk=A)
    assert settle(switch.ask, {"trunk": A}) == Settled([], True)
    assert "xml_flush_cache" in switch.told and switch.gateway_commands() == []


def test_a_changed_gateway_is_given_up_before_the_rescan_which_would_pass_it_over():
    switch = Switch({"trunk": B, "other": B}, trunk=A, other=B)
    assert settle(switch.ask, switch.offered) == Settled(["changed trunk"], True)
    assert switch.gateway_commands() == ["sofia profile carrier killgw trunk", "sofia profile carrier rescan"]


def test_a_gateway_that_is_not_of_ours_is_left_alone():
    switch = Switch({}, theirs=None)
    assert settle(switch.ask, {}) == Settled([], True) and "theirs" in switch.gateways


def test_a_gateway_set_up_no_more_is_given_up():
    switch = Switch({}, old=A)
    assert settle(switch.ask, {}) == Settled(["removed old"], True) and not switch.gateways


def test_while_the_switch_would_read_old_settings_no_gateway_is_touched_and_it_is_not_done():
    """The web is away and the switch's files are from before the change: giving the gateway up would gain nothing."""
    switch = Switch({"trunk": A}, trunk=A)
    assert settle(switch.ask, {"trunk": B}) == Settled([], False)
    assert switch.gateway_commands() == []


def test_while_the_web_is_away_nothing_is_forgotten_or_given_up_for_files_that_are_older():
    switch = Switch({"trunk": A}, away=True, trunk=B, later=B)
    assert settle(switch.ask, {"trunk": B, "later": B}) == Settled([], False)
    assert switch.gateway_commands() == [] and "xml_flush_cache" not in switch.told


def test_files_as_they_are_set_up_count_while_the_web_is_away_and_operators_are_told_of_later():
    switch = Switch({"trunk": B}, away=True, trunk=A)
    assert settle(switch.ask, {"trunk": B}) == Settled(["changed trunk"], False)
    assert "xml_flush_cache" not in switch.told


def test_a_gateway_the_rescan_did_not_find_is_not_done():
    """The web went away after it had said what there is: it is looked at again, or the gateway would be missing."""
    switch = Switch({"trunk": B, "later": B}, lost=True, trunk=A)
    assert settle(switch.ask, switch.offered) == Settled([], False)
    switch.lost = False
    assert settle(switch.ask, switch.offered) == Settled(["added later,trunk"], True)


def test_while_nothing_is_offered_no_gateway_is_given_up():
    switch = Switch(None, trunk=A)
    assert settle(switch.ask, {"trunk": A}) == Settled([], False) and switch.gateway_commands() == []


def test_a_switch_that_does_not_know_the_profile_harms_nothing():
    assert settle(lambda command: "-ERR no such thing\n", {}) == Settled([], True)
