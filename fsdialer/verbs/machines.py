"""`machines`: how often detectors of answering machines are wrong, gateway by gateway."""

import time

import click

from fsdialer.verbs.shared import company_of, company_option

_HEAD = ("gateway", "detector", "right", "false machine", "", "false person", "", "people", "sent away", "people lost")


@click.command(short_help="What detectors of answering machines heard, and the truth.")
@company_option
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="UTC days, today among them.")
def machines(company: str | None, days: int) -> None:
    """Answering machines: what detectors heard against what operators said."""
    from fsdialer.core.machines import share

    tallies = company_of(company).machines.tallies(time.time(), days)
    if not tallies:
        click.echo(f"Nothing in {days} days: no campaign listens (amd), or no operator chose an outcome.")
        return
    rows: list[tuple[str, ...]] = [_HEAD]
    for (gateway, detector), t in tallies.items():
        lost = "unknown" if t.people_lost is None else f"about {t.people_lost:.0f}"
        counts = (t.right, t.false_machine, share(t.false_machine_rate), t.false_person, share(t.false_person_rate))
        rows.append((gateway, detector, *map(str, (*counts, t.person, t.unjudged)), lost))
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo("Of those sent away nobody can say what they were; see docs/answering-machines.md.")
