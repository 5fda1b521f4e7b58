"""``docs/event-socket.md`` names tests, settings and figures: they are there, and as it says."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from fsdialer.esl.patience import Timings
from fsdialer.esl.translate import SUBSCRIPTION

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs/event-socket.md").read_text()
SECTIONS = dict(re.findall(r"(?ms)^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT))


def test_every_fault_has_a_cure_and_tests_that_exist():
    there = set()
    for path in Path(__file__).parent.rglob("test_*.py"):
        there |= set(re.findall(r"(?m)^def (test_\w+)", path.read_text()))
    rows = re.findall(r"(?m)^\| (\d+) \|(.*)\|(.*)\|(.*)\|$", SECTIONS["greenswitch 0.0.19: faults and cures"])
    assert [int(number) for number, *_ in rows] == list(range(1, 17))
    for number, _, _, tests in rows:
        assert re.findall(r"`(test_\w+)`", tests), number
    assert set(re.findall(r"`(test_\w+)`", TEXT)) <= there


def test_the_settings_are_those_of_the_link():
    section = SECTIONS["What is promised"]
    assert set(re.findall(r"`([a-z_]+_s)`", section)) == set(asdict(Timings()))
    for names, seconds in re.findall(r"(?m)^\| (`\w+_s`(?:, `\w+_s`)*) \| ([\d., ]+)", section):
        stated = [float(number) for number in seconds.split(",")]
        assert stated == [getattr(Timings(), name.strip("` ")) for name in names.split(",")]


def test_what_is_subscribed_to_is_what_is_written():
    word = r"`[A-Za-z_:]+`"
    rows = re.findall(rf"(?m)^\| ({word}(?:,? {word})*) \|", SECTIONS["What is asked of the switch"])
    assert re.findall(r"[A-Za-z_:]{5,}", " ".join(rows)) == list(SUBSCRIPTION)


def test_the_bench_runs_and_both_sides_do_the_same_work():
    """How many times faster is for a quiet machine to say; that it is a comparison at all, for this one."""
    command = [sys.executable, "bench/event_socket.py", "--events=500", "--rounds=1", "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    said = json.loads(ran.stdout)
    assert set(said["sides"]) == {"greenswitch 0.0.19", "ours", "ours + translation"}
    assert said["ratio"] > 1 and said["target"] == 8
    assert (ran.returncode == 0) == (said["ratio"] >= 8), ran.stderr
