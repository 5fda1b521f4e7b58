"""All steps of the lab machine, run for real and twice, on a copy of this machine that is gone afterwards
(`provision_here.sh`: an overlay, and namespaces of its own). Only FreeSWITCH is not fetched, and no init runs. Skipped,
saying so, where that cannot be had, and where nobody asked for these two minutes (CI does)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("provision_here.sh")
OVERLAY = "mount -t tmpfs none $0 && cd $0 && mkdir a w r && mount -t overlay o -o lowerdir=/,upperdir=a,workdir=w r"


def missing(folder):
    """What stands in the way, in words; empty for nothing."""
    if not os.environ.get("FSDIALER_PROVISION"):
        return "FSDIALER_PROVISION is not set"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "this is not root on a Debian"
    tried = subprocess.run(["unshare", "--mount", "bash", "-c", OVERLAY, folder], capture_output=True, text=True)
    return f"no overlay can be mounted ({tried.stderr.strip()})" if tried.returncode else ""


@pytest.mark.timeout(300)
def test_every_step_runs_and_a_second_time_changes_nothing(tmp_path):
    if why := missing(tmp_path):
        pytest.skip(f"{why}: the steps of vagrant/ were not run")
    done = subprocess.run(["bash", str(SCRIPT), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    first, _, again = done.stdout.partition("== again\n")
    assert "3000 rows: 3000 added" in first and "wrote /etc/nftables.conf" in first
    assert "wrote" not in again and "started" not in again and "3000 rows: 0 added" in again
    assert "== the same" in again and "total 3000, due 3000" in again
    for line in (
        "/etc/fsdialer/fsdialer.env root:fsdialer 640",
        "/etc/fsdialer/freeswitch freeswitch:freeswitch 700",
        "/etc/fsdialer/lab/phones/1001/accounts root:fsdialer-lab 640",
    ):
        assert line in again
    assert again.splitlines()[-10:] == ["enabled"] * 10
