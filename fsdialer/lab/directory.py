"""What a switch is told of its set-up: operators' records forgotten, gateways given up and found again, registrations
ended. Answers in FreeSWITCH's words.

There is no file and no web to ask: a rescan finds the gateways the switch was started with, and the directory, asked as
mod_xml_curl would, has none besides.
"""

from collections.abc import Iterable

from fsdialer.lab.exchange import Exchange
from fsdialer.lab.places import Gateway

#: A gateway that was given up is still listed for so long (seconds).
GIVE_UP_S = 1.0
_EVENT_SOCKET = {"listen-ip": "127.0.0.1", "apply-inbound-acl": "loopback.auto"}


def profile(exchange: Exchange, name: str, todo: list[str]) -> str:
    """``sofia profile NAME gwlist|killgw|rescan|flush_inbound_reg``."""
    place = exchange.destinations
    match todo:
        case []:
            return "Invalid Args!\n"
        case ["gwlist", *state]:
            return "".join(f"{each.name} " for each in _listed(exchange, name) if each.up is not (state == ["down"]))
        case ["killgw"]:
            return "-ERR missing gw name\n"
        case ["killgw", gateway] if gateway in place.gateways:
            place.leaving[gateway] = place.gateways.pop(gateway)
            exchange.later(GIVE_UP_S, None, _forget, exchange, gateway)
            return "+OK gateway marked for deletion.\n"
        case ["killgw", _]:
            return "-ERR no such gateway.\n"
        case ["rescan"]:
            found = {key: gateway for key, gateway in place.configured.items() if key not in place.leaving}
            place.gateways = {**found, **place.gateways} if name == "carrier" else place.gateways
            return "Reload XML [Success]\n+OK scan complete\n"
        case ["flush_inbound_reg"]:
            for extension in place.registered():
                place.unregister(extension)
            return "+OK flushing all registrations\n"
        case ["flush_inbound_reg", user]:
            place.unregister(user.partition("@")[0])
            return "+OK flushing all registrations matching specified call_id\n"
    return "-ERR Unknown command!\n"


def _forget(exchange: Exchange, gateway: str) -> None:
    exchange.destinations.leaving.pop(gateway, None)


def _listed(exchange: Exchange, profile: str) -> Iterable[Gateway]:
    place = exchange.destinations
    return [*place.gateways.values(), *place.leaving.values()] if profile == "carrier" else []


def xml_locate(exchange: Exchange, argument: str) -> str:
    """The Event Socket's own configuration, and the gateways of the directory: none that are ours."""
    words = argument.split()
    if not words:
        return "-ERR bad args\n"
    if words == ["directory", "domain", "name", "gateways"] and "mod_xml_curl" in exchange.detectors.modules:
        return '<domain name="gateways" from="web">\n</domain>\n'
    if words[-1] != "event_socket.conf":
        return "can't find anything\n"
    rows = "".join(f'        <param name="{name}" value="{value}"></param>\n' for name, value in _EVENT_SOCKET.items())
    return f'<configuration name="event_socket.conf">\n    <settings>\n{rows}    </settings>\n</configuration>\n'


def gateway_data(exchange: Exchange, argument: str) -> str:
    """``sofia_gateway_data NAME ivar|ovar|var VARIABLE``: the gateways here have none."""
    return "" if argument else "-ERR Parameter missing\n"
