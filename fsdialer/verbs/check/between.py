"""What no switch can be asked alone: where phones are registered, and whether the switches reach each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations

from fsdialer.core.campaigns import Station
from fsdialer.core.switches import PROFILE as BETWEEN_PROFILE
from fsdialer.core.switches import address as trunk_address
from fsdialer.errors import SwitchError
from fsdialer.esl import check_commands as ask
from fsdialer.esl import setup_commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.link import SwitchAddress
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView
from fsdialer.verbs.check.echo import End, make
from fsdialer.verbs.check.finding import UNREACHABLE, Finding, fail, ok, warn


@dataclass(slots=True)
class Seen:
    """The switches that answered, and on which of them each phone is: company, operator → names."""

    switches: list[SwitchAddress] = field(default_factory=list)
    phones: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def on_the_switch(view: OperatorView) -> bool:
    """Does their phone register with our switches at all?"""
    return not view.dial and view.station != Station.REFER


def look_at_phones(companies: list[CompanyStore], seen: Seen) -> Iterator[Finding]:
    """Each operator's phone, which one switch knows; nothing when no switch answered."""
    names = [each.name for each in seen.switches]
    for company in companies if names else ():
        for view in company.operators.views():
            if on_the_switch(view):
                yield phone(view, names, seen.phones.get((company.id, view.id), []))


def phone(view: OperatorView, names: list[str], found: list[str]) -> Finding:
    """`names`: the switches that were asked; `found`: those that know it."""
    alone = f"switch {names[0]}: " if len(names) == 1 else ""
    where = f" with {', '.join(found)}" if found and not alone else ""
    what = f"{alone}phone {view.extension} of {view.id} {'registered' if found else 'not registered'}{where}"
    if found:
        return ok(what)
    if view.state == "off":
        return ok(f"{what} (off the line)")
    if view.in_browser:
        return fail(what, "have them open their page and read what it says of their phone")
    return fail(what, "start the phone, or check its account; until then calls for this operator go to the next")


def look_between(switches: list[SwitchAddress], call: bool) -> Iterator[Finding]:
    """Can a customer on one talk to an operator on another? Every switch tries every other, with `call`."""
    if len(switches) < 2:
        return
    trunks = {}
    for each in switches:
        finding, at = _trunk(each)
        yield finding
        if at:
            trunks[each.name] = (each, at)
    for one, other in permutations(trunks.values(), 2) if call else ():
        yield _try(one[0], other[0], other[1])


def _trunk(address: SwitchAddress) -> tuple[Finding, str]:
    """Where it takes calls of the others; empty for nowhere."""
    name = f"switch {address.name}"
    client = EslClient(address.host, address.port, address.password)
    try:
        client.connect()
        runs = any(p.name == BETWEEN_PROFILE and p.runs for p in ask.read_profiles(client.api(ask.profiles())))
        admitted = (client.api(ask.admits(stranger, BETWEEN_PROFILE)) for stranger in ask.STRANGERS)
        open_to_all = any(map(ask.read_truth, admitted))
        at = address.trunk or trunk_address(client.api(setup_commands.trunk_address()))
    except (SwitchError, ValueError) as error:
        return fail(f"{name}: {error}", UNREACHABLE), ""
    finally:
        client.stop()
    lost = "operators on other switches cannot be reached from it, nor its operators from them"
    if not runs:
        mend = "its port may be taken (switches_port); see the log of: sofia profile switches start"
        return fail(f"{name}: SIP profile switches does not run: {lost}", mend), ""
    if not at:
        mend = "set switches_address in vars.xml, or trunk=HOST:PORT in FSDIALER_SWITCHES, and restart the dialer"
        return warn(f"{name}: says no address for calls of other switches: {lost}", mend), ""
    if open_to_all:
        mend = "name the other switches alone in switches_peers, in vars.xml, then: reloadacl"
        return fail(
            f"{name}: takes calls of other switches at {at} from strangers, who may ring its operators", mend
        ), at
    return ok(f"{name}: takes calls of other switches at {at}"), at


def _try(one: SwitchAddress, other: SwitchAddress, at: str) -> Finding:
    try:
        return judged(one.name, other.name, at, make(one, lambda leg: ask.originate_across(leg, at)))
    except SwitchError as error:
        return fail(f"switch {one.name}: test call to {other.name} failed: {error}", "see its log")


def judged(one: str, other: str, at: str, end: End) -> Finding:
    """What a call from one to the other that ended so says."""
    what = f"switch {one}: test call to {other} at {at}"
    if end.heard:
        return ok(f"{what}: answered, its tone came back after {int(end.heard_ms) / 1000:.2f} s")
    if end.cause == ask.SILENT:
        mend = f"open the audio ports (rtp_first_port to rtp_last_port, UDP) between {one} and {other}; rtp_ip of both"
        return fail(f"{what}: answered, but its tone did not come back", mend)
    if end.status == "403":
        mend = f"add the address of {one} to switches_peers of {other}, and there: reloadacl"
        return fail(f"{what}: refused: {other} does not know its address", mend)
    if end.status == "603":
        mend = f"{other} has an older dialplan/switches.xml: `fsdialer freeswitch write` again, and there: reloadxml"
        return fail(f"{what}: refused: there is no echo", mend)
    if end.status == "503":
        return fail(f"{what}: {other} has no room", f"see max_sessions and sessions_per_second of {other}")
    mend = f"nothing answers there: switches_address of {other}, and UDP to that port from {one}"
    return fail(f"{what} failed: {end.cause}{f' (SIP {end.status})' if end.status else ''}", mend)
