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
from fsdialer.store.operators import OperatorView
from fsdialer.store.ownership import dialers
from fsdialer.verbs import check_browsers

#: Clocks may differ by so much (seconds) before retries and leases suffer.
CLOCK_TOLERANCE_S = 2.0
#: What our calls need of a FreeSWITCH.
MODULES = ("mod_sofia", "mod_dptools", "mod_commands", "mod_tone_stream", "mod_sndfile")


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
    if check_browsers.operators_in_pages(companies):
        yield from (Finding(*looked) for looked in check_browsers.look_at_addresses(settings))
    if not settings.switches:
        yield Finding(False, "no switch is named", "set FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
    for url in settings.switches:
        yield from _look_at_switch(url, companies)


def _look_at_redis(redis: Redis) -> Iterator[Finding]:
    try:
        policy = redis.config_get("maxmemory-policy").get("maxmemory-policy", "?")
        saves = redis.config_get("save").get("save", "")
    except RedisError as error:  # some hosted ones hide their configuration
        yield Finding(
            False, f"Redis configuration: {error}", "make sure of maxmemory-policy noeviction, appendonly yes"
        )
    else:
        mend = "CONFIG SET maxmemory-policy noeviction: an evicted key is a lead or a call forgotten"
        yield Finding(policy == "noeviction", f"Redis eviction policy: {policy}", mend)
        logged = bool(redis.info("persistence").get("aof_enabled"))
        kept = "append-only file" if logged else f"snapshots only ({saves})" if saves else "none"
        mend = "CONFIG SET appendonly yes: a crash must not lose who has been called"
        yield Finding(logged, f"Redis persistence: {kept}", mend)
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
    for module in MODULES:
        if client.api(f"module_exists {module}").strip() == "false":
            yield Finding(False, f"{name}: {module} is not loaded", f"add it to modules.conf.xml, or: load {module}")
    if check_browsers.operators_in_pages(companies):
        yield from (Finding(*looked) for looked in check_browsers.look_at_switch(client.api, name))
    for company in companies:
        for gateway in company.setup.gateways():
            if not gateway.host:
                yield _gateway(client, name, gateway.name)
        for view in company.operators.views():
            if not view.dial:
                yield _phone(client, name, address.domain, view)


def _gateway(client: EslClient, name: str, gateway: str) -> Finding:
    said = client.api(commands.gateway_status(gateway))
    if "Invalid Gateway" in said:
        mend = "define it in the SIP profile, or give the gateway a `host` in the set-up"
        return Finding(False, f"{name}: no gateway {gateway}", mend)
    state = next((line.split()[-1] for line in said.splitlines() if line.startswith("Status")), "unknown")
    mend = "see `sofia status gateway` for its account and registration"
    return Finding(state == "UP", f"{name}: gateway {gateway} is {state}", mend)


def _phone(client: EslClient, name: str, domain: str, view: OperatorView) -> Finding:
    contact = client.api(commands.contact(view.extension, domain))
    registered = not contact.startswith(("error", "-ERR"))
    what = f"{name}: phone {view.extension} of {view.id} {'registered' if registered else 'not registered'}"
    return Finding(
        registered or view.state == "off",
        what + ("" if registered or view.state != "off" else " (off the line)"),
        "have them open their page and read what it says of their phone"
        if view.in_browser
        else "start the phone, or check its account; until then calls for this operator go to the next",
    )


def _clock(whose: str, difference_s: float) -> Finding:
    good = abs(difference_s) <= CLOCK_TOLERANCE_S
    return Finding(good, f"clock of {whose}: {difference_s:+.1f} s", "run an NTP client on both machines")
