"""`fsdialer check`, against a real Redis and the simulated switch: what is wrong, and how to mend it."""

import json
from dataclasses import replace

import pytest

from fsdialer.core.campaigns import Amd, Campaign, Gateway, Mode, Operator, Station
from fsdialer.errors import InvalidSetting
from fsdialer.esl.link import addresses
from tests.check.conftest import SPRING, good, wrong
from tests.journey import PASSWORD, Switch


def test_all_is_well_and_said_so(check, running):
    lines, code = check()
    assert wrong(lines) == {}
    assert code == 0
    assert wrong(lines, "warn") == {}
    for part in ("eviction policy: noeviction", "append-only file", "fs1: reachable", "gateway trunk is UP", "1001"):
        assert good(lines, part), part
    for part in (
        "password is its own",
        "FreeSWITCH 1.11.3",
        "Event Socket on 127.0.0.1",
        "all 8 modules",
        "max_sessions",
    ):
        assert good(lines, part), part
    for part in ("SIP profile operators", "SIP profile carrier", "its tone came back after", "sessions_per_second"):
        assert good(lines, part), part
    assert good(lines, "clock of Redis") and good(lines, "clock of switch fs1")


def test_nothing_running_is_wrong_and_says_what_to_start(check, acme):
    lines, code = check()
    assert code == 1
    assert wrong(lines) == {
        "dialers running: none": "start one: fsdialer dial",
        "RQ workers: 0": "start one: fsdialer worker (meanwhile the dialer releases retries)",
    }


def test_dialer_that_does_not_reach_a_switch_is_wrong_though_check_reaches_it(check, redis, acme, running):
    redis.hset("fsdialer:dialer:d1", "switches", "fs1=down")
    ((what, mend),) = wrong(check()[0]).items()
    assert what == "dialer d1 does not reach switch fs1" and "FSDIALER_SWITCHES of the dialer" in mend
    redis.hset("fsdialer:dialer:d1", "switches", "fs1=up")
    assert wrong(check()[0]) == {}


def test_dialer_whose_clock_is_not_redis_is_wrong_wherever_check_runs(check, redis, acme, running):
    redis.hset("fsdialer:dialer:d1", "ahead_s", "-61.2")
    ((what, mend),) = wrong(check()[0]).items()
    assert what == "clock of dialer d1 to that of Redis: -61.2 s" and "NTP" in mend
    redis.hset("fsdialer:dialer:d1", "ahead_s", "0.1")
    assert wrong(check()[0]) == {}


def test_redis_that_may_forget_is_wrong(check, redis, running):
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("appendonly", "no")
    try:
        found = wrong(check()[0])
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("appendonly", "yes")
    assert "CONFIG SET maxmemory-policy noeviction" in found["Redis eviction policy: allkeys-lru"]
    assert "CONFIG SET appendonly yes while it runs, then CONFIG REWRITE" in found["Redis persistence: none"]


def test_redis_that_is_not_there_is_wrong_and_nothing_more_is_asked(check, tmp_path):
    lines, code = check(redis=f"unix://{tmp_path}/nobody.sock")
    assert code == 1
    ((what, mend),) = wrong(lines).items()
    assert what.startswith("Redis:") and "FSDIALER_REDIS_URL" in mend


def test_gateway_that_is_down_or_unknown_to_the_switch_is_wrong(check, acme, running):
    acme.setup.save_gateway(Gateway("acme", "spare"))
    acme.setup.save_gateway(Gateway("acme", "nowhere"))
    acme.setup.save_gateway(Gateway("acme", "direct", host="pbx.example.com"))
    lines, code = check()
    assert set(wrong(lines)) == {"switch fs1: gateway spare is DOWN", "switch fs1: no gateway nowhere"}
    assert code == 1


def test_gateway_that_stands_in_an_operators_dial_alone_and_the_switch_has_not_is_wrong(check, acme, running):
    """Any name may be written there: it may be the switch's own."""
    acme.setup.save_campaign(Campaign("acme", "autumn", gateways=("far",)))
    acme.setup.save_gateway(Gateway("acme", "far", switches=("fs2",)))
    ways = {"bob": "nowhere/1002", "cid": "spare/1003", "dan": "trunk/1004", "eve": "no*where/1005", "fay": "away/1006"}
    for number, (name, way) in enumerate(ways.items(), 1002):
        campaigns = ("autumn",) if name == "fay" else ("spring",)
        acme.setup.save_operator(
            Operator("acme", name, name, str(number), dial=f"sofia/gateway/{way}", campaigns=campaigns)
        )
    found = {what: mend for what, mend in wrong(check()[0]).items() if "rung by it" in what}
    assert set(found) == {
        "switch fs1: no gateway nowhere: rung by it: bob",
        "switch fs1: no gateway no*where: rung by it: eve",
        "switch fs1: gateway spare is DOWN: rung by it: cid",
    }
    assert all("mend the dial of" in mend for mend in found.values())


def test_phone_that_is_not_registered_is_wrong_only_while_its_operator_is_on_the_line(check, switch, acme, running):
    switch.lab("phone 1001 unregistered")
    try:
        assert wrong(check()[0]) == {}
        acme.operators.go_on_line("ann", "spring", 1_795_400_000.0, via="cli")
        assert "switch fs1: phone 1001 of ann not registered" in wrong(check()[0])
    finally:
        switch.lab("phone 1001 auto")


def test_wrong_password_is_told_from_nobody_there(check, switch, running):
    refused = wrong(check(url=switch.url.replace(PASSWORD, "wrong"))[0])
    assert any("refused the password" in what for what in refused)
    nobody = wrong(check(url="esl://:x@127.0.0.1:1?name=fs1")[0])
    assert any("refused" in what.lower() and "password" not in what for what in nobody)


def test_default_password_is_wrong(check, running):
    assert any("default, ClueCon" in what for what in wrong(check(url="esl://:ClueCon@127.0.0.1:8021")[0]))


def test_a_domain_the_switch_does_not_have_is_wrong_with_nobody_on_line(check, acme, switch, running):
    """Found by their extension in it, nobody's phone would be."""
    assert wrong(check(url=f"{switch.url}&domain=127.0.0.1")[0]) == {}
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "9999", campaigns=("spring",)))
    ((what, mend),) = wrong(check(url=f"{switch.url}&domain=pbx.example.org")[0]).items()
    assert "no domain pbx.example.org" in what and "?domain=" in mend and "127.0.0.1" in mend


def test_setting_edited_into_nonsense_is_wrong_and_named(check, acme, running):
    acme.redis.hset(acme.keys.settings("spring"), "ring_s", "long")
    assert any("ring_s: 'long' is not a whole number" in what for what in wrong(check()[0]))


def test_campaign_that_cannot_call_is_wrong(check, acme, running):
    acme.setup.save_campaign(Campaign("acme", "autumn"))
    found = wrong(check()[0])
    assert found["campaign acme/autumn: gateways none"] == "set gateways"
    assert found["campaign acme/autumn: caller ids none"] == "set caller_ids"


def test_a_campaign_that_calls_at_night_is_warned_of(check, acme, running):
    assert good(check()[0], "campaign acme/spring: calling hours 09:00-20:00")
    acme.setup.save_campaign(replace(SPRING, holidays=("2026-12-25",)))
    assert good(check()[0], "campaign acme/spring: calling hours 09:00-20:00, not on 2026-12-25")
    acme.setup.save_campaign(replace(SPRING, calling_hours=()))
    acme.setup.save_campaign(Campaign("acme", "autumn", mode=Mode.OFF))
    warned = wrong(check()[0], "warn")
    assert warned["campaign acme/spring: calls at any hour"].startswith('set calling_hours, like ["mon-fri')
    assert "campaign acme/autumn: calls at any hour" not in warned


def test_phones_on_desks_need_none_of_that(check, acme, running):
    lines, _ = check()
    assert not any("browser" in line for line in lines)


# -- the switch -----------------------------------------------------------------------------------------------------
def test_module_calls_need_is_missed_and_one_they_can_do_without_is_named_with_what_is_lost(check, spoil, running):
    spoil("module mod_sndfile off", "module mod_sndfile on")
    spoil("module mod_xml_curl off", "module mod_xml_curl on")
    lines, code = check()
    assert code == 1
    assert "load mod_sndfile" in wrong(lines)["switch fs1: mod_sndfile is not loaded"]
    assert any("mod_xml_curl is not loaded: operators and gateways come from" in what for what in wrong(lines, "warn"))


def test_module_that_hears_answering_machines_is_missed_only_where_a_campaign_asks_for_it(check, spoil, acme, running):
    spoil("module mod_avmd off", "module mod_avmd on")
    lines, code = check()
    assert code == 0 and good(lines, "mod_avmd is not loaded: answering machines' beeps are not heard")
    acme.setup.save_campaign(
        Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+12125550100",), amd=Amd.BEEP)
    )
    assert any(what.startswith("switch fs1: mod_avmd is not loaded: a campaign's `amd`") for what in wrong(check()[0]))


def test_warnings_alone_are_no_failure(check, spoil, running):
    spoil("module mod_opus off", "module mod_opus on")
    lines, code = check()
    assert code == 0
    assert wrong(lines, "warn").keys() == {"switch fs1: mod_opus is not loaded: browsers talk in PCMU"}
    assert lines[-1].endswith("1 warn, 0 fail")


def test_profile_that_does_not_run_is_wrong(check, spoil, running):
    spoil("profile operators off", "profile operators on")
    what = "switch fs1: SIP profile operators, for operators' phones, does not run"
    assert "sofia profile operators start" in wrong(check()[0])[what]


def test_test_call_whose_tone_does_not_come_back_is_wrong(check, spoil, running):
    spoil("echo off", "echo on")
    assert "switch fs1: test call to the echo: answered, but its tone did not come back" in wrong(check()[0])


def test_test_call_leaves_nothing_behind_and_is_made_only_if_wanted(check, switch, running):
    before = switch.api("status").split("session(s) since startup")[0].split()[-1]
    lines, _ = check("--no-call")
    assert not any("test call" in line for line in lines)
    assert switch.api("status").split("session(s) since startup")[0].split()[-1] == before
    check()
    assert switch.channels() == []


def test_limits_of_the_switch_are_held_against_what_the_campaigns_need(check, switch, acme, running):
    acme.setup.save_gateway(Gateway("acme", "trunk", channels=40, calls_per_second=8))
    acme.setup.save_campaign(
        Campaign("acme", "spring", mode=Mode.PREDICTIVE, gateways=("trunk",), caller_ids=("+12125550100",))
    )
    for number in range(20):
        acme.setup.save_operator(Operator("acme", f"op{number}", "Op", str(1100 + number), campaigns=("spring",)))
    assert good(check()[0], "the campaigns need 61 (40 calls and 21 phones)")
    switch.api("fsctl max_sessions 60")
    switch.api("fsctl sps 16")
    try:
        found = wrong(check()[0])
    finally:
        switch.api("fsctl max_sessions 5000")
        switch.api("fsctl sps 500")
    assert (
        "fsctl max_sessions 122" in found["switch fs1: max_sessions 60; the campaigns need 61 (40 calls and 21 phones)"]
    )
    (sps,) = (mend for what, mend in found.items() if "sessions_per_second 16" in what)
    assert "fsctl sps 32" in sps


def test_operators_in_browsers_need_a_websocket_and_to_be_told_of_it(check, spoil, acme, running):
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001", station=Station.WEBRTC, campaigns=("spring",)))
    spoil("module mod_xml_curl off", "module mod_xml_curl on")
    found = wrong(check()[0])
    assert "switch fs1: no WebSocket for browsers" in found
    assert any("mod_xml_curl is not loaded: only with it" in what and "passwords" in what for what in found)
    assert "FSDIALER_SIP_WS" in found["no address for browsers' phones is set"]
    told = wrong(check(FSDIALER_SIP_WS="ws://127.0.0.1:1/sip")[0])
    assert any(what.startswith("browsers' phones: ws://127.0.0.1:1/sip cannot be reached") for what in told)


# -- several switches -----------------------------------------------------------------------------------------------
@pytest.fixture
def second(tmp_path, switch, running):
    """Another switch, with Ann's phone and a gateway of its own; where both are."""
    other = Switch(tmp_path, "--gateway=spare:channels=5", "--phones=1001", name="fs2")
    switch.lab("phone 1001 unregistered")
    yield other, f"{switch.url},{other.url}"
    switch.lab("phone 1001 auto")
    other.stop()


def test_switches_try_each_other_and_a_phone_or_gateway_counts_where_it_is(check, acme, second):
    acme.setup.save_gateway(Gateway("acme", "trunk", switches=("fs1",)))
    acme.setup.save_gateway(Gateway("acme", "spare", switches=("fs2",)))
    acme.operators.go_on_line("ann", "spring", 1_795_400_000.0, via="cli")
    lines, code = check(url=second[1])
    assert wrong(lines) == {} and code == 0
    assert good(lines, "phone 1001 of ann registered with fs2")
    for one, other in (("fs1", "fs2"), ("fs2", "fs1")):
        assert good(lines, f"switch {one}: takes calls of other switches at 127.0.0.1:")
        assert any(f"switch {one}: test call to {other} at" in line and "tone came back" in line for line in lines)
    assert not any("test call to" in line for line in check("--no-call", url=second[1])[0])


def test_a_switch_whose_trunk_to_the_others_does_not_run_is_wrong(check, second):
    other, both = second
    other.lab("profile switches off")
    found = wrong(check(url=both)[0])
    [what] = (what for what in found if "SIP profile switches does not run" in what)
    assert what.startswith("switch fs2") and "sofia profile switches start" in found[what]


def test_two_switches_of_one_name_are_refused_by_check_and_dialer(check, second):
    both = second[1].replace("name=fs2", "name=fs1")
    assert "several switches are called fs1" in wrong(check(url=both)[0])
    with pytest.raises(InvalidSetting, match=r"several are called fs1.*\?name="):
        addresses(both.split(","))


def test_one_switch_needs_no_trunk(check, spoil, running):
    spoil("profile switches off", "profile switches on")
    lines, code = check()
    assert code == 0 and not any("other switches" in line for line in lines)


def test_operators_on_the_companys_own_pbx_have_no_phone_here(check, acme, running):
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "7001", station=Station.REFER, campaigns=("spring",)))
    acme.operators.go_on_line("ann", "spring", 1_795_400_000.0, via="cli")
    lines, code = check()
    assert code == 0 and not any("phone 7001" in line for line in lines)


# -- recordings -----------------------------------------------------------------------------------------------------
def test_recordings_need_a_directory_that_the_switch_sees_too(check, acme, running, tmp_path):
    acme.setup.save_campaign(Campaign("acme", "spring", gateways=("trunk",), caller_ids=("+12125550100",), record=True))
    assert "recordings: a campaign records, and there is no directory for it" in wrong(check()[0])
    lines, _ = check(FSDIALER_RECORDINGS=str(tmp_path / "gone"))
    assert f"recordings: {tmp_path}/gone is not there" in wrong(lines)
    assert f"switch fs1: does not see {tmp_path}/gone" in wrong(lines)
    lines, _ = check(FSDIALER_RECORDINGS=str(tmp_path))
    assert any(f"GB free in {tmp_path}" in line for line in lines)
    assert good(lines, f"sees {tmp_path}")


# -- for programs ---------------------------------------------------------------------------------------------------
def test_programs_read_the_same_as_json(check, acme, running):
    acme.setup.save_gateway(Gateway("acme", "spare"))
    lines, code = check("--json")
    told = json.loads("\n".join(lines))
    assert code == 1 and told["ok"] is False
    (spare,) = (finding for finding in told["findings"] if "spare" in finding["what"])
    assert spare["level"] == "fail" and spare["mend"]
    assert {finding["level"] for finding in told["findings"]} == {"ok", "fail"}
    assert all("mend" not in finding for finding in told["findings"] if finding["level"] == "ok")
