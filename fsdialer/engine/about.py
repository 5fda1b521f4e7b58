"""What a dialer says of itself while it is alive, for `fsdialer status` and `check`."""

import os
from collections.abc import Iterable

from fsdialer.core.times import iso
from fsdialer.engine.lines import Lines


def about(now: float, redis_ahead_s: float, campaigns: Iterable[tuple[str, str]], lines: Lines) -> dict[str, str]:
    """As text; `campaigns` are those it owns, company and id; `ahead_s`: its clock, of Redis'."""
    return {
        "pid": str(os.getpid()),
        "seen": iso(now),
        "ahead_s": f"{-redis_ahead_s:.1f}",
        "campaigns": " ".join(f"{company}/{campaign}" for company, campaign in sorted(campaigns)),
        "switches": " ".join(f"{link.address.name}={'up' if link.up else 'down'}" for link in lines.all()),
    }
