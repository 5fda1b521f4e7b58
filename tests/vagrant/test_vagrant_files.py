"""The lab machine's files: scripts lint-clean, Vagrantfile valid, files written twice the same, units locked in."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers
import pytest

from fsdialer.core.setup import read_toml

VAGRANT = Path(__file__).parents[2] / "vagrant"
SCRIPTS = sorted([*VAGRANT.rglob("*.sh"), VAGRANT / "fsdialer", *Path(__file__).parent.glob("*.sh")])
STEPS = ["base", "redis", "freeswitch", "fsdialer", "company", "switch", "lab"]
UNITS = sorted((VAGRANT / "systemd").glob("*.service"))
#: `systemd-analyze security`, in tenths: 0 is locked in, 100 is bare.
MOST_EXPOSED = 20


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} on PATH")


def run(*command, **environment):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=50, env={**os.environ, **environment}, cwd=VAGRANT
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """All files of all steps, as they would lie on the machine."""
    root = tmp_path_factory.mktemp("root")
    code, said = run("bash", "provision.sh", ROOT=str(root), SIP_IP="192.168.56.10")
    assert code == 0, said
    return root


def contents(root):
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(("writing", "waiting", "begun"), [(1, 0, False), (0, 1, False), (0, 0, True)])
def test_append_only_file_is_begun_when_it_is_written_not_while_it_waits_for_a_snapshot(writing, waiting, begun):
    function = re.search(r"^log_begun\(\) \{\n.*?^\}\n", (VAGRANT / "steps/redis.sh").read_text(), re.S | re.M)[0]
    said = f"aof_enabled:1\\r\\naof_rewrite_in_progress:{writing}\\r\\naof_rewrite_scheduled:{waiting}\\r\\n"
    code, _ = run("bash", "-euc", f"asked() {{ printf '{said}'; }}\n{function}log_begun")
    assert (code == 0) == begun


@needs("shellcheck")
def test_all_scripts_are_shellcheck_clean():
    code, said = run("shellcheck", "-x", *map(str, SCRIPTS))
    assert code == 0, said


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_parses_and_stops_at_the_first_error(script):
    assert run("bash", "-n", str(script))[0] == 0
    if script.name != "lib.sh":
        assert "\nset -euo pipefail\n" in script.read_text()


def test_provisioning_runs_every_step_there_is():
    assert sorted(STEPS) == sorted(path.stem for path in (VAGRANT / "steps").glob("*.sh"))
    assert f"base {' '.join(STEPS[1:])}" in (VAGRANT / "provision.sh").read_text()


@needs("ruby")
def test_vagrantfile_is_ruby():
    code, said = run("ruby", "-c", "Vagrantfile")
    assert code == 0, said


@needs("vagrant")
def test_vagrant_accepts_the_vagrantfile(tmp_path):
    code, said = run("vagrant", "validate", "--ignore-provider", VAGRANT_HOME=str(tmp_path))
    assert code == 0, said


def test_a_second_run_changes_nothing(root):
    before = contents(root)
    code, said = run("bash", "provision.sh", ROOT=str(root), SIP_IP="192.168.56.10")
    assert code == 0 and "wrote" not in said, said
    assert contents(root) == before


def test_each_machine_has_secrets_of_its_own(root, tmp_path):
    assert run("bash", "provision.sh", ROOT=str(tmp_path), STEPS="redis fsdialer")[0] == 0
    for name in ("redis", "web"):
        mine, other = ((each / "etc/fsdialer/secrets" / name).read_text() for each in (root, tmp_path))
        assert mine != other and re.fullmatch("[0-9a-f]{48}", mine)


def test_secrets_are_not_for_everybody(root):
    secret_values = {path.read_bytes() for path in (root / "etc/fsdialer/secrets").iterdir()}
    holders = {
        name: mode for name, (mode, text) in contents(root).items() if any(value in text for value in secret_values)
    }
    assert {"etc/fsdialer/fsdialer.env", "etc/redis/fsdialer.conf", "etc/fsdialer/secrets/web"} <= set(holders)
    assert not [name for name, mode in holders.items() if mode & 0o007], holders
    assert holders["etc/fsdialer/fsdialer.env"] == 0o640


@pytest.mark.parametrize(
    ("said", "before", "chosen"),
    [
        ({}, "", "nix"),
        ({"FS_TOKEN": "token"}, "", "signalwire"),
        ({"FREESWITCH_FROM": "installed", "FS_TOKEN": "token"}, "nix", "installed"),
        ({}, "installed", "installed"),
        ({}, "signalwire", "signalwire"),
    ],
)
def test_where_freeswitch_came_from_is_kept_unless_something_else_is_said(tmp_path, said, before, chosen):
    """`vagrant provision` is run without what `vagrant up` was given."""
    if before:
        (tmp_path / "freeswitch.from").write_text(f"{before}\n")
    step = (VAGRANT / "steps/freeswitch.sh").read_text()
    function = re.search(r"^chosen\(\) \{.*?^\}$", step, re.M | re.S)[0]
    environment = {"FREESWITCH_FROM": "", "FS_TOKEN": "", "ETC": str(tmp_path)} | said
    code, answer = run("bash", "-euo", "pipefail", "-c", f"{function}\nchosen", **environment)
    assert (code, answer.strip()) == (0, chosen)


def test_services_may_look_for_their_files(root):
    """A secret is made before anything else, and its directory is for root alone; the one above it is not."""
    modes = {name: stat.S_IMODE((root / "etc" / name).stat().st_mode) for name in ("fsdialer", "fsdialer/secrets")}
    assert modes == {"fsdialer": 0o755, "fsdialer/secrets": 0o700}


def test_what_is_copied_to_be_installed_is_all_that_is_installed(tmp_path):
    parts = re.search(r"^PARTS=\((.*)\)$", (VAGRANT / "steps/fsdialer.sh").read_text(), re.M)[1].split()
    for part in parts:
        path, copy = VAGRANT.parent / part, tmp_path / "copy" / part
        if path.is_dir():
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(path, copy)
    command = [sys.executable, "setup.py", "-q", "install_data", "--install-dir", str(tmp_path / "installed")]
    done = subprocess.run(command, cwd=tmp_path / "copy", capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "installed/share/fsdialer/freeswitch/freeswitch.xml").is_file()


#: Debian's own updates hold apt's lock for two tries; whether the packages are installed is not known.
APT = """
. ./lib.sh
dpkg-query() { return 1; }
sleep() { echo waits; }
apt-get() {
  [ "$1" = update ] || { echo "asked $*" >&2; return; }
  echo again >>"$TRIES"
  [ "$(wc -l <"$TRIES")" -gt 2 ] || { echo "E: $TROUBLE" >&2; return 100; }
}
packages each
"""


@pytest.mark.parametrize(
    ("trouble", "code"), [("Could not get lock /var/lib/apt/lists/lock. It is held by process 9", 0), ("No network", 1)]
)
def test_a_machine_that_is_at_its_own_updates_is_waited_for(tmp_path, trouble, code):
    ended, said = run("bash", "-euo", "pipefail", "-c", APT, TRIES=str(tmp_path / "tries"), TROUBLE=trouble)
    assert ended == code, said
    assert said.count("waits") == (0 if code else 2) and (trouble in said) == bool(code)
    assert ("DPkg::Lock::Timeout=600 each" in said) != bool(code), "dpkg's own lock is waited for, too"


def test_a_step_run_alone_knows_the_machines_address(root):
    """Without the SIP_IP that `vagrant up` gave it: the firewall would let nobody in, the switch bind to loopback."""
    before = contents(root)
    environment = {name: value for name, value in os.environ.items() if name != "SIP_IP"} | {"ROOT": str(root)}
    for step in STEPS:
        subprocess.run(
            ["bash", "provision.sh"], cwd=VAGRANT, env=environment | {"STEPS": step}, check=True, capture_output=True
        )
    assert contents(root) == before


#: systemd, as far as lib.sh asks it: a unit started at STARTED (nothing: it does not run); what is restarted is said.
SYSTEMD = """
. ./lib.sh
booted() { true; }
systemctl() {
  case $1 in
    is-active) [ -n "$STARTED" ] ;;
    show) echo "$STARTED" ;;
    restart) echo "restarted $2" ;;
  esac
}
service each.service "$FILES/old" "$FILES/new"
"""


@pytest.mark.parametrize(
    ("started", "restarted"),
    [("2026-03-01 12:00:00 UTC", False), ("2026-02-01 12:00:00.000001 UTC", True), ("", True)],
    ids=["started since", "started before one of them", "not running"],
)
def test_a_service_is_restarted_only_when_one_of_its_files_is_newer(tmp_path, started, restarted):
    """So calls go on while `vagrant provision` finds nothing to do."""
    for name, day in (("old", 1), ("new", 15)):
        (tmp_path / name).touch()
        written = datetime(2026, 2, day, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (written, written))
    code, said = run("bash", "-euo", "pipefail", "-c", SYSTEMD, STARTED=started, FILES=str(tmp_path))
    assert code == 0, said
    assert ("restarted each.service" in said) == restarted


def test_redis_is_on_loopback_with_a_password_and_keeps_everything(root):
    lines = (root / "etc/redis/fsdialer.conf").read_text().splitlines()
    assert {"bind 127.0.0.1", "appendonly yes", "maxmemory-policy noeviction"} <= set(lines)
    assert any(re.fullmatch("requirepass [0-9a-f]{48}", line) for line in lines)
    assert (root / "etc/redis/redis.conf").read_text().count("include /etc/redis/fsdialer.conf\n") == 1


def test_the_firewall_opens_the_web_and_sip_to_the_host_only_network_and_nothing_else(root):
    rules = (root / "etc/nftables.conf").read_text()
    assert "policy drop;" in rules and "elements = { 192.168.56.0/24 }" in rules
    opened = re.findall(r"^ *(.*dport .*) accept$", rules, re.M)
    assert opened == [
        "udp dport 68",
        "tcp dport 22",
        "ip saddr @hosts tcp dport { 5060, 7443, 8080 }",
        "ip saddr @hosts udp dport { 5060, 16384-32767 }",
    ]


def test_the_company_is_one_fsdialer_accepts_and_its_carrier_is_ours(root):
    [setup] = read_toml((root / "etc/fsdialer/lab/centre.toml").read_text())
    assert setup.gateways[0].proxy == "192.168.56.10:5190"
    assert [operator.extension for operator in setup.operators] == ["1001", "1002", "1003"]
    assert tomllib.loads((VAGRANT / "demo/centre.toml").read_text())


def test_leads_are_real_numbers_of_every_ending(root):
    rows = (root / "etc/fsdialer/lab/leads.csv").read_text().splitlines()[1:]
    numbers = [row.split(",")[2] for row in rows]
    assert len(set(numbers)) == len(numbers) == 3000
    assert {number[-1] for number in numbers[:10]} == set("0123456789")
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(number)) for number in numbers[::97])


def test_a_soft_operator_hangs_up_when_the_switch_has_died(root):
    """No BYE comes then, and with one call at a time the phone would be busy for ever."""
    for extension in ("1001", "1002"):
        lines = (root / f"etc/fsdialer/lab/phones/{extension}/config").read_text().splitlines()
        assert {"call_max_calls 1", "rtp_timeout 30", "net_interface 192.168.56.10"} <= set(lines)
        [ports] = (line.split()[1] for line in lines if line.startswith("rtp_ports"))
        assert int(ports.split("-")[1]) < 16384, "the switch takes its own ports without asking whether they are free"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_every_unit_is_locked_in_and_comes_back(unit):
    lines = set(unit.read_text().splitlines())
    wanted = {"NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "CapabilityBoundingSet="}
    wanted.add("UMask=0007" if unit.stem == "freeswitch" else "UMask=0077")  # the group reads its recordings
    assert wanted <= lines
    assert any(line.startswith("User=") and line != "User=root" for line in lines)
    assert any(line.startswith("RestrictAddressFamilies=AF_INET ") for line in lines)
    assert lines & {"Restart=on-failure", "Restart=always"}
    assert "StartLimitIntervalSec=0" in lines or "Type=oneshot" in lines, "it comes back however often it has fallen"
    # A library that tries what it may not is told no, and lives: numpy's binds memory to a processor, for one.
    assert "SystemCallErrorNumber=EPERM" in lines
    assert not re.search(r"(?i)password|secret", unit.read_text())


def test_recordings_are_written_by_the_switch_and_handled_by_the_worker_and_the_web(root):
    folder = re.search(r"^FSDIALER_RECORDINGS=(.*)$", (root / "etc/fsdialer/fsdialer.env").read_text(), re.M)[1]
    units = {unit.stem: unit.read_text().splitlines() for unit in UNITS}
    for name in ("freeswitch", "fsdialer-worker", "fsdialer-web"):
        assert f"ReadWritePaths=-{folder}" in units[name]
    assert "SupplementaryGroups=fsdialer" in units["freeswitch"]
    assert f"-m 2770 -o fsdialer -g fsdialer {folder}" in (VAGRANT / "steps/fsdialer.sh").read_text()


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_no_unit_too_exposed(unit):
    code, said = run("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    if "Unknown" in said or "unrecognized option" in said:
        pytest.skip("this systemd-analyze cannot look at files")
    assert code == 0, said.splitlines()[-1]


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_reads_every_line_of_a_unit(unit, tmp_path):
    """Programs that are not on this machine are replaced by one that is; every other complaint counts."""
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
    copy = tmp_path / unit.name.replace("@.", "@1001.")
    copy.write_text(text)
    _, said = run("systemd-analyze", "verify", "--man=no", str(copy))
    complaints = [line for line in said.splitlines() if unit.name.split("@")[0].split(".")[0] in line]
    assert not complaints, said
