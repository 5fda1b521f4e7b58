"""`load` and `why`."""

import sys
import time
from pathlib import Path

import click

from fsdialer.core.leads import e164
from fsdialer.errors import InvalidLead, NotFound
from fsdialer.imports import LoadReport, load_file
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore

#: Bad rows printed; the rest are counted.
SHOWN = 50


def load_here(settings: Settings, company: CompanyStore, campaign: str, file: Path) -> None:
    """Load now, with a progress bar, and print the report."""
    size = max(1, file.stat().st_size)
    with click.progressbar(length=size, label="Loading", file=sys.stderr) as bar:
        report = load_file(file, company, campaign, time.time, bar.update)
    print_report(report)


def load_queued(settings: Settings, company: CompanyStore, campaign: str, file: Path) -> None:
    """Leave the file to an RQ worker."""
    from fsdialer import jobs

    company.setup.campaign(campaign)
    with file.open("rb") as source:
        job = jobs.enqueue_import(jobs.queue(settings), company.id, campaign, source)
    click.echo(f"Queued as job {job}: an RQ worker loads it.")


def print_report(report: LoadReport) -> None:
    """What came of a file, for people."""
    for bad in report.bad_rows[:SHOWN]:
        click.echo(f"line {bad.line}: {bad.field}: {bad.reason}", err=True)
    if report.bad > SHOWN:
        click.echo(f"… and {report.bad - SHOWN} more bad rows", err=True)
    click.echo(
        f"{report.rows} rows: {report.added} added, {report.duplicate_numbers} with a number the campaign has, "
        f"{report.duplicate_ids} with an external id it has, {report.bad} bad"
    )


def find_lead(company: CompanyStore, lead: str) -> list[str]:
    """Lead ids meant by an id or by a number, however it is written; NotFound when there are none."""
    try:
        return [company.leads.get(lead).id]
    except NotFound:
        return _by_number(company, lead)


def _by_number(company: CompanyStore, text: str) -> list[str]:
    try:
        number = e164(text, company.setup.company().country)
    except InvalidLead:
        raise NotFound(f"no lead {text!r}: give its id, or its number") from None
    found = (company.leads.find(campaign.id, number) for campaign in company.setup.campaigns())
    ids = [each for each in found if each]
    if not ids:
        raise NotFound(f"no lead with number {number}")
    return ids
