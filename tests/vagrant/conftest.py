"""A copy of the machine on which the steps of vagrant/ run for real."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("copy_of_machine.sh")
OVERLAY = "mount -t tmpfs none $0 && cd $0 && mkdir a w r && mount -t overlay o -o lowerdir=/,upperdir=a,workdir=w r"


def missing(folder):
    """What stands in the way, in words; empty for nothing."""
    if not os.environ.get("FSDIALER_PROVISION"):
        return "FSDIALER_PROVISION is not set"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "this is not root on a Debian"
    tried = subprocess.run(["unshare", "--mount", "bash", "-c", OVERLAY, folder], capture_output=True, text=True)
    return f"no overlay can be mounted ({tried.stderr.strip()})" if tried.returncode else ""


@pytest.fixture
def copy_of_machine(tmp_path):
    """Runs one of this folder's scripts on a copy of the machine: script → what it said. Skips, saying so, where that
    cannot be had, and where nobody asked for these minutes (CI does)."""
    if why := missing(tmp_path):
        pytest.skip(f"{why}: the steps of vagrant/ were not run")

    def run(script):
        command = ["bash", str(SCRIPT), str(tmp_path), script]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run
