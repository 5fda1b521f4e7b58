"""`switch list | drain | undrain | limit | forget`: the switches as the dialers find them, and what they may carry."""

import getpass
import time

import click

from fsdialer.core.switches import NO_LIMIT, alerts_about
from fsdialer.errors import Refused
from fsdialer.verbs.shared import open_store


def _myself() -> str:
    """Who types this."""
    try:
        return f"{getpass.getuser()} at a terminal"
    except (KeyError, OSError):  # a user id without a name
        return "somebody at a terminal"


@click.group(short_help="Telephone switches: list, drain, take back, limit.")
def switch() -> None:
    """Telephone switches: what each carries, and which get no new calls."""


@switch.command("list")
def list_switches() -> None:
    """Every switch a dialer has met: state, calls, limits, where the others reach it."""
    views = open_store().switches.views()
    if not views:
        click.echo("No dialer has met a switch yet: start one with `fsdialer dial`.")
    for view in views:
        state = "up" if view.up else f"DOWN ({view.reason})"
        drained = f", DRAINED by {view.drained_by}" if view.drained_by else ""
        most = "no limit" if view.room.most == NO_LIMIT else str(view.room.most)
        a_second = "no limit" if view.room.per_second == NO_LIMIT else str(view.room.per_second)
        click.echo(f"{view.name}: {state}{drained}; {view.room.live} calls of {most}, {a_second} a second at most")
        click.echo(f"  calls of other switches: {view.trunk or 'none: it says no address to take them at'}")


_by = click.option("--by", default=_myself, help="Who says so; your login when left out. Kept, and shown.")


@switch.command()
@click.argument("name")
@_by
def drain(name: str, by: str) -> None:
    """Place no new calls on switch NAME; those that are up go on."""
    open_store().switches.drain(name, by, time.time())
    click.echo(f"{name}: gets no new calls from now on; `fsdialer switch undrain {name}` takes it back")


@switch.command()
@click.argument("name")
@_by
def undrain(name: str, by: str) -> None:
    """Place calls on switch NAME again."""
    was = open_store().switches.undrain(name, by, time.time())
    click.echo(f"{name}: {'gets calls again' if was else 'was not drained'}")


@switch.command()
@click.argument("name")
@click.option("--channels", type=click.IntRange(0, 100_000), default=0, help="Calls at a time; 0: half its sessions.")
@click.option("--calls-per-second", type=click.IntRange(0, 10_000), default=0, help="0: half of what it says itself.")
@_by
def limit(name: str, channels: int, calls_per_second: int, by: str) -> None:
    """What switch NAME may carry, over all companies and dialers."""
    open_store().switches.limit(name, channels, calls_per_second, by, time.time())
    click.echo(f"{name}: {channels or 'as it says'} calls, {calls_per_second or 'as it says'} a second")


@switch.command()
@click.argument("name")
@_by
def forget(name: str, by: str) -> None:
    """Forget switch NAME, which is no more, and end the alerts of it."""
    from fsdialer.store.ownership import dialers

    store, now = open_store(), time.time()
    for dialer, facts in dialers(store.redis).items():
        if name in (each.partition("=")[0] for each in facts.get("switches", "").split()):
            raise Refused(f"dialer {dialer} has {name}: take it out of its FSDIALER_SWITCHES, and start it anew, first")
    alerts = alerts_about(name, [view.name for view in store.switches.views()])
    store.switches.forget(name, by, now)
    for company in store.companies():
        for alert in alerts:
            store.company(company).alerts.clear(alert, now, by)
    click.echo(f"{name}: forgotten")
