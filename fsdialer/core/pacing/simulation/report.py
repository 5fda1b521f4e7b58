"""What a simulated day came to: utilisation, abandoned share, the worst half hour. Counts; plays nothing."""

from dataclasses import dataclass, field

HALF_HOUR_S = 1800.0
SLICE_S = 300.0


@dataclass
class Report:
    """Counts of one day. Seconds are operators' seconds; answers are people's, machines apart."""

    scenario: str = ""
    policy: str = ""
    seed: int = 0
    on_line_s: float = 0.0
    busy_s: float = 0.0
    dials: int = 0
    answers: int = 0
    abandons: int = 0
    machines: int = 0
    connects: int = 0
    waited_s: float = 0.0
    decisions: int = 0
    answers_by_slice: dict[int, int] = field(default_factory=dict)
    abandons_by_slice: dict[int, int] = field(default_factory=dict)
    #: ``(t, ready, talking, wrap-up, ringing)`` once a minute, for the day's timeline.
    timeline: list[tuple[float, int, int, int, int]] = field(default_factory=list)

    def answered(self, t: float) -> None:
        """A person answered."""
        self.answers += 1
        part = int(t / SLICE_S)
        self.answers_by_slice[part] = self.answers_by_slice.get(part, 0) + 1

    def abandoned(self, t: float) -> None:
        """They found nobody and left."""
        self.abandons += 1
        part = int(t / SLICE_S)
        self.abandons_by_slice[part] = self.abandons_by_slice.get(part, 0) + 1

    @property
    def utilisation(self) -> float:
        """(talk + wrap-up) ÷ time on line."""
        return self.busy_s / self.on_line_s if self.on_line_s else 0.0

    @property
    def abandon_rate(self) -> float:
        """Abandoned ÷ answered by people."""
        return self.abandons / self.answers if self.answers else 0.0

    @property
    def worst_half_hour(self) -> float:
        """The highest abandoned share of any whole half hour, starting on a full five minutes, with 20 answers."""
        width, worst = int(HALF_HOUR_S / SLICE_S), 0.0
        for first in range(max(1, max(self.answers_by_slice, default=0) + 2 - width)):
            parts = range(first, first + width)
            answers = sum(self.answers_by_slice.get(part, 0) for part in parts)
            if answers >= 20:
                worst = max(worst, sum(self.abandons_by_slice.get(part, 0) for part in parts) / answers)
        return worst
