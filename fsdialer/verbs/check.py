"""`check`: what is wrong, and how to mend it, before a customer finds out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import click
from redis import Redis
from redis.exceptions import RedisError

from fsdialer.errors import FsdialerError, SwitchError
from fsdialer.esl import commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.link import SwitchAddress
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.ownership import dialers

#: Clocks may differ by so much (seconds) before retries and leases suffer.
CLOCK_TOLERANCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do when it is not `good`."""

    good: bool
    what: str
    mend: str = ""


def run(settings: Settings) -> bool:
    """Look at everything and print it; True when nothing is wrong."""
    good = True
    for finding in _look(settings):
        click.echo(f"{'ok   ' if finding.good else 'WRONG'} {finding.what}")
        if not finding.good:
            good = False
            click.echo(f"      → {finding.mend}")
    return good


def _look(settings: Settings) -> Iterator[Finding]:
    redis = connect(settings.redis_url)
    try:
        redis.ping()
    except RedisError as error:
        yield Finding(False, f"Redis: {error}", "start it, or set FSDIALER_REDIS_URL")
        return
    yield from _look_at_redis(redis)
    yield from _look_at_rq(settings)
    alive = dialers(redis)
    yield Finding(bool(alive), f"dialers running: {', '.join(alive) or 'none'}", "start one: fsdialer dial")
    store = Store(redis)
    companies = [store.company(company) for company in store.companies()]
    yield Finding(bool(companies), f"companies: {len(companies)}", "set one up: fsdialer apply FILE.toml")
    yield from _look_at_setup(companies)
    if not settings.switches:
        yield Finding(False, "no switch is named", "set FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
    for url in settings.switches:
        yield from _look_at_switch(url, companies)


def _look_at_redis(redis: Redis) -> Iterator[Finding]:
    policy = redis.config_get("maxmemory-policy").get("maxmemory-policy", "?")
    yield Finding(policy == "noeviction", f"Redis eviction policy: {policy}", "CONFIG SET maxmemory-policy noeviction")
    persistence = redis.info("persistence")
    saves = redis.config_get("save").get("save", "")
    kept = "append-only file" if persistence.get("aof_enabled") else f"snapshots ({saves})" if saves else "none"
    yield Finding(
        bool(persistence.get("aof_enabled")),
        f"Redis persistence: {kept}",
        "CONFIG SET appendonly yes: a crash must not lose who has been called",
    )
    seconds, micros = redis.time()
    yield _clock("Redis", seconds + micros / 1e6 - time.time())


def _look_at_rq(settings: Settings) -> Iterator[Finding]:
    from rq import Worker

    from fsdialer import jobs

    try:
        workers = Worker.count(queue=jobs.queue(settings))
    except RedisError as error:
        yield Finding(False, f"RQ's Redis: {error}", "start it, or set FSDIALER_RQ_REDIS_URL")
        return
    yield Finding(
        workers > 0, f"RQ workers: {workers}", "start one: fsdialer worker (meanwhile the dialer releases retries)"
    )


def _look_at_setup(companies: list[CompanyStore]) -> Iterator[Finding]:
    for company in companies:
        try:
            setup = company.setup.whole()
        except FsdialerError as error:
            yield Finding(False, f"settings of {company.id}: {error}", "mend it with HSET or fsdialer apply")
            continue
        for campaign in setup.campaigns:
            where = f"campaign {company.id}/{campaign.id}"
            yield Finding(
                bool(campaign.gateways), f"{where}: gateways {', '.join(campaign.gateways) or 'none'}", "set gateways"
            )
            yield Finding(
                bool(campaign.caller_ids),
                f"{where}: caller ids {', '.join(campaign.caller_ids) or 'none'}",
                "set caller_ids",
            )


def _look_at_switch(url: str, companies: list[CompanyStore]) -> Iterator[Finding]:
    try:
        address = SwitchAddress.parse(url)
    except FsdialerError as error:
        yield Finding(False, str(error), "FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
        return
    name = f"switch {address.name}"
    client = EslClient(address.host, address.port, address.password)
    try:
        client.connect()
        yield Finding(True, f"{name}: reachable at {address.host}:{address.port}")
        yield from _ask_switch(client, name, address, companies)
    except SwitchError as error:
        yield Finding(False, f"{name}: {error}", "check its event_socket.conf.xml: address, password, access list")
    finally:
        client.stop()


def _ask_switch(
    client: EslClient, name: str, address: SwitchAddress, companies: list[CompanyStore]
) -> Iterator[Finding]:
    default = address.password == "ClueCon"
    yield Finding(
        not default, f"{name}: password {'is the default' if default else 'is its own'}", "choose another one"
    )
    heard = client.api("strepoch").strip()
    if heard.isdigit():
        yield _clock(name, float(heard) + 0.5 - time.time())
    for company in companies:
        for gateway in company.setup.gateways():
            if gateway.host:
                continue
            said = client.api(commands.gateway_status(gateway.name))
            state = next((x.split()[-1] for x in said.splitlines() if x.startswith("Status")), "unknown")
            yield Finding(
                state == "UP", f"{name}: gateway {gateway.name} {state}", "sofia profile … restart; check its account"
            )
        for view in company.operators.views():
            if view.dial:
                continue
            contact = client.api(commands.contact(view.extension, address.domain))
            registered = not contact.startswith(("error", "-ERR"))
            yield Finding(
                registered or view.state == "off",
                f"{name}: phone {view.extension} {'registered' if registered else 'not registered'}",
                "start the operator's phone",
            )


def _clock(whose: str, difference_s: float) -> Finding:
    good = abs(difference_s) <= CLOCK_TOLERANCE_S
    return Finding(good, f"clock of {whose}: {difference_s:+.1f} s", "run an NTP client on both machines")
