"""Commands about a switch's own set-up: operators' records forgotten, gateways taken in and out. Text out, as in
`commands`; calls that are up are touched by none of them."""

from fsdialer.core.switch_config import CARRIER_PROFILE, GATEWAY_DOMAIN, MARK, OPERATORS_PROFILE
from fsdialer.errors import UnsafeCommand
from fsdialer.esl import allowed


def forget_operators() -> str:
    """Operators' records are asked for anew."""
    return "xml_flush_cache"


def forget_operator(extension: str, domain: str = "") -> str:
    """One operator's record is asked for anew; without a domain everybody's."""
    return f"xml_flush_cache id {_user(extension, domain, ' ')}" if domain else forget_operators()


def forget_registrations(extension: str, domain: str = "") -> str:
    """A phone is registered nowhere any more, until it comes again."""
    return f"sofia profile {OPERATORS_PROFILE} flush_inbound_reg {_user(extension, domain, '@')}"


def read_files() -> str:
    """The configuration's files are read anew: what stands while the web does not answer."""
    return "reloadxml"


def rescan_gateways() -> str:
    """Gateways the profile does not have yet are made; those it has are left as they are."""
    return f"sofia profile {CARRIER_PROFILE} rescan"


def offered_gateways() -> str:
    """The gateways a rescan would find, from the web or the switch's files, as XML."""
    return f"xml_locate directory domain name {GATEWAY_DOMAIN}"


def drop_gateway(name: str) -> str:
    """The profile gives up a gateway, within a second or two."""
    return f"sofia profile {CARRIER_PROFILE} killgw {_gateway(name)}"


def gateways(up: bool) -> str:
    """The names of the profile's gateways that are up, or down, parted by spaces."""
    return f"sofia profile {CARRIER_PROFILE} gwlist {'up' if up else 'down'}"


def gateway_mark(name: str) -> str:
    """Which settings of ours the switch has for a gateway; nothing for one that is not of ours."""
    return f"sofia_gateway_data {_gateway(name)} ovar {MARK}"


def trunk_address() -> str:
    """Where the switch takes calls of the others: host:port; empty when it takes none."""
    return "global_getvar switches_address"


def phones_port() -> str:
    """Where operators' phones register; empty when the configuration is not ours."""
    return "global_getvar operators_port"


def most(what: str) -> str:
    """The figure the switch keeps for ``max_sessions`` or ``sps``."""
    if what not in ("max_sessions", "sps"):
        raise UnsafeCommand(f"{what!r} is no limit of a switch: nothing was sent")
    return f"fsctl {what}"


def _user(extension: str, domain: str, between: str) -> str:
    if not allowed.NAME.fullmatch(extension) or not allowed.DOMAIN.fullmatch(domain):
        raise UnsafeCommand(f"{extension!r} {domain!r} is no user of a domain: nothing was sent")
    return f"{extension}{between}{domain}" if domain else extension


def _gateway(name: str) -> str:
    if not allowed.NAME.fullmatch(name):
        raise UnsafeCommand(f"{name!r} is no gateway's name: nothing was sent")
    return name
