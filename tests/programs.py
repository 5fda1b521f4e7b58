"""Programs the tests use that pip does not bring: installed from Debian where this is root's machine, else named.

Run by ``make test``, once. Nothing depends on it: without a program the tests that need it are skipped, saying so.
"""

import os
import shutil
import subprocess

#: Program → the Debian package that has it, and what is not tried without it.
PROGRAMS = {
    "chromium": ("chromium", "pages in a browser"),
    "shellcheck": ("shellcheck", "the scripts of vagrant/"),
    "sipp": ("sip-tester", "the lab's carrier, and calls through a real FreeSWITCH"),
    "baresip": ("baresip-core", "soft operators"),
    "ruby": ("ruby", "the Vagrantfile's syntax"),
    "vagrant": ("vagrant", "the Vagrantfile"),
}
#: How long Debian may take for all of them (seconds).
PATIENCE_S = 300
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}


def missing(which=shutil.which):
    """Those not on PATH."""
    return [program for program in PROGRAMS if which(program) is None]


def install(packages, run=subprocess.run):
    """Ask apt for them, quietly; one that it does not know, or no network, keeps it from nothing else."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update", "-qq"], env=environment, timeout=PATIENCE_S, **QUIET)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        if run([*command, *packages], env=environment, timeout=PATIENCE_S, **QUIET).returncode:
            for package in packages:
                run([*command, package], env=environment, timeout=PATIENCE_S, **QUIET)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"apt-get: {error}")


def main():
    """Install what is missing, if that may be, and say what will be skipped."""
    wanted = [PROGRAMS[program][0] for program in missing()]
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {' '.join(wanted)} for the tests")
        install(wanted)
    for program in missing():
        package, what = PROGRAMS[program]
        print(f"Tests of {what} will be skipped: apt-get install {package}")


if __name__ == "__main__":
    main()
