"""What `vagrant up` says at its end: do calls flow, and how does the person sit down."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

STEP = (Path(__file__).parents[2] / "vagrant/steps/lab.sh").read_text()


def function(name, call, **environment):
    """What a function of the step says, with `fsdialer` answering $STATUS."""
    text = re.search(rf"^{name}\(\) \{{.*?^\}}$", STEP, re.M | re.S)[0]
    script = f'fsdialer() {{ echo "$STATUS"; }}\n{text}\n{call}'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("leads", "left"), [({"due": 7, "waiting": 2, "calling": 1}, 8), ({"due": 0, "waiting": 9, "calling": 0}, 0)]
)
def test_leads_that_wait_for_their_retry_are_not_expected_to_be_called_now(leads, left):
    status = json.dumps({"campaigns": [{"today": {"attempts": 4}, "leads": leads}]})
    assert function("figures", "figures", STATUS=status, VENV=sys.prefix) == f"4 {left}\n"


def test_the_third_seat_is_told_the_password_of_its_softphone_if_it_has_one():
    said = function("softphone", 'softphone "$PASSWORD"', SIP_IP="192.168.56.10", PASSWORD="a-password")
    assert "sip:1003@192.168.56.10:5060 (UDP)   user 1003   password a-password" in said
    said = function("softphone", 'softphone ""', SIP_IP="192.168.56.10")
    assert "password" not in said and "as it was set on the page" in said
