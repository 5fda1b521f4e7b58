"""How FreeSWITCH comes to the lab machine: the step as it stands, with Debian's Nix, apt and curl, on a copy of this
machine. Only the servers at the other end are stand-ins (`sources.py`), over TLS, under their own names."""

import re
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / "freeswitch" / "autoload_configs" / "modules.conf.xml"
VENDOR = "/repo/deb/debian-release"


def sections(said):
    """What each run of the step said: title → lines."""
    parts = re.split(r"^== (?!freeswitch$)(.*)\n", said, flags=re.MULTILINE)
    return {title: text.splitlines() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.timeout(300)
def test_freeswitch_is_fetched_from_nix_and_from_the_vendor_once_each(copy_of_machine):
    runs = sections(copy_of_machine("fetch_here.sh"))

    assert "FreeSWITCH 1.11.3 from nix" in runs["nix"]
    assert {line for line in runs["nix"] if line.startswith("asked")} == {
        f"asked /{channel}/nixexprs.tar.xz {answer}"
        for channel in ("nixos-24.11", "nixpkgs-unstable")
        for answer in (200, 302)
    }
    assert runs["nix again"] == ["== freeswitch", "FreeSWITCH 1.11.3 from nix"]

    assert f"asked {VENDOR}/signalwire-freeswitch-repo.gpg 401" in runs["a wrong token"]
    assert "refused" in runs["a wrong token"] and not any("keyrings" in line for line in runs["a wrong token"])

    assert "FreeSWITCH 1.11.3 from signalwire" in runs["vendor"]
    assert f"asked {VENDOR}/dists/bookworm/InRelease 200" in runs["vendor"]
    assert runs["vendor"][-2:] == ["/usr/bin/freeswitch", "/etc/apt/auth.conf.d/freeswitch.conf root 600"]
    loaded = re.findall(r'load module="(\w+)"', MODULES.read_text())
    assert set(runs["packages"]) == {"freeswitch", *(f"freeswitch-{name.replace('_', '-')}" for name in loaded)}
    assert "is FS_TOKEN right?" in "\n".join(runs["a wrong token"])
    assert "FreeSWITCH 1.11.3 from signalwire" in runs["vendor too old"]
    assert runs["vendor again"] == ["== freeswitch", "FreeSWITCH 1.11.3 from signalwire"]
