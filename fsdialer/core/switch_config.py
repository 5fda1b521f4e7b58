"""What a switch is told about operators and gateways: the directory's XML, the passwords in it, the variables file.

XML is built as a tree, never by pasting text. Where the document goes, and who may have it, is not known here.
Formats: FreeSWITCH's directory (``a1-hash`` is RFC 2617's MD5(user:realm:password), which SIP digest needs), gateways
inside a user as mod_sofia reads them, ``X-PRE-PROCESS`` lines of ``vars.xml``.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from xml.etree import ElementTree

from fsdialer.core.campaigns import Gateway
from fsdialer.errors import InvalidSetting

#: The name our web knows the switch by, and the profile gateways are made in.
WEB_USER, CARRIER_PROFILE = "freeswitch", "carrier"
#: The profile phones register at.
OPERATORS_PROFILE = "operators"
#: How long a switch may keep an operator's record without asking again (ms). The dialer has it forgotten at a change,
#: so this only bounds what holds while no dialer runs. FreeSWITCH counts it in microseconds in 32 bits
#: (switch_xml_locate_user_merged): above 2,147,483 it would be over before it began.
CACHE_MS = 1_800_000
#: The same for a phone in a browser: its password is short-lived, so this is too.
BROWSER_CACHE_MS = 120_000
#: The gateway variable that says which settings the switch has.
MARK = "fsdialer_settings"
#: What says that an answer comes from the web, not from a file.
_FROM_WEB = ("from", "web")
#: The domain the gateways stand in.
GATEWAY_DOMAIN = "gateways"

# Of several registrations the latest, which stands last: that of a phone that was cut off, or of a switch that died, is
# still there after the phone is back, and FreeSWITCH rings one alone, since a leg's uuid is ours.
_DIAL_STRING = (
    "{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}"
    "${regex(${sofia_contact(operators/${dialed_user}@${dialed_domain})}|[^,]+$|%0)}"
)
# FreeSWITCH reads vars.xml line by line before any XML parser does: what would need escaping has no place in it.
_SAFE = re.compile(r"[0-9A-Za-z_.:/@+,${}\[\]-]{0,300}")
# It does the same to every file and every answer of the web: what it would take for its own is written in numbers.
_PREPROCESSED = re.compile(rb"\$(?=\$)|x-pre-process", re.I)
_LINE = re.compile(r'(?P<before>\s*)<X-PRE-PROCESS cmd="(exec-)?set" data="(?P<name>[a-z0-9_]+)=[^"]*"/>(?P<after>.*)')

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phone:
    """An operator's account on the switch. `in_browser`: it is in their page, the password good for that page alone."""

    company: str
    operator: str
    name: str
    extension: str
    password: str
    in_browser: bool = False


@dataclass(frozen=True, slots=True)
class Trunk:
    """A gateway the switch is to have, with its password (empty: the carrier knows us by address)."""

    gateway: Gateway
    password: str = ""


# -- secrets ---------------------------------------------------------------------------------------------------------


def phone_password(secret_key: str, company: str, operator: str, salt: str) -> str:
    """The password of an operator's phone: 24 small letters and digits. The same whenever it is asked for, so that it
    need not be kept; another one under another `salt`."""
    digest = _keyed(secret_key, "phone", company, operator, salt)
    return base64.b32encode(digest).decode().lower()[:24]


def browser_password(secret_key: str, company: str, operator: str, salt: str) -> str:
    """The password of the phone in an operator's page, for as long as the page keeps its random `salt`."""
    return _keyed(secret_key, "browser", company, operator, salt).hex()[:48]


def web_password(secret_key: str) -> str:
    """What a switch shows our web to be answered."""
    return _keyed(secret_key, "switch").hex()[:48]


def password_fault(password: str) -> str:
    """Why a gateway cannot have this password; empty when it can."""
    if ":" in password:
        return "has a colon in it, where FreeSWITCH cuts a password off: have the carrier give another"
    return "" if password.isprintable() else "has a line break or another control character in it"


def _keyed(secret_key: str, *parts: str) -> bytes:
    return hmac.new(secret_key.encode(), "\0".join(("fsdialer", *parts)).encode(), hashlib.sha256).digest()


def a1_hash(extension: str, domain: str, password: str) -> str:
    """What the switch checks a phone's answer with; it does not give the password away."""
    return hashlib.md5(f"{extension}:{domain}:{password}".encode(), usedforsecurity=False).hexdigest()


# -- the directory ---------------------------------------------------------------------------------------------------


def unclashing(things: Iterable[T], key: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
    """Those whose key is theirs alone, and the others: a switch knows an extension and a gateway's name once, and
    must not ring one company's operator for another."""
    by_key: dict[Hashable, list[T]] = {}
    for thing in things:
        by_key.setdefault(key(thing), []).append(thing)
    alone = [same[0] for same in by_key.values() if len(same) == 1]
    return alone, [thing for same in by_key.values() if len(same) > 1 for thing in same]


def directory(domain: str, phones: Iterable[Phone], cache_ms: int = CACHE_MS) -> ElementTree.Element:
    """The operators' domain. A phone that is not in it is nobody's."""
    element, users = _domain(domain, "operators")
    params = ElementTree.Element("params")
    element.insert(0, params)
    _param(params, "param", "dial-string", _DIAL_STRING)
    for phone in phones:
        user = ElementTree.SubElement(users, "user", {"id": phone.extension})
        kept_ms = min(cache_ms, BROWSER_CACHE_MS) if phone.in_browser else cache_ms
        if kept_ms:
            user.set("cacheable", str(kept_ms))
        params = ElementTree.SubElement(user, "params")
        _param(params, "param", "a1-hash", a1_hash(phone.extension, domain, phone.password))
        variables = ElementTree.SubElement(user, "variables")
        for name, value in (
            ("user_context", "operators"),
            ("effective_caller_id_name", _one_line(phone.name or phone.operator)),
            ("effective_caller_id_number", phone.extension),
        ):
            _param(variables, "variable", name, value)
    return element


def gateways(trunks: Iterable[Trunk], accounts: bool = True) -> ElementTree.Element:
    """The gateways, as a domain with a user each: mod_sofia reads them when the carrier profile starts or rescans.
    Without `accounts` their names and marks alone, as the web tells whoever only looks."""
    element, users = _domain(GATEWAY_DOMAIN, "gateways")
    if not accounts:
        element.set(*_FROM_WEB)
    for trunk in trunks:
        user = ElementTree.SubElement(users, "user", {"id": trunk.gateway.name})
        parent = ElementTree.SubElement(user, "gateways")
        gateway = ElementTree.SubElement(parent, "gateway", {"name": trunk.gateway.name})
        for name, value in _account(trunk).items() if accounts else ():
            _param(gateway, "param", name, value)
        variables = ElementTree.SubElement(gateway, "variables")
        ElementTree.SubElement(
            variables, "variable", {"name": MARK, "value": fingerprint(trunk), "direction": "outbound"}
        )
    return element


def marks(text: str) -> dict[str, str] | None:
    """Gateway → mark, of a domain of gateways as `gateways` makes it; None when it is none."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    if root.tag != "domain":
        return None
    nodes = ((gateway, gateway.find(f"variables/variable[@name='{MARK}']")) for gateway in root.iter("gateway"))
    return {gateway.get("name", ""): node.get("value", "") for gateway, node in nodes if node is not None}


def from_web(text: str) -> bool:
    """Is this domain of gateways the web's answer, and not a file's?"""
    try:
        name, value = _FROM_WEB
        return ElementTree.fromstring(text).get(name) == value
    except ElementTree.ParseError:
        return False


def fingerprint(trunk: Trunk) -> str:
    """Changes with every setting the switch is told of; gives none of them away."""
    text = "\0".join(f"{name}={value}" for name, value in _account(trunk).items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _account(trunk: Trunk) -> dict[str, str]:
    gateway = trunk.gateway
    account = {
        "username": gateway.username or "fsdialer",
        "password": trunk.password or "none",
        "realm": gateway.proxy.rpartition(":")[0] or gateway.proxy,
        "proxy": gateway.proxy,
        "register": "true" if gateway.register else "false",
        "retry-seconds": "30",
        "caller-id-in-from": "true",
        "context": "public",
    }
    return account | ({"ping": str(gateway.ping_s)} if gateway.ping_s else {})


def document(*domains: ElementTree.Element) -> bytes:
    """An answer to mod_xml_curl; without a domain it says that there is none, and the switch's own files stand."""
    root = ElementTree.Element("document", {"type": "freeswitch/xml"})
    section = ElementTree.SubElement(root, "section", {"name": "directory" if domains else "result"})
    section.extend(domains)
    if not domains:
        ElementTree.SubElement(section, "result", {"status": "not found"})
    return _bytes(root)


def static_file(*domains: ElementTree.Element) -> bytes:
    """The same as a file in ``directory/``."""
    root = ElementTree.Element("include")
    root.extend(domains)
    return _bytes(root)


def _domain(name: str, group: str) -> tuple[ElementTree.Element, ElementTree.Element]:
    domain = ElementTree.Element("domain", {"name": name})
    groups = ElementTree.SubElement(domain, "groups")
    users = ElementTree.SubElement(ElementTree.SubElement(groups, "group", {"name": group}), "users")
    return domain, users


def _param(parent: ElementTree.Element, tag: str, name: str, value: str) -> None:
    ElementTree.SubElement(parent, tag, {"name": name, "value": value})


def _one_line(text: str) -> str:
    """A person's name as a caller id: nothing the switch would expand or a phone choke on."""
    return "".join(letter for letter in text if letter.isprintable() and letter not in '${}<>"\\')


def _bytes(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    text = bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)) + b"\n"
    return _PREPROCESSED.sub(lambda found: b"&#%d;%s" % (found[0][0], found[0][1:]), text)


# -- the variables file ------------------------------------------------------------------------------------------------


def variables(text: str) -> dict[str, str]:
    """Name → value of the variables of ``vars.xml``; one that is made by a command is left out."""
    nodes = ElementTree.fromstring(text).iter("X-PRE-PROCESS")
    pairs = (node.get("data", "").partition("=") for node in nodes if node.get("cmd") == "set")
    return {name: value for name, _, value in pairs}


def with_variables(text: str, values: Mapping[str, str]) -> str:
    """``vars.xml`` with these values; InvalidSetting for a variable it does not have, or a value unfit for it."""
    left = dict(values)
    lines = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match and match["name"] in left:
            name = match["name"]
            value = left.pop(name)
            if not _SAFE.fullmatch(value):
                raise InvalidSetting(name, "letters, digits and _ . : / @ + , - [ ] $ { } only")
            line = f'{match["before"]}<X-PRE-PROCESS cmd="set" data="{name}={value}"/>{match["after"]}'
        lines.append(line)
    if left:
        known = ", ".join(variables(text))
        raise InvalidSetting(sorted(left)[0], f"no such variable in vars.xml: there are {known}")
    return "\n".join(lines) + "\n"
