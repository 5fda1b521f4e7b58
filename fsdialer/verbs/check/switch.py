"""One FreeSWITCH: who may reach it, what it has loaded, what runs, what it takes, and a call through it."""

import time
from collections.abc import Iterator

from fsdialer.core.times import CLOCK_TOLERANCE_S
from fsdialer.errors import FsdialerError, SwitchError
from fsdialer.esl import check_commands as ask
from fsdialer.esl import commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.link import SwitchAddress
from fsdialer.store import CompanyStore
from fsdialer.verbs.check.about import About
from fsdialer.verbs.check.accounts import look_at_accounts
from fsdialer.verbs.check.between import Seen, on_the_switch
from fsdialer.verbs.check.doors import look_at_doors
from fsdialer.verbs.check.echo import call_echo
from fsdialer.verbs.check.finding import UNREACHABLE, Finding, clock, fail, judge, ok, warn
from fsdialer.verbs.check.gateways import look_at_gateways
from fsdialer.verbs.check.limits import look_at_limits, look_at_pause
from fsdialer.verbs.check.needs import Needs
from fsdialer.verbs.check.sounds import look_at_sounds
from fsdialer.verbs.check.websocket import look_at_binding

#: What calls need of a FreeSWITCH, and what is lost without each of the others (`freeswitch/README.md`).
MODULES = (
    "mod_event_socket",
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_sofia",
    "mod_loopback",
    "mod_tone_stream",
    "mod_sndfile",
)
LESSER = {
    "mod_rtc": "no phones in browsers",
    "mod_opus": "browsers talk in PCMU",
    "mod_xml_curl": "operators and gateways come from its files alone: write them again after every change",
    "mod_spandsp": "no G722, the other codecs are offered",
    "mod_avmd": "answering machines' beeps are not heard, which no running campaign asks for",
    "mod_logfile": "no log file",
    "mod_console": "nothing on its console",
}
OPTIONAL = {"mod_spandsp", "mod_avmd"}
#: What phones in operators' pages need besides, and why.
OF_BROWSERS = {
    "mod_rtc": "browsers' media",
    "mod_opus": "browsers' codec",
    "mod_xml_curl": "only with it does the switch hear of their short-lived passwords (--static leaves it out)",
}
#: Older ones are not for us; older than the second, no network may reach it.
LEAST, SAFE = (1, 10, 0), (1, 11, 3)
#: Passwords in every manual, and how short is too short.
KNOWN_PASSWORDS = {"cluecon", "password", "freeswitch", "fsdialer", "secret", "changeme", "admin", "1234", "123456"}
SHORT_PASSWORD = 12


def look_at_switch(url: str, about: About) -> Iterator[Finding]:
    """Everything about one switch."""
    try:
        address = SwitchAddress.parse(url)
    except FsdialerError as error:
        yield fail(str(error), "FSDIALER_SWITCHES=esl://:PASSWORD@HOST:8021")
        return
    name = f"switch {address.name}"
    if any(each.name == address.name for each in about.seen.switches):
        yield fail(f"several switches are called {address.name}", "FSDIALER_SWITCHES: give each its own ?name=")
        return
    client = EslClient(address.host, address.port, address.password)
    try:
        client.connect()
        yield ok(f"{name}: reachable at {address.host}:{address.port}")
        yield _password(name, address.password)
        yield from _look_inside(client, name, address, about)
        _phones(client, address, about.companies, about.seen)
        yield from _domain(client, name, address, about.seen)
        if about.call:
            yield call_echo(name, address)
    except SwitchError as error:
        yield fail(f"{name}: {error}", UNREACHABLE)
    finally:
        client.stop()


def _look_inside(client: EslClient, name: str, address: SwitchAddress, about: About) -> Iterator[Finding]:
    settings, companies, needs = about.settings, about.companies, about.needs
    yield _version(name, client.api(ask.version()))
    yield from look_at_doors(client.api, name)
    yield from _clocks(client, name, about.redis_ahead_s)
    yield from _modules(client, name, needs)
    profiles = _profiles(client)
    yield from _judge_profiles(name, profiles)
    yield from _browsers(client, name, needs)
    running = {profile.name for profile in profiles if profile.runs}
    yield from look_at_gateways(client.api, name, companies, running)
    yield from look_at_accounts(client.api, name, address.domain, settings.secret_key, companies, needs)
    yield from look_at_pause(client.api, name)
    yield from look_at_limits(client.api, name, needs, len(settings.switches), about.views.get(address.name))
    yield from look_at_sounds(client.api, name, needs)
    if settings.recordings:
        mend = "mount it there too, under the same path, for the user FreeSWITCH runs as"
        seen = ask.read_truth(client.api(ask.sees(settings.recordings)))
        yield judge(seen, f"{name}: {'sees' if seen else 'does not see'} {settings.recordings}", mend)


def _password(name: str, password: str) -> Finding:
    if password.lower() in KNOWN_PASSWORDS:
        return fail(f"{name}: its password stands in every manual", "choose another: openssl rand -hex 24")
    if len(password) < SHORT_PASSWORD:
        return warn(f"{name}: its password has {len(password)} characters", "choose a longer one: openssl rand -hex 24")
    return ok(f"{name}: password is its own")


def _version(name: str, text: str) -> Finding:
    found = ask.read_version(text)
    what = f"{name}: FreeSWITCH {text.strip()[:40]}"
    if found is None or found < LEAST:
        return fail(what, "1.10 or newer is needed")
    if found < SAFE:
        mend = (
            "keep every network but your own phones' and carriers' away from it, and update to 1.11.3 or newer: "
            "CVE-2026-116779 (a stranger's SIP MESSAGE runs commands), CVE-2026-116790 (ICE)"
        )
        return warn(what, mend)
    return ok(what)


def _clocks(client: EslClient, name: str, redis_ahead_s: float) -> Iterator[Finding]:
    """A switch tells whole seconds: half a one is added."""
    heard = client.api(ask.clock()).strip()
    if not heard.isdigit():
        return
    ahead_s = float(heard) + 0.5 - time.time()
    yield clock(name, ahead_s)
    apart_s = ahead_s - redis_ahead_s
    if abs(apart_s) > CLOCK_TOLERANCE_S >= max(abs(ahead_s), abs(redis_ahead_s)):
        yield clock(f"{name} to that of Redis", apart_s)


def _modules(client: EslClient, name: str, needs: Needs) -> Iterator[Finding]:
    wanted = {commands.DETECTORS[name].module for name in needs.detectors}
    asked = dict.fromkeys((*MODULES, *LESSER, *wanted))
    missing = [module for module in asked if client.api(commands.module_exists(module)).strip() == "false"]
    for module in missing:
        what, mend = f"{name}: {module} is not loaded", f"add it to modules.conf.xml, or: load {module}"
        if module in MODULES:
            yield fail(what, mend)
        elif module in wanted:
            yield fail(f"{what}: a campaign's `amd` listens with it, and calls without until it is there", mend)
        elif module in OF_BROWSERS and needs.browsers:
            again = "write it again without --static, then " if module == "mod_xml_curl" else ""
            yield fail(f"{what}: {OF_BROWSERS[module]}", f"{again}{mend}")
        else:
            lost = f"{what}: {LESSER[module]}"
            yield ok(lost) if module in OPTIONAL else warn(lost, mend)
    if not set(missing) & set(MODULES):
        yield ok(f"{name}: all {len(MODULES)} modules calls need are loaded")


def _profiles(client: EslClient) -> list[ask.Profile]:
    """None without mod_sofia, which is said of the profiles that have to run."""
    try:
        return ask.read_profiles(client.api(ask.profiles()))
    except ValueError:
        return []


def _judge_profiles(name: str, known: list[ask.Profile]) -> Iterator[Finding]:
    if not known:
        yield fail(f"{name}: no SIP profiles", "load mod_sofia")
        return
    for names, whose in ask.PROFILES:
        found = sorted((profile for profile in known if profile.name in names), key=lambda each: each.is_alias)
        runs = [profile.name for profile in found if profile.runs]
        what = f"{name}: SIP profile {(runs or names)[0]}, for {whose}, {'runs' if runs else 'does not run'}"
        or_else = ", or its certificate cannot be made (-certs)" if names is ask.PROFILES[0][0] else ""
        mend = f"its port may be taken{or_else}; see the log of: sofia profile {names[0]} start"
        yield judge(bool(runs), what, mend)


def _browsers(client: EslClient, name: str, needs: Needs) -> Iterator[Finding]:
    """Where the operators' profile listens for browsers, tried."""
    for profile in ask.PROFILES[0][0]:
        try:
            listens = ask.read_websockets(client.api(ask.operators_profile(profile)))
        except ValueError:
            continue
        for kind, (host, port) in listens.items():
            yield look_at_binding(name, kind, host, port, bool(needs.browsers))
        if listens or not needs.browsers:
            break
        yield fail(f"{name}: no WebSocket for browsers", "set ws-binding or wss-binding of the operators' profile")
        break


def _phones(client: EslClient, address: SwitchAddress, companies: list[CompanyStore], seen: Seen) -> None:
    seen.switches.append(address)
    for company in companies:
        for view in filter(on_the_switch, company.operators.views()):
            contact = client.api(commands.contact(view.extension, address.domain))
            if not contact.startswith(("error", "-ERR")):
                seen.phones.setdefault((company.id, view.id), []).append(address.name)


def _domain(client: EslClient, name: str, address: SwitchAddress, seen: Seen) -> Iterator[Finding]:
    """Operators are rung at their extension in this domain: one the switch does not have finds nobody's phone. (A phone
    found there is proof enough; some directories answer for people alone.)"""
    if not address.domain or any(address.name in found for found in seen.phones.values()):
        return
    if client.api(ask.knows_domain(address.domain)).strip() == "false":
        own = client.api(ask.own_domain()).strip()
        mend = "?domain= in FSDIALER_SWITCHES: what its phones write after the @"
        what = f"{name}: its directory has no domain {address.domain}: no operator's phone is found"
        yield fail(what, mend if not own or own.startswith("-ERR") else f"{mend}, {own} by its own word")
