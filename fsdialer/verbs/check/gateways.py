"""The gateways: whose their names are, where they are, and how each switch and the dialers find them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from fsdialer.core.campaigns import Gateway
from fsdialer.core.destinations import gateway_in
from fsdialer.core.dispositions import classify
from fsdialer.core.gateway_names import overlap
from fsdialer.core.setup import CompanySetup
from fsdialer.core.switches import has
from fsdialer.esl import allowed, commands
from fsdialer.esl.gateway_status import REGISTRATION_WELL, read_rows
from fsdialer.store import CompanyStore
from fsdialer.verbs.check.finding import Finding, Level, fail, ok, warn


def look_at_names(companies: list[CompanyStore]) -> Iterator[Finding]:
    """A name that two companies have on one switch, as it may still be from before names had owners, or by hand."""
    names = {name: company for company in companies for name in company.setup.gateway_names()}
    for name, company in sorted(names.items()):
        holders = company.gateway_names.holders(name)
        for at, later in enumerate(holders):
            first = next((each for each in holders[:at] if overlap(each.places, later.places)), None)
            if first is not None:
                what = f"gateway {name} of {later.company} is not dialled: on the switch {first.company} has the name"
                yield fail(what, f"give the gateway of {later.company} another name, or a host of its own")


def look_at_places(companies: list[CompanyStore], switches: Collection[str]) -> Iterator[Finding]:
    """Gateways that are nowhere, or not everywhere they are set up to be; `switches` are those dialers are given."""
    for company in companies:
        for gateway in company.setup.gateways():
            unknown = [each for each in gateway.switches if each not in switches]
            what = f"gateway {company.id}/{gateway.name}: no switch is called {', '.join(unknown)}"
            mend = f"set its switches: there are {', '.join(switches) or 'none'}, by ?name= in FSDIALER_SWITCHES"
            if unknown and len(unknown) == len(gateway.switches):
                yield fail(f"{what}: nobody is called through it", mend)
            elif unknown:
                yield warn(what, mend)


def look_at_states(companies: list[CompanyStore]) -> Iterator[Finding]:
    """What became of the dialers' last calls through each."""
    for company in companies:
        for name, found in company.setup.gateway_states().items():
            words, _, cause = found["state"].partition(": ")
            what = f"gateway {company.id}/{name}: {found['state']}, since {found.get('since', '?')}"
            if words == "failing":
                reason = classify(cause, None, rang=False).detail
                yield fail(what, f"{reason}: see Trunks in docs/troubleshooting.md")
            elif words == "silent":
                yield warn(what, "the carrier does not answer: address, firewall; other gateways are asked before it")


def look_at_gateways(
    api: Callable[[str], str], name: str, companies: list[CompanyStore], profiles: Collection[str]
) -> Iterator[Finding]:
    """Those that exist on a switch; `profiles` are the SIP profiles that run there, by each of their names."""
    switch = name.removeprefix("switch ")
    for company in companies:
        for gateway in company.setup.gateways():
            if has(gateway, switch):
                yield (
                    with_host(name, gateway, profiles)
                    if gateway.host
                    else by_name(name, gateway, api(commands.gateway_status(gateway.name)))
                )
        for way, operators in rung_by(company.setup.whole(), switch).items():
            is_name = allowed.NAME.fullmatch(way)
            yield by_dial(name, way, operators, api(commands.gateway_status(way)) if is_name else "Invalid Gateway!")


def rung_by(setup: CompanySetup, switch: str) -> Mapping[str, list[str]]:
    """Gateways that stand in operators' `dial` alone → those who are rung by them from this switch: their own home, or
    wherever there are customers of theirs. Nobody else asks for them, and any name may be written there."""
    ours = {gateway.name: gateway for gateway in setup.gateways}
    here = {name for name, gateway in ours.items() if has(gateway, switch)}
    called_here = {campaign.id for campaign in setup.campaigns if here.intersection(campaign.gateways)}
    found: dict[str, list[str]] = {}
    for operator in setup.operators:
        gateway = gateway_in(operator.dial)
        asked = gateway in here and not ours[gateway].host
        rung_here = operator.home == switch if operator.home else called_here.intersection(operator.campaigns)
        if gateway and rung_here and not asked:
            found.setdefault(gateway, []).append(operator.id)
    return found


def by_dial(name: str, gateway: str, operators: Collection[str], said: str) -> Finding:
    """One that operators are rung by, as the switch says itself."""
    finding = by_name(name, Gateway("", gateway), said)
    if finding.level is Level.OK:
        return finding
    who = ", ".join(operators)
    return replace(
        finding, what=f"{finding.what}: rung by it: {who}", mend=f"mend the dial of {who}, or: {finding.mend}"
    )


def with_host(name: str, gateway: Gateway, profiles: Collection[str]) -> Finding:
    """One that is dialled at an address, which nobody pings."""
    if gateway.profile not in profiles:
        there = ", ".join(sorted(profiles)) or "none"
        what = f"{name}: gateway {gateway.name} is dialled through SIP profile {gateway.profile}, which does not run"
        return fail(f"{what}: its calls end with INVALID_PROFILE", f"set its profile: there are {there}")
    return ok(f"{name}: gateway {gateway.name} is dialled at {gateway.host}:{gateway.port}, and never pinged")


def by_name(name: str, gateway: Gateway, said: str) -> Finding:
    """One that the switch has, as it says itself."""
    if "Invalid Gateway" in said:
        mend = "define it in the SIP profile, or give the gateway a `host` in the set-up"
        return fail(f"{name}: no gateway {gateway.name}", mend)
    rows = read_rows(said)
    state, registered = rows.get("Status", "unknown"), rows.get("State", "")
    what = f"{name}: gateway {gateway.name} is {state}"
    if registered not in REGISTRATION_WELL:  # first of all: what is not registered is DOWN for that
        mend = "the carrier refused the registration, or did not answer it: user name, password, and what its log says"
        return fail(f"{name}: gateway {gateway.name} is not registered ({registered})", mend)
    if not state.startswith("UP"):
        mend = "the carrier does not answer: address, firewall; one that never answers OPTIONS wants ping_s = 0"
        return fail(what, mend)
    pinged = rows.get("PingFreq", "0") != "0" or registered == "REGED"
    return ok(
        f"{what}{', registered' * (registered == 'REGED')}{'' if pinged else ' (it is not pinged, so nobody knows)'}"
    )
