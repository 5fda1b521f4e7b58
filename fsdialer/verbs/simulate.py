"""`simulate`: what each way of pacing, and each abandon target, would give, before anybody is called.

On a made-up day of a scenario file, or on the campaign's own last days as its call records have them.
"""

import json
import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from fsdialer.core.dispositions import Disposition
from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Scenario, parse, play
from fsdialer.core.pacing.simulation.study import Result, from_history, summary
from fsdialer.core.times import epoch
from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store import CompanyStore

#: Besides predictive at each target.
OTHERS = {"progressive": {}, "multiplier 1.2": {"multiplier": "1.2"}, "multiplier 1.5": {"multiplier": "1.5"}}


@dataclass(frozen=True)
class Study:
    """What is asked: so many simulated days for each policy, predictive at these targets (shares)."""

    scenario: Scenario
    days: int
    targets: Sequence[float]

    def policies(self) -> dict[str, partial[Any]]:
        """Name → how to make it."""
        found = {name: partial(make, name.split()[0], **settings) for name, settings in OTHERS.items()}
        for target in self.targets:
            found[f"predictive {100 * target:g} %"] = partial(make, "predictive", target_abandon=target)
        return found


def published(name: str, file: Path | None) -> Scenario:
    """A scenario by its name: of a file, or of those that come with us. NotFound names what there is."""
    packaged = resources.files("fsdialer.core.pacing").joinpath("scenarios/published.toml")
    try:
        known = parse(file.read_text("utf-8") if file else packaged.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidSetting("scenario", f"{file} is no text: {error}") from None
    if name not in known:
        raise NotFound(f"no scenario {name!r}: there are {', '.join(known) or 'none'}")
    return known[name]


def of_history(company: CompanyStore, campaign: str, since: float, now: float, operators: int | None) -> Scenario:
    """The campaign's own world: answer rate, ring, talk and wrap-up times as its calls since then had them, and its
    gateways' channels and calls a second."""
    settings = company.setup.campaign(campaign)
    answered: list[float] = []
    missed: dict[str, list[float]] = {}
    talks: list[float] = []
    for record in company.calls.ended_since(campaign, since):
        placed, ended = epoch(record["placed"]), epoch(record["ended"])
        if not record["answered"]:
            missed.setdefault(record["cause"] or "UNKNOWN", []).append(ended - placed)
            continue
        if record["disposition"] == Disposition.MACHINE:
            missed.setdefault("MACHINE", []).append(epoch(record["answered"]) - placed)
            continue
        answered.append(epoch(record["answered"]) - placed)
        if record["bridged"]:
            talks.append(epoch(record["dismissed"] or record["ended"]) - epoch(record["bridged"]))
    own = [each.id for each in company.setup.operators() if campaign in each.campaigns]
    wrap_ups = company.stats.mean_wrap_ups_s(own, since, now)
    world = from_history(operators or len(own), answered, missed, talks, wrap_ups, settings.ring_s)
    trunks = [each for each in company.setup.gateways() if each.name in settings.gateways]
    return replace(
        world,
        name=f"{company.id}/{campaign}",
        max_wait=settings.max_wait_s,
        lines=sum(each.channels for each in trunks) or math.inf,
        calls_per_second=sum(each.calls_per_second for each in trunks) or math.inf,
    )


def draw(scenario: Scenario, folder: Path) -> list[Path]:
    """Utilisation against abandoned calls and a day's course, as PNG files; NotFound without matplotlib."""
    try:
        from fsdialer.verbs import pacing_plots
    except ImportError as error:
        raise NotFound(f"pictures need matplotlib: pip install 'fsdialer[plot]' ({error})") from None
    return pacing_plots.draw([scenario], folder)


def show(study: Study, as_json: bool) -> None:
    """Play every policy's days, on all processors, and print what came of them."""
    policies = study.policies()
    for make_policy in policies.values():
        make_policy()  # a wrong setting is told here, not by a broken process
    jobs = [(study.scenario, make_policy, seed) for make_policy in policies.values() for seed in range(study.days)]
    with ProcessPoolExecutor() as pool:
        reports = list(pool.map(_one_day, jobs))
    results = [
        summary(name, reports[place * study.days : (place + 1) * study.days]) for place, name in enumerate(policies)
    ]
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results]))
        return
    _print(study, results)


def _one_day(job: tuple[Scenario, partial[Any], int]) -> Any:
    scenario, make_policy, seed = job
    return play(scenario, make_policy(), seed + 1)


def _print(study: Study, results: Sequence[Result]) -> None:
    scenario = study.scenario
    rate = 100 * scenario.answer_rate[0][1]
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    console.print(
        f"{scenario.name}: {scenario.operators} operators, {scenario.hours:g} hours, {rate:.0f} % of calls answered "
        f"by people at the start{_trunk(scenario)}; {study.days} days of each"
    )
    table = Table(
        "policy", "operators busy", "abandoned", "worst day", "worst half hour", "talks a day", "calls a day", box=None
    )
    for result in results:
        table.add_row(
            result.policy,
            f"{result.utilisation:.1%}",
            f"{result.abandoned:.2%}",
            f"{result.worst_day:.2%}",
            f"{result.worst_half_hour:.1%}",
            f"{result.connects:.0f}",
            f"{result.dials:.0f}",
        )
    console.print(table)


def _trunk(scenario: Scenario) -> str:
    """What the trunk lets through at most, in words."""
    limits = ((scenario.lines, "lines"), (scenario.calls_per_second, "calls a second"))
    return "".join(f", at most {most:g} {what}" for most, what in limits if most < math.inf)
