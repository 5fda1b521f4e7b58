"""What `make test` installs besides Python packages."""

import re
from pathlib import Path

from tests.programs import PROGRAMS, install, missing

TESTS = Path(__file__).parent
#: Programs a test may look for that no package of Debian brings, or that are there wherever Python is.
OTHERS = {"freeswitch", "node", "openssl", "systemd-analyze", "chromium-browser", "fsdialer", "apt-get"}


def test_every_program_a_test_is_skipped_without_is_installed_or_known_not_to_be():
    asked = set()
    for path in TESTS.rglob("test_*.py"):
        asked.update(re.findall(r'(?:which|needs)\("([a-z-]+)"\)', path.read_text()))
    assert "shellcheck" in asked
    assert asked <= {*PROGRAMS, *OTHERS}


def test_only_what_is_not_on_path_is_missing():
    assert missing(lambda program: None if program == "sipp" else f"/usr/bin/{program}") == ["sipp"]


def test_a_package_debian_does_not_have_keeps_no_other_from_being_installed():
    asked = []

    class Answer:
        def __init__(self, command):
            asked.append(command)
            self.returncode = 100 if "gone" in command else 0

    install(["gone", "shellcheck"], run=lambda command, **options: Answer(command))
    assert asked[-1][-1] == "shellcheck" and asked[-1].count("gone") == 0


def test_a_machine_without_apt_is_no_error(capsys):
    def run(command, **options):
        raise FileNotFoundError("apt-get")

    install(["shellcheck"], run=run)
    assert "apt-get" in capsys.readouterr().out
