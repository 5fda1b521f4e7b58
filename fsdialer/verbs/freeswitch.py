"""`freeswitch write | phone | reload`: what a switch needs from us, as files, on the screen, and at once."""

import hashlib
import json
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree

import click

from fsdialer.core.hosts import in_url
from fsdialer.core.phone_settings import FILES, Account, as_file, elsewhere, in_words
from fsdialer.errors import InvalidSetting, NotFound, Refused
from fsdialer.verbs.shared import company_of, company_option, read_settings

if TYPE_CHECKING:
    from fsdialer.core.switch_config import Phone, Trunk
    from fsdialer.settings import Settings
    from fsdialer.store import Store

#: Where the web answers a switch (`web.switch_xml`).
WEB_PATH = "/switch/directory"
#: The files that are ours to write anew each time, besides the copied ones.
_DIRECTORY, _VARIABLES, _ENVIRONMENT = Path("directory/fsdialer.xml"), Path("vars.xml"), Path("fsdialer.env")
_BROWSERS = "FSDIALER_SIP_WS="
_XML_CURL = b'    <load module="mod_xml_curl"/>\n'
#: Directories that FreeSWITCH may write, one for the certificate of browsers' WebSocket that it makes for itself.
WRITABLE = "-log /var/log/freeswitch -db /var/lib/freeswitch/db -certs /var/lib/freeswitch/certs"
#: The sums of the files we wrote, by which those changed by hand are known, and our lines of the environment.
_WRITTEN = ".written"


@click.group(short_help="A FreeSWITCH for fsdialer: configuration, phones.")
def freeswitch() -> None:
    """A FreeSWITCH for fsdialer: its configuration, its operators' phones."""


@freeswitch.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--domain", help="What phones write after the @: a name or this machine's address.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A variable of vars.xml; may be repeated.")
@click.option("--static", is_flag=True, help="Operators and gateways from these files alone; the web is not asked.")
def write(directory: Path, domain: str | None, values: tuple[str, ...], static: bool) -> None:
    """Write a whole configuration into DIRECTORY: passwords, operators, gateways. Again: what vars.xml has is kept."""
    settings, store = _settings_and_store()
    for line in write_all(settings, store, directory, domain, _pairs(values), static):
        click.echo(line)


@freeswitch.command()
@click.argument("operator")
@company_option
@click.option("--domain", help="The switch's domain; from ?domain= of FSDIALER_SWITCHES when left out.")
@click.option("--new", is_flag=True, help="Make another password first; the old one ends within two minutes.")
@click.option("--for", "kind", type=click.Choice(tuple(FILES)), help="As the file that this kind of phone reads.")
def phone(operator: str, company: str | None, domain: str | None, new: bool, kind: str | None) -> None:
    """The settings of OPERATOR's phone, password and all: MicroSIP, Grandstream, baresip, browser."""
    settings, _ = _settings_and_store()
    store = company_of(company)
    if there := elsewhere(store.setup.operator(operator)):
        raise Refused(there)
    accounts = store.accounts
    if new:
        accounts.renew_phone(operator)
    found = accounts.phone(operator, settings.secret_key)
    account = Account(found, domain or _domain_of(settings), _phones_port(settings), settings.browsers_address)
    if kind is None:
        click.echo("\n".join(in_words(account)))
    elif found.in_browser:
        raise Refused(f"the phone of {operator} is in their page: there is no file to write")
    else:
        click.echo(as_file(kind, account), nl=False)


@freeswitch.command()
def reload() -> None:
    """Have every switch ask anew for operators and gateways. The dialer does so by itself at every change."""
    from fsdialer.engine.switch_setup import settle, wanted_marks
    from fsdialer.esl.client import EslClient
    from fsdialer.esl.link import addresses

    settings, store = _settings_and_store()
    for address in addresses(settings.need_switches().switches):
        client = EslClient(address.host, address.port, address.password)
        try:
            client.connect()
            settled = settle(client.api, wanted_marks(store))
        finally:
            client.stop()
        click.echo(
            f"{address.name}: operators are asked for anew; {'; '.join(settled.done) or 'gateways as they were'}"
        )
        if not settled.complete:
            raise Refused(f"{address.name}: the web does not answer the switch, or its files are old: write them again")


# -- write -----------------------------------------------------------------------------------------------------------


def write_all(
    settings: "Settings", store: "Store", target: Path, domain: str | None, values: dict[str, str], static: bool
) -> Iterator[str]:
    """Write the configuration; what was done, in lines. Refused for a directory that is another's, or when two
    companies want the same extension or gateway."""
    from fsdialer.core import switch_config

    phones, trunks = _accounts(settings.need_secret(), store)
    source, kept = template(), _kept(target)
    wanted = _first_values(settings, kept) | kept | values
    wanted |= {"web_secret": switch_config.web_password(settings.secret_key)}
    wanted["domain"] = domain or values.get("domain") or kept.get("domain") or own_address()
    if ":" in wanted["domain"]:
        raise InvalidSetting("domain", "an IPv6 address: browsers and phones need a name for it, or an IPv4 address")
    if not wanted["event_socket_password"]:
        raise InvalidSetting("event_socket_password", "is empty: FreeSWITCH would take ClueCon, which everybody knows")
    variables = switch_config.with_variables((source / _VARIABLES).read_text(), wanted)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = _note(target)
    edited = _copy(source, target, static, note)
    _put(target / _VARIABLES, variables.encode())
    operators = switch_config.directory(wanted["domain"], phones, cache_ms=0)
    _put(target / _DIRECTORY, switch_config.static_file(operators, switch_config.gateways(trunks)))
    environment = _environment(target / _ENVIRONMENT, switch_config.variables(variables), kept, note)
    browsers = next(line for line in environment if line.startswith(_BROWSERS))
    _put(target / _ENVIRONMENT, "".join(f"{line}\n" for line in environment).encode())
    _put(target / _WRITTEN, json.dumps(note, indent=1).encode())
    yield f"{target}: {len(phones)} operators, {len(trunks)} gateways, domain {wanted['domain']}"
    yield f"  start it:  freeswitch -conf {target.resolve()} {WRITABLE}"
    yield f"  for the dialer and the web:  {target / _ENVIRONMENT}: FSDIALER_SWITCHES, {browsers}"
    for path in edited:
        yield f"  {target / path}: changed by hand, left as it is; ours is {path.name}.new"
    for each in phones:
        if each.in_browser:
            without = ": not with --static, where the switch never hears their passwords" if static else ""
            yield f"  phone {each.extension}: in the page of {each.operator}{without}"
            continue
        yield f"  phone {each.extension}: fsdialer freeswitch phone {each.operator} --company {each.company}"


def _note(target: Path) -> dict[str, str]:
    """What the last `write` kept for the next one."""
    file = target / _WRITTEN
    note: dict[str, str] = json.loads(file.read_text()) if file.is_file() else {}
    return note


def _copy(source: Path, target: Path, static: bool, sums: dict[str, str]) -> list[Path]:
    """Copy what is the same for everybody. A file that somebody changed since we wrote it stays, ours beside it as
    ``.new``; those are returned. What we wrote is known by its sum."""
    edited = []
    for path in sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in (".xml", ".sh")):
        name, ours = path.relative_to(source), path.read_bytes()
        if name in (_VARIABLES, _DIRECTORY):
            continue
        if static and path.name == "modules.conf.xml":
            ours = ours.replace(_XML_CURL, b"")
        there, beside = target / name, target / f"{name}.new"
        before, known = _sum(there.read_bytes()) if there.is_file() else "", sums.get(str(name))
        sums[str(name)] = _sum(ours)
        if before and known and before not in (known, _sum(ours)):
            edited.append(name)
            _put(beside, ours)
        else:
            _put(there, ours)
            beside.unlink(missing_ok=True)
    return edited


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def template() -> Path:
    """Our configuration directory: beside the package in a checkout, else where it was installed."""
    for root in (Path(__file__).parents[2], Path(sys.prefix) / "share" / "fsdialer"):
        if (root / "freeswitch" / "freeswitch.xml").is_file():
            return root / "freeswitch"
    raise NotFound("the configuration directory freeswitch/ is not installed: take it from the source of fsdialer")


def own_address() -> str:
    """This machine's address as others see it; nothing is sent. 127.0.0.1 without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _accounts(settings: "Settings", store: "Store") -> tuple[list["Phone"], list["Trunk"]]:
    from fsdialer.core.switch_config import unclashing

    companies = [store.company(each).accounts for each in store.companies()]
    phones, twice = unclashing(
        (phone for company in companies for phone in company.phones(settings.secret_key)), lambda p: p.extension
    )
    trunks = [trunk for company in companies for trunk in company.trunks()]
    clashes = [f"extension {p.extension} of {p.company}/{p.operator}" for p in twice]
    if clashes:
        raise Refused(f"a switch knows each once: give another {', '.join(clashes)}")
    return sorted(phones, key=lambda p: p.extension), sorted(trunks, key=lambda t: t.gateway.name)


def _kept(target: Path) -> dict[str, str]:
    """The variables of an earlier `write`; Refused when the directory is somebody else's."""
    from fsdialer.core.switch_config import variables

    if not target.exists() or not any(target.iterdir()):
        return {}
    file = target / _VARIABLES
    try:
        kept = variables(file.read_text()) if file.is_file() else {}
    except ElementTree.ParseError as error:
        raise InvalidSetting(str(file), f"not XML: {error}") from None
    if "web_secret" not in kept:
        raise Refused(f"{target} is not empty and not written by us: name a new directory")
    known = (template() / _VARIABLES).read_text()
    return {name: value for name, value in kept.items() if f'data="{name}=' in known}


def _first_values(settings: "Settings", kept: dict[str, str]) -> dict[str, str]:
    """What the first `write` makes up."""
    host, _, port = settings.listen.rpartition(":")
    host = "127.0.0.1" if host in ("0.0.0.0", "::", "[::]", "localhost") else host
    first = {"web_url": f"http://{host}:{port}{WEB_PATH}"}
    if "event_socket_password" not in kept:
        first["event_socket_password"] = secrets.token_hex(24)
    return first


def _environment(file: Path, values: dict[str, str], before: dict[str, str], note: dict[str, str]) -> list[str]:
    """The lines for dialer and web: our own, or as somebody changed them in the file (other switches beside this one, a
    proxy), then with this switch's new address; and whatever else stands there. `before`: the variables as they stood
    in the file. They may have been changed there by hand since our lines were made, which `note` has."""
    lines = file.read_text().splitlines() if before and file.is_file() else []
    for own in (_switches, _own_websocket):
        made = own(values)
        name = made.partition("=")[0] + "="
        was, note[name] = note.get(name) or own(values | before), made
        at = next((n for n, line in enumerate(lines) if line.startswith(name)), len(lines))
        if at == len(lines):
            lines.append(was)
        lines[at] = made if lines[at] == was else lines[at].replace(_address(was), _address(made))
    return lines


def _address(line: str) -> str:
    return line.partition("=")[2].partition("?")[0]


def _switches(values: dict[str, str]) -> str:
    password, host, port = (values[f"event_socket_{name}"] for name in ("password", "ip", "port"))
    return f"FSDIALER_SWITCHES=esl://:{quote(password, safe='')}@{in_url(host)}:{port}?domain={values['domain']}"


def _own_websocket(values: dict[str, str]) -> str:
    if values["domain"] in ("127.0.0.1", "localhost"):
        return f"{_BROWSERS}ws://{values['ws_binding']}"
    return f"{_BROWSERS}wss://{values['domain']}:{values['wss_binding'].rpartition(':')[2]}"


def _put(path: Path, data: bytes) -> None:
    """A file for its owner alone, there whole or as it was before: a running switch may read it at any moment. One
    that says so already is left alone, owner and time and all. Root leaves a file to whom it was given, and a new one
    to whom its directory was: else the switch could not read what was written again."""
    if path.is_file() and path.stat().st_mode & 0o777 == 0o600 and path.read_bytes() == data:
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    if os.geteuid() == 0:
        given = (path if path.is_file() else path.parent).stat()
        os.chown(fresh, given.st_uid, given.st_gid)
    fresh.replace(path)


# -- phone -----------------------------------------------------------------------------------------------------------


def _phones_port(settings: "Settings") -> str:
    """The port phones register at, as the first switch that answers has it; empty when that is 5060 or nobody says."""
    from fsdialer.errors import SwitchError
    from fsdialer.esl import setup_commands
    from fsdialer.esl.client import EslClient
    from fsdialer.esl.link import addresses

    for address in addresses(settings.switches):
        client = EslClient(address.host, address.port, address.password)
        try:
            client.connect()
            port = client.api(setup_commands.phones_port()).strip()
            return port if port.isdecimal() and port != "5060" else ""
        except SwitchError:
            continue
        finally:
            client.stop()
    return ""


def _domain_of(settings: "Settings") -> str:
    from fsdialer.esl.link import SwitchAddress

    for url in settings.switches:
        if domain := SwitchAddress.parse(url).domain:
            return domain
    raise NotFound("name the switch's domain with --domain, or as ?domain= in FSDIALER_SWITCHES")


# -- what they share -------------------------------------------------------------------------------------------------


def _settings_and_store() -> "tuple[Settings, Store]":
    from fsdialer.store import Store, connect

    settings = read_settings().need_secret()
    return settings, Store(connect(settings.redis_url))


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    for name in pairs:
        if not name or name not in {value.partition("=")[0] for value in values if "=" in value}:
            raise InvalidSetting("--set", "must look like NAME=VALUE")
    return pairs
