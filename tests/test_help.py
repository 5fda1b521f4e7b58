"""`fsdialer --help`: the first thing a newcomer reads."""

import pytest
from click.testing import CliRunner

from fsdialer.cli import main


def test_every_verb_is_summed_up_in_a_whole_sentence():
    listed = CliRunner().invoke(main, ["--help"], terminal_width=80).output.split("Commands:")[1]
    verbs = [line for line in listed.splitlines() if line.strip()]
    assert len(verbs) > 15
    assert all(line.endswith(".") and not line.endswith("...") for line in verbs), listed


@pytest.mark.parametrize("last", ["0", "-2"])
def test_no_decisions_to_explain_are_refused_before_redis_is_asked(last):
    said = CliRunner().invoke(main, ["pacing", "explain", "--campaign", "spring", "--last", last])
    assert said.exit_code == 2 and f"'--last': {last} is not in the range" in said.output
