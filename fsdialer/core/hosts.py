"""What may stand for a machine in an address: a name or an IPv4 address, and a port. Looked at, never looked up."""

import re

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
LONGEST_NAME = 253


def is_host(text: str) -> bool:
    """``pbx``, ``sip.example.com`` or ``10.0.0.5``; not ``..``, ``-``, ``10.0.0.300``."""
    return len(text) <= LONGEST_NAME and bool(_NAME.fullmatch(text) or _IPV4.fullmatch(text))


def is_port(text: str) -> bool:
    """1 to 65535, without leading zeros."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,4}", text)) and int(text) <= 65535


def is_host_and_port(text: str) -> bool:
    """HOST or HOST:PORT."""
    host, colon, port = text.partition(":")
    return is_host(host) and (not colon or is_port(port))


def in_url(host: str) -> str:
    """As it stands before a port: an IPv6 address in brackets."""
    return f"[{host.strip('[]')}]" if ":" in host else host
