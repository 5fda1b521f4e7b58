"""What `fsdialer check` makes of what it is told: levels, words and what to do, without any switch."""

from pathlib import Path

import pytest

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import check_commands as ask
from fsdialer.verbs.check.echo import End, judged
from fsdialer.verbs.check.finding import Level, clock, fail, ok, warn
from fsdialer.verbs.check.limits import limit
from fsdialer.verbs.check.ours import files, space
from fsdialer.verbs.check.switch import LESSER, MODULES, _password, _version
from tests.freeswitch.test_configuration import MODULES as OF_THE_README


def test_every_module_of_the_readme_is_looked_for():
    assert {*MODULES, *LESSER} == set(OF_THE_README)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("1.11.3-dev", Level.OK),
        ("1.11.4", Level.OK),
        ("1.12", Level.OK),
        ("1.11.1-release", Level.WARN),
        ("1.10.12-release\n", Level.WARN),
        ("1.8.7", Level.FAIL),
        ("-ERR no reply", Level.FAIL),
    ],
)
def test_version_below_1_10_fails_and_below_1_11_3_names_what_is_open_to_strangers(text, level):
    finding = _version("fs1", text)
    assert finding.level is level
    assert ("CVE-2026-116779" in finding.mend) is (level is Level.WARN)


@pytest.mark.parametrize(
    ("password", "level"),
    [("ClueCon", Level.FAIL), ("changeme", Level.FAIL), ("s3cret-word", Level.WARN), ("x" * 48, Level.OK)],
)
def test_password_of_the_manuals_fails_a_short_one_warns_and_none_is_shown(password, level):
    finding = _password("fs1", password)
    assert finding.level is level
    assert password not in finding.what + finding.mend


@pytest.mark.parametrize(
    ("cause", "heard_ms", "level", "word"),
    [
        ("NORMAL_CLEARING", "239", Level.OK, "0.24 s"),
        ("NORMAL_CLEARING", "", Level.FAIL, "NORMAL_CLEARING"),
        ("MEDIA_TIMEOUT", "", Level.FAIL, "did not come back"),
        ("CALL_REJECTED", "", Level.FAIL, "CALL_REJECTED"),
    ],
)
def test_test_call_is_good_only_when_its_tone_was_heard(cause, heard_ms, level, word):
    finding = judged("fs1", End(cause, heard_ms))
    assert finding.level is level and word in finding.what


@pytest.mark.parametrize(
    ("has", "need", "switches", "level"),
    [
        (100, 80, 1, Level.OK),
        (100, 81, 1, Level.WARN),
        (100, 101, 1, Level.FAIL),
        (100, 100, 2, Level.OK),
        (100, 101, 2, Level.WARN),
        (100, 201, 2, Level.FAIL),
        (100, 0, 0, Level.OK),
    ],
)
def test_limit_is_held_against_its_share_of_the_need_and_against_the_loss_of_another_switch(has, need, switches, level):
    assert limit("max_sessions", has, need, "why", "max_sessions", switches).level is level


@pytest.mark.parametrize(("free", "level"), [(50e9, Level.OK), (5e9, Level.WARN), (5e8, Level.FAIL)])
def test_free_space_is_told_in_hours_of_talk(free, level):
    finding = space(Path("/recordings"), int(free))
    assert finding.level is level
    assert f"{free / 115_200_000:.0f} hours" in finding.what


@pytest.mark.parametrize(("left", "levels"), [(0, [Level.FAIL]), (5000, [Level.WARN]), (1_000_000, [])])
def test_a_disk_that_takes_few_files_more_is_told_of_whatever_room_it_has(left, levels):
    assert [finding.level for finding in files(Path("/recordings"), left)] == levels


@pytest.mark.parametrize(
    ("ahead_s", "level"), [(0.4, Level.OK), (-1.9, Level.OK), (2.5, Level.FAIL), (-86400, Level.FAIL)]
)
def test_clocks_may_differ_by_two_seconds(ahead_s, level):
    assert clock("Redis", ahead_s).level is level


def test_finding_says_what_to_do_only_where_there_is_something_to_do():
    assert ok("good").lines() == ["ok    good"]
    assert warn("odd", "look").lines() == ["warn  odd", "      → look"]
    assert fail("bad", "mend it").as_json() == {"level": "fail", "what": "bad", "mend": "mend it"}
    assert ok("good").as_json() == {"level": "ok", "what": "good"}


# -- what a switch says ----------------------------------------------------------------------------------------------
def test_profiles_are_read_from_its_xml():
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<profiles>\n'
        "<alias>\n<name>external</name>\n<state>ALIASED</state>"
        "</alias><profile><name>carrier</name><state>RUNNING (0)</state></profile>"
        "<gateway><name>trunk</name><state>NOREG</state></gateway></profiles>\n"
    )
    assert ask.read_profiles(text) == [ask.Profile("external", "ALIASED"), ask.Profile("carrier", "RUNNING (0)")]
    assert [each.runs for each in ask.read_profiles(text)] == [True, True]
    assert not ask.Profile("carrier", "DOWN").runs


def test_websockets_are_read_from_its_profile():
    text = (
        "<profile><profile-info><ws-bind-url>sip:mod_sofia@127.0.0.1:5066;transport=ws</ws-bind-url>"
        "<wss-bind-url>sips:mod_sofia@[::1]:7443;transport=wss</wss-bind-url></profile-info></profile>"
    )
    assert ask.read_websockets(text) == {"ws": ("127.0.0.1", 5066), "wss": ("::1", 7443)}
    assert ask.read_websockets("<profile><profile-info/></profile>") == {}


def test_event_socket_without_a_word_on_its_address_listens_everywhere():
    assert ask.read_door("<configuration/>") == ask.Door("::", "")
    assert not ask.Door("::", "").loopback
    text = '<configuration><settings><param name="listen-ip" value="127.0.0.1"/></settings></configuration>'
    assert ask.read_door(text).loopback


@pytest.mark.parametrize("read", [ask.read_profiles, ask.read_websockets, ask.read_door])
def test_what_is_no_xml_is_refused(read):
    with pytest.raises(ValueError, match="not XML"):
        read("-ERR nosuch Command not found!\n")


def test_limits_are_read_from_its_words():
    assert ask.read_limit("+OK max sessions: 2000\n") == 2000
    assert ask.read_limit("-ERR Invalid command\n") is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: ask.operators_profile("operators\n\napi reload"),
        lambda: ask.admits("127.0.0.1 x", "list"),
        lambda: ask.sees("/tmp/$(id)"),
        lambda: ask.originate_echo("x,y"),
    ],
)
def test_nothing_but_plain_words_goes_into_a_command(make):
    with pytest.raises(UnsafeCommand):
        make()
