"""One pacing decision as a small record and as a sentence for the wallboard. Words only; decides nothing."""

from dataclasses import asdict, dataclass
from typing import Any

#: What bound a decision, and how a reader is told.
LIMITS = {
    "risk": "one more would be too risky",
    "nobody": "nobody is on line",
    "budget": "the day's budget has no room for one more abandoned call: one call per free operator",
    "half hour": "too many abandoned in the last minutes: one call per free operator",
    "hard limit": "the legal window is at its limit: one call per free operator",
    "multiplier": "the multiplier allows no more",
    "closing": "calling hours end before an answer could be served",
    "leads": "the list has no more leads",
    "lines": "no more lines are free",
    "most": "as many as one decision may place",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Why so many calls. Operators and answers are expectations over the horizon (32 s); shares are 0 … 1."""

    t: float
    calls: int
    ready: int
    waiting: int
    ringing: int
    #: Operators expected to become free within the horizon, and answers expected from the calls ringing.
    freed: float
    answers: float
    #: Chance that one more answer costs a customer, and the most allowed to a call now.
    chance: float
    allowed: float
    #: Abandoned ÷ answered today, as a share of the target: 1 is all of it.
    budget_used: float
    limit: str

    def record(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: round(x, 4) if isinstance(x, float) else x for name, x in asdict(self).items()}

    def sentence(self) -> str:
        """For people: ``3 free, 4 more within 32 s; 5 ringing bring 1.6 answers; …``."""
        if self.limit == "nobody":
            return LIMITS["nobody"]
        waiting = f", {self.waiting} customers waiting" if self.waiting else ""
        return (
            f"{self.ready} free and {self.freed:.1f} more soon{waiting}; {self.ringing} ringing should bring "
            f"{self.answers:.1f} answers; one more answer finds nobody with {100 * self.chance:.1f} % "
            f"({100 * self.allowed:.1f} % allowed); {100 * self.budget_used:.0f} % of the abandon budget used: "
            f"{self.calls} calls, {LIMITS[self.limit]}"
        )
