"""Set-ups with which no call can be made, or too few: `check` fails, and says what to do."""

from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Amd, AmdAction, Gateway, Mode, Operator
from fsdialer.store import Store
from fsdialer.verbs.check.gateways import by_name
from fsdialer.verbs.check.limits import look_at_pause
from tests.check.conftest import SPRING, good, wrong

NOW = 1_795_400_000.0


@pytest.fixture
def switches(redis):
    """The switch as a dialer has met it."""
    switches = Store(redis).switches
    switches.found("fs1", True, "", NOW, {"max_sessions": "5000", "sessions_per_second": "500"})
    return switches


def test_the_only_switch_drained_fails(check, running, switches):
    switches.drain("fs1", "boss", NOW)
    lines, code = check()
    [(what, mend)] = wrong(lines).items()
    assert code == 1 and "drained by boss" in what and "there is no other" in what and "undrain fs1" in mend
    switches.undrain("fs1", "boss", NOW)
    assert check()[1] == 0


def test_one_switch_of_two_drained_is_a_warning(check, running, switches, switch):
    switches.drain("fs1", "boss", NOW)
    lines, _ = check(url=f"{switch.url},esl://:x@127.0.0.1:1?name=fs2")
    assert any("drained by boss" in what for what in wrong(lines, "warn"))


def test_a_limit_below_what_the_campaigns_need_fails(check, acme, running, switches):
    acme.setup.save_operator(Operator("acme", "bob", "Bob", "1002", campaigns=("spring",)))
    switches.limit("fs1", 1, 1, "boss", NOW)
    found = wrong(check()[0])
    what = "switch fs1: dialers keep to 1 calls (as set with `fsdialer switch limit`); the campaigns need 2"
    assert "fsdialer switch limit fs1 --channels 3" in found[what]
    assert any("dialers keep to 1 calls a second" in what for what in found)
    per_second = next(mend for what, mend in found.items() if "calls a second" in what).rpartition(" ")[2]
    switches.limit("fs1", 3, int(per_second), "boss", NOW)
    assert check()[1] == 0 and wrong(check()[0], "warn") == {}, "what is told to do mends it"


def test_the_half_of_its_sessions_that_the_dialers_keep_to_is_what_counts(check, acme, running, switch):
    acme.setup.save_campaign(replace(SPRING, mode=Mode.MULTIPLIER, multiplier=5))
    acme.setup.save_operator(Operator("acme", "bob", "Bob", "1002", campaigns=("spring",)))
    switch.api("fsctl max_sessions 16")  # for 10 calls and 2 phones, but the dialers keep to 8
    try:
        found = wrong(check()[0])
    finally:
        switch.api("fsctl max_sessions 5000")
    [(what, mend)] = found.items()
    assert "dialers keep to 8 calls (half of its max_sessions" in what and "raise max_sessions to 26" in mend


def test_a_gateway_of_a_profile_that_does_not_run_fails(check, acme, running):
    acme.setup.save_gateway(Gateway("acme", "direct", host="pbx.example.com"))
    assert good(check()[0], "gateway direct is dialled at pbx.example.com"), "external is another name of carrier"
    acme.setup.save_gateway(Gateway("acme", "direct", host="pbx.example.com", profile="nosuch"))
    [(what, mend)] = wrong(check()[0]).items()
    assert "SIP profile nosuch, which does not run" in what and "INVALID_PROFILE" in what and "external" in mend


def test_a_gateway_on_no_switch_there_is_fails_and_one_on_some_warns(check, acme, running):
    acme.setup.save_gateway(Gateway("acme", "away", switches=("fs7",)))
    acme.setup.save_gateway(Gateway("acme", "trunk", switches=("fs1", "fs7")))
    lines, code = check()
    [(what, mend)] = wrong(lines).items()
    assert what == "gateway acme/away: no switch is called fs7: nobody is called through it" and "there are fs1" in mend
    assert "gateway acme/trunk: no switch is called fs7" in wrong(lines, "warn")


def test_a_gateway_whose_calls_fail_is_wrong_although_the_switch_takes_it_for_up(check, acme, running):
    acme.setup.save_gateway_state("trunk", "failing: SERVICE_UNAVAILABLE", NOW)
    [(what, mend)] = wrong(check()[0]).items()
    assert what.startswith("gateway acme/trunk: failing: SERVICE_UNAVAILABLE, since 2026")
    assert mend == "the carrier does not serve this call: see Trunks in docs/troubleshooting.md"
    acme.setup.save_gateway_state("trunk", "silent: its last calls did not even ring", NOW)
    lines, code = check()
    assert code == 0 and any("silent" in what for what in wrong(lines, "warn"))


def test_sound_files_that_the_switch_does_not_have_fail(check, acme, running, tmp_path):
    there, gone = tmp_path / "message.wav", tmp_path / "gone"
    there.touch()
    acme.setup.save_campaign(
        replace(
            SPRING,
            message=str(there),
            record=True,
            record_notice=f"{gone}/notice.wav",
            amd=Amd.BEEP,
            amd_action=AmdAction.MESSAGE,
            amd_message=f"{gone}/machine",
            held_sound="tone_stream://%(100,0,440)",
        )
    )
    lines, _ = check(FSDIALER_RECORDINGS=str(tmp_path))
    assert set(wrong(lines)) == {
        f"switch fs1: does not have {gone}/notice.wav, record_notice of campaign acme/spring",
        f"switch fs1: does not have {gone}/machine, amd_message of campaign acme/spring",
    }
    acme.setup.save_campaign(replace(SPRING, message=str(there), held_sound="where/nobody/says.wav"))
    assert check()[1] == 0, "the simulated switch has no sound_prefix"
    acme.setup.save_campaign(replace(SPRING, message=str(there)))
    assert good(check()[0], "has the 1 sound files of the campaigns")


STATUS = "Name    \ttrunk\nPingFreq\t30\nState   \t{}\nStatus  \t{}\n"


@pytest.mark.parametrize(
    ("state", "status", "level", "word"),
    [
        ("FAIL_WAIT", "DOWN", "fail", "refused the registration"),
        ("TRYING", "UP", "fail", "not registered (TRYING)"),
        ("NOREG", "DOWN", "fail", "does not answer: address, firewall"),
        ("REGED", "DOWN", "fail", "does not answer: address, firewall"),
        ("REGED", "UP", "ok", "registered"),
        ("NOREG", "UP (ping)", "ok", "UP (ping)"),
    ],
)
def test_a_refused_registration_is_told_from_a_carrier_out_of_reach(state, status, level, word):
    finding = by_name("switch fs1", Gateway("acme", "trunk"), STATUS.format(state, status))
    assert finding.level == level and word in finding.what + finding.mend
    assert ("firewall" in finding.mend) is (word.endswith("firewall"))


def test_a_paused_switch_is_told_from_one_without_room():
    def paused(*ways):
        return [
            (f.what, f.mend) for f in look_at_pause(lambda command: str(command.split()[-1] in ways).lower(), "fs1")
        ]

    assert paused() == []
    assert paused("outbound") == [("fs1: paused: it makes no new outbound channels", "fsctl resume")]
    assert paused("inbound", "outbound")[0][0].endswith("no new inbound or outbound channels")
