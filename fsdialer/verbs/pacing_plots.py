"""Two pictures of pacing: utilisation against abandoned calls, one curve for each policy, and a day's course.

Needs matplotlib (the extra ``plot``): import it only to draw.
"""

from pathlib import Path

from matplotlib.figure import Figure

from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Report, Scenario, play
from fsdialer.core.pacing.simulation.peers import Clairvoyant

MULTIPLIERS = ("1", "1.2", "1.5", "1.8", "2", "2.5")
TARGETS = (0.005, 0.01, 0.02, 0.03, 0.05)


def draw(scenarios: list[Scenario], directory: Path) -> list[Path]:
    """Both pictures for each scenario, as PNG files in the directory; one simulated day for each point."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for scenario in scenarios:
        name = scenario.name.replace("/", "-")  # a campaign's own world is called company/campaign
        paths += [curve(scenario, directory / f"{name}-curve.png")]
        paths += [course(scenario, directory / f"{name}-day.png")]
    return paths


def curve(scenario: Scenario, path: Path) -> Path:
    """Utilisation against abandoned calls."""
    figure = Figure(figsize=(8, 5), layout="tight")
    axes = figure.subplots()
    multipliers = [play(scenario, make("multiplier", multiplier=m)) for m in MULTIPLIERS]
    targets = [play(scenario, make("predictive", target_abandon=target)) for target in TARGETS]
    bound = play(scenario, Clairvoyant())
    for label, marker, reports in (
        ("fixed multipliers 1 … 2.5", "s", multipliers),
        ("predictive, targets 0.5 … 5 %", "o", targets),
        ("clairvoyant bound", "*", [bound]),
    ):
        axes.plot([percent(r)[0] for r in reports], [percent(r)[1] for r in reports], marker=marker, label=label)
    axes.axvline(3, linestyle=":", color="grey")
    axes.set(xlabel="abandoned, % of answers", ylabel="utilisation, %", title=scenario.name)
    axes.legend()
    figure.savefig(path, dpi=110)
    return path


def percent(report: Report) -> tuple[float, float]:
    """(abandoned, utilisation) in per cent."""
    return 100 * report.abandon_rate, 100 * report.utilisation


def course(scenario: Scenario, path: Path) -> Path:
    """What operators did over the day, and the abandoned share so far."""
    report = play(scenario, make("predictive", target_abandon=0.03))
    hours = [t / 3600 for t, *_ in report.timeline]
    figure = Figure(figsize=(10, 6), layout="tight")
    above, below = figure.subplots(2, 1, sharex=True)
    above.stackplot(
        hours,
        [[row[place] for row in report.timeline] for place in (2, 3, 1)],
        labels=("talking", "wrap-up", "free"),
    )
    above.plot(hours, [row[4] for row in report.timeline], color="black", linewidth=0.6, label="ringing")
    above.set(ylabel="operators, calls", title=f"{scenario.name}: predictive, 3 %")
    above.legend(loc="lower right")
    answers = abandons = 0
    shares = []
    for part in range(int(scenario.hours * 12)):
        answers += report.answers_by_slice.get(part, 0)
        abandons += report.abandons_by_slice.get(part, 0)
        shares.append((part / 12 + 1 / 12, 100 * abandons / max(1, answers)))
    below.plot([hour for hour, _ in shares], [share for _, share in shares], label="abandoned so far")
    below.axhline(3, linestyle=":", color="grey")
    below.set(xlabel="hour", ylabel="%", ylim=(0, 6))
    below.legend()
    figure.savefig(path, dpi=110)
    return path
