"""`check`: what is wrong, and how to mend it, before a customer finds out.

`ours` looks at what is ours, `switch` at each FreeSWITCH, `accounts` at what it knows of operators and gateways,
`between` at all of them together, `websocket` at the browsers' way in; `echo` makes a call.
`needs` is how much the campaigns ask of a switch, `finding` how it all reads.
"""

import json
from collections import Counter
from collections.abc import Iterator

import click
from redis.exceptions import RedisError

from fsdialer.errors import FsdialerError
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.ownership import dialers
from fsdialer.verbs.check import ours
from fsdialer.verbs.check.between import Seen, look_at_phones, look_between
from fsdialer.verbs.check.finding import Finding, Level, fail, judge
from fsdialer.verbs.check.gateways import look_at_names
from fsdialer.verbs.check.needs import Needs, of_company
from fsdialer.verbs.check.switch import look_at_switch
from fsdialer.verbs.check.websocket import look_at_addresses


def run(settings: Settings, *, as_json: bool = False, call: bool = True) -> bool:
    """Look at everything and print it; True when nothing failed. `call`: with a test call through each switch."""
    found = []
    for finding in look(settings, call):
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
    alive = dialers(redis)
    yield judge(bool(alive), f"dialers running: {', '.join(alive) or 'none'}", "start one: fsdialer dial")
    store = Store(redis)
    companies = [store.company(company) for company in store.companies()]
    yield judge(bool(companies), f"companies: {len(companies)}", "set one up: fsdialer apply FILE.toml")
    yield from ours.look_at_setup(companies)
    yield from look_at_names(companies)
    needs = sum((_needs(company) for company in companies), Needs())
    yield from ours.look_at_recordings(settings, needs.records)
    if not settings.switches:
        yield fail("no switch is named", "set FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
    seen = Seen()
    for url in settings.switches:
        yield from look_at_switch(url, settings, companies, needs, ours.redis_ahead_s(redis), call, seen)
    yield from look_at_phones(companies, seen)
    yield from look_between(seen.switches, call)
    yield from look_at_addresses(settings.sip_ws, bool(needs.browsers))


def _needs(company: CompanyStore) -> Needs:
    """Nothing of a company that is switched off, or whose settings are wrong, which is said elsewhere."""
    try:
        setup = company.setup.whole()
    except FsdialerError:
        return Needs()
    return of_company(setup.campaigns, setup.gateways, setup.operators) if setup.company.active else Needs()
