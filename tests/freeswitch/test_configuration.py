"""The configuration directory, file by file: well-formed, without a secret, using nothing its README does not list."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

CONF = Path(__file__).parents[2] / "freeswitch"
FILES = sorted(CONF.rglob("*.xml"))
README = (CONF / "README.md").read_text()
# Said by FreeSWITCH or used in its own documents, and refused here wherever they stand.
DEFAULTS = ("ClueCon", "1234", "default_password")


def section(title):
    """The rows of a table of the README: lists of cells."""
    text = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


MODULES = {names(row[0])[0] for row in section("Modules")}
APPLICATIONS = {name: names(row[1])[0] for row in section("Applications") for name in names(row[0])}
VARIABLES = {name for row in section("Variables") for name in names(row[0])}
GIVEN = {"local_ip_v4", "conf_dir", "log_dir"}


def tree(path):
    return ElementTree.parse(path).getroot()


def used(tag, attribute):
    return [node.get(attribute) for path in FILES for node in tree(path).iter(tag)]


def settings():
    """Name → value, as vars.xml sets them."""
    pairs = [node.get("data").split("=", 1) for node in tree(CONF / "vars.xml").iter("X-PRE-PROCESS")]
    assert len({name for name, _ in pairs}) == len(pairs), "a variable is set twice"
    return dict(pairs)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
def test_every_file_is_well_formed_and_names_itself_as_freeswitch_will_look_for_it(path):
    root = tree(path)
    if path.parent.name == "autoload_configs":
        assert root.tag == "configuration" and f"{root.get('name')}.xml" == path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
def test_no_file_holds_a_default_password(path):
    assert not [word for word in DEFAULTS if word in path.read_text()]


def test_every_module_loaded_is_listed_and_every_listed_one_is_loaded():
    loaded = used("load", "module")
    assert len(loaded) == len(set(loaded)) and set(loaded) == MODULES


def test_every_application_of_the_dialplan_is_listed():
    assert used("action", "application") and set(used("action", "application")) <= set(APPLICATIONS)


def test_every_application_comes_from_a_module_that_is_loaded():
    assert set(APPLICATIONS.values()) <= MODULES


def test_every_application_the_dialer_runs_is_listed():
    """What `esl.commands` writes into inline dialplans, read from its text."""
    text = (CONF.parent / "fsdialer/esl/commands.py").read_text()
    ours = set(
        re.findall(
            r"[\"',](playback|eval|set|sleep|hangup|detect_audio|delay_echo|sched_hangup|record_session|"
            r"displace_session)[: ]",
            text,
        )
    )
    ours |= set(re.findall(r"&([a-z_]+)\(\)", text))
    assert ours >= {"playback", "eval", "hangup", "park", "record_session", "displace_session"} and ours <= set(
        APPLICATIONS
    )


def test_every_variable_used_is_set_in_the_one_file_and_listed():
    text = "\n".join(path.read_text() for path in FILES)
    mentioned = set(re.findall(r"\$\$\{([a-z_0-9]+)\}", text))
    assert mentioned <= set(settings()) | GIVEN
    assert set(settings()) == VARIABLES, "README and vars.xml differ"


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_set_is_used(name):
    others = "\n".join(path.read_text() for path in FILES)
    asked = (CONF.parent / "fsdialer/esl/setup_commands.py").read_text()
    assert f"$${{{name}}}" in others or f"global_getvar {name}" in asked


def test_addresses_and_ports_stand_in_the_one_file_alone():
    for path in FILES:
        for node in tree(path).iter("param"):
            said = node.get("name")
            if re.search(r"-ip$|-port$|-binding$|^gateway-url$|^password$|^challenge-realm$", said):
                assert node.get("value").startswith("$${"), f"{path.name}: {said}={node.get('value')}"


def test_the_event_socket_is_for_this_machine_alone():
    params = {
        n.get("name"): n.get("value") for n in tree(CONF / "autoload_configs/event_socket.conf.xml").iter("param")
    }
    assert settings()["event_socket_ip"] == "127.0.0.1"
    lists = {n.get("name"): n for n in tree(CONF / "autoload_configs/acl.conf.xml").iter("list")}
    allowed = lists[params["apply-inbound-acl"]]
    assert allowed.get("default") == "deny"
    assert {node.get("cidr") for node in allowed} == {"127.0.0.1/32", "::1/128"}


def test_the_profiles_are_as_promised():
    profiles = {tree(path).get("name"): tree(path) for path in (CONF / "sip_profiles").glob("*.xml")}
    assert set(profiles) == {"operators", "carrier", "switches"}
    for profile in profiles.values():
        params = {node.get("name"): node.get("value") for node in profile.iter("param")}
        assert params["rtp-timer-name"] == "soft"
        codecs = "$${codecs}" if profile.get("name") == "operators" else "$${carrier_codecs}"
        assert params["inbound-codec-prefs"] == params["outbound-codec-prefs"] == codecs
    assert settings()["codecs"] == "OPUS,G722,PCMU,PCMA"
    assert settings()["carrier_codecs"] == "G722,PCMU,PCMA"
    operators = {node.get("name"): node.get("value") for node in profiles["operators"].iter("param")}
    assert operators["auth-calls"] == "true" and operators["accept-blind-reg"] == "false"
    assert operators["ws-binding"] and operators["wss-binding"]


def test_a_password_is_made_once_long_and_for_its_owner_alone_and_there_is_always_one(tmp_path):
    def password(file):
        command = ["/bin/sh", str(CONF / "password.sh"), str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    first = password(tmp_path / "one")
    assert re.fullmatch(r"[0-9a-f]{48}", first) and password(tmp_path / "one") == first
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert password(tmp_path / "two") != first
    for neither_kept_nor_read in (tmp_path / "not there/one", tmp_path, "/dev/null"):  # the last as on a full disk
        unknown = password(neither_kept_nor_read)
        assert re.fullmatch(r"[0-9a-f]{48}", unknown) and password(neither_kept_nor_read) != unknown


def test_only_other_switches_named_may_call_operators_phones_and_they_reach_nothing_else():
    params = {n.get("name"): n.get("value") for n in tree(CONF / "sip_profiles/switches.xml").iter("param")}
    lists = {n.get("name"): n for n in tree(CONF / "autoload_configs/acl.conf.xml").iter("list")}
    allowed = lists[params["apply-inbound-acl"]]
    assert allowed.get("default") == "deny"
    assert [node.get("cidr") for node in allowed] == ["$${switches_peers}"] and settings()["switches_peers"]
    asked = [n.get("expression") for n in tree(CONF / "dialplan/switches.xml").iter("condition")]
    leg = "6b26c107-4184-4dbd-b05f-3c5c3a631c6d"
    for at, known in enumerate(("op-1001", "alert-1001", "plain-1001", f"held-{leg}")):
        assert re.fullmatch(asked[at], known)
    for hostile in ("+12125550100", "op-1001 x", "op-${system(id)}", "held-x,y", f"held-{leg},u"):
        assert not any(re.fullmatch(each, hostile) for each in asked[:-1])
    assert asked[4:] == ["^check$", "^.*$"]


def test_a_phone_that_is_rung_for_another_switch_is_offered_all_codecs_and_sends_nobody_elsewhere():
    """By itself FreeSWITCH offers the one codec of the leg that is there already, and a phone without it refuses; and
    it follows one that forwards its calls."""
    bridges = [
        n.get("data") for n in tree(CONF / "dialplan/switches.xml").iter("action") if n.get("application") == "bridge"
    ]
    assert len(bridges) == 3 and all("media_mix_inbound_outbound_codecs=true" in each for each in bridges)
    assert all("outbound_redirect_fatal=true" in each for each in bridges)
