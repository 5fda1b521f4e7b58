"""Instants as text, the way they stand in Redis and on pages: ISO 8601, UTC, milliseconds."""

from datetime import UTC, datetime

#: The clocks of the machines may differ by so much (seconds) before people notice.
CLOCK_TOLERANCE_S = 2.0


def iso(at: float) -> str:
    """``1795394105.556`` → ``2026-11-23T00:35:05.556Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """Epoch seconds of an ISO instant; ValueError when it is none. Without a zone it is taken as UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def epoch_or_none(text: str | None) -> float | None:
    """As `epoch`; None for what is no instant, because it is not there or somebody wrote it by hand."""
    try:
        return epoch(text) if text else None
    except ValueError:
        return None


def day(at: float) -> str:
    """The UTC day, ``2026-11-23``: what daily counters are kept by."""
    return iso(at)[:10]
