"""`pacing explain`: why so many calls were placed, and no more."""

import click
from rich.console import Console
from rich.table import Table

from fsdialer.store import CompanyStore

_SAID_APART = ("at", "calls", "reason")


def show_decisions(company: CompanyStore, campaign: str, count: int) -> None:
    """Print the last decision with its figures, and those before it. NotFound for an unknown campaign."""
    company.setup.campaign(campaign)
    last = company.pacing.last(campaign)
    if not last:
        click.echo(f"{company.id}/{campaign}: no decision yet. Is a dialer running?")
        return
    click.echo(f"{company.id}/{campaign}, {last['at']}: {last['reason']}")
    for name, value in last.items():
        if name not in _SAID_APART:
            click.echo(f"  {name.replace('_', ' '):24} {value}")
    table = Table("time (UTC)", "calls", "why", box=None, pad_edge=False)
    for decision in company.pacing.decisions(campaign, count):
        table.add_row(decision["at"][11:19], decision["calls"], decision["reason"])
    Console(highlight=False, markup=False).print(table)
