"""The house rules, as tests: arrows between rooms, sizes, keys in one place, nothing swallowed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "fsdialer").rglob("*.py"), *(ROOT / "web").rglob("*.py")])
LONGEST_MODULE = 350

# Which rooms a room may import, besides itself. `core` and `errors` are everybody's.
EVERYBODYS = {"fsdialer", "fsdialer.core", "fsdialer.errors"}
ARROWS = {
    "fsdialer.core": {"fsdialer.errors"},
    "fsdialer.esl": EVERYBODYS,
    "fsdialer.store": EVERYBODYS,
    "fsdialer.jobs": EVERYBODYS | {"fsdialer.store", "fsdialer.settings", "fsdialer.imports", "fsdialer.recordings"},
    "fsdialer.engine": EVERYBODYS | {"fsdialer.esl", "fsdialer.store", "fsdialer.jobs", "fsdialer.settings"},
    "fsdialer.lab": {"fsdialer"},
    "fsdialer.demo": EVERYBODYS | {"fsdialer.store", "fsdialer.lab", "fsdialer.settings"},
    "fsdialer.imports": EVERYBODYS | {"fsdialer.store"},
    "fsdialer.recordings": EVERYBODYS | {"fsdialer.store"},
    "fsdialer.settings": EVERYBODYS,
    "web": EVERYBODYS
    | {"fsdialer.store", "fsdialer.settings", "fsdialer.jobs", "fsdialer.imports", "fsdialer.recordings"},
}
# What the pure core may use of the world: arithmetic and words, nothing that waits, reads or tells the time.
PURE = {
    "collections", "dataclasses", "datetime", "decimal", "difflib", "enum", "functools", "itertools", "math", "re",
    "tomllib", "types", "typing", "unicodedata", "phonenumbers", "abc", "string", "fractions", "numbers", "__future__",
    "bisect", "heapq", "numpy", "random", "statistics", "base64", "hashlib", "hmac", "xml", "zoneinfo",
}  # fmt: skip


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module):
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "fsdialer" else parts[0]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "fsdialer":
                yield from (f"fsdialer.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_rooms_import_along_the_arrows_only(path):
    room = room_of(module_name(path))
    if room not in ARROWS:
        return
    for name in imports(path):
        if name.split(".")[0] in ("fsdialer", "web"):
            target = room_of(name)
            assert target == room or target in ARROWS[room], f"{module_name(path)} may not import {name}"


@pytest.mark.parametrize("path", [p for p in SOURCES if "core" in p.parts], ids=module_name)
def test_core_is_pure(path):
    for name in imports(path):
        top = name.split(".")[0]
        assert top == "fsdialer" or top in PURE, f"{module_name(path)} imports {name}"
    assert not re.search(r"\bdatetime\.now|\.today\(\)|\butcnow\b|\btime\.time\b", path.read_text())


TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=module_name)
def test_modules_fit_in_a_readers_head(path):
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_modules_and_their_public_names_say_what_they_are(path):
    tree = ast.parse(path.read_text())
    if not tree.body:
        return
    assert ast.get_docstring(tree), f"{module_name(path)} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module_name(path)}.{node.name} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_no_error_is_swallowed_and_nothing_prints_outside_the_terminal_verbs(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path}:{node.lineno}: bare except"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            terminal = ("cli.py", "verbs", "demo", "lab")
            assert any(part in path.parts for part in terminal), f"{path}:{node.lineno}: print"


def test_redis_keys_are_spelt_in_one_place():
    for path in SOURCES:
        if path.name != "keys.py":
            code = "\n".join(
                node.value
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
            )
            assert "fsdialer:{" not in code and "fsdialer:companies" not in code, path


@pytest.mark.parametrize("path", sorted((ROOT / "fsdialer/store/lua").glob("[!_]*.lua")), ids=lambda p: p.stem)
def test_every_script_says_its_call_keys_and_answer(path):
    text = path.read_text()
    assert text.startswith(f"-- {path.stem}(")
    assert "-- KEYS:" in text and "-- RETURNS:" in text


def test_the_rq_worker_never_meets_gevents_patching():
    """A patched worker loses jobs on SIGTERM: nothing it imports may patch, or even load the patcher."""
    code = "import fsdialer.jobs, sys; sys.exit('gevent.monkey' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_patching_happens_in_entry_points_only():
    for path in SOURCES:
        if "patch_all" in path.read_text():
            assert path.name in ("cli.py", "switch.py", "__main__.py", "_patched.py") or "verbs" in path.parts, path
