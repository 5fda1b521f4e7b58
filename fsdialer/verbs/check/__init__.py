"""`check`: what is wrong, and how to mend it, before a customer finds out.

`ours` looks at what is ours, `switch` at each FreeSWITCH, `gateways` at the ways out, `accounts` at what it knows of
operators and gateways, `limits` and `sounds` at what it is to carry and play, `between` at all of them together,
`websocket` at the browsers' way in; `echo` makes a call.
`needs` is how much the campaigns ask of a switch, `finding` how it all reads.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator

import click
from redis.exceptions import RedisError

from fsdialer.errors import FsdialerError
from fsdialer.esl.link import SwitchAddress
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.ownership import dialers
from fsdialer.verbs.check import ours
from fsdialer.verbs.check.about import About
from fsdialer.verbs.check.between import Seen, look_at_phones, look_between
from fsdialer.verbs.check.finding import Finding, Level, fail, judge
from fsdialer.verbs.check.gateways import look_at_names, look_at_places, look_at_states
from fsdialer.verbs.check.limits import look_at_drains
from fsdialer.verbs.check.needs import Needs, of_company
from fsdialer.verbs.check.switch import look_at_switch
from fsdialer.verbs.check.websocket import look_at_addresses


def run(settings: Settings, *, as_json: bool = False, call: bool = True) -> bool:
    """Look at everything and print it; True when nothing failed. `call`: with a test call through each switch."""
    found = []
    for finding in _whatever_comes(look(settings, call)):
        found.append(finding)
        if not as_json:
            click.echo("\n".join(finding.lines()))
    counted = Counter(finding.level for finding in found)
    good = not counted[Level.FAIL]
    if as_json:
        click.echo(json.dumps({"ok": good, "findings": [finding.as_json() for finding in found]}, indent=1))
    else:
        click.echo(", ".join(f"{counted[level]} {level}" for level in Level))
    return good


def _whatever_comes(findings: Iterator[Finding]) -> Iterator[Finding]:
    """A look that breaks off says so, and what was found until then stands."""
    try:
        yield from findings
    except (FsdialerError, RedisError) as error:
        yield fail(f"check broke off: {error}", "mend this, and run it again: nothing after it was looked at")


def look(settings: Settings, call: bool = True) -> Iterator[Finding]:
    """Everything, one after the other; without Redis nothing more is asked."""
    redis = connect(settings.redis_url)
    try:
        redis.ping()
    except RedisError as error:
        yield fail(f"Redis: {error}", "start it, or set FSDIALER_REDIS_URL")
        return
    yield from ours.look_at_redis(redis)
    yield from ours.look_at_rq(settings)
    yield from ours.look_at_dialers(dialers(redis))
    yield from _look_at_rooms(settings, Store(redis), call)


def _look_at_rooms(settings: Settings, store: Store, call: bool) -> Iterator[Finding]:
    """The companies, and the switches as they need them."""
    companies = [store.company(company) for company in store.companies()]
    yield judge(bool(companies), f"companies: {len(companies)}", "set one up: fsdialer apply FILE.toml")
    yield from ours.look_at_setup(companies)
    yield from look_at_names(companies)
    companies = [company for company in companies if ours.readable(company)]
    needs = sum((_needs(company) for company in companies), Needs())
    yield from ours.look_at_recordings(settings, needs.records)
    if not settings.switches:
        yield fail("no switch is named", "set FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
    names, views = _switch_names(settings), {view.name: view for view in store.switches.views()}
    yield from look_at_drains(views.values(), names)
    yield from look_at_places(companies, names)
    yield from look_at_states(companies)
    seen = Seen()
    about = About(settings, companies, needs, views, ours.redis_ahead_s(store.redis), call, seen)
    for url in settings.switches:
        yield from look_at_switch(url, about)
    yield from look_at_phones(companies, seen)
    yield from look_between(seen.switches, call)
    yield from look_at_addresses(settings.sip_ws, bool(needs.browsers))


def _switch_names(settings: Settings) -> list[str]:
    """Of those whose address can be read; the others are named when they are looked at."""
    names = []
    for url in settings.switches:
        with contextlib.suppress(FsdialerError):
            names.append(SwitchAddress.parse(url).name)
    return names


def _needs(company: CompanyStore) -> Needs:
    """Nothing of a company that is switched off."""
    setup = company.setup.whole()
    return of_company(setup.campaigns, setup.gateways, setup.operators) if setup.company.active else Needs()
