"""The committed bundle of the page's one library: what package.json names, its licences beside it, no eval in it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND, VENDOR = ROOT / "frontend", ROOT / "web/static/vendor"
PACKAGE = json.loads((FRONTEND / "package.json").read_text())
LOCK = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
BUNDLE = (VENDOR / "jssip.js").read_text()


def bundled():
    """Package → version, as the bundle's first line has them."""
    return dict(each.split(" ") for each in re.match(r"/\*! (.+); licences", BUNDLE)[1].split(", "))


def test_versions_are_exact():
    for version in (PACKAGE["dependencies"] | PACKAGE["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_bundle_is_of_the_versions_named():
    assert bundled()["jssip"] == PACKAGE["dependencies"]["jssip"]
    assert f'title:"JsSIP",description:"The Javascript SIP library",version:"{bundled()["jssip"]}"' in BUNDLE
    for name, version in bundled().items():
        assert LOCK[f"node_modules/{name}"]["version"] == version


def test_everything_locked_but_the_bundler_is_in_it():
    needed = {name.removeprefix("node_modules/") for name, about in LOCK.items() if name and not about.get("dev")}
    assert needed == set(bundled())


def test_every_licence_is_beside_it():
    licences = (VENDOR / "LICENSES.txt").read_text()
    for name, version in bundled().items():
        assert re.search(rf"^{re.escape(name)} {re.escape(version)} \(MIT\)\n\n(?s:.{{200,}})", licences, re.M)


def test_nothing_in_it_needs_a_weaker_security_policy():
    assert not re.search(r"\beval\(|new Function\(|\bimport\(", BUNDLE)


def test_building_it_again_gives_the_same(tmp_path):
    """Where its packages are installed (`make vendor` does that)."""
    if not (shutil.which("node") and (FRONTEND / "node_modules/esbuild").is_dir()):
        pytest.skip("frontend/node_modules is not here: run make vendor")
    subprocess.run(["node", "build.mjs", f"{tmp_path}/"], cwd=FRONTEND, check=True, capture_output=True)
    assert (tmp_path / "jssip.js").read_text() == BUNDLE
    assert (tmp_path / "LICENSES.txt").read_text() == (VENDOR / "LICENSES.txt").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "web/static").glob("*.js")), ids=lambda path: path.name)
def test_scripts_of_our_own_fit_in_a_readers_head(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 350
    assert lines[0].startswith("//")
