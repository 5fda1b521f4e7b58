"""What becomes of a lead after an attempt: called again, when, or done.

The delays are AutoCall's "call transfer times": minutes by kind of failure, set per company and campaign.
"""

from dataclasses import dataclass

from fsdialer.core.campaigns import DEFAULT_DELAYS, RetryDelays
from fsdialer.core.dispositions import Disposition, Verdict

#: So many failures in a row that were not the lead's doing wait their usual time; each one more waits twice as long as
#: the one before it, a minute at the least, a day at the most: a fault may last, or be of that number alone.
PATIENT_FAILURES, DAY_MIN = 3, 1440.0


@dataclass(frozen=True, slots=True)
class NextStep:
    """`retry_at`: epoch seconds, None when the lead is not called again. `lead_state`: "waiting" or "done". `not_by`:
    the gateway that is not to have the next call."""

    retry_at: float | None
    lead_state: str
    reason: str
    not_by: str = ""


def next_step(
    *,
    verdict: Verdict,
    attempts: int,
    promised: bool,
    failures: int = 0,
    retry_min: RetryDelays,
    max_attempts: int,
    now: float,
) -> NextStep:
    """The lead's next step.

    `attempts` is the lead's charged attempts and this one; when this one is not charged it does not count towards
    the cap, and the call that was `promised` has not been made. `abandoned`, `cancelled` and whatever else has no delay
    of its own wait as long as a technical error. `failures`: how often in a row the lead was failed before this one.
    """
    disposition, charged = verdict.disposition, verdict.charged
    if verdict.final:
        return NextStep(None, "done", str(disposition))
    if (attempts if charged else attempts - 1) >= max_attempts and (charged or not promised):
        return NextStep(None, "done", f"attempt cap of {max_attempts} reached")
    delays = retry_min.over(DEFAULT_DELAYS)
    delay = {
        Disposition.MISSED: delays.missed,
        Disposition.UNAVAILABLE: delays.unavailable,
        Disposition.BUSY: delays.busy,
        Disposition.MACHINE: delays.machine,
    }.get(disposition, delays.technical)
    assert delay is not None  # DEFAULT_DELAYS leaves none out
    if is_failure(verdict) and failures >= PATIENT_FAILURES:
        doubled = max(delay, 1.0) * 2.0 ** min(failures + 1 - PATIENT_FAILURES, 16)
        delay = max(delay, min(doubled, DAY_MIN))
    return NextStep(now + delay * 60, "waiting", f"again {delay:g} min after {disposition}")


def is_failure(verdict: Verdict) -> bool:
    """Did we or the carrier fail the lead, at no attempt? (What we cancelled ourselves has not failed.)"""
    return verdict.disposition is Disposition.TECHNICAL and not verdict.charged
