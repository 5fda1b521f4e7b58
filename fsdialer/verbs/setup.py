"""`apply` and `user add`: from a file or a person into Redis."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fsdialer.core.campaigns import Mode
from fsdialer.core.setup import CompanySetup, InvalidSetup, read_toml
from fsdialer.core.switch_config import password_fault
from fsdialer.errors import Refused
from fsdialer.store import CompanyStore, Store
from fsdialer.store.gateway_names import taken
from fsdialer.store.operators import OperatorView
from fsdialer.store.users import PASSWORD_LENGTH, User, hash_password, password_matches


def apply_file(
    store: Store, file: Path, prune: bool = False, environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Make Redis match a file; what was done, in lines. InvalidSetup before anything is changed.

    What Redis has and the file has not is named and left; with `prune` its operators and gateways are removed, and
    its campaigns switched off (their leads are kept).
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidSetup(["not UTF-8 text"]) from None
    setups = read_toml(text)
    passwords = _passwords(setups, environment)
    problems = [problem for setup in setups for problem in _conflicts(store, setup, prune)]
    if problems:
        raise InvalidSetup(problems)
    for setup in setups:
        for gateway, variable in setup.gateway_password_env.items():  # before the gateway, which tells the dialer
            CompanyStore(store.redis, setup.company.id).accounts.save_gateway_password(gateway, environment[variable])
        yield from _apply(store, setup, passwords.get(setup.company.id, {}), prune)


def _passwords(setups: list[CompanySetup], environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Company → operator → password, from the variables the file names."""
    found: dict[str, dict[str, str]] = {}
    problems = []
    for setup in setups:
        for operator, variable in setup.password_env.items():
            where = f"company.{setup.company.id}.operator.{operator}.password_env"
            password = environment.get(variable, "")
            if len(password) < PASSWORD_LENGTH:
                problems.append(f"{where}: ${variable} is not set, or under {PASSWORD_LENGTH} characters")
            found.setdefault(setup.company.id, {})[operator] = password
        for gateway, variable in setup.gateway_password_env.items():
            password = environment.get(variable, "")
            if fault := password_fault(password) if password else "is not set":
                problems.append(f"company.{setup.company.id}.gateway.{gateway}.password_env: ${variable} {fault}")
    if problems:
        raise InvalidSetup(problems)
    return found


def _conflicts(store: Store, setup: CompanySetup, prune: bool) -> Iterator[str]:
    """What stands against the file in Redis: gateways' names that are another company's, extensions of operators, and
    operators on the line, not in the file."""
    names = CompanyStore(store.redis, setup.company.id).gateway_names
    for gateway in setup.gateways:
        if not names.may_have(gateway):
            yield f"company.{setup.company.id}.gateway.{gateway.name}: {taken(gateway.name)}"
    for operator in setup.operators:
        if reason := names.of_another(operator.dial):
            yield f"company.{setup.company.id}.operator.{operator.id}.dial: {reason}"
    others = _not_in_file(store, setup).operators
    extensions = {operator.extension: operator.id for operator in others}
    where = f"company.{setup.company.id}.operator"
    for operator in () if prune else setup.operators:
        if operator.extension in extensions:
            holder = extensions[operator.extension]
            yield (
                f"{where}.{operator.id}.extension: {operator.extension!r} belongs to operator {holder}, who is not in "
                "the file (--prune removes them)"
            )
    for other in others if prune else ():
        state = store.company(setup.company.id).operators.view(other.id).state
        if state != "off":
            yield f"{where}.{other.id}: not in the file, but on the line ({state}): take them off first"


def _not_in_file(store: Store, setup: CompanySetup) -> CompanySetup:
    """What Redis has of the company beyond the file."""
    company = setup.company.id
    if company not in store.companies():
        return CompanySetup(setup.company)
    kept = store.company(company).setup
    campaigns, gateways = {c.id for c in setup.campaigns}, {g.name for g in setup.gateways}
    operators = {o.id for o in setup.operators}
    return CompanySetup(
        setup.company,
        tuple(g for g in kept.gateways() if g.name not in gateways),
        tuple(c for c in kept.campaigns() if c.id not in campaigns),
        tuple(o for o in kept.operators() if o.id not in operators),
    )


def _apply(store: Store, setup: CompanySetup, passwords: Mapping[str, str], prune: bool) -> Iterator[str]:
    others = _not_in_file(store, setup)
    company = CompanyStore(store.redis, setup.company.id)
    if prune:
        for operator in others.operators:
            company.setup.remove_operator(operator.id)
        for campaign in others.campaigns:
            company.setup.save_campaign(replace(campaign, mode=Mode.OFF, gateways=()))
    company.setup.save_company(setup.company)
    for gateway in setup.gateways:
        company.setup.save_gateway(gateway)
    for campaign in setup.campaigns:
        company.setup.save_campaign(campaign)
    company.setup.save_operators(setup.operators)
    for gateway in others.gateways if prune else ():
        company.setup.remove_gateway(gateway.name)
    for operator_id, password in passwords.items():
        _set_password(company, operator_id, password)
    yield (
        f"{setup.company.id}: {len(setup.gateways)} gateways, {len(setup.campaigns)} campaigns, "
        f"{len(setup.operators)} operators"
    )
    yield from _beyond(others, prune)


def _beyond(others: CompanySetup, prune: bool) -> Iterator[str]:
    left = {
        "gateway": ([g.name for g in others.gateways], "removed"),
        "campaign": ([c.id for c in others.campaigns], "switched off"),
        "operator": ([o.id for o in others.operators], "removed"),
    }
    for what, (names, done) in left.items():
        if names:
            yield f"  not in the file, {done if prune else 'left as it is'}: {what} {', '.join(names)}"


def _set_password(company: CompanyStore, operator: str, password: str) -> None:
    """Nothing is written when it is the operator's password already: applying a file twice changes nothing."""
    user = company.users.get(operator)
    if user is None or user.operator != operator or not password_matches(user.password_hash, password):
        add_user(company, operator, "operator", operator, "", password)


def add_user(company: CompanyStore, login: str, role: str, operator: str, name: str, password: str) -> None:
    """Create a user or set their password; Refused when the password is too short, NotFound for an unknown seat."""
    if len(password) < PASSWORD_LENGTH:
        raise Refused(f"the password must have {PASSWORD_LENGTH} characters at least")
    seat = ""
    if role == "operator":
        seat = operator
        name = name or company.setup.operator(operator).name
    company.users.save(User(login, name or login, role, seat, hash_password(password)))


def only_campaign(view: OperatorView) -> str:
    """The one campaign an operator belongs to; Refused when there are more or none."""
    if len(view.campaigns) != 1:
        known = ", ".join(view.campaigns) or "none"
        raise Refused(f"operator {view.id} has the campaigns {known}: name one with --campaign")
    return view.campaigns[0]
