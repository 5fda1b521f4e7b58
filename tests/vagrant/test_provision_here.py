"""All steps of the lab machine, run for real and twice, on a copy of this machine that is gone afterwards. Only
FreeSWITCH is not fetched (test_freeswitch_fetched.py), and no init runs."""

import pytest


@pytest.mark.timeout(600)
def test_every_step_runs_and_a_second_time_changes_nothing(copy_of_machine):
    first, _, again = copy_of_machine("provision_here.sh").partition("== again\n")
    assert "3000 rows: 3000 added" in first and "wrote /etc/nftables.conf" in first
    assert "Redis kept: from before" in first
    assert "wrote" not in again and "started" not in again and "3000 rows: 0 added" in again
    emptied = again.partition("== the same\n")[2]
    assert "OK\n== company\n" in emptied and "3000 rows: 3000 added" in emptied
    assert "== the same" in again and "total 3000, due 3000" in again
    for line in (
        "/etc/fsdialer/fsdialer.env root:fsdialer 640",
        "/etc/fsdialer/freeswitch freeswitch:freeswitch 700",
        "/etc/fsdialer/lab/phones/1001/accounts root:fsdialer-lab 640",
    ):
        assert line in again
    assert again.splitlines()[-10:] == ["enabled"] * 10
