"""`apply` and `user add`: from a file or a person into Redis."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from fsdialer.core.setup import CompanySetup, InvalidSetup, read_toml
from fsdialer.errors import InvalidSetting, Refused
from fsdialer.store import CompanyStore, Store
from fsdialer.store.operators import OperatorView
from fsdialer.store.users import PASSWORD_LENGTH, User, hash_password


def apply_file(store: Store, file: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Make Redis match a file; a line for each company when it does. InvalidSetup before anything is changed."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidSetup(["not UTF-8 text"]) from None
    setups = read_toml(text)
    passwords = _passwords(setups, environment)
    for setup in setups:
        _refuse_taken_extensions(store, setup)
    for setup in setups:
        yield _apply(store, setup, passwords.get(setup.company.id, {}))


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
    if problems:
        raise InvalidSetup(problems)
    return found


def _refuse_taken_extensions(store: Store, setup: CompanySetup) -> None:
    """Against operators that are in Redis but not in the file."""
    if setup.company.id not in store.companies():
        return
    named = {operator.id for operator in setup.operators}
    others = {o.extension: o.id for o in store.company(setup.company.id).setup.operators() if o.id not in named}
    problems = [
        f"company.{setup.company.id}.operator.{o.id}.extension: {o.extension!r} belongs to operator "
        f"{others[o.extension]}, who is not in the file"
        for o in setup.operators
        if o.extension in others
    ]
    if problems:
        raise InvalidSetup(problems)


def _apply(store: Store, setup: CompanySetup, passwords: Mapping[str, str]) -> str:
    company = CompanyStore(store.redis, setup.company.id)
    company.setup.save_company(setup.company)
    for gateway in setup.gateways:
        company.setup.save_gateway(gateway)
    for campaign in setup.campaigns:
        company.setup.save_campaign(campaign)
    for operator in setup.operators:
        company.setup.save_operator(operator)
    for operator_id, password in passwords.items():
        add_user(company, operator_id, "operator", operator_id, "", password)
    return (
        f"{setup.company.id}: {len(setup.gateways)} gateways, {len(setup.campaigns)} campaigns, "
        f"{len(setup.operators)} operators"
    )


def add_user(company: CompanyStore, login: str, role: str, operator: str, name: str, password: str) -> None:
    """Create a user or set their password; Refused when the password is too short, NotFound for an unknown seat."""
    if len(password) < PASSWORD_LENGTH:
        raise Refused(f"the password must have {PASSWORD_LENGTH} characters at least")
    if not login.isprintable() or not 1 <= len(login) <= 64 or " " in login:
        raise InvalidSetting("login", f"{login!r}: 1 to 64 characters without spaces")
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
