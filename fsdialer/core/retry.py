"""What becomes of a lead after an attempt: called again, when, or done.

The delays are AutoCall's "call transfer times": minutes by kind of failure, set per company and campaign.
"""

from dataclasses import dataclass

from fsdialer.core.campaigns import DEFAULT_DELAYS, RetryDelays
from fsdialer.core.dispositions import Disposition


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
    disposition: Disposition,
    charged: bool,
    final: bool,
    attempts: int,
    promised: bool,
    retry_min: RetryDelays,
    max_attempts: int,
    now: float,
) -> NextStep:
    """The lead's next step.

    `attempts` is the lead's charged attempts and this one; when this one is not charged it does not count towards
    the cap, and the call that was `promised` has not been made. `abandoned`, `cancelled` and whatever else has no delay
    of its own wait as long as a technical error.
    """
    if final:
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
    return NextStep(now + delay * 60, "waiting", f"again {delay:g} min after {disposition}")
