"""A company's whole set-up as one readable file, both ways: TOML in, checked whole; TOML out.

`fsdialer apply` makes Redis match a file, `fsdialer export` writes one. A wrong file is refused whole, with every
problem named: table, key, reason, and the nearest known key for a misspelt one.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from fsdialer.core.campaigns import (
    BROWSER_STATIONS,
    AmdAction,
    Campaign,
    Company,
    Gateway,
    Operator,
    PhoneFamily,
    Station,
)
from fsdialer.core.destinations import barred_dial, barred_extension
from fsdialer.core.dial_format import refer_target
from fsdialer.core.fields import ID, KINDS, Wrong, read_delays, read_setting, to_hash
from fsdialer.core.gateway_names import overlap, places_of
from fsdialer.errors import InvalidSetting


class InvalidSetup(InvalidSetting):
    """A file with problems; `problems` has them all, the message too."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("set-up", "refused, nothing was changed:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class CompanySetup:
    """Everything of one company. `password_env`: operator → environment variable with their password;
    `gateway_password_env`: gateway → the one with its password at the carrier."""

    company: Company
    gateways: tuple[Gateway, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    operators: tuple[Operator, ...] = ()
    password_env: Mapping[str, str] = field(default_factory=dict)
    gateway_password_env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What is wrong between settings: it shows at `setting` of the company, or of the gateway, campaign or operator
    (`part`) of that id."""

    part: str
    id: str
    setting: str
    words: str

    @property
    def where(self) -> str:
        """As in a file, under the company's table: ``operator.ann.dial``, ``refer_format``."""
        return self.setting if self.part == "company" else f"{self.part}.{self.id}.{self.setting}"


def read_toml(text: str) -> list[CompanySetup]:
    """The companies of a file; InvalidSetup with every problem in it. Decimals stay exact."""
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetup([f"not TOML: {error}"]) from None
    problems: list[str] = []
    for key in tables:
        if key != "company":
            problems.append(_unknown("the file", key, ["company"]))
    companies = tables.get("company", {})
    if not isinstance(companies, dict) or not companies:
        problems.append("company: no [company.ID] table in the file")
        companies = {}
    setups = [_read_company(name, table, problems) for name, table in companies.items()]
    problems += _names_of_two(setups)
    if problems:
        raise InvalidSetup(problems)
    return setups


def _read_company(name: str, table: Any, problems: list[str]) -> CompanySetup:
    where = f"company.{name}"
    parts = {"gateway": Gateway, "campaign": Campaign, "operator": Operator}
    company = _read(Company, {"id": name}, where, table, problems, also=[*parts, "retry_min"])
    tables = {part: _tables(where, part, table, problems) for part in parts}
    gateways = [
        _read(Gateway, {"company": name, "name": i}, f"{where}.gateway.{i}", t, problems, also=["password_env"])
        for i, t in tables["gateway"].items()
    ]
    campaigns = [
        _read(Campaign, {"company": name, "id": i}, f"{where}.campaign.{i}", t, problems, also=["retry_min"])
        for i, t in tables["campaign"].items()
    ]
    operators = [
        _read(Operator, {"company": name, "id": i}, f"{where}.operator.{i}", t, problems, also=["password_env"])
        for i, t in tables["operator"].items()
    ]
    setup = CompanySetup(
        company,
        tuple(gateways),
        tuple(campaigns),
        tuple(operators),
        _passwords(f"{where}.operator", tables["operator"], problems),
        _passwords(f"{where}.gateway", tables["gateway"], problems),
    )
    problems += [f"{where}.{each.where}: {each.words}" for each in contradictions(setup)]
    return setup


def _tables(where: str, part: str, table: Any, problems: list[str]) -> dict[str, Any]:
    tables = table.get(part, {}) if isinstance(table, dict) else {}
    if isinstance(tables, dict):
        return tables
    problems.append(f"{where}.{part}: must be tables, [{where}.{part}.ID]")
    return {}


def _read(
    kind: Any, identity: dict[str, str], where: str, table: Any, problems: list[str], also: Iterable[str] = ()
) -> Any:
    """One table. Its problems are added to the list, and a stand-in goes on, so that all are found at once."""
    own = list(identity.values())[-1]
    if not ID.fullmatch(own):
        problems.append(f"{where}: {own!r} is no id: letters, digits, - and _, 32 at the most")
    if not isinstance(table, dict):
        problems.append(f"{where}: must be a table, [{where}]")
        table = {}
    values: dict[str, Any] = dict(identity)
    for key, value in table.items():
        try:
            if key in KINDS[kind]:
                values[key] = read_setting(kind, key, value)
            elif key == "retry_min" and key in also:
                if not isinstance(value, dict):
                    raise Wrong("must be a table like { missed = 90, busy = 5 }")
                values[key] = read_delays(value).over(kind(**identity).retry_min)
            elif key not in also:
                problems.append(_unknown(where, key, [*KINDS[kind], *also]))
        except Wrong as wrong:
            problems.append(f"{where}.{key}: {wrong}")
    return kind(**values)


def _passwords(where: str, tables: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    passwords = {}
    for name, table in tables.items():
        variable = table.get("password_env") if isinstance(table, dict) else None
        if variable is None:
            continue
        if isinstance(variable, str) and variable.isidentifier():
            passwords[name] = variable
        else:
            problems.append(f"{where}.{name}.password_env: must name an environment variable")
    return passwords


def contradictions(setup: CompanySetup) -> list[Contradiction]:
    """What is wrong between settings that are right by themselves: names that lead nowhere, extensions had by two,
    what a kind of phone cannot have. A file is refused for them, and so is what is saved on a page."""
    checks = (_limits_contradict, _campaigns_contradict, _nowhere_to_refer_to, _operators_contradict)
    return [problem for check in checks for problem in check(setup)]


def _limits_contradict(setup: CompanySetup) -> Iterator[Contradiction]:
    company = setup.company
    soft, hard = company.abandon_soft_limit, company.abandon_hard_limit
    if hard and soft > hard:
        words = f"{soft} is above abandon_hard_limit {hard}: it is where pacing slows down before that"
        yield Contradiction("company", company.id, "abandon_soft_limit", words)


def _campaigns_contradict(setup: CompanySetup) -> Iterator[Contradiction]:
    gateways = {gateway.name for gateway in setup.gateways}
    for campaign in setup.campaigns:
        for gateway in campaign.gateways:
            if gateway not in gateways:
                yield Contradiction("campaign", campaign.id, "gateways", f"no gateway {gateway!r} in this company")
        if campaign.amd_action is AmdAction.MESSAGE and not campaign.machine_message:
            yield Contradiction("campaign", campaign.id, "amd_action", "neither amd_message nor message is set")


def _operators_contradict(setup: CompanySetup) -> Iterator[Contradiction]:
    campaigns, extensions = {campaign.id for campaign in setup.campaigns}, dict[str, str]()
    for operator in setup.operators:
        at = partial(Contradiction, "operator", operator.id)
        if not operator.extension:
            yield at("extension", 'missing: the phone that is rung, like "1001"')
        elif (holder := extensions.setdefault(operator.extension, operator.id)) != operator.id:
            yield at("extension", f"{operator.extension!r} belongs to operator {holder}")
        if operator.station in BROWSER_STATIONS and operator.dial:
            yield at("dial", f"leave it out: the phone of station {operator.station} is in the browser")
        if operator.station in BROWSER_STATIONS and operator.phone is PhoneFamily.NONE:
            yield at(
                "phone", f"auto instead of none: the phone of station {operator.station} answers when it is asked to"
            )
        if reason := barred_dial(operator.dial, setup.company):
            yield at("dial", reason)
        if operator.station is Station.REFER and (reason := barred_extension(operator.extension, setup.company)):
            yield at("extension", reason)
        for name in operator.campaigns:
            if name not in campaigns:
                yield at("campaigns", f"no campaign {name!r} in this company")


def _names_of_two(setups: Iterable[CompanySetup]) -> list[str]:
    """Gateways of two companies that would be one on the switch."""
    seen: list[Gateway] = []
    problems = []
    for gateway in (gateway for setup in setups for gateway in setup.gateways):
        for other in seen:
            if other.name == gateway.name and overlap(places_of(other), places_of(gateway)):
                where = f"company.{gateway.company}.gateway.{gateway.name}"
                problems.append(f"{where}: company {other.company} has a gateway of this name: choose another")
        seen.append(gateway)
    return problems


def _nowhere_to_refer_to(setup: CompanySetup) -> Iterator[Contradiction]:
    """Customers are to be sent to an operator, and a gateway they come by does not say where their PBX is."""
    sent_to = {name for o in setup.operators if o.station is Station.REFER for name in o.campaigns}
    used = {name for campaign in setup.campaigns if campaign.id in sent_to for name in campaign.gateways}
    for gateway in setup.gateways:
        try:
            if gateway.name in used:
                refer_target(setup.company, gateway, "1001")
        except InvalidSetting as error:
            yield Contradiction("company", setup.company.id, error.where, error.reason)


def _unknown(where: str, key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), 1)
    hint = f": did you mean {near[0]!r}?" if near else f": there are {', '.join(sorted(known))}"
    return f"{where}.{key}: unknown key{hint}"


# -- out ---------------------------------------------------------------------------------------------------------


def to_toml(setups: Iterable[CompanySetup]) -> str:
    """The file `read_toml` reads back to the same; passwords are not in it."""
    lines: list[str] = []
    for setup in setups:
        where = f"company.{setup.company.id}"
        lines += _table(where, setup.company)
        for gateway in sorted(setup.gateways, key=lambda g: g.name):
            lines += _table(f"{where}.gateway.{gateway.name}", gateway)
        for campaign in sorted(setup.campaigns, key=lambda c: c.id):
            lines += _table(f"{where}.campaign.{campaign.id}", campaign)
        for operator in sorted(setup.operators, key=lambda o: o.id):
            lines += _table(f"{where}.operator.{operator.id}", operator)
    return "\n".join(lines)


def _table(where: str, thing: Company | Gateway | Campaign | Operator) -> list[str]:
    texts = to_hash(thing)
    lines = [f"[{where}]"]
    for name in KINDS[type(thing)]:
        value = getattr(thing, name)
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, tuple):
            text = "[" + ", ".join(_quoted(item) for item in value) + "]"
        elif isinstance(value, int | float | Decimal):
            text = texts[name]
        else:
            text = _quoted(texts[name])
        lines.append(f"{name} = {text}")
    delays = {k: v for k, v in texts.items() if k.startswith("retry_")}
    if delays:
        inner = ", ".join(f"{k.removeprefix('retry_').removesuffix('_min')} = {v}" for k, v in delays.items())
        lines.append(f"retry_min = {{ {inner} }}")
    return [*lines, ""]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
