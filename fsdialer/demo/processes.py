"""Child processes that never outlive the lab: ended in order at the end, by the kernel should the lab be killed."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1

#: Seconds a child may take to end by itself before it is killed.
END_S = 2.5


class ProcessFailed(Exception):
    """A child ended when it should not have; the message has the end of its log."""


def _die_with_parent() -> None:
    """Linux: the kernel ends this child when the lab is gone, however it went."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """The lab's children, each with its log file in `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def environ(self, name: str, value: str) -> None:
        """A variable for the children started from here on."""
        self._environment[name] = value

    def start(self, name: str, *arguments: str, ready: str = "", timeout_s: float = 20.0) -> str:
        """Start ``python -m …`` and, with `ready`, wait for a log line that begins so; that line."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as out:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        return self._await_line(name, log, ready, timeout_s) if ready else ""

    def run(self, name: str, arguments: Sequence[str]) -> None:
        """Run one command to its end; ProcessFailed with what it said unless it succeeded."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment,
            check=False,
        )
        if done.returncode:
            raise ProcessFailed(f"{name} failed:\n{done.stdout}{done.stderr}")

    def check(self) -> None:
        """ProcessFailed when a child has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                raise ProcessFailed(f"{name} ended (exit {child.returncode}):\n{self._end_of_log(name)}")

    def stop(self) -> None:
        """End all: asked first, killed after `END_S`."""
        for child in self._children.values():
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + END_S
        for child in self._children.values():
            try:
                child.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.wait()
        self._children.clear()

    def _await_line(self, name: str, log: Path, ready: str, timeout_s: float) -> str:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in log.read_text(errors="replace").splitlines():
                if line.startswith(ready):
                    return line
            self.check()
            time.sleep(0.02)  # a file has no event to wait for
        raise ProcessFailed(f"{name} did not say {ready!r} within {timeout_s:.0f} s:\n{self._end_of_log(name)}")

    def _end_of_log(self, name: str) -> str:
        lines = (self._folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])


def _signal(child: subprocess.Popen[bytes], signum: int) -> None:
    """To the child and what it started (RQ's work horses)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signum)
