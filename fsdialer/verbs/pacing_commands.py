"""The verbs about pacing: `pacing explain` and `simulate`. They import what they need when they run."""

import time
from pathlib import Path

import click

from fsdialer.verbs.shared import campaign_option, company_of, company_option


@click.group()
def pacing() -> None:
    """How many calls are placed, and why."""


@pacing.command()
@company_option
@campaign_option
@click.option("--last", type=click.IntRange(min=1), default=10, show_default=True, help="How many decisions to show.")
def explain(company: str | None, campaign: str, last: int) -> None:
    """The last decisions of a campaign's pacing, with the figures they were made on."""
    from fsdialer.verbs.pacing import show_decisions

    show_decisions(company_of(company), campaign, last)


@click.command(short_help="What each way of pacing would give.")
@click.option("--scenario", default="operators-20", show_default=True, help="Its name in the file, or one of ours.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Scenarios of your own.")
@click.option("--from-history", is_flag=True, help="The campaign's own last days instead of a scenario.")
@company_option
@click.option("--campaign", help="With --from-history.")
@click.option("--history-days", type=click.IntRange(1, 7), default=7, show_default=True)
@click.option("--operators", type=click.IntRange(1, 5000), help="How many, instead of the campaign's own.")
@click.option("--days", type=click.IntRange(1, 100), default=3, show_default=True, help="Simulated days of each.")
@click.option(
    "--target",
    "targets",
    type=click.FloatRange(0, 0.2),
    multiple=True,
    help="An abandon target, as a share: 0.03. Repeat it.",
)
@click.option("--plot", type=click.Path(file_okay=False, path_type=Path), help="A folder for pictures.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def simulate(
    scenario: str,
    file: Path | None,
    from_history: bool,
    company: str | None,
    campaign: str | None,
    history_days: int,
    operators: int | None,
    days: int,
    targets: tuple[float, ...],
    plot: Path | None,
    as_json: bool,
) -> None:
    """What each way of pacing would give: operators busy, customers abandoned. Nobody is called."""
    from dataclasses import replace

    from fsdialer.core.pacing.simulation.study import TARGETS
    from fsdialer.verbs import simulate as verb

    if from_history:
        if campaign is None:
            raise click.UsageError("--from-history needs --campaign")
        if file is not None:
            raise click.UsageError("either --from-history or --file")
        now = time.time()
        world = verb.of_history(company_of(company), campaign, now - history_days * 86400, now, operators)
    else:
        if campaign is not None:
            raise click.UsageError("--campaign needs --from-history")
        world = verb.published(scenario, file)
        world = replace(world, operators=operators or world.operators)
    verb.show(verb.Study(world, days, targets or TARGETS), as_json)
    for path in verb.draw(world, plot) if plot else ():
        click.echo(f"picture: {path}", err=True)
