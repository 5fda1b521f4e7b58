"""`fsdialer lab --fast`."""

import dataclasses
import tomllib

from fsdialer.core.campaigns import RetryDelays
from fsdialer.demo.lab import FAST


def test_every_kind_of_failure_is_called_again_within_half_a_minute():
    delays = tomllib.loads(f"retry = {FAST['retry']}")["retry"]
    assert set(delays) == {field.name for field in dataclasses.fields(RetryDelays)}
    assert max(delays.values()) <= 0.5
