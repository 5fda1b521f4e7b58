"""What docs/freeswitch.md and docs/troubleshooting.md promise, held against the files and sentences themselves."""

import re
from pathlib import Path

import pytest

from fsdialer.cli import main
from fsdialer.core.campaigns import Gateway
from fsdialer.core.dispositions import LABELS, Disposition
from fsdialer.core.fields import KINDS
from fsdialer.core.leads import OUTCOMES
from fsdialer.core.phones import phone_failure
from fsdialer.core.setup import read_toml
from fsdialer.core.switch_config import variables
from fsdialer.verbs.freeswitch import WRITABLE

ROOT = Path(__file__).parents[2]
SETTING_UP, TROUBLE = (ROOT / "docs/freeswitch.md").read_text(), (ROOT / "docs/troubleshooting.md").read_text()
VARS = variables((ROOT / "freeswitch/vars.xml").read_text())


def test_the_ports_of_the_table_are_those_of_the_variables_file():
    rows = re.findall(r"^\| ([0-9–]+)[^|]*\| ((?:`[a-z_]+`(?:, )?)+) \|", SETTING_UP, re.M)
    table = {name: port for ports, names in rows for name, port in _paired(names, ports)}
    assert len(table) == 8
    for name, port in table.items():
        assert VARS[name].rpartition(":")[2] == port, name


def _paired(names, ports):
    found = re.findall(r"`([a-z_]+)`", names)
    parts = ports.split("–")
    return zip(found, parts, strict=True)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"--set ([a-z_]+)=", SETTING_UP + TROUBLE))))
def test_every_variable_named_with_set_exists(name):
    assert name in VARS


def test_the_file_to_start_from_is_accepted():
    toml = re.search(r"```toml\n(.*?)```", SETTING_UP, re.S)[1]
    [setup] = read_toml("\n".join(line.strip() for line in toml.splitlines()))
    assert setup.gateways[0].proxy and setup.gateway_password_env == {"trunk": "TRUNK_PASSWORD"}


def test_freeswitch_is_started_the_same_way_everywhere():
    """With every directory it writes named: one that may not make a certificate does not start `operators`."""
    readme, unit = (
        (ROOT / "freeswitch/README.md").read_text(),
        (ROOT / "vagrant/systemd/freeswitch.service").read_text(),
    )
    for text in (SETTING_UP.replace("\\\n", ""), readme, unit):
        [line] = re.findall(r"freeswitch .*-conf .*", text)
        named = dict(re.findall(r"-(log|db|certs) (\S+)", line))
        assert named == dict(zip(("log", "db", "certs"), WRITABLE.split()[1::2], strict=True))


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"fsdialer freeswitch ([a-z]+)", SETTING_UP + TROUBLE))))
def test_every_verb_named_exists(verb):
    assert verb in main.commands["freeswitch"].commands


def test_the_sentences_on_the_operators_page_are_quoted_as_they_are_said():
    causes = (
        "USER_NOT_REGISTERED",
        "NO_ANSWER",
        "NO_USER_RESPONSE",
        "USER_BUSY",
        "CALL_REJECTED",
        "NETWORK_OUT_OF_ORDER",
    )
    for cause in causes:
        said = phone_failure("1001", cause).removeprefix("Your phone 1001 ").partition(":")[0]
        assert f"\n| {said} |" in TROUBLE
    whole = phone_failure("1001", causes[0])
    assert f"*{whole}*" in " ".join(TROUBLE.split())


def test_dispositions_and_outcomes_are_called_by_their_names():
    assert f"*{LABELS[Disposition.ABANDONED]}*" in TROUBLE and f"*{LABELS[Disposition.TECHNICAL]}*" in TROUBLE
    assert f"*{OUTCOMES['machine']}*" in TROUBLE


@pytest.mark.parametrize("user", ["1001@pbx.example.com", "1@x] from ip 192.0.2.1", "[WARNING] sofia_reg.c:1"])
def test_the_filter_for_fail2ban_finds_a_failed_registration_as_freeswitch_logs_it(user):
    """fail2ban takes the date off before it looks."""
    pattern = re.search(r"^failregex = (.*)$", SETTING_UP, re.M)[1].replace("<HOST>", r"(?P<host>[0-9.]+)")
    line = (
        ".395571 100.00% [WARNING] sofia_reg.c:1787 SIP auth failure (REGISTER) on sofia profile 'operators' "
        f"for [{user}] from ip 203.0.113.99"
    )
    assert re.search(pattern, line)["host"] == "203.0.113.99"


def test_every_setting_of_a_gateway_that_is_named_exists():
    for name in ("proxy", "host", "ping_s", "weight"):
        assert f"`{name}" in TROUBLE and name in KINDS[Gateway]


def test_autocalls_four_known_issues_are_answered():
    titles = re.findall(r"^### (.*)$", TROUBLE, re.M)
    assert [title.split(",")[0] for title in titles] == [
        "Calls do not reach operators",
        "The lead's page opens",
        "The operator hears short beeps or an answering machine",
        "Calls are not recorded",
    ]
