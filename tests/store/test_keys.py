"""Every key has its line in docs/redis.md, so that an administrator finds it there."""

import inspect
from pathlib import Path

import pytest

from fsdialer.store import keys

DOC = (Path(__file__).parents[2] / "docs/redis.md").read_text()
#: What stands there for an argument; for the others, their names in capitals.
EXAMPLES = {"campaign": "spring", "lead": "17", "operator": "1001", "day": "2026-11-23", "number": "+15550100"}
NAMES = {"dialer": "d1", "gateway": "trunk", "alert": "NAME", "check": "UUID", "hearing": "play"}


def spelled(key):
    """The key as the page spells it."""
    arguments = list(inspect.signature(key).parameters)
    named = {"name": NAMES.get(key.__name__, "fs1" if key.__name__.startswith("switch") else "trunk"), "how": "play"}
    values = {**EXAMPLES, **named, "by": "LOGIN"}
    return key(*[values.get(name, name.upper()) for name in arguments]).replace("fsdialer:{acme}", "$k")


def all_keys():
    """Name → how the page spells it."""
    acme = keys.Keys("acme")
    shared = {name: spelled(key) for name, key in inspect.getmembers(keys, inspect.isfunction) if name != "dataclass"}
    of_company = {
        name: spelled(value) if callable(value) else value.replace("fsdialer:{acme}", "$k")
        for name, value in ((name, getattr(acme, name)) for name in dir(acme) if not name.startswith("_"))
        if name not in ("root", "company_id")
    }
    return {**shared, **of_company}


@pytest.mark.parametrize("name", all_keys())
def test_every_key_stands_in_the_administrators_page(name):
    assert f"`{all_keys()[name]}`" in DOC
