"""The command line. Each verb imports what it needs when it runs, so that `--help` answers at once.

The only place where gevent patches the standard library: in `dial` and `web`, never in `worker`.
"""

import sys
import time
from pathlib import Path
from typing import Any

import click

from fsdialer import __version__
from fsdialer.errors import FsdialerError, NotFound
from fsdialer.verbs.freeswitch import freeswitch
from fsdialer.verbs.machines import machines
from fsdialer.verbs.pacing_commands import pacing, simulate
from fsdialer.verbs.shared import campaign_option, company_of, company_option, open_store, read_settings
from fsdialer.verbs.switches import switch


class Verbs(click.Group):
    """Our own errors become one clear line and exit code 1, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except FsdialerError as error:
            raise click.ClickException(str(error)) from None
        except Exception as error:
            from redis.exceptions import RedisError  # not before: `dial` and `web` must patch first

            if isinstance(error, RedisError):
                said = f"Redis cannot be reached: {error} (is FSDIALER_REDIS_URL right?)"
                raise click.ClickException(said) from None
            raise


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """fsdialer: a predictive dialer for FreeSWITCH."""


# -- processes -----------------------------------------------------------------------------------------------------


@main.command()
def dial() -> None:
    """Run a dialer: call the leads for the operators on the line."""
    _patch()
    from fsdialer.engine.app import main as run

    run(read_settings().need_switches())


@main.command()
def web() -> None:
    """Run the web: operator page, administrator's pages, metrics."""
    _patch()
    from web import main as run

    run(read_settings().need_secret())


@main.command()
def worker() -> None:
    """Run an RQ worker with its scheduler: retries and imports."""
    from fsdialer.jobs import run_worker

    run_worker(read_settings())


@main.command(short_help="Everything on this machine, with a simulated FreeSWITCH.")
@click.option("--leads", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Your own CSV of leads.")
@click.option("--fast", is_flag=True, help="A lead's whole life passes in two minutes.")
@click.option(
    "--mode",
    type=click.Choice(["predictive", "multiplier", "progressive"]),
    default="multiplier",
    show_default=True,
    help="How the campaign is paced.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same people do the same again.")
@click.option("--no-web", is_flag=True, help="Without the web page and the sixth seat.")
@click.option("--minutes", type=click.FloatRange(min=0.05), help="End after so long, with a summary.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object, and nothing else.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Keep Redis' data and the logs here.")
def lab(
    leads: Path | None,
    fast: bool,
    mode: str,
    seed: int,
    no_web: bool,
    minutes: float | None,
    as_json: bool,
    data: Path | None,
) -> None:
    """Everything on this machine, with a simulated FreeSWITCH and robot operators."""
    from fsdialer.demo.lab import LabOptions, run

    run(LabOptions(leads, fast, mode, seed, not no_web, minutes, as_json, data))


# -- set-up ----------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--prune", is_flag=True, help="Remove operators and gateways, and switch off campaigns, not in FILE.")
def apply(file: Path, prune: bool) -> None:
    """Make Redis match FILE (TOML). A wrong file is refused whole."""
    from fsdialer.verbs.setup import apply_file

    for line in apply_file(open_store(), file, prune):
        click.echo(line)


@main.command()
@company_option
def export(company: str | None) -> None:
    """Write the set-up as `apply` reads it; passwords are not in it."""
    from fsdialer.core.setup import to_toml

    store = open_store()
    ids = [company] if company else store.companies()
    click.echo(to_toml(store.company(each).setup.whole() for each in ids), nl=False)


@main.group()
def user() -> None:
    """Who may sign in to the pages."""


@user.command("add")
@click.argument("login")
@company_option
@click.option("--role", type=click.Choice(["operator", "admin"]), default="operator", show_default=True)
@click.option("--operator", help="The seat: an operator's id; as the login when left out.")
@click.option("--name", default="", help="The person's name.")
@click.option("--password-env", help="Read the password from this environment variable instead of asking.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def user_add(
    login: str,
    company: str | None,
    role: str,
    operator: str | None,
    name: str,
    password_env: str | None,
    password_stdin: bool,
) -> None:
    """Add a user, or set their password anew."""
    from fsdialer.verbs.setup import add_user

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _password(password_env)
    add_user(company_of(company), login, role, operator or login, name, password)
    click.echo(f"{role} {login} may sign in.")


# -- leads and operators ---------------------------------------------------------------------------------------------


@main.command(short_help="Load a CSV of leads; every bad row is reported.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@company_option
@campaign_option
@click.option("--queue", is_flag=True, help="As an RQ job: returns at once.")
def load(file: Path, company: str | None, campaign: str, queue: bool) -> None:
    """Load a CSV of leads: every bad row is reported, the good ones are kept."""
    from fsdialer.verbs.leads import load_here, load_queued

    (load_queued if queue else load_here)(read_settings(), company_of(company), campaign, file)


@main.command(short_help="Why LEAD is or is not being called.")
@click.argument("lead")
@company_option
def why(lead: str, company: str | None) -> None:
    """Why LEAD (an id, or a number in international form) is or isn't being called."""
    from fsdialer.verbs.leads import find_lead

    store = company_of(company)
    for each in find_lead(store, lead):
        record = store.leads.get(each)
        click.echo(f"Lead {each} of campaign {record.campaign}, {record.name or 'no name'}:")
        for sentence in store.leads.why(each, time.time()):
            click.echo(f"  {sentence}")


@main.command(short_help="Put OPERATOR on the line, or take them off it.")
@click.argument("what", type=click.Choice(["on", "off", "pause"]))
@click.argument("operator")
@company_option
@click.option("--campaign", help="The campaign to get on the line of; may be left out when they have one.")
@click.option("--reason", default="", help="Shown on the operator's page.")
def operator(what: str, operator: str, company: str | None, campaign: str | None, reason: str) -> None:
    """Put OPERATOR on the line, take them off it (after the present call), or pause them."""
    from fsdialer.verbs.setup import only_campaign

    operators, now = company_of(company).operators, time.time()
    view = operators.view(operator)
    if what == "on":
        operators.go_on_line(operator, campaign or only_campaign(view), now, via="cli")
    elif campaign and view.campaign != campaign and view.state != "off":
        raise NotFound(f"operator {operator} is not on the line of campaign {campaign}")
    elif what == "off":
        operators.leave_line(operator, now, reason)
    else:
        operators.pause(operator, reason or "paused by an administrator", now)
    view = operators.view(operator)
    click.echo(f"{operator}: {view.state}" + (f", then {view.wish}" if view.wish else ""))


# -- seeing ----------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@company_option
def status(as_json: bool, company: str | None) -> None:
    """Operators, calls, leads and today's figures, of each campaign."""
    from fsdialer.verbs.status import show

    store = open_store()
    ids = [company] if company else store.companies()
    show([store.company(each) for each in ids], as_json, time.time())


@main.command(short_help="Look at everything; say what is wrong and how to mend it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--no-call", is_flag=True, help="Without the test call, of two seconds at the most, through each switch.")
def check(as_json: bool, no_call: bool) -> None:
    """Look at Redis, the switches and the phones; say what is wrong and how to mend it. Exits 1 if anything failed,
    0 on warnings."""
    from fsdialer.verbs.check import run

    if not run(read_settings(), as_json=as_json, call=not no_call):
        sys.exit(1)


for verb in (freeswitch, machines, pacing, simulate, switch):
    main.add_command(verb)


# -- what they share -------------------------------------------------------------------------------------------------


def _patch() -> None:
    from gevent import monkey

    monkey.patch_all()


def _password(variable: str | None) -> str:
    import os

    if variable is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if variable not in os.environ:
        raise NotFound(f"the environment has no {variable}")
    return os.environ[variable]
