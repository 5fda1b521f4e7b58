"""What a look at one thing came to, and how findings read on the screen and for programs."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from fsdialer.core.times import CLOCK_TOLERANCE_S

#: What to do about a switch that cannot be asked.
UNREACHABLE = "start FreeSWITCH; if it runs: address, password and access list of its event_socket.conf.xml"


class Level(StrEnum):
    """How bad it is: nothing to do; works, but should be mended; calls will fail, or somebody can do harm."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, in one line. `mend` says what to do when it is not ok."""

    level: Level
    what: str
    mend: str = ""

    def lines(self) -> list[str]:
        """For the screen."""
        lines = [f"{self.level:4}  {self.what}"]
        return lines if self.level is Level.OK else [*lines, f"      → {self.mend}"]

    def as_json(self) -> dict[str, Any]:
        """For programs; `mend` only where there is something to do."""
        values = asdict(self)
        return {name: str(value) for name, value in values.items() if value and (name != "mend" or self.level != "ok")}


def ok(what: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, what)


def warn(what: str, mend: str) -> Finding:
    """It works, but should be mended."""
    return Finding(Level.WARN, what, mend)


def fail(what: str, mend: str) -> Finding:
    """It must be mended."""
    return Finding(Level.FAIL, what, mend)


def judge(good: bool, what: str, mend: str) -> Finding:
    """Ok, or a failure."""
    return ok(what) if good else fail(what, mend)


def clock(whose: str, difference_s: float) -> Finding:
    """Of a clock that is so far ahead."""
    good = abs(difference_s) <= CLOCK_TOLERANCE_S
    return judge(good, f"clock of {whose}: {difference_s:+.1f} s", "run an NTP client on both machines")
