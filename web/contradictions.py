"""What would contradict the rest of a company's set-up if it were saved, beside the fields of its form."""

from dataclasses import replace
from typing import Any

from fsdialer.core.campaigns import Campaign, Company, Gateway, Operator
from fsdialer.core.setup import CompanySetup, contradictions
from fsdialer.errors import InvalidSetting
from fsdialer.store.campaigns import Setup

#: Type → what it is called in a set-up, and the field to blame when saving one contradicts another.
_PARTS: dict[type, tuple[str, str]] = {
    Company: ("company", "refer_format"),
    Gateway: ("gateway", "host"),
    Campaign: ("campaign", "gateways"),
    Operator: ("operator", "station"),
}


def contradicted(setup: Setup, saved: Company | Gateway | Campaign | Operator) -> dict[str, str]:
    """Field → what is wrong with it. What was wrong before does not keep another change from being saved (the master
    switch, a campaign's mode), but for an operator's own settings, which stop no calls."""
    try:
        before = setup.whole()
    except InvalidSetting:
        # Edited into nonsense by hand: said where it is read, and no reason to keep a campaign from being switched off.
        return {}
    part, blamed = _PARTS[type(saved)]
    own = saved.name if isinstance(saved, Gateway) else saved.id
    stood, errors = contradictions(before), dict[str, str]()
    for each in contradictions(_with(before, saved)):
        if (each.part, each.id) == (part, own) and (part == "operator" or each not in stood):
            errors.setdefault(each.setting, each.words)
        elif each not in stood:
            errors.setdefault(blamed, f"{each.where}: {each.words}")
    return errors


def _with(setup: CompanySetup, saved: Any) -> CompanySetup:
    """The set-up as it would be. What is saved comes last, so that an extension had by two is told of it."""
    if isinstance(saved, Company):
        return replace(setup, company=saved)
    part, _ = _PARTS[type(saved)]
    identity = "name" if part == "gateway" else "id"
    others = [each for each in getattr(setup, f"{part}s") if getattr(each, identity) != getattr(saved, identity)]
    changed: dict[str, Any] = {f"{part}s": (*others, saved)}
    return replace(setup, **changed)
