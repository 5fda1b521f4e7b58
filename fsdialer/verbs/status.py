"""`status`: the picture of a moment, for people or as JSON."""

import json
from dataclasses import asdict
from typing import Any

import click

from fsdialer.core.dispositions import LABELS
from fsdialer.core.times import iso
from fsdialer.store import CompanyStore
from fsdialer.store.ownership import dialers


def show(companies: list[CompanyStore], as_json: bool, now: float) -> None:
    """Print the state of each campaign of the companies."""
    snapshots = [
        {
            "company": company.id,
            "active": company.setup.company().active,
            "utilisation": company.stats.utilisation(now, campaign),
            **company.stats.snapshot(campaign, now),
        }
        for company in companies
        for campaign in company.ownership.campaigns()
    ]
    alive = dialers(companies[0].redis) if companies else {}
    alerts = [{"company": company.id, **asdict(alert)} for company in companies for alert in company.alerts.standing()]
    if as_json:
        click.echo(json.dumps({"at": iso(now), "dialers": alive, "campaigns": snapshots, "alerts": alerts}))
        return
    if not snapshots:
        click.echo("Nothing is set up: see `fsdialer apply --help`.")
    for snapshot in snapshots:
        _print(snapshot)
    for alert in alerts:
        often = f", {alert['count']} times" if alert["count"] > 1 else ""
        click.echo(f"ALERT {alert['company']}: {alert['text']} (since {iso(alert['first'])}{often})")
    for name, facts in alive.items():
        click.echo(f"dialer {name}: {facts.get('switches', '')}")
    if not alive:
        click.echo("No dialer is running: start one with `fsdialer dial`.")


def _print(snapshot: dict[str, Any]) -> None:
    off = "" if snapshot["active"] else ", MASTER SWITCH OFF"
    click.echo(f"{snapshot['company']}/{snapshot['campaign']} ({snapshot['mode']}{off})")
    click.echo(f"  operators   {_counts(snapshot['operators']) or 'nobody on the line'}")
    click.echo(f"  calls       {_counts(snapshot['calls']) or 'none'}")
    click.echo(f"  leads       {_counts(snapshot['leads'])}")
    today = snapshot["today"]
    results = {label.lower(): today[name] for name, label in LABELS.items() if today.get(name)}
    click.echo(f"  today       {today.get('attempts', 0)} attempts; {_counts(results) or 'nothing closed yet'}")
    voice = snapshot["voice_ms"]
    if voice["p50"] is not None:
        click.echo(f"  to voice    {voice['p50']:.0f} ms (p99 {voice['p99']:.0f} ms)")
    click.echo(f"  abandoned   {snapshot['abandon_rate']:.1%}")
    click.echo(f"  pacing      {snapshot['pace'].get('reason', 'no decision yet')}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())
