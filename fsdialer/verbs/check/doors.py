"""Who may reach a switch: its Event Socket, where commands run, and the profile its carriers call in on."""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from fsdialer.esl import check_commands as ask
from fsdialer.verbs.check.finding import Finding, fail, ok, warn

Network = IPv4Network | IPv6Network

#: Networks nobody outside has an address of.
_LOCAL = [
    ip_network(each)
    for each in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
]  # fmt: skip
#: A public network up to this size may be somebody's own; a wider one is strangers'. By version of the protocol.
_OWN = {4: 24, 6: 56}
#: The list of whom the carrier profile takes calls from (`freeswitch/autoload_configs/acl.conf.xml`).
CARRIERS = "carriers"
MEND = "apply-inbound-acl: a list of this machine or your WireGuard network alone; listen-ip 127.0.0.1"


def look_at_doors(api: Callable[[str], str], name: str) -> Iterator[Finding]:
    """The Event Socket is plain text; the carriers' door may have to be wide, but not open to all."""
    try:
        door = ask.read_door(api(ask.event_socket()))
    except ValueError as error:
        yield warn(f"{name}: its Event Socket's configuration cannot be read: {error}", "see event_socket.conf.xml")
    else:
        yield _event_socket(api, name, door)
    if _everybody(api, CARRIERS):
        what = f"{name}: everybody may call in over the carrier profile (access list {CARRIERS})"
        yield warn(what, "name your carrier's networks alone in acl.conf.xml, then: reloadacl")


def _event_socket(api: Callable[[str], str], name: str, door: ask.Door) -> Finding:
    listed, so_far = door.access_list, f", but for its listening on {door.listens_on}" if door.loopback else ""
    if not listed or listed == "loopback.auto":
        return ok(f"{name}: Event Socket on {door.listens_on}, open to {listed or 'its own machine'} alone")
    if _everybody(api, listed):
        return fail(f"{name}: its Event Socket lets everybody in (access list {listed}){so_far}", MEND)
    public = let_in(*_networks(api, listed))
    wide = [str(each) for each in public if each.prefixlen < _OWN[each.version]] or _strangers(api, listed)
    if wide:
        who = ", ".join(wide[:5])
        return fail(f"{name}: its Event Socket lets strangers in: {who} (access list {listed}){so_far}", MEND)
    if public:
        who = ", ".join(map(str, public[:5]))
        what = f"{name}: its Event Socket is open to public addresses, in plain text: {who} (access list {listed})"
        return warn(f"{what}{so_far}", MEND)
    return ok(f"{name}: Event Socket on {door.listens_on}, open to {listed} alone")


def _strangers(api: Callable[[str], str], listed: str) -> list[str]:
    return [each for each in ask.STRANGERS if ask.read_truth(api(ask.admits(each, listed)))]


def _everybody(api: Callable[[str], str], listed: str) -> bool:
    """Strangers from far apart are let in."""
    return len(_strangers(api, listed)) * 2 >= len(ask.STRANGERS)


def _networks(api: Callable[[str], str], listed: str) -> tuple[bool, Mapping[str, bool]]:
    """Of a list, or of a network that stands in its place; nothing for what cannot be read."""
    if "/" in listed:
        return False, {listed: True}
    try:
        return ask.read_access_list(api(ask.access_lists()), listed)
    except ValueError:
        return False, {}


def let_in(default: bool, nodes: Mapping[str, bool]) -> list[Network]:
    """The networks with public addresses that a list lets in, the widest first; the narrowest network an address is on
    decides of it, `default` of one that is on none."""
    known = {"0.0.0.0/0": default, "::/0": default, **nodes}
    found = [(network, allowed) for text, allowed in known.items() if (network := _network(text)) is not None]
    public = [
        network
        for network, allowed in found
        if allowed and not any(_within(network, local) for local in _LOCAL) and _left(network, found)
    ]
    return sorted(public, key=lambda network: (network.prefixlen, network.version, str(network)))


def _left(network: Network, found: list[tuple[Network, bool]]) -> bool:
    """Do narrower networks that are refused leave anybody of it?"""
    refused = [each for each, allowed in found if not allowed and each != network and _within(each, network)]
    apart: Iterator[Network] = collapse_addresses(refused)  # type: ignore[type-var]
    taken = sum(each.num_addresses for each in apart)
    return taken < network.num_addresses


def _within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
