"""The dial format: how a lead's number becomes the address that is dialled; and the REFER format: how an operator's
extension becomes the address their PBX is asked to send the customer to.

``+{number}@{host}:{port}`` by default, as in AutoCall; ``sip:`` in front is accepted and taken off. What comes out is
checked against a strict list of characters: everything else has a meaning in FreeSWITCH's originate string.
"""

import re

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.hosts import is_host, is_port
from fsdialer.errors import InvalidSetting

MACROS = ("number", "host", "port", "server")
DEFAULT, DEFAULT_REFER = "+{number}@{host}:{port}", "{number}@{host}:{port}"

_MACRO = re.compile(r"\{([^{}]*)\}")
_USER = re.compile(r"[0-9A-Za-z+*#._-]{1,64}")
_ADDRESS = re.compile(rf"{_USER.pattern}@([0-9A-Za-z.-]+)(?::([0-9]+))?")
_NUMBER, _HOST, _PORT, _SERVER, _EXTENSION = "12125550100", "pbx.example.com", 5060, "dialer.example.com", "1001"


def check(dial_format: str, setting: str = "dial_format") -> str:
    """The format without ``sip:``; InvalidSetting, naming the fix, when it cannot make a safe address.

    `setting` is its name: ``dial_format``, or ``refer_format`` whose ``{number}`` is the operator's extension.
    """
    text = _without_scheme(dial_format)
    unknown = [name for name in _MACRO.findall(text) if name not in MACROS]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in MACROS)
        raise InvalidSetting(setting, f"unknown macro {{{unknown[0]}}}: there are {known}")
    example = DEFAULT if setting == "dial_format" else DEFAULT_REFER
    user, _, host = text.partition("@")
    if "{number}" not in text:
        raise InvalidSetting(setting, f"no {{number}} in it: for example {example}")
    if host and ("{number}" in host or "{number}" not in user):
        raise InvalidSetting(setting, f"{{number}} must stand before the @, and there alone: for example {example}")
    if "{port}" in host and (host.count("{port}") > 1 or not host.endswith(":{port}")):
        raise InvalidSetting(setting, f"{{port}} must stand behind a colon at the end: for example {example}")
    render(text, _NUMBER, _HOST, _PORT, _SERVER, setting)
    return text


def render(dial_format: str, number: str, host: str, port: int, server: str, setting: str = "dial_format") -> str:
    """The address, ``+12125550100@pbx.example.com:5060``; `number` is given in digits, without +."""
    values = {"number": number, "host": host, "port": str(port), "server": server}
    text = _without_scheme(dial_format)
    address = _MACRO.sub(lambda match: values.get(match[1], match[0]), text)
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise InvalidSetting(
            setting,
            f"{address!r} is not an address: USER@HOST or USER@HOST:PORT, of letters, digits and + * # . _ -",
        )
    if not is_host(found[1]):
        raise InvalidSetting(setting, f"{address!r}: {found[1]!r} is no host: a name like pbx.example.com, or 10.0.0.5")
    if found[2] is not None and not is_port(found[2]):
        raise InvalidSetting(setting, f"{address!r}: {found[2]} is no port: 1 to 65535")
    return address


def _without_scheme(dial_format: str) -> str:
    text = dial_format.strip()
    while text[:4].lower() == "sip:":
        text = text[4:].lstrip()
    return text


def preview(company: Company, gateway: Gateway | None, number: str = _NUMBER) -> str:
    """What would be dialled, for the administrator's page: ``sip:+12125550100@pbx.example.com:5060``. A gateway that
    the switch has takes the part before the @, and the rest from what the switch knows of it."""
    if gateway is None:
        gateway = Gateway(company.id, "trunk", host=_HOST, port=_PORT)
    host = gateway.host or _pbx(gateway)[0] or "gateway"
    address = render(company.dial_format, number.lstrip("+"), host, gateway.port, company.server or host)
    user = address.partition("@")[0]
    if gateway.host:
        return f"sip:{address}"
    return f"sip:{user}@{gateway.proxy}" if gateway.proxy else f"{user}, by the switch's own gateway {gateway.name}"


def preview_refer(company: Company, gateway: Gateway | None, extension: str = _EXTENSION) -> str:
    """Where an operator's customer would be sent, for the administrator's page: ``sip:1001@pbx.example.com:5060``."""
    if gateway is None:
        gateway = Gateway(company.id, "pbx", host=_HOST, port=_PORT)
    return refer_target(company, gateway, extension)


def destination(company: Company, gateway: Gateway, number: str) -> str:
    """FreeSWITCH's name for the way to `number` (E.164): ``sofia/external/+1…@host:port`` for a gateway with a host of
    its own, else ``sofia/gateway/NAME/+1…`` with the part of the dial format before the @."""
    host = gateway.host or "gateway"
    address = render(company.dial_format, number.lstrip("+"), host, gateway.port, company.server or host)
    if gateway.host:
        return f"sofia/{gateway.profile}/{address}"
    return f"sofia/gateway/{gateway.name}/{address.partition('@')[0]}"


def refer_target(company: Company, gateway: Gateway, extension: str) -> str:
    """Refer-To of an operator's `extension` on the PBX behind `gateway`; InvalidSetting when that makes no address."""
    host, port = _pbx(gateway)
    if not host and "{host}" in company.refer_format:
        raise InvalidSetting(
            "refer_format",
            f"gateway {gateway.name} has neither host nor proxy: write the PBX's address instead of {{host}}",
        )
    return "sip:" + _refer(company, host, port, extension)


def operator_destination(company: Company, gateway: Gateway, extension: str) -> str:
    """FreeSWITCH's name for the way to an operator's `extension` on the PBX behind `gateway`."""
    host, port = _pbx(gateway)
    address = _refer(company, host or "gateway", port, extension)
    if gateway.host:
        return f"sofia/{gateway.profile}/{address}"
    return f"sofia/gateway/{gateway.name}/{address.partition('@')[0]}"


def _refer(company: Company, host: str, port: int, extension: str) -> str:
    return render(company.refer_format, extension, host, port, company.server or host or _SERVER, "refer_format")


def _pbx(gateway: Gateway) -> tuple[str, int]:
    """Host and port of what is behind a gateway; no host where only the switch knows."""
    if gateway.host:
        return gateway.host, gateway.port
    host, _, port = gateway.proxy.partition(":")
    return host, int(port or _PORT)
